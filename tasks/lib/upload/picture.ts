/**
 * Reads an event file so that only a whole file is uploaded.
 *
 * The camera writes to the final name, slowly at times. JPEG, PNG and MP4 show by their own end whether they are whole
 * (complete.ts), which is judged on the very bytes that are sent. For a file that does not show its end the caller
 * waits until size and mtime have not changed for a while (write-stability.ts).
 */
import { closeSync, constants, fstatSync, openSync, readSync } from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';
import type { Content } from '../bucket/content';
import { codeOf } from '../error-code';
import type { EventKind } from '../event';
import { BufferPool } from './buffer-pool';
import { type Completeness, mayBeComplete, pictureCompleteness, TAIL_BYTES, videoCompleteness } from './complete';
import { type Fingerprint, isSame, UNREADABLE } from './fingerprint';

/**
 * Files up to 8 MiB are read whole. Larger ones are sent part by part; a picture among them is never judged complete by
 * its ending and must stay unchanged for a while. No camera takes a picture that large.
 */
const IN_MEMORY = 8 * 1024 * 1024;
/**
 * Pictures up to 1 MiB are read at once rather than by other threads, whose hand-over costs more CPU than the read. An SD card that
 * reads 10 MB a second keeps everything else waiting for 5 ms over one of 50 KB.
 */
const AT_ONCE = 1024 * 1024;
const UNKNOWN: Completeness = { state: 'unknown' };
/** Do not follow links out of the capture directory, and do not wait for the writer of a fifo. */
const FLAGS = constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK;

/** What a file was found to be. */
export type Picture =
  /** The file can be sent, if its completeness is good enough for the caller. */
  | {
      readonly is: 'readable';
      readonly kind: EventKind;
      readonly completeness: Completeness['state'];
      readonly fingerprint: Fingerprint;
      /** Its `read` rejects with `ChangedWhileReading` if the file changes before its last byte is read. */
      readonly content: Content;
      /** `isDone`: nobody reads the content any more, nor what was read of it. */
      close(isDone: boolean): Promise<void>;
    }
  /** The file changed while it was read. */
  | { readonly is: 'changing'; readonly fingerprint: Fingerprint }
  /** The file has 0 bytes so far. */
  | { readonly is: 'empty'; readonly fingerprint: Fingerprint }
  | { readonly is: 'gone' }
  /** A link, a directory or a fifo. */
  | { readonly is: 'no-file' };

/**
 * Opens the file at `path`. The caller must close a `readable` picture.
 *
 * @throws the error of the operating system if the file cannot be read.
 * @throws ChangedWhileReading if the file became shorter while it was read.
 */
export async function openPicture(path: string, kind: EventKind): Promise<Picture> {
  const atOnce = kind === 'mp4' ? undefined : readAtOnce(path, kind);
  if (atOnce !== undefined) return atOnce;
  const handle = await openFile(path);
  if (typeof handle === 'string') return { is: handle };
  let isKept = false;
  try {
    const before = await handle.stat();
    if (!before.isFile()) return { is: 'no-file' };
    const fingerprint = { size: before.size, mtime: before.mtimeMs };
    if (before.size === 0) return { is: 'empty', fingerprint };
    const bytes = before.size <= IN_MEMORY ? await readAll(handle, 0, before.size) : undefined;
    const { state } = await completenessOf(handle, kind, before.size, bytes);
    if (!isSame(fingerprint, await fingerprintOf(handle))) return { is: 'changing', fingerprint };
    const facts = { is: 'readable', kind, completeness: state, fingerprint } as const;
    if (bytes !== undefined) return { ...facts, content: new BufferContent(bytes), close: async () => {} };
    isKept = true;
    return { ...facts, content: new FileContent(handle, fingerprint), close: () => handle.close() };
  } finally {
    if (!isKept) await handle.close();
  }
}

const buffers = new BufferPool();

/** As `openPicture`, for a picture that is small; `undefined` for one that is not. */
function readAtOnce(path: string, kind: 'jpeg' | 'png'): Picture | undefined {
  let descriptor: number;
  try {
    descriptor = openSync(path, FLAGS);
  } catch (error) {
    return { is: unopened(error) };
  }
  try {
    const before = fstatSync(descriptor);
    if (!before.isFile()) return { is: 'no-file' };
    const { size } = before;
    const fingerprint = { size, mtime: before.mtimeMs };
    if (size === 0) return { is: 'empty', fingerprint };
    if (size > AT_ONCE) return undefined;
    const bytes = buffers.take(size);
    for (let read = 0; read < size; ) {
      const length = readSync(descriptor, bytes, read, size - read, read);
      if (length === 0) throw new ChangedWhileReading(SHORTER);
      read += length;
    }
    const after = fstatSync(descriptor);
    if (!isSame(fingerprint, { size: after.size, mtime: after.mtimeMs })) return { is: 'changing', fingerprint };
    const { state } = pictureCompleteness(bytes, kind);
    const content = new BufferContent(bytes);
    const close = async (isDone: boolean) => {
      if (isDone) buffers.give(bytes);
    };
    return { is: 'readable', kind, completeness: state, fingerprint, content, close };
  } finally {
    closeSync(descriptor);
  }
}

function completenessOf(
  handle: FileHandle,
  kind: EventKind,
  size: number,
  bytes: Buffer | undefined,
): Completeness | Promise<Completeness> {
  if (kind === 'mp4') return videoCompleteness(handle, size);
  return bytes === undefined ? UNKNOWN : pictureCompleteness(bytes, kind);
}

const SHORTER = 'The file became shorter while it was read.';

/** The file changed between its first and its last byte, so what was sent of it is worthless. */
export class ChangedWhileReading extends Error {
  override readonly name = 'ChangedWhileReading';
}

/** What the last bytes of a file tell. */
export type Peek = { is: 'gone' } | { is: 'unfinished' | 'maybe-finished'; fingerprint: Fingerprint };

/**
 * A quick look at a file's last bytes, made for every write that the kernel reports. It takes a few system calls on a
 * file that was just written, and so is in memory; that is cheaper done synchronously than handed to another thread. A
 * file that cannot be read is `maybe-finished`: its upload will report the reason.
 */
export function peek(path: string, kind: EventKind): Peek {
  let descriptor: number;
  try {
    descriptor = openSync(path, FLAGS);
  } catch (error) {
    const code = codeOf(error);
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
    return unopened(error);
  }
}

/** What a file is that cannot be opened for this error. @throws the error where it says nothing of that. */
function unopened(error: unknown): 'gone' | 'no-file' {
  const code = codeOf(error);
  if (code === 'ENOENT') return 'gone';
  if (code === 'ELOOP' || code === 'ENXIO') return 'no-file';
  throw error;
}

async function fingerprintOf(handle: FileHandle): Promise<Fingerprint> {
  const { size, mtimeMs } = await handle.stat();
  return { size, mtime: mtimeMs };
}

/**
 * @throws ChangedWhileReading if the file has become shorter.
 */
async function readAll(handle: FileHandle, offset: number, length: number): Promise<Buffer> {
  const bytes = Buffer.allocUnsafe(length);
  for (let read = 0; read < length; ) {
    const { bytesRead } = await handle.read(bytes, read, length - read, offset + read);
    if (bytesRead === 0) throw new ChangedWhileReading(SHORTER);
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
