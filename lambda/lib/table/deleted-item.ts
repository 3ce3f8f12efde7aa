/**
 * The tombstone of an event that its owner deleted: a late delivery of its upload must not bring it back. It has the
 * event's key, and stays for 30 days. Until everything else of the event is removed, it also has what the removal
 * needs, is listed among the account's unfinished deletions, and does not expire.
 */
import type { PublishedEvent } from './event-item';
import { all, Change, is } from './expression';
import { type Fields, number, optional, text, texts } from './fields';
import { deletingDayKey, EXPIRES, eventKey, timeKey } from './keys';
import type { Table } from './table';

/**
 * Seconds for which a tombstone stays: longer than any delivery. Dead letters keep a notification for 10 days, and for
 * another 10 after a retry.
 */
const KEPT_SECONDS = 30 * 24 * 3600;

/** A deleted event that may not be removed completely yet. */
export interface EventRemains {
  account: string;
  id: string;
  fileName: string;
  /** ETag of the upload that the event showed. */
  etag?: string | undefined;
  time: Date;
  instance: string;
  /** All persons who were ever on it. */
  persons: ReadonlySet<string>;
  engine?: string | undefined;
}

/**
 * Replaces an event's item by its tombstone. `now` in ms since 1970.
 *
 * @returns what is still to be removed; `undefined` if the event has changed since it was read.
 */
export async function hideEvent(table: Table, event: PublishedEvent, now: number): Promise<EventRemains | undefined> {
  const { account, id, fileName, time, instance, engine, etag, sequencer } = event;
  const persons = new Set([...(event.persons ?? []), ...event.faces.map(({ person }) => person)]);
  const hidden = await table.replace(
    eventKey(account, id),
    {
      ...{ state: 'deleted', account, id, fileName, etag, time: time.getTime(), instance, engine },
      ...(persons.size > 0 ? { persons } : {}),
      dayKey: deletingDayKey(account),
      timeKey: timeKey(new Date(now), id),
    },
    all(is('state', 'published'), is('etag', etag), is('sequencer', sequencer)),
  );
  return hidden ? { account, id, fileName, etag, time, instance, persons, engine } : undefined;
}

/** What is still to be removed of a deleted event; `undefined` if all is removed. */
export function remainsOf(item: Fields): EventRemains | undefined {
  if (item.dayKey === undefined) return undefined;
  return {
    account: text(item, 'account'),
    id: text(item, 'id'),
    fileName: text(item, 'fileName'),
    etag: optional(item, 'etag', text),
    time: new Date(number(item, 'time')),
    instance: text(item, 'instance'),
    persons: texts(item, 'persons'),
    engine: optional(item, 'engine', text),
  };
}

/** Completes a tombstone: everything else of the event is removed. `now` in ms since 1970. */
export async function writeGone(table: Table, { account, id }: EventRemains, now: number): Promise<void> {
  await table.replace(eventKey(account, id), { state: 'deleted', expires: Math.floor(now / 1000) + KEPT_SECONDS });
}

/**
 * For ingest, which may write projections of an event while its owner deletes it: lets the account's next deletion
 * remove them.
 *
 * @returns false if the event was not deleted.
 */
export async function reopenDeletion(table: Table, event: PublishedEvent): Promise<boolean> {
  const { account, id, fileName, etag, time, instance, engine } = event;
  const persons = new Set([...(event.persons ?? []), ...event.faces.map(({ person }) => person)]);
  const index = { dayKey: deletingDayKey(account), timeKey: timeKey(event.received, id) };
  const item = await table.update(
    eventKey(account, id),
    new Change()
      .set({ account, id, fileName, etag, time: time.getTime(), instance, ...index, [EXPIRES]: undefined })
      .set(engine === undefined ? {} : { engine })
      .add({ persons })
      .when(is('state', 'deleted')),
  );
  return item !== undefined;
}
