/**
 * Which files are in a capture directory, and which of them are new.
 *
 * The kernel tells of every change (`fs.watch`: inotify), which costs the same in a directory of ten and of a hundred
 * thousand files. What it may miss (its queue is finite, a network directory tells nothing) a rescan of the names
 * finds; it happens only when the directory has changed, costs at most a fiftieth of the time, and comes sooner the
 * more it finds. The directory may be missing, and may be removed, made again or mounted over while we run: once a
 * second it is looked at, and if it is another one than before, it is watched and scanned anew.
 *
 * This file knows names only: which of them are event files the caller says, which are complete and uploaded is found
 * out elsewhere.
 */
import { type FSWatcher, watch } from 'node:fs';
import { opendir, stat } from 'node:fs/promises';
import { basename } from 'node:path';
import { type Clock, systemClock } from './clock';

/** How often the directory itself is looked at, in ms. */
const LOOK_EVERY = 1_000;
/** Between two rescans, in ms. */
const SHORTEST_INTERVAL = 1_000;
const LONGEST_INTERVAL = 30_000;
/** A rescan may take one part in so many of the time. */
const SHARE = 50;
/** The same where the kernel tells nothing, so that only rescans find what is new. */
const SHARE_UNWATCHED = 5;
/** Entries read at a time: between two slices everything else gets its turn. */
const SLICE = 512;

export interface CaptureListener {
  /** Whether a name is to be told of at all. */
  isEvent(name: string): boolean;
  /** The kernel says that this file appeared, grew, changed or went. */
  changed(name: string): void;
  /**
   * All event files that are there. `isFirst`: of a directory that is seen for the first time, or anew. Returns how many
   * of the names should have been told of by `changed` and were not.
   */
  scanned(names: readonly string[], isFirst: boolean): Promise<number>;
  /** The directory cannot be watched or read; `undefined` when it can again. */
  problem(error: Error | undefined): void;
  /** The kernel gives no watch on the directory: its changes are found by rescans. */
  unwatchable(error: unknown): void;
}

/** What a `Capture` takes from outside. */
export interface CaptureEnvironment {
  readonly clock: Clock;
  /** As `fs.watch`. */
  readonly watch: typeof watch;
}

interface Watched {
  /** Device, inode and birth time: another directory in the same place has another one. */
  readonly identity: string;
  /** `undefined` where the kernel gives no watch; rescans do it all then. */
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
  /** The directory's mtime that the last scan saw before it began; a second scan must have seen it too (see `#scanIfDue`). */
  #scannedMtime = Number.NaN;
  #isConfirmed = false;
  #interval = LONGEST_INTERVAL;
  #nextScan = 0;

  constructor(directory: string, listener: CaptureListener, environment: Partial<CaptureEnvironment> = {}) {
    this.directory = directory;
    this.#listener = listener;
    this.#environment = { clock: systemClock, watch, ...environment };
  }

  /** Begins to watch. Resolves after the first scan, or when the directory is found to be missing. */
  async start(): Promise<void> {
    await this.look();
  }

  /** Watches nothing more; a scan under way ends without a word. */
  close(): void {
    this.#isClosed = true;
    this.#cancelTimer();
    this.#unwatch();
  }

  /** Looks at the directory now, rather than within a second. */
  look(): Promise<void> {
    this.#looking ??= this.#look().finally(() => {
      this.#looking = undefined;
      if (!this.#isClosed) this.#cancelTimer = this.#environment.clock.after(LOOK_EVERY, () => this.look());
    });
    return this.#looking;
  }

  async #look(): Promise<void> {
    this.#cancelTimer();
    try {
      const { dev, ino, birthtimeMs, mtimeMs } = await stat(this.directory);
      // An inode number alone is used again at once when a directory is removed and made anew.
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
        // The directory's own end is told under its own name.
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
   * A file that is made in the same tick of the kernel's clock as the scan leaves no trace in the mtime that the scan
   * compares. So an unchanged mtime counts only once a second scan has seen it.
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
      // Some file systems do not say what an entry is; it is found out when its turn comes.
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
