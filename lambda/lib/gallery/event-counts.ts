/**
 * Counts events by local days and hours. Without a person or label, these are the counts that ingest keeps by quarters
 * of an hour of UTC (counts.ts), converted to each instance's time zone; for a person or label, appearances are
 * counted.
 */
import { createHash } from 'node:crypto';
import type { Label } from '../labels/engine';
import { quartersOf, versionsOf } from '../table/counts';
import { expiryOf, type Fields, number, text } from '../table/fields';
import type { Instance } from '../table/instance-item';
import { type KeptMark, readKeptMarks } from '../table/kept-item';
import { appearancePartition, dayCountsRange, labelPartition } from '../table/keys';
import type { Table } from '../table/table';
import { candidates, type EventQuery, isListed, LISTING_ATTRIBUTES } from './event-list';
import { addDays, localQuarters, localTime } from './local-time';
import type { Places } from './places';

const HOUR_MS = 3600_000;

/** The events to count. */
export interface CountQuery {
  account: string;
  places: Places;
  instance?: Instance | undefined;
  /** All ids of the person. */
  persons?: readonly string[] | undefined;
  /** Only events with this label. */
  label?: Label | undefined;
  /** Ms since 1970; expired events are not counted. */
  now: number;
}

/** The events of a local day. */
export interface DayCounts {
  /** 24 numbers. An hour that a clock change repeats is counted as one. */
  hours: number[];
  total: number;
  /** Changes whenever events are added or removed. */
  version: string;
}

/** Events of an hour of a local day. `version` grows with every change. */
interface Counted {
  day: string;
  hour: number;
  events: number;
  version: number;
}

/** The counts of a day's hours: up to four short queries at once, one or two for a person. */
export async function countDay(table: Table, day: string, query: CountQuery): Promise<DayCounts> {
  const hours = Array.from({ length: 24 }, () => 0);
  const of = (counted: { day: string }) => counted.day === day;
  const { counted, version } = await countDays(table, day, day, of, query);
  for (const { hour, events } of counted) hours[hour] = (hours[hour] ?? 0) + events;
  return { hours, total: hours.reduce((sum, one) => sum + one, 0), version };
}

/** The counts of a day's hours for filters without stored counts: the events are read and counted. */
export async function countListed(
  table: Table,
  query: Omit<EventQuery, 'limit' | 'after'> & { filter: { day: string } },
): Promise<DayCounts> {
  const hours = Array.from({ length: 24 }, () => 0);
  const version = createHash('sha256');
  const listing = { ...query, limit: 0 };
  for await (const { position, value } of candidates(table, listing, {
    pageSize: undefined,
    attributes: LISTING_ATTRIBUTES,
  })) {
    if (!value || !isListed(value, listing)) continue;
    const time = new Date(number(value, 'time'));
    const { hour } = wallOf(query.places, text(value, 'instance'), time);
    hours[hour] = (hours[hour] ?? 0) + 1;
    version.update(position);
  }
  const total = hours.reduce((sum, one) => sum + one, 0);
  return { hours, total, version: version.digest('base64url').slice(0, 16) };
}

/** The days of a month such as `2026-04` that have events: four queries at once, three of them short. */
export async function countMonth(table: Table, month: string, query: CountQuery): Promise<Record<string, number>> {
  const first = `${month}-01`;
  const last = addDays(`${addDays(first, 31).slice(0, 7)}-01`, -1);
  const { counted } = await countDays(table, first, last, ({ day }) => day.startsWith(month), query);
  const days: Record<string, number> = {};
  for (const { day, events } of counted) if (events > 0) days[day] = (days[day] ?? 0) + events;
  return Object.fromEntries(Object.entries(days).sort());
}

async function countDays(
  table: Table,
  first: string,
  last: string,
  isMeant: (counted: Counted) => boolean,
  query: CountQuery,
): Promise<{ counted: Counted[]; version: string }> {
  // A local day overlaps the UTC days before and after it.
  const [from, to] = [addDays(first, -1), addDays(last, 1)];
  if (query.persons || query.label) {
    const found = await countAppearances(table, from, to, query);
    const counted = found.filter(isMeant);
    const all = counted.map(({ position }) => position).sort();
    return { counted, version: createHash('sha256').update(all.join()).digest('base64url').slice(0, 16) };
  }
  const counted = (await countQuarters(table, from, to, query)).filter(isMeant);
  // Each quarter's version only grows, so the sum changes with any of them. The total shows expiries.
  const sum = (name: 'events' | 'version') => counted.reduce((all, one) => all + one[name], 0);
  return { counted, version: `${sum('version')}-${sum('events')}` };
}

async function countQuarters(table: Table, from: string, to: string, query: CountQuery): Promise<Counted[]> {
  const { account, places, instance, now } = query;
  const months = new Map<string, { partition: string; from: string; to: string }>();
  for (let day = from; day <= to; day = addDays(day, 1)) {
    const range = dayCountsRange(account, day);
    months.set(range.partition, { ...range, from: months.get(range.partition)?.from ?? range.from });
  }
  const [kept, ...lists] = await Promise.all([
    // `U` is the character after `T`.
    readKeptMarks(table, account, { from: `${from}T`, to: `${to}U` }),
    ...[...months.values()].map((range) => table.list(range)),
  ]);
  const items = lists.flat();
  const outlived = kept.filter(
    (mark) => (!instance || mark.instance === instance.name) && isOutlived(mark, items, now),
  );
  const ofKept = outlived.map((mark) => ({ ...wallOf(places, mark.instance, mark.time), events: 1, version: 1 }));
  const ofQuarters = items.flatMap((item) => {
    const name = text(item, 'instance');
    if ((instance && name !== instance.name) || !isKept(item, now)) return [];
    const local = localQuarters(places.timeZoneOf(name), text(item, 'day'));
    const versions = versionsOf(item);
    const isLeft = keptQuarters(item, now);
    return quartersOf(item).flatMap((events, quarter) => {
      const version = versions[quarter] ?? 0;
      return version === 0 || !isLeft(quarter) ? [] : [{ ...local(quarter), events, version }];
    });
  });
  return [...ofQuarters, ...ofKept];
}

/** Whether a kept event is no longer in the counts of its quarter of an hour, because these have expired. */
function isOutlived({ instance, time }: KeptMark, items: readonly Fields[], now: number): boolean {
  const day = time.toISOString().slice(0, 10);
  const item = items.find((one) => one.instance === instance && one.day === day);
  const quarter = time.getUTCHours() * 4 + Math.floor(time.getUTCMinutes() / 15);
  return !item || !isKept(item, now) || !keptQuarters(item, now)(quarter);
}

function wallOf(places: Places, instance: string, time: Date): { day: string; hour: number } {
  const wall = localTime(places.timeZoneOf(instance), time);
  return { day: wall.slice(0, 10), hour: Number(wall.slice(11, 13)) };
}

async function countAppearances(
  table: Table,
  from: string,
  to: string,
  { account, places, instance, persons, label, now }: CountQuery,
): Promise<(Counted & { position: string })[]> {
  // `U` is the character after `T`.
  const entries = (partition: string) => table.list({ partition, from: `${from}T`, to: `${to}U` });
  const [ofPersons, ofLabel] = await Promise.all([
    persons && Promise.all(persons.map((person) => entries(appearancePartition(account, person)))),
    label && entries(labelPartition(account, label)),
  ]);
  const labelled = ofLabel && new Set(ofLabel.map((item) => text(item, 'sk')));
  const found = ofPersons?.flat().filter((item) => !labelled || labelled.has(text(item, 'sk'))) ?? ofLabel ?? [];
  // Two ids of one person may be on one picture.
  const byPosition = new Map(found.map((item) => [text(item, 'sk'), item]));
  return [...byPosition].flatMap(([position, item]) => {
    const name = text(item, 'instance');
    if ((instance && name !== instance.name) || !isKept(item, now)) return [];
    const time = new Date(position.slice(0, position.indexOf('#')));
    return [{ position, ...wallOf(places, name, time), events: 1, version: 1 }];
  });
}

/**
 * Whether a quarter's events are still kept. Exact where the events arrived at once: the item knows when its last event
 * was received and expires, and the others expire as long after they happened. Where the day's events arrived late it
 * is unknown, and the quarter is counted.
 */
function keptQuarters(item: Fields, now: number): (quarter: number) => boolean {
  const expires = expiryOf(item)?.getTime();
  const received = item.received;
  const start = Date.parse(`${text(item, 'day')}T00:00:00Z`);
  const cameLate = typeof received !== 'number' || received > start + 25 * HOUR_MS;
  if (expires === undefined || cameLate) return () => true;
  return (quarter) => start + ((quarter + 1) * HOUR_MS) / 4 + (expires - received) > now;
}

function isKept(item: Fields, now: number): boolean {
  const expires = expiryOf(item);
  return expires === undefined || expires.getTime() > now;
}
