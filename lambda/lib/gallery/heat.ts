/** Where things moved on a camera's picture in a day, and where they usually move. */
import { type Fields, number, text } from '../table/fields';
import type { Instance } from '../table/instance-item';
import type { Table } from '../table/table';
import { candidates, isListed, LISTING_ATTRIBUTES } from './event-list';
import { CELLS, cellsOf, partOf } from './grid';
import type { Places } from './places';
import { USUAL_SPANS, usualOn } from './usual';

/** Most events that are read, the newest; no camera has more in a day. */
const MOST_READ = 10_000;

/** `Heat` of openapi.yaml, without the day. */
export interface Heat {
  /** For each cell, row by row: the day's events that changed something there. */
  cells: number[];
  /** For each cell: whether things usually move there. */
  usual: boolean[];
  /** Number of events of the day. */
  events: number;
  /** The newest event, whose picture can be shown below. */
  picture?: { id: string; width: number; height: number };
}

/** The heat of a day at a camera. */
export async function heatOf(
  table: Table,
  account: string,
  { places, instance, day, now }: { places: Places; instance?: Instance | undefined; day: string; now: number },
): Promise<Heat> {
  const cells = Array.from({ length: CELLS }, () => 0);
  const query = { account, places, filter: { day, instance }, limit: MOST_READ, now };
  let newest: Fields | undefined;
  let events = 0;
  for await (const { value } of candidates(table, query, { pageSize: undefined, attributes: LISTING_ATTRIBUTES })) {
    if (!value || !isListed(value, query)) continue;
    newest ??= value;
    events += 1;
    const part = partOf(value);
    if (part) for (const cell of cellsOf(part)) cells[cell] = (cells[cell] ?? 0) + 1;
    if (events >= MOST_READ) break;
  }
  const grid = instance && (await usualOn(table, account, places, day, now)).gridOf(instance.name);
  return {
    cells,
    usual: cells.map((_, cell) => (grid?.cells[cell] ?? 0) >= USUAL_SPANS),
    events,
    ...(newest ? { picture: pictureOf(newest) } : {}),
  };
}

function pictureOf(item: Fields): { id: string; width: number; height: number } {
  return { id: text(item, 'id'), width: number(item, 'width'), height: number(item, 'height') };
}
