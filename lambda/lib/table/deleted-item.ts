/**
 * What stays of an event that its owner deleted, for 30 days: that it was, so that a late delivery of its upload does not
 * bring it back. It lies at the event's key. Until everything else is removed it also has what that takes, stands
 * among the account's unfinished deletions, and does not expire.
 */
import type { PublishedEvent } from './event-item';
import { all, Change, is } from './expression';
import { type Fields, number, optional, text, texts } from './fields';
import { deletingDayKey, EXPIRES, eventKey, timeKey } from './keys';
import type { Table } from './table';

/** Longer than any notification is delivered again: dead letters keep it for 10 days, and as long again when it is tried again. */
const KEPT_SECONDS = 30 * 24 * 3600;

/** What is known of a deleted event of which not everything may be removed yet. */
export interface EventRemains {
  account: string;
  id: string;
  fileName: string;
  /** Of the upload that the event showed. */
  etag?: string | undefined;
  time: Date;
  instance: string;
  /** Everybody who was ever on it. */
  persons: ReadonlySet<string>;
  engine?: string | undefined;
}

/**
 * Replaces an event's item by one that says that it was deleted, at `now` (milliseconds). Returns what is to be removed;
 * undefined when the event has changed since it was read.
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

/** What is still to be removed of a deleted event; undefined when nothing is. */
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

/** Remembers that everything else is removed: nothing stays but that the event was deleted. */
export async function writeGone(table: Table, { account, id }: EventRemains, now: number): Promise<void> {
  await table.replace(eventKey(account, id), { state: 'deleted', expires: Math.floor(now / 1000) + KEPT_SECONDS });
}

/**
 * For ingest, which was at an event while its owner deleted it, and has written what the deletion had removed before: has
 * it removed once more, by the next deletion of the account. Returns false when the event was not deleted.
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
