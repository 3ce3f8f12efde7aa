/**
 * Finds what is usual for a camera: places of the picture where things move all the time (a tree, a road), so that one
 * more picture of it tells nothing.
 *
 * For each cell of the picture, the ten-minute intervals in which something moved there are counted, on the busiest of
 * the seven days that end with the requested day. An interval counts once, however many pictures it has: a burglar's 25
 * pictures count as one, a tree that moves all afternoon as thirty. From USUAL_SPANS on, things usually move in the
 * cell. An event ranks low when its change is in such cells, and no larger than usual there. Faces and labels always
 * rank high, and so does an event without a region.
 *
 * The grid is computed from the camera's events when it is asked for, and kept for an hour, or for good if the day was
 * over.
 */

import { isShown } from '../table/event-item';
import { type Fields, list, number, optional, text } from '../table/fields';
import { BY_INSTANCE, instanceEventsKey } from '../table/keys';
import type { Table } from '../table/table';
import { readUsual, type UsualGrid, writeUsual } from '../table/usual-item';
import { CELLS, cellsOf, PART_ATTRIBUTES, type Part, partOf } from './grid';
import { addDays, dayRange } from './local-time';
import type { Places } from './places';

const SPAN_MS = 10 * 60_000;

/** Ten-minute intervals of a day in which something must move in a cell that counts as usual: two hours. */
export const USUAL_SPANS = 12;

/** Days that are counted, the requested day included. */
const DAYS = 7;

/** Share of a region's cells that must be usual: its edge moves with the wind. */
const SHARE = 0.8;

/** A change counts as usual up to this multiple of `UsualGrid.changes`. */
const MOST_CHANGES = 2;

/** Newest events of a camera that a grid is computed from. */
const MOST_READ = 5000;

const FRESH_MS = 3600_000;

/** The attributes of an event's item that `spansOf` reads. */
export const USUAL_ATTRIBUTES = [...PART_ATTRIBUTES, 'changes', 'faces', 'labels', 'instance'] as const;

/** What is usual at each of an account's cameras on a day. */
export class Usual {
  readonly #grids: ReadonlyMap<string, UsualGrid>;

  constructor(grids: ReadonlyMap<string, UsualGrid>) {
    this.#grids = grids;
  }

  gridOf(instance: string): UsualGrid | undefined {
    return this.#grids.get(instance);
  }

  /**
   * Why an event ranks low, by its item: the number of ten-minute intervals of one day in which something moves there,
   * at least. `undefined` if the event ranks high.
   */
  spansOf(item: Fields): number | undefined {
    if (list(item, 'faces').length > 0 || list(item, 'labels').length > 0) return undefined;
    const grid = this.#grids.get(text(item, 'instance'));
    const part = partOf(item);
    if (!grid || !part) return undefined;
    const counts = cellsOf(part)
      .map((cell) => grid.cells[cell] ?? 0)
      .sort((one, other) => one - other);
    // The lowest count, after a fifth of the cells was set aside.
    const spans = counts[Math.floor(counts.length * (1 - SHARE))] ?? 0;
    const changed = optional(item, 'changes', number) ?? 0;
    return spans >= USUAL_SPANS && changed <= MOST_CHANGES * grid.changes ? spans : undefined;
  }
}

/** What is usual on a day: a batch, and some queries for each camera whose grid is missing or too old. */
export async function usualOn(table: Table, account: string, places: Places, day: string, now: number): Promise<Usual> {
  const names = places.instances.map(({ name }) => name);
  const known = await readUsual(table, account, day, names);
  const grids = await Promise.all(
    names.map(async (instance) => {
      const grid = known.get(instance);
      const end = dayRange(places.timeZoneOf(instance), day).to;
      if (grid && (grid.made > now - FRESH_MS || grid.made > end.getTime() + FRESH_MS)) return grid;
      const made = await makeGrid(table, account, instance, { day, end, now });
      await writeUsual(table, account, day, made);
      return made;
    }),
  );
  return new Usual(new Map(grids.map((grid) => [grid.instance, grid])));
}

async function makeGrid(
  table: Table,
  account: string,
  instance: string,
  { day, end, now }: { day: string; end: Date; now: number },
): Promise<UsualGrid> {
  const seen: { part: Part; time: number; changes: number }[] = [];
  let read = 0;
  const pages = table.pages({
    index: BY_INSTANCE,
    partition: instanceEventsKey(account, instance),
    from: `${addDays(day, 1 - DAYS)}T`,
    to: end.toISOString(),
    backwards: true,
    attributes: [...PART_ATTRIBUTES, 'changes', 'time', 'state', 'kept', 'expires'],
  });
  for await (const page of pages) {
    for (const item of page) {
      const part = isShown(item, now) ? partOf(item) : undefined;
      if (part) seen.push({ part, time: number(item, 'time'), changes: optional(item, 'changes', number) ?? 0 });
    }
    read += page.length;
    if (read >= MOST_READ) break;
  }
  return { instance, made: now, ...countedIn(seen) };
}

/** For each cell, the ten-minute intervals of its busiest day (UTC); and how much changes where things usually move. */
function countedIn(
  seen: readonly { part: Part; time: number; changes: number }[],
): Pick<UsualGrid, 'cells' | 'changes'> {
  const spans = new Map<number, Set<number>>();
  for (const { part, time } of seen) {
    const span = Math.floor(time / SPAN_MS);
    const cells = spans.get(span) ?? new Set();
    for (const cell of cellsOf(part)) cells.add(cell);
    spans.set(span, cells);
  }
  const days = new Map<number, number[]>();
  for (const [span, cells] of spans) {
    const day = Math.floor((span * SPAN_MS) / 86_400_000);
    const counts = days.get(day) ?? Array.from({ length: CELLS }, () => 0);
    for (const cell of cells) counts[cell] = (counts[cell] ?? 0) + 1;
    days.set(day, counts);
  }
  const cells = Array.from({ length: CELLS }, (_, cell) =>
    Math.max(0, ...[...days.values()].map((counts) => counts[cell] ?? 0)),
  );
  const isUsual = (cell: number) => (cells[cell] ?? 0) >= USUAL_SPANS;
  const changes = seen
    .filter(({ part }) => cellsOf(part).every(isUsual))
    .map((one) => one.changes)
    .sort((one, other) => one - other);
  return { cells, changes: changes[Math.floor(changes.length * 0.95)] ?? 0 };
}
