/**
 * The memory of `grunt sync`, on disk: which files are in the bucket.
 *
 * The ledger is one file of lines (ledger-lines.ts) that is only appended to, so `kill -9` loses no line that was
 * written. A power cut can tear the last lines: a line that does not match its CRC is skipped when the file is read,
 * and its picture is sent once more. `fdatasync` follows within a second instead of after every line, to spare SD
 * cards. On a full disk the lines wait in memory until there is room. Each write begins after the last good line, and
 * so overwrites a torn one.
 *
 * The ledger stays as small as the capture directory: entries of deleted files are dropped (`mark`, `sweep`), and the
 * file is rewritten under another name and renamed once most of its lines are dead.
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

/** The right to write the ledger on the disk. */
export interface Lease {
  /** Whether this process still has the right. Another process may have taken it over. */
  isHeld(): boolean;
}

/** One hour in ms. FAT and exFAT keep local time, so a change of the time zone shifts every mtime by whole hours. */
const HOUR = 3_600_000;
/** Hours between the earliest and the latest time zone, UTC-12 to UTC+14. */
const MOST_HOURS = 26;

/** Written lines are forced to the disk after at most 1,000 ms. */
const SYNC_AFTER = 1_000;
/** After a failed write the next attempt comes after 5,000 ms. */
const WRITE_AGAIN_AFTER = 5_000;
/** A file with fewer lines is never rewritten. */
const LINES_BEFORE_REWRITE = 1_000;

/** The ledger of one destination. `add` is known at once and on disk within about a second. */
export class Ledger {
  /** Nothing was known about this destination: the file was missing, lost, or about another destination. */
  readonly isNew: boolean;
  /** The part of the file that could not be understood, in words; `undefined` where the file is whole. */
  readonly damage: string | undefined;
  readonly #lease: Lease;
  readonly #path: string;
  readonly #destination: string;
  readonly #entries: Map<string, Entry>;
  #handle: FileHandle | undefined;
  /** Byte offset of the next line: the end of the last good line. */
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
   * Reads the ledger at `path`. A file that is about another `destination` (any text that identifies it), or cannot be
   * understood, is begun anew. Writes nothing before the first `add`, which also makes the directory. Never rejects:
   * while the disk cannot be written, the ledger lives in memory (`problem`). Once `lease` is lost it writes nothing,
   * because the file is another process's.
   */
  static async open(path: string, destination: string, lease: Lease = { isHeld: () => true }): Promise<Ledger> {
    // Usually the file does not exist yet. Any other reason will show again at the first write.
    const bytes = await readFile(path).catch(() => Buffer.alloc(0));
    return new Ledger(path, destination, parseLedger(bytes, destination), lease);
  }

  get size(): number {
    return this.#entries.size;
  }

  /** Why lines wait in memory instead of being written; `undefined` while writing works. */
  get problem(): Error | undefined {
    return this.#problem;
  }

  /** Whether exactly this content of the file is in the bucket. An mtime shifted by whole hours counts as equal. */
  has(name: string, { size, mtime }: Fingerprint): boolean {
    const entry = this.#entries.get(name);
    if (entry === undefined || entry.size !== size) return false;
    const shift = Math.abs(entry.mtime - mtime);
    return shift % HOUR === 0 && shift <= MOST_HOURS * HOUR;
  }

  /** What the bucket has of the file; `undefined` where nothing is known. */
  get(name: string): StoredContent | undefined {
    return this.#entries.get(name);
  }

  /** The names of all files of which the bucket has some content. */
  names(): IterableIterator<string> {
    return this.#entries.keys();
  }

  /** Whether the bucket has some content of the file. */
  knows(name: string): boolean {
    return this.#entries.has(name);
  }

  /**
   * Records that this content of the file is in the bucket: known at once, on disk soon, or at the latest after
   * `flush`.
   */
  add(name: string, { size, mtime }: Fingerprint, known: Partial<Omit<StoredContent, keyof Fingerprint>> = {}): void {
    if (this.#closed) return;
    const { crc, variant = '', isCutShort = false } = known;
    const entry: Entry = { size, mtime, crc, variant, isCutShort, sweep: this.#sweep };
    this.#entries.set(name, entry);
    this.#append(uploadLine(name, entry));
  }

  /** The file is still in the capture directory: keeps its entry in the next `sweep`. */
  mark(name: string): void {
    const entry = this.#entries.get(name);
    if (entry !== undefined) entry.sweep = this.#sweep;
  }

  /** Drops every entry that was neither marked nor added since the last sweep. */
  sweep(): void {
    if (this.#closed) return;
    for (const [name, entry] of this.#entries) if (entry.sweep < this.#sweep) this.#entries.delete(name);
    this.#sweep++;
    if (this.#lines > LINES_BEFORE_REWRITE && this.#lines > 2 * this.#entries.size) {
      this.#rewriteDue = true;
      this.#write();
    }
  }

  /** Resolves when pending lines were written or could not be (`problem`). The system may still cache them. */
  async written(): Promise<void> {
    await this.#writing;
  }

  /**
   * Resolves when everything is on the disk.
   *
   * @throws the error of the file system if it cannot be written.
   */
  async flush(): Promise<void> {
    await this.#writing;
    if (this.#pending.length > 0) {
      this.#write();
      await this.#writing;
    }
    if (this.#problem !== undefined) throw this.#problem;
    await this.#sync();
  }

  /**
   * Flushes and closes the file. Later calls of `add` are ignored.
   *
   * @throws the error of the file system if it cannot be written; the file is closed all the same.
   */
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
    // After a failed write the retry timer starts the next one.
    if (this.#problem === undefined) this.#write();
  }

  /** Starts to write the pending lines, unless a write is running. All pending lines go into one write. */
  #write(): void {
    this.#writing ??= this.#writeAll().finally(() => {
      this.#writing = undefined;
    });
  }

  async #writeAll(): Promise<void> {
    // Wait a microtask, so that all `add`s of one turn share one write.
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
      // The next write or `flush` reports a failure; here nothing could act on it.
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

  /** Writes a new file with live entries only. If that fails, the old file stays as it is. */
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

/**
 * Opens the file for writing, truncated at `end`: torn bytes behind the last good line could outlive a shorter line.
 */
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
