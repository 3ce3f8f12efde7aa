/**
 * Deletes an event: its files with all versions, the camera's upload, and everything that is known of it, down to the
 * descriptors of its faces.
 *
 * First the event's item is replaced by a tombstone: from then on the event is not shown, and no delivery of the
 * upload, however late, brings it back. The tombstone has what is needed to remove the rest, and is in an index until
 * all is removed. After a crash, deleting the event again completes the deletion; so does the next deletion of any
 * event, and the next opening of the page.
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

/** Most attempts to replace an item that changes meanwhile; more changes in a row are a fault. */
const MOST_ATTEMPTS = 10;

/** Ms after which an unfinished deletion counts as abandoned: a Lambda has a minute. */
const ABANDONED_MS = 5 * 60_000;

/** Abandoned deletions that are finished along with another request. */
const MOST_FINISHED = 5;

/** Pictures of a person that are searched for a new portrait. */
const LOOKED_AT = 20;

/**
 * Deletes an event, or finishes its deletion.
 *
 * @returns false if there is no such event.
 */
export async function deleteEvent(gallery: Gallery, account: string, id: string): Promise<boolean> {
  const remains = await hide(gallery, account, id);
  if (remains === 'none') return false;
  if (remains !== 'gone') await removeRemains(gallery, remains);
  return true;
}

/**
 * Finishes some of the abandoned deletions; one query if there are none, which is usual. Failures are logged, and tried
 * again next time.
 */
export async function finishDeletions(gallery: Gallery, account: string): Promise<void> {
  const { table, now } = gallery;
  const to = new Date(now() - ABANDONED_MS).toISOString();
  const query = { index: BY_DAY, partition: deletingDayKey(account), to, pageSize: MOST_FINISHED } as const;
  try {
    for (const item of await table.first(query)) {
      const remains = remainsOf(item);
      // A deletion that fails does not stop the others.
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

/** Removes everything but the tombstone. Each step may be repeated. */
async function removeRemains(gallery: Gallery, remains: EventRemains): Promise<void> {
  const { settings, s3, table, now } = gallery;
  const { account, id, fileName, etag } = remains;
  await deleteAllVersions(s3, settings.productionBucket, `${account}/${id}/`);
  await removeVersions(table, account, id);
  await table.removeAll(labelKeysOf(remains));
  const upload = `${account}/${fileName}`;
  // A name without a time may hold another event by now, which ingest has not seen yet.
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

/** Replaces portraits that were on the event by the person's newest certain picture. */
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

/** Deletes the descriptors made from the event's pictures from the log, which tells warm Lambdas. */
async function erasePrints({ table, discard }: Gallery, { account, id }: EventRemains, engine: string): Promise<void> {
  const log = new FaceLog(table, account, engine);
  do {
    await log.read();
    if (!log.prints.some(({ face }) => face.startsWith(`${id}:`))) break;
  } while (!(await log.append({ entry: 'erased', event: id })));
  await log.removeLeftovers((prints) => discard(engine, account, prints));
}

/** The newest other event of the same instance, by the camera's clock. */
async function lastEventBut(
  { table, now }: Gallery,
  { account, instance, id }: EventRemains,
): Promise<PublishedEvent | undefined> {
  const isNext = (item: Fields) => isShown(item, now()) && item.id !== id;
  const partition = instanceEventsKey(account, instance);
  // If the newest ones have all expired, there is no other.
  const latest = await table.first({ index: BY_INSTANCE, partition, backwards: true, pageSize: LOOKED_AT });
  const next = latest.find(isNext);
  return next && eventOf(next);
}
