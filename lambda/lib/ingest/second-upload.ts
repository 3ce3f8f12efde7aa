/**
 * What becomes of a second upload of a key whose event is there already. The same bytes change nothing. Other bytes become a
 * version of the event, which goes on showing what it showed; only a file that was cut off gives its place to a whole one.
 */
import { reopenDeletion } from '../table/deleted-item';
import { type PublishedEvent, readEvent, writeUploadedAgain } from '../table/event-item';
import type { Table } from '../table/table';
import { versionOf, writeVersion } from '../table/version-item';
import type { Cloud } from './cloud';
import type { Outcome } from './outcome';
import { removeRejected } from './rejected-item';
import { settle } from './settle';

/** Whether an upload takes the place of one of the same key that was published before: only of a cut off file. */
export function replaces(upload: PublishedEvent, published: PublishedEvent): boolean {
  return published.incomplete === true && upload.incomplete !== true;
}

/**
 * The item was not written: another upload has it, or the owner deleted the event while we were at it.
 * @throws where another upload was published in this very moment; the notification is delivered again.
 */
export async function overtaken(cloud: Cloud, event: PublishedEvent): Promise<Outcome> {
  const known = await readEvent(cloud.table, event.account, event.id);
  if (known?.state !== 'published') return await deleted(cloud.table, event);
  if (known.event.etag === event.etag) {
    if (known.event.sequencer >= event.sequencer) return { outcome: 'already published' };
    return await publishAgain(cloud.table, event, known.event);
  }
  if (!replaces(event, known.event)) return await publishBeside(cloud.table, event, known);
  throw new Error(`Event ${event.id} was published by somebody else in this moment.`);
}

/** The owner deleted the event: what was written of it since is taken back. */
export async function deleted(table: Table, event: PublishedEvent): Promise<Outcome> {
  return { outcome: (await reopenDeletion(table, event)) ? 'deleted' : 'already published' };
}

/** The same bytes were published already: the faces on them are known. */
export async function publishAgain(table: Table, described: PublishedEvent, event: PublishedEvent): Promise<Outcome> {
  const { sequencer, received, expires } = described;
  const again = { ...event, sequencer, received, expires };
  await writeUploadedAgain(table, again);
  await settle(table, again);
  return { outcome: 'already published' };
}

/** The event shows another upload of the same key: this one becomes a version of it. */
export async function publishBeside(
  table: Table,
  described: PublishedEvent,
  { event, settled }: { event: PublishedEvent; settled: boolean },
): Promise<Outcome> {
  // After a crash the event's own upload is not there any more, and nobody else would finish it.
  if (!settled) await settle(table, event);
  if (!(await writeVersion(table, versionOf(described)))) return await deleted(table, event);
  await removeRejected(table, event, described.sequencer);
  return { outcome: 'version' };
}
