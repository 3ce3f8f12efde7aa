/**
 * Deleting an event: the pictures with all their versions, what the camera uploaded, and everything that is known of it,
 * down to the descriptors of its faces.
 *
 * First the event's item is replaced by one that says it was deleted: from then on nobody is shown it, and no delivery of
 * the upload, however late, brings it back. That item keeps what is needed to remove the rest, and stands in an index
 * until all of it is removed. So whatever crash there is in between: to delete it again finishes, and so does the next
 * deletion of any other event, and the next time that somebody opens the page.
 */
import { originOf } from '../ingest/event';
import { uncount } from '../table/counts';
import { type EventRemains, hideEvent, remainsOf, writeGone } from '../table/deleted-item';
import { eventOf, isShown, type PublishedEvent } from '../table/event-item';
import { FaceLog } from '../table/face-log';
import type { Fields } from '../table/fields';
import { replaceLastEvent } from '../table/instance-item';
import { removeKeptMark } from '../table/kept-item';
import { appearanceKey, BY_DAY, BY_INSTANCE, deletingDayKey, eventKey, instanceEventsKey } from '../table/keys';
import { labelKeysOf } from '../table/label-item';
import { type Person, readPersons, replacePortrait } from '../table/person-item';
import { removeVersions } from '../table/version-item';
import { listEvents } from './event-list';
import type { Gallery } from './gallery';
import { deleteAllVersions, deleteObject } from './objects';
import { idsOf, livingPersons } from './persons';
import { Places } from './places';

/** A later upload may change the event while we hide it; more often than this in a row is a fault. */
const MOST_ATTEMPTS = 10;

/** A deletion that began this long ago is not at work any more: a Lambda has a minute. */
const ABANDONED_MS = 5 * 60_000;

/** How many abandoned deletions are finished with another one. */
const MOST_FINISHED = 5;

/** Of how many pictures of a person one is looked for that can be the portrait. */
const LOOKED_AT = 20;

/** Deletes an event, or finishes deleting it. Returns false when there is no such event. */
export async function deleteEvent(gallery: Gallery, account: string, id: string): Promise<boolean> {
  const remains = await hide(gallery, account, id);
  if (remains === 'none') return false;
  if (remains !== 'gone') await removeRemains(gallery, remains);
  return true;
}

/**
 * Finishes deletions that were begun and abandoned, some of them; a query when there are none, as mostly. What fails is
 * logged, and tried again the next time.
 */
export async function finishDeletions(gallery: Gallery, account: string): Promise<void> {
  const { table, now } = gallery;
  const to = new Date(now() - ABANDONED_MS).toISOString();
  const query = { index: BY_DAY, partition: deletingDayKey(account), to, pageSize: MOST_FINISHED } as const;
  try {
    for (const item of await table.first(query)) {
      const remains = remainsOf(item);
      // One that cannot be finished does not keep the others.
      if (remains) await removeRemains(gallery, remains).catch(gallery.log);
    }
  } catch (error) {
    // Finishing earlier deletions is housekeeping: its failure does not fail this request.
    gallery.log(error);
  }
}

async function hide({ table, now }: Gallery, account: string, id: string): Promise<EventRemains | 'gone' | 'none'> {
  for (let attempt = 0; attempt < MOST_ATTEMPTS; attempt++) {
    const item = await table.get(eventKey(account, id));
    if (!item) return 'none';
    if (item.state === 'deleted') return remainsOf(item) ?? 'gone';
    const remains = await hideEvent(table, eventOf(item), now());
    if (remains) return remains;
  }
  throw new Error(`Event ${id} changed ${MOST_ATTEMPTS} times while it was deleted.`);
}

/** Each step may be done again. */
async function removeRemains(gallery: Gallery, remains: EventRemains): Promise<void> {
  const { settings, s3, table, now } = gallery;
  const { account, id, fileName, etag } = remains;
  await deleteAllVersions(s3, settings.productionBucket, `${account}/${id}/`);
  await removeVersions(table, account, id);
  await table.removeAll(labelKeysOf(remains));
  const upload = `${account}/${fileName}`;
  // Under a name without a time lies another event by now, perhaps, which nobody has looked at yet.
  await deleteObject(s3, settings.uploadsBucket, upload, originOf(upload).isTimed ? undefined : etag);
  await uncount(table, remains);
  await removeKeptMark(table, remains);
  const persons = [...remains.persons];
  if (persons.length > 0) {
    await table.removeAll(persons.map((person) => appearanceKey(account, person, remains.time, id)));
    const items = await readPersons(table, account, persons);
    const living = await livingPersons(table, account, persons);
    await movePortraits(gallery, remains, [...items.values(), ...living.values()]);
    const engines = [remains.engine, ...[...items.values()].map(({ engine }) => engine)];
    for (const engine of new Set(engines)) if (engine !== undefined) await erasePrints(gallery, remains, engine);
  }
  await replaceLastEvent(table, remains, await lastEventBut(gallery, remains));
  await writeGone(table, remains, now());
}

/** Persons whose portrait was on the event get the next one, by when they were last seen. */
async function movePortraits(
  { table, now }: Gallery,
  { account, id }: EventRemains,
  persons: readonly Person[],
): Promise<void> {
  const shown = new Map(persons.filter(({ portrait }) => portrait?.event === id).map((one) => [one.id, one]));
  for (const person of shown.values()) {
    const ids = idsOf(person);
    const { events } = await listEvents(table, {
      account,
      places: new Places({ name: account }, []),
      filter: { persons: ids },
      limit: LOOKED_AT,
      now: now(),
    });
    const candidates = events.flatMap((event) =>
      event.faces.filter((face) => face.sure && ids.includes(face.person)).map((face) => ({ event, face })),
    );
    await replacePortrait(table, account, person.id, id, candidates[0]);
  }
}

/** The prints made from the event's pictures go from the log, and warm Lambdas are told. */
async function erasePrints({ table, discard }: Gallery, { account, id }: EventRemains, engine: string): Promise<void> {
  const log = new FaceLog(table, account, engine);
  do {
    await log.read();
    if (!log.prints.some(({ face }) => face.startsWith(`${id}:`))) break;
  } while (!(await log.append({ entry: 'erased', event: id })));
  await log.removeLeftovers((prints) => discard(engine, account, prints));
}

/** The newest event of the same instance, by the camera's clock. */
async function lastEventBut(
  { table, now }: Gallery,
  { account, instance, id }: EventRemains,
): Promise<PublishedEvent | undefined> {
  const isNext = (item: Fields) => isShown(item, now()) && item.id !== id;
  const partition = instanceEventsKey(account, instance);
  // Behind so many that have expired there is none.
  const latest = await table.first({ index: BY_INSTANCE, partition, backwards: true, pageSize: LOOKED_AT });
  const next = latest.find(isNext);
  return next && eventOf(next);
}
