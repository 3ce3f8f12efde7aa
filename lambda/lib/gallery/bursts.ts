/**
 * Bursts: series of pictures of one camera, each of which follows the last within a gap. Bursts are computed from the
 * list of events (event-list.ts), and are not stored.
 *
 * Events are read newest first, whole megabytes at a time and only the attributes that bursts need. A burst is listed
 * by its last picture, so bursts of several cameras may overlap. A page ends when its last burst is complete: when the
 * reading is further back than the gap.
 *
 * The next page begins at the last picture of this page's last burst, and has to recognise the older pictures of bursts
 * that were listed. So it reads again from one gap above that position: a camera's picture above the position belongs
 * to a listed burst, and so do the pictures that follow it within the gap. Thus a cursor is only a position, and new
 * events do not shift the pages.
 *
 * A camera that never pauses would be one endless burst. After MOST_READ events, all bursts are cut.
 */
import { distinctLabels, isLabel, type Label } from '../labels/engine';
import { boxOf, eventOf, isShown, type PublishedEvent } from '../table/event-item';
import { type Fields, fieldsOf, list, number, optional, text } from '../table/fields';
import { eventKey } from '../table/keys';
import type { Person } from '../table/person-item';
import type { Table } from '../table/table';
import { candidates, type EventQuery, isListed, LISTING_ATTRIBUTES } from './event-list';
import { type EventView, eventViews } from './event-view';
import { localTime } from './local-time';
import { livingPersons } from './persons';
import type { Places } from './places';
import type { Usual } from './usual';

/** The most events that one request reads; bursts are cut there. */
const MOST_READ = 5000;

/** The attributes of a picture that bursts need. */
interface Sight {
  id: string;
  /** Its `timeKey`. */
  position: string;
  /** Ms since 1970. */
  time: number;
  faces: readonly { person: string; sure: boolean }[];
  labels: readonly Label[];
  changes: number;
  /** Pixels of the region that changed; 0 where none is known. */
  area: number;
  isKept: boolean;
  /**
   * Undefined where the picture ranks high; otherwise the number of ten-minute intervals of a day in which something
   * usually moves there (usual.ts).
   */
  spans: number | undefined;
}

/** A burst: its pictures lie between `first` and `last`, at one camera. */
export interface Burst {
  instance: string;
  first: Sight;
  last: Sight;
  /** The picture that shows most. */
  cover: Sight;
  count: number;
  /** Number of its pictures that are kept for ever. */
  kept: number;
  /** Number of its pictures that rank high. If it is 0, `spans` is the lowest of all its pictures. */
  unusual: number;
  spans: number;
  /** The persons on it, by the ids in the events, and whether certainly. */
  people: Map<string, boolean>;
  /** What is on any of its pictures beside faces. */
  labels: Set<Label>;
}

/** Where a list of bursts continues: after a burst's last picture, or where bursts were cut. */
export interface BurstPosition {
  position: string;
  isCut: boolean;
}

/** A page of bursts; `next` is absent at the end. */
export interface BurstPage {
  bursts: Burst[];
  next?: BurstPosition;
}

/** The bursts to list. */
export interface BurstQuery extends Omit<EventQuery, 'after'> {
  /** Longest time between two pictures of a burst, in ms; with 0, each picture is a burst of its own. */
  gap: number;
  after?: BurstPosition | undefined;
  /** What is usual on the day; without it, all pictures rank high. */
  usual?: Usual | undefined;
}

/**
 * A page of bursts by their last pictures, newest first. It has `limit` bursts, unless it is the last page or was cut.
 */
export async function listBursts(table: Table, query: BurstQuery): Promise<BurstPage> {
  const { after, gap, limit, usual, ...rest } = query;
  const events: EventQuery = { ...rest, limit, after: after && startOf(after, gap) };
  const bursts: Burst[] = [];
  const open = new Map<string, Burst>();
  let read = 0;
  for await (const { position, value } of candidates(table, events, {
    pageSize: undefined,
    attributes: LISTING_ATTRIBUTES,
  })) {
    if (after?.isCut && position >= after.position) continue;
    read += 1;
    if (value && isListed(value, events)) {
      const sight = sightOf(value, usual);
      const instance = text(value, 'instance');
      const current = open.get(instance);
      if (current && gap > 0 && current.first.time - sight.time <= gap) {
        join(current, sight);
      } else {
        const burst = burstOf(instance, sight);
        open.set(instance, burst);
        if (!after || position < after.position) bursts.push(burst);
      }
      const page = bursts.slice(0, limit);
      if (bursts.length > limit && page.every(({ first }) => first.time - sight.time > gap)) return pageOf(page);
    }
    if (read >= MOST_READ) return { bursts, next: { position, isCut: true } };
  }
  return bursts.length > limit ? pageOf(bursts.slice(0, limit)) : { bursts };
}

/** Bursts as the API returns them: reads a batch of covers, then a batch of persons. */
export async function burstViews(
  table: Table,
  account: string,
  places: Places,
  bursts: readonly Burst[],
  now: number,
): Promise<object[]> {
  const covers = await readCovers(table, account, bursts, now);
  const shown = bursts.flatMap((burst) => {
    const cover = covers.get(burst);
    return cover ? [{ burst, cover }] : [];
  });
  const named = shown.flatMap(({ burst, cover }) => [
    ...burst.people.keys(),
    ...cover.faces.map(({ person }) => person),
  ]);
  const living = named.length > 0 ? await livingPersons(table, account, named) : new Map<string, Person>();
  const events = shown.map(({ cover }) => cover);
  const views = await eventViews(table, account, places, events, living);
  return shown.flatMap(({ burst }, i) => {
    const cover = views[i];
    return cover ? [viewOf(burst, cover, living)] : [];
  });
}

/** `Burst` of openapi.yaml. */
function viewOf(burst: Burst, cover: EventView, living: ReadonlyMap<string, Pick<Person, 'id'>>): object {
  const { first, last, count, kept, unusual, spans } = burst;
  const people = new Map<string, boolean>();
  for (const [id, sure] of burst.people) {
    const person = living.get(id)?.id;
    if (person !== undefined) people.set(person, sure || people.get(person) === true);
  }
  const from = new Date(first.time);
  const to = new Date(last.time);
  return {
    id: first.id,
    last: last.id,
    from: from.toISOString(),
    to: to.toISOString(),
    localFrom: localTime(cover.timeZone, from),
    localTo: localTime(cover.timeZone, to),
    ...{ count, kept, unusual },
    ...(unusual === 0 ? { usual: { spans } } : {}),
    people: [...people].map(([person, sure]) => ({ person, sure })),
    labels: distinctLabels(burst.labels),
    cover,
  };
}

/** The events of the covers. If a cover was just deleted, the burst's last or first picture replaces it. */
async function readCovers(
  table: Table,
  account: string,
  bursts: readonly Burst[],
  now: number,
): Promise<Map<Burst, PublishedEvent>> {
  const found = new Map<Burst, PublishedEvent>();
  for (const which of ['cover', 'last', 'first'] as const) {
    const missing = bursts.filter((burst) => !found.has(burst));
    if (missing.length === 0) break;
    const items = await table.batchGet(missing.map((burst) => eventKey(account, burst[which].id)));
    const byId = new Map(items.filter((item) => isShown(item, now)).map((item) => [item.id, item]));
    for (const burst of missing) {
      const item = byId.get(burst[which].id);
      if (item) found.set(burst, eventOf(item));
    }
  }
  return found;
}

function startOf({ position, isCut }: BurstPosition, gap: number): string {
  if (isCut) return position;
  const time = Date.parse(position.slice(0, position.indexOf('#')));
  // `$` is the character after `#`: the range includes all ids of that instant.
  return `${new Date(time + gap).toISOString()}$`;
}

function pageOf(bursts: Burst[]): BurstPage {
  const last = bursts.at(-1);
  return { bursts, ...(last && { next: { position: last.last.position, isCut: false } }) };
}

function burstOf(instance: string, sight: Sight): Burst {
  const counts = { count: 0, kept: 0, unusual: 0, spans: Number.POSITIVE_INFINITY };
  const burst: Burst = {
    instance,
    first: sight,
    last: sight,
    cover: sight,
    ...counts,
    people: new Map(),
    labels: new Set(),
  };
  join(burst, sight);
  return burst;
}

/** Adds a picture that is older than the burst's pictures. */
function join(burst: Burst, sight: Sight): void {
  burst.first = sight;
  burst.count += 1;
  if (sight.isKept) burst.kept += 1;
  if (sight.spans === undefined) burst.unusual += 1;
  else burst.spans = Math.min(burst.spans, sight.spans);
  if (tellsMore(sight, burst.cover)) burst.cover = sight;
  for (const label of sight.labels) burst.labels.add(label);
  for (const { person, sure } of sight.faces) burst.people.set(person, sure || burst.people.get(person) === true);
}

/** Whether a picture shows more than another: faces count most, then what is unusual, then how much changed. */
function tellsMore(one: Sight, other: Sight): boolean {
  if (one.faces.length !== other.faces.length) return one.faces.length > other.faces.length;
  const [isOne, isOther] = [one.spans === undefined, other.spans === undefined];
  if (isOne !== isOther) return isOne;
  return one.changes === other.changes ? one.area > other.area : one.changes > other.changes;
}

function sightOf(item: Fields, usual: Usual | undefined): Sight {
  const [x1, y1, x2, y2] = optional(item, 'region', boxOf) ?? [0, 0, 0, 0];
  return {
    id: text(item, 'id'),
    position: text(item, 'timeKey'),
    time: number(item, 'time'),
    faces: list(item, 'faces').map((face) => {
      const { person, sure } = fieldsOf(face);
      return { person: String(person), sure: sure === true };
    }),
    labels: list(item, 'labels').filter(isLabel),
    changes: optional(item, 'changes', number) ?? 0,
    area: Math.abs((x2 - x1) * (y2 - y1)),
    isKept: item.kept === true,
    spans: usual?.spansOf(item),
  };
}
