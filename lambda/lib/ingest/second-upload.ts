/**
 * Handles a second upload of a key that has an event already. The same bytes change nothing. Other bytes become a
 * version of the event, which goes on showing what it showed; only a file that was cut off is replaced by a whole one.
 */
import { reopenDeletion } from '../table/deleted-item';
import { type PublishedEvent, readEvent, writeUploadedAgain } from '../table/event-item';
import type { Table } from '../table/table';
import { versionOf, writeVersion } from '../table/version-item';
import type { Cloud } from './cloud';
import type { Outcome } from './outcome';
import { removeRejected } from './rejected-item';
import { settle } from './settle';

/** Whether an upload replaces the published upload of the same key: only if that was cut off, and this is not. */
export function replaces(upload: PublishedEvent, published: PublishedEvent): boolean {
  return published.incomplete === true && upload.incomplete !== true;
}

/**
 * Handles that the item was not written, because another upload has it or the owner deleted the event.
 *
 * @throws Error if another upload was published at this very moment; the notification is then delivered again.
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

/** The owner has deleted the event: removes what was written since. */
export async function deleted(table: Table, event: PublishedEvent): Promise<Outcome> {
  return { outcome: (await reopenDeletion(table, event)) ? 'deleted' : 'already published' };
}

/** The same bytes had been published before, so their faces are known. */
export async function publishAgain(table: Table, described: PublishedEvent, event: PublishedEvent): Promise<Outcome> {
  const { sequencer, received, expires } = described;
  const again = { ...event, sequencer, received, expires };
  await writeUploadedAgain(table, again);
  await settle(table, again);
  return { outcome: 'already published' };
}

/** The event shows another upload of the same key: keeps this upload as a version. */
export async function publishBeside(
  table: Table,
  described: PublishedEvent,
  { event, settled }: { event: PublishedEvent; settled: boolean },
): Promise<Outcome> {
  // After a crash nothing else would settle the event: its own upload is no longer in the bucket.
  if (!settled) await settle(table, event);
  if (!(await writeVersion(table, versionOf(described)))) return await deleted(table, event);
  await removeRejected(table, event, described.sequencer);
  return { outcome: 'version' };
}
