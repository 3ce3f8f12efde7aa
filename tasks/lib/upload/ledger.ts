/**
 * Which files are in the bucket: the memory of `grunt sync`, on disk.
 *
 * One file of lines (ledger-lines.ts). Lines are only appended, so a
 * `kill -9` can cost no line that was written, and what a power cut tears is the end: a line that does not match its
 * CRC is skipped when the file is read, and its picture is sent once more. `fdatasync` follows within a second rather
 * than after every line, which an SD card would feel. On a full disk the lines wait in memory and are written when
 * there is room; each write goes to the end of the last good line, so a torn one is overwritten.
 *
 * It stays as small as the capture directory: the entries of files that are gone are dropped (`mark`, `sweep`), and the
 * file is rewritten beside itself and renamed once it is mostly dead lines.
 */
import { constants } from 'node:fs';
import { type FileHandle, mkdir, open, readFile, rename, rm } from 'node:fs/promises';
import { dirname } from 'node:path';
import type { Fingerprint } from './fingerprint';
import {
  type Entry,
  headerLine,
  type LedgerContent,
  parseLedger,
  type StoredContent,
  uploadLine,
} from './ledger-lines';

/** Whether the ledger on the disk may still be written by this process. */
export interface Lease {
  isHeld(): boolean;
}

/** An hour in ms: FAT and exFAT keep local time, so that a change of the clock shifts every mtime by whole hours. */
const HOUR = 3_600_000;
const MOST_HOURS = 26;

/** Lines written are forced to the disk after at most so many ms. */
const SYNC_AFTER = 1_000;
/** A full or broken disk is tried again after so many ms. */
const WRITE_AGAIN_AFTER = 5_000;
/** Below so many lines it is not worth rewriting the file. */
const LINES_BEFORE_REWRITE = 1_000;

export class Ledger {
  /** Nothing was known about this destination: the file was not there, was lost, or was about another one. */
  readonly isNew: boolean;
  /** What of the file could not be understood, in words; `undefined` where it is whole. */
  readonly damage: string | undefined;
  readonly #lease: Lease;
  readonly #path: string;
  readonly #destination: string;
  readonly #entries: Map<string, Entry>;
  #handle: FileHandle | undefined;
  /** Where the next line goes: the end of the last good one. */
  #end: number;
  #lines: number;
  #pending: string[] = [];
  #sweep = 0;
  #rewriteDue = false;
  #unsynced = false;
  #closed = false;
  #problem: Error | undefined;
  #writing: Promise<void> | undefined;
  #syncTimer: NodeJS.Timeout | undefined;
  #retryTimer: NodeJS.Timeout | undefined;

  private constructor(path: string, destination: string, content: LedgerContent, lease: Lease) {
    this.#lease = lease;
    this.damage = content.damage && `${path}: ${content.damage}`;
    this.#path = path;
    this.#destination = destination;
    this.isNew = content.isNew;
    this.#entries = content.entries;
    this.#end = content.end;
    this.#lines = content.lines;
  }

  /**
   * Reads the ledger at `path`. One that is about another `destination` (any text that names it) or that cannot be
   * understood is begun anew. Nothing is written before the first `add`, which makes the directory too. It never fails:
   * where the disk is full or may not be written, the ledger lives in memory until it may (`problem` tells). Once the
   * `lease` is not held any more, it writes nothing: the file is another process's.
   */
  static async open(path: string, destination: string, lease: Lease = { isHeld: () => true }): Promise<Ledger> {
    // Most likely there is none; and whatever else keeps it from being read is told when writing fails too.
    const bytes = await readFile(path).catch(() => Buffer.alloc(0));
    return new Ledger(path, destination, parseLedger(bytes, destination), lease);
  }

  get size(): number {
    return this.#entries.size;
  }

  /** Why lines are kept in memory instead of on disk, while they are. */
  get problem(): Error | undefined {
    return this.#problem;
  }

  /** Whether exactly this content of the file is in the bucket. A shift of its mtime by whole hours makes it no other. */
  has(name: string, { size, mtime }: Fingerprint): boolean {
    const entry = this.#entries.get(name);
    if (entry === undefined || entry.size !== size) return false;
    const shift = Math.abs(entry.mtime - mtime);
    return shift % HOUR === 0 && shift <= MOST_HOURS * HOUR;
  }

  /** What the bucket has of the file, as far as it is known. */
  get(name: string): StoredContent | undefined {
    return this.#entries.get(name);
  }

  /** The names of all files of which something is in the bucket. */
  names(): IterableIterator<string> {
    return this.#entries.keys();
  }

  /** Whether some content of the file is in the bucket. */
  knows(name: string): boolean {
    return this.#entries.has(name);
  }

  /** This content of the file is in the bucket: known at once, on disk soon, or at the latest after `flush`. */
  add(name: string, { size, mtime }: Fingerprint, known: Partial<Omit<StoredContent, keyof Fingerprint>> = {}): void {
    if (this.#closed) return;
    const { crc, variant = '', isCutShort = false } = known;
    const entry: Entry = { size, mtime, crc, variant, isCutShort, sweep: this.#sweep };
    this.#entries.set(name, entry);
    this.#append(uploadLine(name, entry));
  }

  /** The file is still in the capture directory: its entry outlives the next `sweep`. */
  mark(name: string): void {
    const entry = this.#entries.get(name);
    if (entry !== undefined) entry.sweep = this.#sweep;
  }

  /** Forgets every entry that was neither marked nor added since the last sweep. */
  sweep(): void {
    if (this.#closed) return;
    for (const [name, entry] of this.#entries) if (entry.sweep < this.#sweep) this.#entries.delete(name);
    this.#sweep++;
    if (this.#lines > LINES_BEFORE_REWRITE && this.#lines > 2 * this.#entries.size) {
      this.#rewriteDue = true;
      this.#write();
    }
  }

  /** Resolves when what was added has been written, or could not be (`problem` tells); the disk may still cache it. */
  async written(): Promise<void> {
    await this.#writing;
  }

  /** Resolves when everything is on the disk. Rejects with what the file system says where that cannot be. */
  async flush(): Promise<void> {
    await this.#writing;
    if (this.#pending.length > 0) {
      this.#write();
      await this.#writing;
    }
    if (this.#problem !== undefined) throw this.#problem;
    await this.#sync();
  }

  /** Flushes as well as it can, and closes the file. Later calls of `add` are ignored. */
  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    try {
      await this.flush();
    } finally {
      clearTimeout(this.#syncTimer);
      clearTimeout(this.#retryTimer);
      await this.#handle?.close();
    }
  }

  #append(text: string): void {
    this.#pending.push(text);
    // On a disk that cannot be written the next try has its time.
    if (this.#problem === undefined) this.#write();
  }

  /** Sees to it that what is pending gets written: one write at a time, everything that is pending in one. */
  #write(): void {
    this.#writing ??= this.#writeAll().finally(() => {
      this.#writing = undefined;
    });
  }

  async #writeAll(): Promise<void> {
    // Not at once: what is added in the same turn goes into the same write.
    await Promise.resolve();
    clearTimeout(this.#retryTimer);
    if (this.#pending.length === 0 && !this.#rewriteDue) return;
    if (!this.#lease.isHeld()) {
      this.#pending = [];
      this.#rewriteDue = false;
      return;
    }
    try {
      this.#handle ??= await openAt(this.#path, this.#end);
      if (this.#rewriteDue) await this.#rewrite();
      while (this.#pending.length > 0) await this.#writePending(this.#handle);
      this.#problem = undefined;
    } catch (error) {
      this.#problem = error instanceof Error ? error : new Error(String(error));
      this.#retryTimer = setTimeout(() => this.#write(), WRITE_AGAIN_AFTER).unref();
    }
  }

  async #writePending(handle: FileHandle): Promise<void> {
    const lines = this.#pending.length;
    const header = this.#end === 0 ? this.#header() : '';
    const bytes = Buffer.from(header + this.#pending.join(''));
    for (let written = 0; written < bytes.length; ) {
      const result = await handle.write(bytes, written, bytes.length - written, this.#end + written);
      written += result.bytesWritten;
    }
    this.#end += bytes.length;
    this.#lines += lines + (header === '' ? 0 : 1);
    this.#pending.splice(0, lines);
    this.#unsynced = true;
    this.#syncTimer ??= setTimeout(() => {
      this.#syncTimer = undefined;
      // A failure shows up at the next write or at `flush`; here nobody could act on it.
      this.#sync().catch(() => {});
    }, SYNC_AFTER).unref();
  }

  async #sync(): Promise<void> {
    if (!this.#unsynced) return;
    this.#unsynced = false;
    await this.#handle?.datasync();
  }

  #header(): string {
    return headerLine(this.#destination);
  }

  /** The file anew, with live entries only. What fails leaves the old file as it is. */
  async #rewrite(): Promise<void> {
    this.#rewriteDue = false;
    const path = `${this.#path}.new`;
    const text = [this.#header()];
    for (const [name, entry] of this.#entries) text.push(uploadLine(name, entry));
    const bytes = Buffer.from(text.join(''));
    const pending = this.#pending.length;
    const handle = await open(path, 'w');
    try {
      await handle.writeFile(bytes);
      await handle.datasync();
      await rename(path, this.#path);
    } catch (error) {
      await handle.close();
      await rm(path, { force: true });
      throw error;
    }
    await this.#handle?.close();
    this.#handle = handle;
    this.#end = bytes.length;
    this.#lines = text.length;
    this.#pending.splice(0, pending);
    await syncDirectory(dirname(this.#path));
  }
}

/** The file for writing, cut off at `end`: what follows the last good line is torn, and could outlive a shorter one. */
async function openAt(path: string, end: number): Promise<FileHandle> {
  await mkdir(dirname(path), { recursive: true });
  const handle = await open(path, constants.O_RDWR | constants.O_CREAT, 0o644);
  try {
    await handle.truncate(end);
  } catch (error) {
    await handle.close();
    throw error;
  }
  return handle;
}

/** Makes a rename in the directory outlast a power cut. */
async function syncDirectory(path: string): Promise<void> {
  const handle = await open(path, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}
