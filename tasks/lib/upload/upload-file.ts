/** One attempt to upload one file, and its result. The caller (uploader.ts) decides what follows from it. */
import { join } from 'node:path';
import type { Content } from '../bucket/content';
import { isOfFile } from '../bucket/problem-of';
import { contentTypeOf, eventMetadata, kindOf } from '../event';
import type { SyncSettings } from '../settings/settings';
import type { Clock } from './clock';
import { CountedContent, crcOf } from './content-crc';
import type { Fingerprint } from './fingerprint';
import { FreeDisk } from './free-disk';
import { variantOf } from './key-variant';
import type { StoredContent } from './ledger-lines';
import { ChangedWhileReading, openPicture, type Picture, peek } from './picture';
import type { Item } from './queue';
import type { Session } from './session';
import type { WriteStability } from './write-stability';

/** The result of an attempt. */
export type UploadResult =
  /** The bucket has confirmed the object, and the ledger has recorded it. `size` in bytes. */
  | { readonly is: 'uploaded'; readonly key: string; readonly size: number }
  /** The content is in the bucket already. */
  | { readonly is: 'known' }
  | { readonly is: 'gone' }
  /** A link, a directory or a fifo. */
  | { readonly is: 'no-file' }
  /** The file has 0 bytes so far. */
  | { readonly is: 'empty' }
  /** The file is not finished, or may not be. It must be stable until `until` (ms, monotonic). */
  | { readonly is: 'unfinished'; readonly until: number; readonly isCutShort: boolean }
  /** The file cannot be read. */
  | { readonly is: 'unreadable'; readonly error: unknown }
  /** The file was read, but the upload failed. */
  | { readonly is: 'failed'; readonly error: unknown };

/** What an attempt needs. */
export interface UploadParts {
  readonly session: Session;
  readonly stability: WriteStability;
  readonly clock: Clock;
  /** Aborts the upload. */
  readonly signal: AbortSignal;
}

/** Uploads the file of `item` if it is finished and its content is not in the bucket yet. Never rejects. */
export async function uploadFile(item: Item, parts: UploadParts): Promise<UploadResult> {
  const { session, stability, clock } = parts;
  const { stillness } = session.settings;
  const kind = kindOf(item.name);
  if (kind === undefined) return { is: 'no-file' };
  let picture: Picture;
  try {
    picture = await openPicture(join(item.directory, item.name), kind);
  } catch (error) {
    return ofError(error, clock, stillness) ?? { is: 'unreadable', error };
  }
  if (picture.is === 'changing') return unfinished(item, picture.fingerprint, 'incomplete', parts);
  if (picture.is !== 'readable') return picture;
  let result: UploadResult | undefined;
  try {
    const { completeness, fingerprint } = picture;
    if (completeness !== 'complete') {
      const threshold = stability.threshold(item, fingerprint, completeness, stillness);
      const isStable = stability.isStable(item.name, fingerprint, threshold);
      if (!isStable) return unfinished(item, fingerprint, completeness, parts);
    }
    if (session.ledger.has(item.name, fingerprint)) return { is: 'known' };
    result = await put(item, picture, parts);
    return result;
  } catch (error) {
    return ofError(error, clock, stillness) ?? { is: isOfFile(error) ? 'unreadable' : 'failed', error };
  } finally {
    // An upload that failed may still have a connection that is about to send it.
    await picture.close(result?.is === 'uploaded');
  }
}

/** Shared by all sessions, because the disks are. */
const freeDisk = new FreeDisk();

async function put(
  { name, directory }: Item,
  { content, fingerprint, kind, completeness }: Picture & { is: 'readable' },
  { session, clock, signal }: UploadParts,
): Promise<UploadResult> {
  const { fileFormats, instance, camera } = session.settings;
  const variant = await variantFor(session.ledger.get(name), content);
  if (variant === 'same') {
    session.ledger.add(name, fingerprint, session.ledger.get(name));
    return { is: 'known' };
  }
  const key = session.keyOf(name, variant);
  const counted = new CountedContent(content);
  const freedisk = await freeDisk.of(directory);
  await session.bucket.put(key, counted, {
    contentType: contentTypeOf(kind),
    metadata: eventMetadata(name, fileFormats, {
      ...{ instance, modified: fingerprint.mtime, uploadTime: clock.date() },
      camera: { ...camera, ...(freedisk === undefined ? {} : { freedisk: String(freedisk) }) },
    }),
    signal,
  });
  session.ledger.add(name, fingerprint, { crc: counted.crc, variant, isCutShort: completeness === 'incomplete' });
  return { is: 'uploaded', key, size: content.size };
}

/**
 * The variant of the key for `content`, given what the bucket has under this name; `same`: the bucket has this content.
 *
 * A file that only grew, or that was uploaded cut short, replaces its object. Any other content is another event under
 * the same name and gets a key of its own (key-variant.ts). A file of which only the mtime differs (a copy on another
 * disk, say) is the same. Where the CRC of the stored content is unknown (an old ledger, or a name found in the
 * bucket's list), an equal size counts as the same file.
 */
async function variantFor(stored: StoredContent | undefined, content: Content): Promise<string> {
  if (stored === undefined) return '';
  const { size, crc, variant, isCutShort } = stored;
  if (crc === undefined && size === content.size) return variant;
  if (crc !== undefined && size <= content.size && (await crcOf(content, size)) === crc) {
    return size === content.size ? 'same' : variant;
  }
  return isCutShort ? variant : variantOf(await crcOf(content));
}

function unfinished(
  item: Item,
  fingerprint: Fingerprint,
  completeness: 'incomplete' | 'unknown',
  { session, stability }: UploadParts,
): UploadResult {
  const threshold = stability.threshold(item, fingerprint, completeness, session.settings.stillness);
  stability.observe(item.name, fingerprint);
  const until = stability.stableAt(item.name, threshold);
  return { is: 'unfinished', until, isCutShort: completeness === 'incomplete' };
}

/** A file that changed while it was read is still being written. */
function ofError(error: unknown, clock: Clock, stillness: number): UploadResult | undefined {
  if (!(error instanceof ChangedWhileReading)) return undefined;
  return { is: 'unfinished', until: clock.now() + stillness, isCutShort: false };
}

/** Whether `uploadFile` would send the file now or soon, judged by its last bytes only. */
export function wouldGo(item: Item, stability: WriteStability, { stillness }: SyncSettings): boolean {
  const kind = kindOf(item.name);
  const found = kind === undefined ? undefined : peek(join(item.directory, item.name), kind);
  if (found === undefined || found.is === 'gone' || found.fingerprint.size === 0) return false;
  if (found.is === 'maybe-finished') return true;
  return stability.threshold(item, found.fingerprint, 'incomplete', stillness) === stillness;
}
