/**
 * How many events, by quarter of an hour, per instance and day: the histogram and the calendar read these. DynamoDB can
 * add 1 to a number, but an event may be delivered twice, and a crash may fall between any two writes; so nothing is
 * added to. Instead:
 *
 * - which events a minute had is a *set* of their ids, to which adding twice is adding once. Removed events are a second
 *   set; neither set ever shrinks;
 * - a quarter's count is worked out anew from its fifteen minutes, and written together with a version: the number of all
 *   members of all the sets. Versions only grow, and a count is written only over a smaller version.
 *
 * Whoever adds last to a quarter reads after everybody's adding, so the greatest version is the true count, in whatever
 * order things arrive. A minute's item stays small (an id takes 12 bytes) however busy the account is.
 *
 * Both kinds of items expire with the event of them that was received last, those of minutes a little later.
 */
import { any, Change, isAbsent, isAtMost, isLess, isSmaller } from './expression';
import { expiresAt, type Fields, texts } from './fields';
import { dayCountsKey, EXPIRES, type Key, minuteKey } from './keys';
import { minuteKeptUntil } from './retention';
import type { Table } from './table';

/** What is counted: an event, by when and where it was. */
export interface Counted {
  account: string;
  instance: string;
  time: Date;
  id: string;
  /** When S3 had it; an event that is taken out need not say so. */
  received?: Date | undefined;
  /** When it goes; absent when it stays. */
  expires?: Date | undefined;
}

/**
 * Events of one instance and minute that are counted: five times as many as a camera of 15 pictures a second makes. More
 * are listed, and not counted. An item may have 400 KB, which is 33,000 ids; a flood must not fill it.
 */
export const MOST_COUNTED = 4500;

/** The same for those that were taken out again: some may come before they are counted, and twice as many find room. */
const MOST_UNCOUNTED = 2 * MOST_COUNTED;

/** Counts an event; counting it again changes nothing, nor does counting one that was removed. */
export async function count(table: Table, event: Counted): Promise<void> {
  await addTo('present', table, event);
}

/** Takes an event out of the counts, for good. */
export async function uncount(table: Table, event: Counted): Promise<void> {
  await addTo('removed', table, event);
}

/** The counts of an item of dayCountsKey: 96 numbers, one for each quarter of an hour of the day (UTC). */
export function quartersOf(item: Fields): number[] {
  return ofQuarters(item, 'n');
}

/** The versions of those counts: a quarter's is another, greater one whenever an event of it came or went. */
export function versionsOf(item: Fields): number[] {
  return ofQuarters(item, 'v');
}

function ofQuarters(item: Fields, letter: 'n' | 'v'): number[] {
  return Array.from({ length: 96 }, (_, quarter) => {
    const value = item[`${letter}${quarter}`];
    return typeof value === 'number' ? value : 0;
  });
}

async function addTo(set: 'present' | 'removed', table: Table, event: Counted): Promise<void> {
  const { account, instance, time, id } = event;
  const minute = minuteKey(account, instance, time);
  const member = new Change()
    .add({ [set]: new Set([id.slice(0, 11)]) })
    .when(any(isAbsent(set), isSmaller(set, set === 'present' ? MOST_COUNTED : MOST_UNCOUNTED)));
  await updateKept(table, minute, event, event.expires && minuteKeptUntil(event.expires), member);
  let count = 0;
  let version = 0;
  for await (const item of table.all(minute.pk)) {
    const present = texts(item, 'present');
    const removed = texts(item, 'removed');
    count += [...present].filter((member) => !removed.has(member)).length;
    version += present.size + removed.size;
  }
  const quarter = time.getUTCHours() * 4 + Math.floor(time.getUTCMinutes() / 15);
  const day = time.toISOString().slice(0, 10);
  const counted = new Change()
    .set({ [`n${quarter}`]: count, [`v${quarter}`]: version, instance, day })
    .when(any(isAbsent(`v${quarter}`), isLess(`v${quarter}`, version)));
  await updateKept(table, dayCountsKey(account, instance, time), event, event.expires, counted);
}

/** Changes an item, and has it kept for as long as the event of it that was received last. */
async function updateKept(
  table: Table,
  key: Key,
  { received }: Counted,
  expires: Date | undefined,
  change: Change,
): Promise<void> {
  if (!received) {
    await table.update(key, change);
    return;
  }
  const keep = { received: received.getTime(), [EXPIRES]: expiresAt(expires) };
  const isLast = any(isAbsent('received'), isAtMost('received', received.getTime()));
  if (await table.update(key, change.set(keep).when(isLast))) return;
  // One of the two conditions is not met: each of them alone.
  if (await table.update(key, change)) return;
  await table.update(key, new Change().set(keep).when(isLast));
}
