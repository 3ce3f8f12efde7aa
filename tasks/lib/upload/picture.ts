/**
 * Reads an event file so that what is uploaded is whole.
 *
 * The camera writes to the final name, slowly at times. JPEG, PNG and MP4 can be told complete by their own end
 * (complete.ts), judged on the very bytes that are sent. What cannot be told so counts as finished when its size and
 * mtime have stood still for a while by this process's own watch (a file's time and the machine's clock need not agree):
 * a short while where the format does not tell, a long one where it says that more must come.
 */
import { closeSync, constants, fstatSync, openSync, readSync } from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';
import type { Content } from '../bucket/content';
import type { EventKind } from '../event';
import { type Completeness, mayBeComplete, pictureCompleteness, TAIL_BYTES, videoCompleteness } from './complete';
import { type Fingerprint, isSame, UNREADABLE } from './fingerprint';

/**
 * Files up to so many bytes are judged and sent from memory; larger ones are sent part by part. No camera takes a picture
 * that large: one that is does not count as told complete by its end.
 */
const IN_MEMORY = 8 * 1024 * 1024;
const UNKNOWN: Completeness = { state: 'unknown' };
/** No link is followed out of the capture directory, and a fifo does not keep us waiting for its writer. */
const FLAGS = constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK;

/** What a file was found to be. */
export type Picture =
  | { is: 'finished'; kind: EventKind; fingerprint: Fingerprint; content: Content; close(): Promise<void> }
  /** More may come: it has no end yet or none that could be told, or it changed while it was read. */
  | { is: 'unfinished'; fingerprint: Fingerprint; hasEnd: 'no' | 'unknown' }
  /** Nothing was written to it so far. */
  | { is: 'empty'; fingerprint: Fingerprint }
  | { is: 'gone' }
  | { is: 'no-file' };

/** Whether a content without a recognisable end has stood still for long enough. */
export type IsStill = (fingerprint: Fingerprint, hasEnd: 'no' | 'unknown') => boolean;

/**
 * Opens the file at `path`. The content of a `finished` one throws `ChangedWhileReading` where the file changes before
 * its last byte is read; its caller closes it. Throws what the operating system says where the file cannot be read.
 */
export async function openPicture(path: string, kind: EventKind, isStill: IsStill): Promise<Picture> {
  const handle = await openFile(path);
  if (typeof handle === 'string') return { is: handle };
  let isKept = false;
  try {
    const before = await handle.stat();
    if (!before.isFile()) return { is: 'no-file' };
    const fingerprint = { size: before.size, mtime: before.mtimeMs };
    if (before.size === 0) return { is: 'empty', fingerprint };
    const isSmall = before.size <= IN_MEMORY;
    const video = kind === 'mp4' ? await videoCompleteness(handle, before.size) : undefined;
    const bytes = isSmall && video?.state !== 'incomplete' ? await readAll(handle, 0, before.size) : undefined;
    const completeness = video ?? (bytes && kind !== 'mp4' ? pictureCompleteness(bytes, kind) : UNKNOWN);
    if (!isSame(fingerprint, await fingerprintOf(handle))) return { is: 'unfinished', fingerprint, hasEnd: 'no' };
    if (completeness.state !== 'complete') {
      const hasEnd = completeness.state === 'incomplete' ? 'no' : 'unknown';
      if (!isStill(fingerprint, hasEnd)) return { is: 'unfinished', fingerprint, hasEnd };
    }
    isKept = true;
    const content = bytes === undefined ? new FileContent(handle, fingerprint) : new BufferContent(bytes);
    return { is: 'finished', kind, fingerprint, content, close: () => handle.close() };
  } finally {
    if (!isKept) await handle.close();
  }
}

/** The file changed between its first and its last byte; what was sent of it counts for nothing. */
export class ChangedWhileReading extends Error {
  override readonly name = 'ChangedWhileReading';
}

/** What a look at a file's last bytes tells. */
export type Glance = { is: 'gone' } | { is: 'unfinished' | 'maybe-finished'; fingerprint: Fingerprint };

/**
 * A quick look, once for every write that the kernel tells of: a few system calls on a file whose end is in memory since
 * it was written just now, cheaper done at once than handed to another thread. A file that may not be read is
 * `maybe-finished`: the upload will say why it fails.
 */
export function glance(path: string, kind: EventKind): Glance {
  let descriptor: number;
  try {
    descriptor = openSync(path, FLAGS);
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? error.code : undefined;
    if (code === 'ENOENT' || code === 'ELOOP' || code === 'ENXIO') return { is: 'gone' };
    return { is: 'maybe-finished', fingerprint: UNREADABLE };
  }
  try {
    const stats = fstatSync(descriptor);
    if (!stats.isFile()) return { is: 'gone' };
    const fingerprint = { size: stats.size, mtime: stats.mtimeMs };
    const tail = Buffer.alloc(Math.min(stats.size, TAIL_BYTES));
    const length = readSync(descriptor, tail, 0, tail.length, stats.size - tail.length);
    return { is: mayBeComplete(tail.subarray(0, length), kind) ? 'maybe-finished' : 'unfinished', fingerprint };
  } catch {
    return { is: 'maybe-finished', fingerprint: UNREADABLE };
  } finally {
    closeSync(descriptor);
  }
}

async function openFile(path: string): Promise<FileHandle | 'gone' | 'no-file'> {
  try {
    return await open(path, FLAGS);
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? error.code : undefined;
    if (code === 'ENOENT') return 'gone';
    if (code === 'ELOOP' || code === 'ENXIO') return 'no-file';
    throw error;
  }
}

async function fingerprintOf(handle: FileHandle): Promise<Fingerprint> {
  const { size, mtimeMs } = await handle.stat();
  return { size, mtime: mtimeMs };
}

/** Throws `ChangedWhileReading` where the file has become shorter. */
async function readAll(handle: FileHandle, offset: number, length: number): Promise<Buffer> {
  const bytes = Buffer.allocUnsafe(length);
  for (let read = 0; read < length; ) {
    const { bytesRead } = await handle.read(bytes, read, length - read, offset + read);
    if (bytesRead === 0) throw new ChangedWhileReading('The file became shorter while it was read.');
    read += bytesRead;
  }
  return bytes;
}

class BufferContent implements Content {
  readonly size: number;
  readonly #bytes: Buffer;

  constructor(bytes: Buffer) {
    this.#bytes = bytes;
    this.size = bytes.length;
  }

  read(offset: number, length: number): Promise<Buffer> {
    return Promise.resolve(this.#bytes.subarray(offset, offset + length));
  }
}

class FileContent implements Content {
  readonly size: number;
  readonly #handle: FileHandle;
  readonly #fingerprint: Fingerprint;

  constructor(handle: FileHandle, fingerprint: Fingerprint) {
    this.#handle = handle;
    this.#fingerprint = fingerprint;
    this.size = fingerprint.size;
  }

  async read(offset: number, length: number): Promise<Buffer> {
    const bytes = await readAll(this.#handle, offset, length);
    if (!isSame(this.#fingerprint, await fingerprintOf(this.#handle))) {
      throw new ChangedWhileReading('The file changed while it was uploaded.');
    }
    return bytes;
  }
}
