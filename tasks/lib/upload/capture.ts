/**
 * Lists the files of a capture directory and finds the new ones.
 *
 * The kernel reports every change (`fs.watch`: inotify), at the same cost for ten files and for a hundred thousand. Its
 * queue is finite, and a network directory reports nothing, so a rescan of the names finds what was missed. A rescan
 * happens only when the directory has changed, takes at most a fiftieth of the time, and comes sooner the more the last
 * rescan found. The directory may be missing, and may be removed, made again or mounted over while we run: it is
 * checked every second, at rest every five, and watched and scanned anew if it is another directory than before.
 *
 * This file handles names only. The listener decides which names are event files, and whether a file is complete and
 * uploaded.
 */
import { type FSWatcher, watch } from 'node:fs';
import { opendir, stat } from 'node:fs/promises';
import { basename } from 'node:path';
import { type Clock, systemClock } from './clock';

/** Interval of the checks of the directory itself, in ms. */
const LOOK_EVERY = 1_000;
/** The same at rest: the kernel reports the directory's changes and its end, so only a mount over it is found late. */
const LOOK_AT_REST = 5_000;
/** Shortest interval between two rescans, in ms. */
const SHORTEST_INTERVAL = 1_000;
/** Longest interval between two rescans, in ms, unless `SHARE` demands a longer one. */
const LONGEST_INTERVAL = 30_000;
/** Rescans may take at most 1/50 of the time. */
const SHARE = 50;
/** Rescans may take 1/5 of the time where the kernel reports nothing, so that only rescans find new files. */
const SHARE_UNWATCHED = 5;
/** Directory entries read before other work gets its turn. */
const SLICE = 512;

/** Receives what a `Capture` finds. */
export interface CaptureListener {
  /** Whether the name is that of an event file. Other names are never reported. */
  isEvent(name: string): boolean;
  /** The kernel reports that this file appeared, grew, changed or vanished. */
  changed(name: string): void;
  /**
   * A scan is over: `names` are all event files of the directory. `isFirst`: it was the first scan of this directory.
   *
   * @returns how many of the names should have been reported by `changed` but were not.
   */
  scanned(names: readonly string[], isFirst: boolean): Promise<number>;
  /** The directory cannot be watched or read; `undefined`: now it can. */
  problem(error: Error | undefined): void;
  /** The kernel gives no watch on the directory. Rescans find its changes. */
  unwatchable(error: unknown): void;
}

/** What a `Capture` takes from outside. */
export interface CaptureEnvironment {
  readonly clock: Clock;
  /** As `fs.watch`. */
  readonly watch: typeof watch;
}

interface Watched {
  /** Device, inode and birth time: together they differ for another directory at the same path. */
  readonly identity: string;
  /** `undefined` where the kernel gives no watch, so that rescans do everything. */
  readonly watcher: FSWatcher | undefined;
}

/** Watches one capture directory. */
export class Capture {
  readonly directory: string;
  readonly #listener: CaptureListener;
  readonly #environment: CaptureEnvironment;
  #watched: Watched | undefined;
  #cancelTimer: () => void = () => {};
  #looking: Promise<void> | undefined;
  #isClosed = false;
  #problem: string | undefined;
  /** The directory's mtime (ms) before the last scan began. A second scan must confirm it (see `#scanIfDue`). */
  #scannedMtime = Number.NaN;
  #isConfirmed = false;
  #interval = LONGEST_INTERVAL;
  #nextScan = 0;

  constructor(directory: string, listener: CaptureListener, environment: Partial<CaptureEnvironment> = {}) {
    this.directory = directory;
    this.#listener = listener;
    this.#environment = { clock: systemClock, watch, ...environment };
  }

  /** Begins to watch. Resolves after the first scan, or when the directory is found missing. */
  async start(): Promise<void> {
    await this.look();
  }

  /** Stops watching. A running scan ends without a report. */
  close(): void {
    this.#isClosed = true;
    this.#cancelTimer();
    this.#unwatch();
  }

  /** Checks the directory now instead of within a second. */
  look(): Promise<void> {
    this.#looking ??= this.#look().finally(() => {
      this.#looking = undefined;
      if (!this.#isClosed) this.#cancelTimer = this.#environment.clock.after(this.#lookAfter, () => this.look());
    });
    return this.#looking;
  }

  get #lookAfter(): number {
    return this.#isConfirmed && this.#watched?.watcher !== undefined ? LOOK_AT_REST : LOOK_EVERY;
  }

  async #look(): Promise<void> {
    this.#cancelTimer();
    try {
      const { dev, ino, birthtimeMs, mtimeMs } = await stat(this.directory);
      // An inode number is reused at once when a directory is removed and made again.
      const identity = `${dev}:${ino}:${birthtimeMs}`;
      const isFirst = this.#watched?.identity !== identity;
      if (isFirst) this.#watch(identity);
      if (this.#watched?.watcher === undefined) this.#interval = SHORTEST_INTERVAL;
      if (isFirst) await this.#scan(mtimeMs, true);
      else await this.#scanIfDue(mtimeMs);
      this.#tell(undefined);
    } catch (error) {
      this.#unwatch();
      this.#tell(error instanceof Error ? error : new Error(String(error)));
    }
  }

  #watch(identity: string): void {
    this.#unwatch();
    if (this.#isClosed) return;
    const own = basename(this.directory);
    let watcher: FSWatcher | undefined;
    try {
      watcher = this.#environment.watch(this.directory, { persistent: true }, (_event, name) => {
        if (name === null) return;
        // inotify reports the end of the directory under the directory's own name.
        if (name === own) this.look();
        if (this.#listener.isEvent(name)) this.#listener.changed(name);
      });
      watcher.on('error', () => this.#unwatch());
    } catch (error) {
      // Rescans find everything, a second later.
      this.#listener.unwatchable(error);
    }
    this.#watched = { identity, watcher };
  }

  #unwatch(): void {
    this.#watched?.watcher?.close();
    this.#watched = undefined;
  }

  /**
   * Scans the directory if its mtime has changed. A file made in the same tick of the kernel's clock as a scan leaves
   * no trace in the mtime, so an unchanged mtime counts only once a second scan has seen it.
   */
  async #scanIfDue(mtime: number): Promise<void> {
    if (this.#environment.clock.now() < this.#nextScan) return;
    const isUnchanged = mtime === this.#scannedMtime;
    if (isUnchanged && this.#isConfirmed) return;
    await this.#scan(mtime, false);
    this.#isConfirmed = isUnchanged;
  }

  async #scan(mtime: number, isFirst: boolean): Promise<void> {
    const begun = this.#environment.clock.now();
    const names: string[] = [];
    for await (const entry of await opendir(this.directory, { bufferSize: SLICE })) {
      if (this.#isClosed) return;
      // Some file systems do not tell the type of an entry. The upload finds it out.
      const isOther = entry.isDirectory() || entry.isSymbolicLink() || entry.isFIFO() || entry.isSocket();
      if (!isOther && this.#listener.isEvent(entry.name)) names.push(entry.name);
    }
    const missed = await this.#listener.scanned(names, isFirst);
    const ended = this.#environment.clock.now();
    if (!isFirst) this.#interval = missed > 0 ? this.#interval / 4 : this.#interval * 2;
    this.#interval = Math.min(Math.max(this.#interval, SHORTEST_INTERVAL), LONGEST_INTERVAL);
    const share = this.#watched?.watcher === undefined ? SHARE_UNWATCHED : SHARE;
    this.#nextScan = ended + Math.max(this.#interval, (ended - begun) * share);
    this.#scannedMtime = mtime;
    this.#isConfirmed = false;
  }

  #tell(error: Error | undefined): void {
    if (error?.message === this.#problem) return;
    this.#problem = error?.message;
    this.#listener.problem(error);
  }
}
