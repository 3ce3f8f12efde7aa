/**
 * The steps for one uploaded object: check, copy, describe.
 *
 * The object in the bucket decides, not the notification: notifications come twice, late and out of order, and a device
 * may upload a key again at any moment. So the bytes are read with their ETag, and copied only while the object has
 * that ETag; if it has changed, everything starts again with the new bytes. An event goes on showing its first whole
 * picture; other bytes of the same key become a version of the event.
 *
 * The steps are ordered so that a reader never sees an item without its files: picture, thumbnail, item. Then the
 * item's projections follow (appearances of persons, counts, the instance's last event), and last the item is marked as
 * settled. Every step may be repeated, and keys in the production bucket are named after event and content, so after a
 * crash between two steps the next delivery finishes the work.
 */
import type { Label } from '../labels/engine';
import type { Upright } from '../media/image';
import { checkBeforeDownload } from '../media/inspect';
import { NoAccount, Refused, Suspended } from '../media/refused';
import { LONGEST_RETENTION, type RetentionDays, readFolder } from '../table/account-item';
import { type EventState, type PublishedEvent, readEvent, writeEvent, writeExpiry } from '../table/event-item';
import { keptUntil } from '../table/retention';
import { keepVersionFor, versionId, versionOf, writeVersion } from '../table/version-item';
import { tellRefused } from '../telling/tell';
import { openUpload, type Upload } from './bucket';
import type { Cloud } from './cloud';
import { eventFacts, eventIdOf, isTrial, type Origin, originOf } from './event';
import { type Found, filmOfVideo, leaveKept, writeFiles } from './event-files';
import { inspectUpload } from './inspect-upload';
import type { ObjectCreated } from './notification';
import type { Outcome } from './outcome';
import { writeRejected } from './rejected-item';
import { deleted, overtaken, publishAgain, publishBeside, replaces } from './second-upload';
import { settle } from './settle';
import { isSignOfLife, recordSignOfLife } from './sign-of-life';
import { type Film, framesKept, peopleOf } from './video-frames';

/** An object that changes more often while it is ingested is left to the notifications of its later uploads. */
const MOST_CHANGES = 5;

/**
 * Publishes or rejects the object that a notification is about.
 *
 * @throws if S3 or DynamoDB fail; then the notification must be delivered again.
 */
export async function ingestObject(cloud: Cloud, upload: ObjectCreated): Promise<Outcome> {
  const origin = originOf(upload.key);
  if (isSignOfLife(origin.fileName)) {
    await recordSignOfLife(cloud, upload, origin);
    return { outcome: 'alive' };
  }
  if (isTrial(upload.key)) return { outcome: 'no event' };
  const told = { ...origin, id: eventIdOf(upload.key, origin, upload.etag ?? '') };
  const known = await readEvent(cloud.table, told.account, told.id);
  if (known?.state === 'deleted') return { outcome: 'deleted' };
  if (known?.settled && known.event.sequencer >= upload.sequencer) return { outcome: 'already published' };
  for (let attempt = 0; attempt < MOST_CHANGES; attempt++) {
    const outcome = await ingestContent(cloud, upload, origin, { id: told.id, state: known });
    if (outcome) return outcome;
  }
  return { outcome: 'replaced' };
}

/** Ingests the present content of the object; `undefined` if it changed meanwhile. */
async function ingestContent(
  cloud: Cloud,
  upload: ObjectCreated,
  origin: Origin,
  read: { id: string; state: EventState | undefined },
): Promise<Outcome | undefined> {
  const { settings, s3, table } = cloud;
  let facts = eventFacts(origin.fileName, {}, upload.time);
  try {
    if (!origin.account) throw new NoAccount('The upload lies in no folder; the folder is the account it belongs to.');
    const account = await readFolder(table, origin.account);
    if (account === 'removed') return { outcome: 'gone' };
    if (account?.state === 'suspended') throw new Suspended('The licence is suspended.');
    const retentionDays = account?.retentionDays ?? LONGEST_RETENTION;
    checkBeforeDownload(upload.key, upload.size, settings);
    const opened = await openUpload(s3, upload.bucket, upload.key);
    if (!opened) return { outcome: 'gone' };
    const id = eventIdOf(upload.key, origin, opened.etag);
    const known = id === read.id ? read.state : await readEvent(table, origin.account, id);
    if (known?.state === 'deleted') {
      opened.close();
      return { outcome: 'deleted' };
    }
    if (known?.event.etag === opened.etag && known.event.sequencer >= upload.sequencer) {
      opened.close();
      // It is published, but a crash may have prevented its projections.
      await settle(table, known.event);
      return { outcome: 'already published' };
    }
    facts = eventFacts(origin.fileName, opened.metadata, upload.time);
    const { object, found: inspected } = await inspectUpload(opened, upload.key, cloud, async () => {
      if (!known) await cloud.instances.check(table, origin.account, facts.instance);
    });
    const film = await filmOfVideo(cloud, upload, object, inspected);
    const found: Found = { ...inspected, ...(film ? { film, ...film.shown } : {}) };
    const { upright, thumbnail, faults, film: _, ...shape } = found;
    const files = await writeFiles(cloud, upload, { ...origin, id }, object, found, retentionDays);
    if (!files) return undefined;
    const described: PublishedEvent = {
      ...{ account: origin.account, id, fileName: origin.fileName, etag: object.etag, size: object.size },
      ...facts,
      ...files,
      ...shape,
      trailing: shape.trailing || undefined,
      faults: faults.length > 0 ? faults : undefined,
      incomplete: faults.includes('CutOff') || undefined,
      film: film && framesKept(film),
      faces: [],
      sequencer: upload.sequencer,
      received: upload.time,
      expires: keptUntil(upload.time, retentionDays),
    };
    const outcome = await publish(cloud, described, found, known);
    await keepAsToldNow(cloud, upload, described, object, found, retentionDays);
    // Writing the files again has set the tag of files that expire.
    if (known) await leaveKept(cloud, described, film);
    return outcome;
  } catch (error) {
    if (!(error instanceof Refused)) throw error;
    await writeRejected(table, origin, upload, error, facts.instance);
    await tellRefused(table, { ...origin, instance: facts.instance, received: upload.time }, error);
    return { outcome: 'rejected', reason: error.reason, message: error.message };
  }
}

/** The labels of an event; `undefined` where no engine has looked: only some pictures of each camera are labelled. */
async function labelsOf(
  { labels }: Cloud,
  { account, instance, time }: PublishedEvent,
  upright: Upright | undefined,
  film: Film | undefined,
): Promise<Label[] | undefined> {
  if (!labels) return undefined;
  if (film) return film.labels;
  if (!upright || !labels.turns.take(account, instance, time)) return undefined;
  return await labels.engine.detect(upright);
}

/**
 * Applies a change of the account's retention that was made meanwhile: that change covered the files that existed then,
 * and this covers the files written since.
 */
async function keepAsToldNow(
  cloud: Cloud,
  upload: ObjectCreated,
  event: PublishedEvent,
  object: Upload,
  found: Found,
  retentionDays: RetentionDays,
): Promise<void> {
  const { table } = cloud;
  const { account, id, etag, sha256 } = event;
  for (let kept = retentionDays; ; ) {
    const now = await readFolder(table, account);
    if (now === 'removed') return;
    const days = now?.retentionDays ?? LONGEST_RETENTION;
    if (days === kept) return;
    kept = days;
    const before = await readEvent(table, account, id);
    if (before?.state === 'published' && before.event.kept) return;
    if (!(await writeFiles(cloud, upload, event, object, found, days))) return;
    const expires = keptUntil(upload.time, days);
    await writeExpiry(table, { account, id, etag }, expires);
    await keepVersionFor(table, { account, event: id, id: versionId(sha256) }, expires);
    const written = await readEvent(table, account, id);
    if (written?.state === 'published') await settle(table, written.event);
  }
}

/** Publishes a described upload, as the event itself or as a version of it. `known`: the event as it was before. */
async function publish(
  cloud: Cloud,
  described: PublishedEvent,
  { upright, film }: Found,
  known: Exclude<EventState, { state: 'deleted' }> | undefined,
): Promise<Outcome> {
  const { table } = cloud;
  if (known?.event.etag === described.etag) return await publishAgain(table, described, known.event);
  if (known && !replaces(described, known.event)) return await publishBeside(table, described, known);
  const { account, id, sha256 } = described;
  const picture = `${id}:${sha256.slice(0, 16)}`;
  const seen = film
    ? await peopleOf(cloud.faces?.people, account, picture, film)
    : await facesOf(cloud, account, picture, upright);
  const labels = await labelsOf(cloud, described, upright, film);
  const whole: PublishedEvent = {
    ...described,
    ...seen,
    labels,
    engine: upright || film ? cloud.faces?.engine.name : undefined,
  };
  // A picture that was cut off is kept as a version: a later upload deletes nothing.
  if (known && !(await writeVersion(table, versionOf(known.event)))) return await deleted(table, known.event);
  const event = await writeEvent(table, whole, known?.event.etag);
  if (!event) return await overtaken(cloud, whole);
  await settle(table, event);
  return { outcome: 'published', event };
}

async function facesOf(
  cloud: Cloud,
  account: string,
  picture: string,
  upright: Upright | undefined,
): Promise<Pick<PublishedEvent, 'faces' | 'facesAside'>> {
  if (!cloud.faces || !upright) return { faces: [] };
  const { engine, people } = cloud.faces;
  const { faces, aside } = await people.recognise(account, picture, await engine.detect(upright));
  return { faces, facesAside: aside || undefined };
}
