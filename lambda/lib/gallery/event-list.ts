/**
 * Lists of events, newest first, filtered by day, instance, person and more.
 *
 * One order of the table is read for each filter: day → the account's days; instance → its events; person → appearances
 * (of all ids of the person); kept → the marks of kept events; none → a merge of all instances, because a camera's
 * clock may say any year. Other filters leave out events of that order. A day is a local day of the instance, so it is
 * read as a range of instants made from the time zones, and each event is then compared with its own day.
 *
 * The cost of a page: for a day or an instance mostly one query of the page's size; for a person the appearances and a
 * batch of their events; without a filter one query an instance. If events are left out, reading goes on until the page
 * is full or MOST_READ were read.
 */
import type { Label } from '../labels/engine';
import { eventOf, isShown, type PublishedEvent } from '../table/event-item';
import { expiryOf, type Fields, fieldsOf, list, number, text } from '../table/fields';
import type { Instance } from '../table/instance-item';
import {
  appearancePartition,
  BY_DAY,
  BY_INSTANCE,
  dayKeyOf,
  eventKey,
  instanceEventsKey,
  keptPartition,
  labelPartition,
} from '../table/keys';
import type { Query, Table } from '../table/table';
import { dayRange, hourEnd, localTime, utcDays } from './local-time';
import { newestFirst, type Placed } from './newest-first';
import type { Places } from './places';
import { USUAL_ATTRIBUTES } from './usual';

/**
 * A request that has read this number of events ends with a cursor, so that a visitor does not wait for a year of
 * events.
 */
const MOST_READ = 5000;

/** Most pointers that are collected before the events of a batch are read. */
const MOST_LEFT_OUT = 500;

/** Fewest items in a page of one of several parallel queries. */
const FEWEST_ITEMS = 10;

/** The events that are meant. */
export interface EventFilter {
  /** Local day of the instance, such as `2026-04-22`. */
  day?: string | undefined;
  /** With a day: only events before the end of this hour (0 to 23). */
  until?: number | undefined;
  instance?: Instance | undefined;
  /** All ids of the person. */
  persons?: readonly string[] | undefined;
  /** Only events with this label. */
  label?: Label | undefined;
  /** Only events whose items match; it may read LISTING_ATTRIBUTES. */
  matches?: ((item: Fields) => boolean) | undefined;
  /** Only events that the owner keeps for ever. */
  kept?: boolean | undefined;
  /** Only events from this instant on, included. */
  from?: Date | undefined;
  /** Only events up to this instant, included. */
  to?: Date | undefined;
}

/** A page of events; `next` is the position to continue after, absent at the end. */
export interface EventPage {
  events: PublishedEvent[];
  next?: string;
}

/** The events to list. */
export interface EventQuery {
  account: string;
  places: Places;
  filter: EventFilter;
  /** Most events of a page. */
  limit: number;
  /** Continue after this position. */
  after?: string | undefined;
  /** Ms since 1970; expired events are not listed. */
  now: number;
}

/** A page of events. It is full, unless it is the last page or MOST_READ were read. */
export async function listEvents(table: Table, query: EventQuery): Promise<EventPage> {
  const events: PublishedEvent[] = [];
  let read = 0;
  let last = '';
  // One event beyond the page shows that there is another page.
  for await (const { position, value } of candidates(table, query, { pageSize: query.limit + 2 })) {
    if (position === query.after) continue;
    read += 1;
    if (value && isListed(value, query)) {
      if (events.length === query.limit) return { events, next: last };
      events.push(eventOf(value));
      last = position;
    }
    if (read >= MOST_READ) return { events, next: position };
  }
  return { events };
}

/** How items are read. */
export interface Reading {
  /** Items of one query; left out, what fits into 1 MB. */
  pageSize: number | undefined;
  /** The attributes to read; all by default. */
  attributes?: readonly string[];
}

/**
 * Yields positions that may match, newest first, with the event's item if there is one. The caller must still check
 * each item with `isListed`.
 */
export async function* candidates(
  table: Table,
  query: EventQuery,
  reading: Reading,
): AsyncGenerator<Placed<Fields | undefined>> {
  const { account, filter, places } = query;
  const range = rangeOf(query);
  if (range.from !== undefined && range.to !== undefined && range.from > range.to) return;
  if (filter.kept) {
    yield* pointed(table, query, [keptPartition(account)], range, reading);
  } else if (filter.persons) {
    const partitions = filter.persons.map((person) => appearancePartition(account, person));
    yield* pointed(table, query, partitions, range, reading);
  } else if (filter.label) {
    yield* pointed(table, query, [labelPartition(account, filter.label)], range, reading);
  } else if (filter.instance) {
    yield* newestFirst([inInstance(table, account, filter.instance.name, range, reading)]);
  } else if (filter.day === undefined) {
    const names = places.instances.map(({ name }) => name);
    const each = { ...reading, pageSize: sharedSize(reading.pageSize, names.length) };
    yield* newestFirst(names.map((name) => inInstance(table, account, name, range, each)));
  } else {
    yield* newestFirst([inDays(table, account, range, reading)]);
  }
}

/** Items of each of several queries that fill a page together. */
function sharedSize(pageSize: number | undefined, queries: number): number | undefined {
  if (pageSize === undefined) return undefined;
  return Math.min(pageSize, Math.max(FEWEST_ITEMS, Math.ceil((2 * pageSize) / Math.max(1, queries))));
}

interface Range {
  from?: string | undefined;
  to?: string | undefined;
}

/** The range of `timeKey`s that may match. */
function rangeOf(query: EventQuery): Range {
  const { from, to } = query.filter;
  const day = rangeOfDay(query);
  return {
    from: greatest(day.from, from?.toISOString()),
    // `$` is the character after `#`: the range includes all ids of the last instant.
    to: least(day.to, to && `${to.toISOString()}$`),
  };
}

/** `to` has no id, so the instant itself is not in the range. */
function rangeOfDay({ filter: { day, until, instance }, places, after }: EventQuery): Range {
  if (day === undefined) return { to: after };
  const zones = instance ? [places.timeZoneOf(instance.name)] : places.timeZones;
  const ranges = zones.map((zone) => dayRange(zone, day));
  const ends = until === undefined ? ranges.map(({ to }) => to) : zones.map((zone) => hourEnd(zone, day, until));
  const end = new Date(Math.max(...ends.map(Number))).toISOString();
  return {
    from: new Date(Math.min(...ranges.map(({ from }) => Number(from)))).toISOString(),
    to: least(after, end),
  };
}

function greatest(one: string | undefined, other: string | undefined): string | undefined {
  return one === undefined || (other !== undefined && other > one) ? other : one;
}

function least(one: string | undefined, other: string | undefined): string | undefined {
  return one === undefined || (other !== undefined && other < one) ? other : one;
}

/** The attributes that `isListed` reads. */
export const LISTING_ATTRIBUTES = [
  ...new Set(['id', 'timeKey', 'state', 'kept', 'expires', 'instance', 'time', 'faces', ...USUAL_ATTRIBUTES]),
];

/** Whether an event matches the filter, by its item. */
export function isListed(
  item: Fields,
  { filter: { day, until = 23, instance, persons, label, kept, matches }, places, now }: EventQuery,
): boolean {
  if (!isShown(item, now)) return false;
  if (kept && item.kept !== true) return false;
  const where = text(item, 'instance');
  if (instance && where !== instance.name) return false;
  if (persons && !list(item, 'faces').some((face) => persons.includes(String(fieldsOf(face).person)))) return false;
  if (label && !list(item, 'labels').includes(label)) return false;
  if (matches && !matches(item)) return false;
  if (day === undefined) return true;
  const wall = localTime(places.timeZoneOf(where), new Date(number(item, 'time')));
  return wall.startsWith(day) && Number(wall.slice(11, 13)) <= until;
}

async function* paged(table: Table, query: Query): AsyncGenerator<Placed<Fields>[]> {
  for await (const items of table.pages({ ...query, backwards: true })) {
    yield items.map((value) => ({ position: text(value, 'timeKey'), value }));
  }
}

function inInstance(table: Table, account: string, name: string, range: Range, reading: Reading) {
  const partition = instanceEventsKey(account, name);
  return paged(table, { index: BY_INSTANCE, partition, ...range, ...queryOf(reading) });
}

function queryOf({ pageSize, attributes }: Reading): Pick<Query, 'pageSize' | 'attributes'> {
  return { ...(pageSize === undefined ? {} : { pageSize }), ...(attributes ? { attributes } : {}) };
}

/** The events of the days (UTC) of a range, the last day first. */
async function* inDays(
  table: Table,
  account: string,
  { from = '', to = '' }: Range,
  reading: Reading,
): AsyncGenerator<Placed<Fields>[]> {
  for (const day of utcDays(from, to).reverse()) {
    yield* paged(table, { index: BY_DAY, partition: dayKeyOf(account, day), from, to, ...queryOf(reading) });
  }
}

/**
 * The events that pointers name (a person's appearances, or the marks of kept events): the pointers are read in order,
 * their events in batches of a page's size.
 */
async function* pointed(
  table: Table,
  query: EventQuery,
  partitions: readonly string[],
  range: Range,
  reading: Reading,
): AsyncGenerator<Placed<Fields | undefined>> {
  const { account, filter, limit, now } = query;
  // With an instance, most pointers may have to be left out, so they are read in pages of 1 MB.
  const pageSize = filter.instance ? undefined : reading.pageSize;
  const named = newestFirst(partitions.map((partition) => pointers(table, partition, range, pageSize)));
  /** Pointers that are left out stay in the batch without an id, because they count as read. */
  const batch: Placed<string | undefined>[] = [];
  let asked = 0;
  const read = async () => {
    const some = batch.splice(0);
    asked = 0;
    const ids = some.flatMap(({ value }) => (value === undefined ? [] : [value]));
    const items =
      ids.length === 0
        ? []
        : await table.batchGet(
            ids.map((id) => eventKey(account, id)),
            reading.attributes,
          );
    const byId = new Map<unknown, Fields>(items.map((item) => [item.id, item]));
    return some.map(({ position, value }) => ({ position, value: byId.get(value) }));
  };
  for await (const { position, value } of named) {
    if (position === query.after) continue;
    const expires = expiryOf(value);
    const hasExpired = expires !== undefined && expires.getTime() <= now;
    const isElsewhere = filter.instance !== undefined && value.instance !== filter.instance.name;
    const isLeftOut = hasExpired || isElsewhere;
    batch.push({ position, value: isLeftOut ? undefined : text(value, 'event') });
    if (!isLeftOut) asked += 1;
    if (asked > limit || batch.length >= MOST_LEFT_OUT) yield* await read();
  }
  yield* await read();
}

/** The pointers of one partition, newest first. */
async function* pointers(
  table: Table,
  partition: string,
  range: Range,
  pageSize: number | undefined,
): AsyncGenerator<Placed<Fields>[]> {
  const query = { partition, ...range, backwards: true, ...(pageSize === undefined ? {} : { pageSize }) };
  for await (const items of table.pages(query)) yield items.map((value) => ({ position: text(value, 'sk'), value }));
}
