/**
 * A person, and the person's appearances in events.
 *
 * Ingest makes a person's item once, and updates its portrait. The owner's requests write the name, and that a person
 * was merged or forgotten; ingest leaves these alone.
 */

import type { Box } from '../faces/engine';
import { boxOf, type EventFace, type PublishedEvent } from './event-item';
import { all, any, Change, is, isAbsent, isAtMost, isLess, isPresent } from './expression';
import { expiresAt, expiryOf, type Fields, fieldsOf, number, optional, text, texts } from './fields';
import { appearanceKey, EXPIRES, personKey, personPartition, timeKey } from './keys';
import type { Table } from './table';

const isLiving = all(isPresent('pk'), isAbsent('mergedInto'), isAbsent('forgotten'));

/** Where a person's face can be seen. */
export interface Portrait {
  /** Id of the event. */
  event: string;
  box: Box;
  /** Index of the frame in a video. */
  frame?: number | undefined;
  /** When the event expires; absent if never. */
  expires?: Date | undefined;
}

/** A person, as it is stored. */
export interface Person {
  id: string;
  /** When the person was first seen, by the camera's clock; absent for a forgotten person. */
  since?: Date | undefined;
  name?: string | undefined;
  portrait?: Portrait | undefined;
  /** The face engine whose log has the person's descriptors. */
  engine?: string | undefined;
  /** The person that this one was merged into, which may have been merged into another since. */
  mergedInto?: string | undefined;
  /** The persons who were merged into this one, directly or not. */
  merged: ReadonlySet<string>;
  /** Absent for a known person; `begun` while descriptors or appearances may be left. */
  forgotten?: 'begun' | 'done' | undefined;
}

/**
 * Makes an event findable by its persons, and each person by the account. The portrait is the last received picture
 * that certainly shows the person.
 *
 * An appearance is a pointer: it counts only while the event's item names the person. If another upload of the same key
 * showed other persons, their appearances are removed. A forgotten person gets none: this function checks after
 * writing, and forgetting removes appearances after its mark, so one of the two sees the other.
 */
export async function writeAppearances(table: Table, event: PublishedEvent): Promise<void> {
  const { account, id, time, instance, received } = event;
  const expires = expiresAt(event.expires);
  for (const face of event.faces) {
    const { person, sure } = face;
    const portrait = portraitIn(event, face);
    const key = personKey(account, person);
    const made = { person, since: time.getTime(), portrait, engine: event.engine };
    if (!(await table.create(key, made)) && sure) {
      const isLater = any(isAbsent('portrait'), isLess('portrait.at', portrait.at));
      await table.update(key, new Change().set({ portrait }).when(all(isLiving, isLater)));
    }
    await table.update(
      appearanceKey(account, person, time, id),
      new Change()
        .set({ event: id, instance, received: received.getTime(), expires })
        .when(any(isAbsent('received'), isAtMost('received', received.getTime()))),
    );
    if ((await table.get(key))?.forgotten !== undefined) await table.remove(appearanceKey(account, person, time, id));
  }
  const onIt = new Set(event.faces.map(({ person }) => person));
  for (const person of event.persons ?? []) {
    if (!onIt.has(person)) await table.remove(appearanceKey(account, person, time, id));
  }
}

/** Replaces a person's portrait, if it is on `event`, by another picture or by none. */
export async function replacePortrait(
  table: Table,
  account: string,
  person: string,
  event: string,
  next: { event: PublishedEvent; face: Pick<EventFace, 'box' | 'frame'> } | undefined,
): Promise<void> {
  const portrait = next && portraitIn(next.event, next.face);
  await table.update(personKey(account, person), new Change().set({ portrait }).when(is('portrait.event', event)));
}

/**
 * Keeps a person's portrait that is on a kept event; with `expires`, lets it expire with an event that is no longer
 * kept.
 */
export async function keepPortrait(
  table: Table,
  { account, id }: Pick<PublishedEvent, 'account' | 'id'>,
  person: string,
  expires?: Date,
): Promise<void> {
  const kept = expires === undefined ? true : undefined;
  const change = new Change().set({ 'portrait.kept': kept, [`portrait.${EXPIRES}`]: expiresAt(expires) });
  await table.update(personKey(account, person), change.when(is('portrait.event', id)));
}

/**
 * Sets or removes the name of a living person.
 *
 * @returns the person as stored; `undefined` if the person was merged or forgotten.
 */
export async function writeName(
  table: Table,
  account: string,
  person: string,
  name: string | undefined,
): Promise<Person | undefined> {
  const item = await table.update(personKey(account, person), new Change().set({ person, name }).when(isLiving));
  return item && personOf(item);
}

/** Marks a person as forgotten and removes what is known of the person, except who was merged into it. */
export async function writeForgotten(
  table: Table,
  account: string,
  person: string,
  forgotten: 'begun' | 'done',
): Promise<void> {
  const change = new Change().set({ forgotten, name: undefined, portrait: undefined, since: undefined });
  await table.update(personKey(account, person), change.when(isPresent('pk')));
}

/** Records on a person who was merged into it. The name and portrait of `from` fill missing ones. */
export async function writeMerger(
  table: Table,
  account: string,
  into: Person,
  from: Person,
  merged: ReadonlySet<string>,
): Promise<void> {
  const key = personKey(account, into.id);
  await table.update(key, new Change().add({ merged }).when(isLiving));
  const item = await table.get(personKey(account, from.id));
  for (const attribute of ['name', 'portrait']) {
    if (item?.[attribute] === undefined) continue;
    const change = new Change().set({ [attribute]: item[attribute] });
    await table.update(key, change.when(all(isLiving, isAbsent(attribute))));
  }
}

/** Records that a person was merged into another. */
export async function writeMerged(table: Table, account: string, person: string, into: string): Promise<void> {
  const change = new Change().set({ mergedInto: into, name: undefined, portrait: undefined });
  await table.update(personKey(account, person), change.when(all(isPresent('pk'), isAbsent('forgotten'))));
}

/** All persons of an account, merged and forgotten ones included: a query a megabyte, some 4,000 persons. */
export async function allPersons(table: Table, account: string): Promise<Person[]> {
  return (await table.list({ partition: personPartition(account) })).map(personOf);
}

/** The existing persons among these ids, by id: a request for a hundred, all at once. */
export async function readPersons(table: Table, account: string, ids: readonly string[]): Promise<Map<string, Person>> {
  const items = await table.batchGet(ids.map((id) => personKey(account, id)));
  return new Map(items.map(personOf).map((person) => [person.id, person]));
}

/**
 * Reads a person's item.
 *
 * @throws Error that names a missing field.
 */
export function personOf(item: Fields): Person {
  return {
    id: text(item, 'person'),
    since: typeof item.since === 'number' ? new Date(item.since) : undefined,
    name: optional(item, 'name', text),
    portrait: optional(item, 'portrait', portraitOf),
    engine: optional(item, 'engine', text),
    mergedInto: optional(item, 'mergedInto', text),
    merged: texts(item, 'merged'),
    forgotten: item.forgotten === 'begun' || item.forgotten === 'done' ? item.forgotten : undefined,
  };
}

/** A portrait as it is stored. `at` orders portraits by time. */
function portraitIn({ id, received, expires, kept }: PublishedEvent, { box, frame }: Pick<EventFace, 'box' | 'frame'>) {
  const until = kept ? undefined : expiresAt(expires);
  return { event: id, box, frame, at: timeKey(received, id), kept, [EXPIRES]: until };
}

function portraitOf(item: Fields, name: string): Portrait {
  const from = fieldsOf(item[name]);
  return {
    event: text(from, 'event'),
    box: boxOf(from, 'box'),
    frame: optional(from, 'frame', number),
    expires: expiryOf(from),
  };
}
