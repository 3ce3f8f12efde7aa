/**
 * Counts events by quarter of an hour, for each instance and day (UTC), for the histogram and the calendar. DynamoDB
 * can add 1 to a number, but an event may be delivered twice, and a crash may fall between any two writes; so no
 * counter is incremented. Instead:
 *
 * - which events a minute had is a *set* of their ids, to which adding twice is adding once. Removed events are a
 *   second set; neither set ever shrinks;
 * - a quarter's count is worked out anew from its fifteen minutes, and written together with a version: the number of
 *   all members of all the sets. Versions only grow, and a count is written only over a smaller version.
 *
 * The last writer of a quarter reads after all additions, so the highest version holds the true count, in whatever
 * order events arrive. A minute's item stays small (an id takes 12 bytes) however busy the account is.
 *
 * Both kinds of items expire with their last received event, those of minutes a little later.
 */
import { any, Change, isAbsent, isAtMost, isLess, isSmaller } from './expression';
import { expiresAt, type Fields, texts } from './fields';
import { dayCountsKey, EXPIRES, type Key, minuteKey } from './keys';
import { minuteKeptUntil } from './retention';
import type { Table } from './table';

/** An event to count. */
export interface Counted {
  account: string;
  instance: string;
  time: Date;
  id: string;
  /** When S3 received it; may be absent when an event is removed from the counts. */
  received?: Date | undefined;
  /** When it expires; absent if never. */
  expires?: Date | undefined;
}

/**
 * Most events that are counted of one instance and minute: five times as many as a camera of 15 pictures a second
 * makes. Further events are listed, but not counted. An item may have 400 KB, which is 33,000 ids; a flood must not
 * fill it.
 */
export const MOST_COUNTED = 4500;

/**
 * Most removed events of one instance and minute. Some may be removed before they are counted, so there is twice the
 * room.
 */
const MOST_UNCOUNTED = 2 * MOST_COUNTED;

/** Counts an event. Counting it again, or counting a removed event, changes nothing. */
export async function count(table: Table, event: Counted): Promise<void> {
  await addTo('present', table, event);
}

/** Removes an event from the counts, for good. */
export async function uncount(table: Table, event: Counted): Promise<void> {
  await addTo('removed', table, event);
}

/** The counts in an item of `dayCountsKey`: 96 numbers, one for each quarter of an hour of the day (UTC). */
export function quartersOf(item: Fields): number[] {
  return ofQuarters(item, 'n');
}

/** The versions of those counts. A quarter's version grows whenever an event of it is added or removed. */
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

/** Changes an item, and keeps it for as long as its last received event. */
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
  // One of the two conditions is not met, so both changes are tried alone.
  if (await table.update(key, change)) return;
  await table.update(key, new Change().set(keep).when(isLast));
}
