/**
 * Events that their owner keeps for ever. The event's own item has `kept` and perhaps a `note`, and no `expires`. A
 * mark in the list of kept events lets it be found and counted after the counts of its day have expired.
 *
 * The mark is written first and removed last: a change of the account's retention reads the marks to learn which
 * objects to leave alone.
 */
import { eventOf, type PublishedEvent } from './event-item';
import { Change, is, isPresent } from './expression';
import { expiresAt, type Fields, text } from './fields';
import { appearanceKey, EXPIRES, eventKey, keptKey, keptPartition } from './keys';
import { labelKeysOf } from './label-item';
import type { Table } from './table';

/** The mark of a kept event. */
export interface KeptMark {
  /** The event's id. */
  event: string;
  instance: string;
  time: Date;
}

/** Marks an event as kept. */
export async function writeKeptMark(table: Table, { account, id, instance, time }: PublishedEvent): Promise<void> {
  await table.replace(keptKey(account, time, id), { event: id, instance });
}

/** Removes the mark. */
export async function removeKeptMark(
  table: Table,
  { account, id, time }: Pick<PublishedEvent, 'account' | 'id' | 'time'>,
): Promise<void> {
  await table.remove(keptKey(account, time, id));
}

/**
 * Keeps an event for ever, and the entries that make it findable. `note`: undefined leaves the note as it is, ''
 * removes it.
 *
 * @returns the event as stored; `undefined` if it was deleted.
 */
export async function writeKept(
  table: Table,
  { account, id }: PublishedEvent,
  note: string | undefined,
): Promise<PublishedEvent | undefined> {
  const item = await table.update(
    eventKey(account, id),
    new Change()
      .set({
        kept: true,
        [EXPIRES]: undefined,
        ...(note === undefined ? {} : { note: note === '' ? undefined : note }),
      })
      .when(is('state', 'published')),
  );
  if (!item) return undefined;
  const event = eventOf(item);
  await keepPointers(table, event);
  return event;
}

/**
 * Lets an event expire again, and removes its note.
 *
 * @returns the event as stored; `undefined` if it was deleted.
 */
export async function writeReleased(
  table: Table,
  { account, id }: PublishedEvent,
  expires: Date,
): Promise<PublishedEvent | undefined> {
  const item = await table.update(
    eventKey(account, id),
    new Change()
      .set({ kept: undefined, note: undefined, [EXPIRES]: expiresAt(expires) })
      .when(is('state', 'published')),
  );
  if (!item) return undefined;
  const event = eventOf(item);
  await changePointers(table, event, { kept: undefined, [EXPIRES]: expiresAt(expires) });
  return event;
}

/** The marks of all kept events of an account, or of those in a range of `timeKey`. */
export async function readKeptMarks(
  table: Table,
  account: string,
  range: { from?: string; to?: string } = {},
): Promise<KeptMark[]> {
  return (await table.list({ partition: keptPartition(account), ...range })).map(markOf);
}

function markOf(item: Fields): KeptMark {
  const sk = text(item, 'sk');
  return { event: text(item, 'event'), instance: text(item, 'instance'), time: new Date(sk.slice(0, sk.indexOf('#'))) };
}

/** Keeps the entries that make a kept event findable: its persons' and labels'. */
export async function keepPointers(table: Table, event: PublishedEvent): Promise<void> {
  await changePointers(table, event, { kept: true, [EXPIRES]: undefined });
}

async function changePointers(table: Table, event: PublishedEvent, change: Fields): Promise<void> {
  const { account, id, time, faces } = event;
  const persons = [...new Set(faces.map(({ person }) => person))];
  for (const key of [...persons.map((person) => appearanceKey(account, person, time, id)), ...labelKeysOf(event)]) {
    await table.update(key, new Change().set(change).when(isPresent('pk')));
  }
}
