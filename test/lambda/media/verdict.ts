/** Inspects a file as ingest does, piece by piece and in the process that decodes pictures. */
import { inspectUpload } from '../../../lambda/lib/ingest/inspect-upload';
import type { Inspected } from '../../../lambda/lib/media/inspect';
import { Refused } from '../../../lambda/lib/media/refused';
import { INSPECTOR } from '../cloud';

/** The limits that a cloud has where nobody sets others. */
export const LIMITS = { maxBytes: 10_000_000, maxVideoBytes: 64_000_000, maxPixels: 24_000_000 };

/** What a file is found to be; it comes in pieces of so many bytes. @throws Refused */
export async function inspected(file: Buffer, key = 'jane/a.jpg', pieceBytes = 65_536): Promise<Inspected> {
  const pieces = async function* () {
    for (let at = 0; at < file.length; at += pieceBytes) yield file.subarray(at, at + pieceBytes);
  };
  const opened = { etag: '"x"', metadata: {}, size: file.length, pieces: pieces(), close: () => {} };
  const { found } = await inspectUpload(opened, key, {
    settings: LIMITS,
    inspector: INSPECTOR,
    faces: {},
    labels: undefined,
  });
  return found;
}

/** 'ok', the faults that the event is marked with (`ok: NoEnd`), or the name of the refusal. */
export async function verdict(file: Buffer, key?: string, pieceBytes?: number): Promise<string> {
  try {
    const { faults } = await inspected(file, key, pieceBytes);
    return faults.length === 0 ? 'ok' : `ok: ${[...faults].sort().join(', ')}`;
  } catch (error) {
    if (error instanceof Refused) return error.reason;
    throw error;
  }
}
