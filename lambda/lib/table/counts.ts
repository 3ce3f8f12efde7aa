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
import { expiresAt, type Fields } from './fields';
import { dayCountsKey, EXPIRES, type Key, minuteKey } from './keys';
import { minuteKeptUntil } from './retention';
import type { Change, Table } from './table';

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
  await updateKept(table, minute, event, event.expires && minuteKeptUntil(event.expires), {
    UpdateExpression: 'ADD #set :id',
    ExpressionAttributeNames: { '#set': set },
    ExpressionAttributeValues: { ':id': new Set([id.slice(0, 11)]) },
  });
  let count = 0;
  let version = 0;
  for await (const item of table.all(minute.pk)) {
    const present = members(item, 'present');
    const removed = members(item, 'removed');
    count += [...present].filter((member) => !removed.has(member)).length;
    version += present.size + removed.size;
  }
  const quarter = time.getUTCHours() * 4 + Math.floor(time.getUTCMinutes() / 15);
  await updateKept(table, dayCountsKey(account, instance, time), event, event.expires, {
    UpdateExpression: 'SET #count = :count, #version = :version, #instance = :instance, #day = :day',
    ConditionExpression: 'attribute_not_exists(#version) OR #version < :version',
    ExpressionAttributeNames: {
      '#count': `n${quarter}`,
      '#version': `v${quarter}`,
      '#instance': 'instance',
      '#day': 'day',
    },
    ExpressionAttributeValues: {
      ':count': count,
      ':version': version,
      ':instance': instance,
      ':day': time.toISOString().slice(0, 10),
    },
  });
}

/** Changes an item, and has it kept for as long as the event of it that was received last. */
async function updateKept(
  table: Table,
  key: Key,
  { received }: Counted,
  expires: Date | undefined,
  change: Change & { UpdateExpression: string },
): Promise<void> {
  if (!received) {
    await table.update(key, change);
    return;
  }
  const { UpdateExpression, ConditionExpression: condition } = change;
  const last = '(attribute_not_exists(#received) OR #received <= :received)';
  const keep = `#received = :received${expires ? ', #expires = :expires' : ' REMOVE #expires'}`;
  const names = { '#received': 'received', '#expires': EXPIRES };
  const values = { ':received': received.getTime(), ...(expires ? { ':expires': expiresAt(expires) } : {}) };
  // DynamoDB takes one SET.
  const isSet = UpdateExpression.startsWith('SET');
  const both = await table.update(key, {
    UpdateExpression: isSet ? `${UpdateExpression}, ${keep}` : `${UpdateExpression} SET ${keep}`,
    ConditionExpression: condition === undefined ? last : `(${condition}) AND ${last}`,
    ExpressionAttributeNames: { ...change.ExpressionAttributeNames, ...names },
    ExpressionAttributeValues: { ...change.ExpressionAttributeValues, ...values },
  });
  if (both || (await table.update(key, change))) return;
  await table.update(key, {
    UpdateExpression: `SET ${keep}`,
    ConditionExpression: last,
    ExpressionAttributeNames: names,
    ExpressionAttributeValues: values,
  });
}

function members(item: Fields, name: string): ReadonlySet<unknown> {
  const value = item[name];
  return value instanceof Set ? value : new Set();
}
