/**
 * The item of a refused upload, which its owner sees for 30 days. Its key is made from the uploaded key, and it is
 * removed when the same key is uploaded again and published.
 */

import type { Refused } from '../media/refused';
import { any, Change, isAbsent, isAtMost } from '../table/expression';
import { eventKey, rejectedDayKey, rejectedKey, timeKey } from '../table/keys';
import type { Table } from '../table/table';
import { type Origin, originOf } from './event';
import type { ObjectCreated } from './notification';

const KEPT_SECONDS = 30 * 24 * 3600;

/**
 * Records why an upload was refused, unless a later upload of the same key is known. `instance`: the camera, if known.
 */
export async function writeRejected(
  table: Table,
  { account, fileName, id }: Origin,
  upload: ObjectCreated,
  refusal: Refused,
  instance: string | undefined,
): Promise<void> {
  const change = new Change()
    .set({
      account,
      id,
      fileName,
      instance,
      reason: refusal.reason,
      message: refusal.message,
      size: upload.size,
      received: upload.time.getTime(),
      sequencer: upload.sequencer,
      dayKey: rejectedDayKey(account),
      timeKey: timeKey(upload.time, id),
      expires: Math.floor(upload.time.getTime() / 1000) + KEPT_SECONDS,
    })
    .when(any(isAbsent('pk'), isAtMost('sequencer', upload.sequencer)));
  await table.update(rejectedKey(account, id), change);
  // A later upload may have been published before this rejection was written, and so have had nothing to remove.
  const event = await table.get(eventKey(account, id));
  if (typeof event?.sequencer === 'string' && event.sequencer > upload.sequencer) {
    await removeRejected(table, { account, fileName }, event.sequencer);
  }
}

/** Removes the rejection of a key that has been published since. */
export async function removeRejected(
  table: Table,
  { account, fileName }: Pick<Origin, 'account' | 'fileName'>,
  sequencer: string,
): Promise<void> {
  await table.remove(rejectedKey(account, originOf(`${account}/${fileName}`).id), isAtMost('sequencer', sequencer));
}
