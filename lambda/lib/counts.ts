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
 */
import type { Fields } from './fields';
import { dayCountsKey, minuteKey } from './keys';
import type { Table } from './table';

/** What is counted: an event, by when and where it was. */
export interface Counted {
  account: string;
  instance: string;
  time: Date;
  id: string;
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
  return Array.from({ length: 96 }, (_, quarter) => {
    const counted = item[`n${quarter}`];
    return typeof counted === 'number' ? counted : 0;
  });
}

async function addTo(set: 'present' | 'removed', table: Table, event: Counted): Promise<void> {
  const { account, instance, time, id } = event;
  const minute = minuteKey(account, instance, time);
  await table.update(minute, {
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
  await table.update(dayCountsKey(account, instance, time), {
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

function members(item: Fields, name: string): ReadonlySet<unknown> {
  const value = item[name];
  return value instanceof Set ? value : new Set();
}
