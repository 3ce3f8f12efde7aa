/**
 * Finds the files to upload in the capture directories and puts them into the queue.
 *
 * `Capture` reports names. A name that the ledger has with the same size and mtime is done. A file whose last bytes
 * show that the camera still writes it is held until its next write, or until it is stable. The first scan of a
 * directory finds the backlog. Files that appear later are live, and so are files that a rescan finds because the
 * kernel did not report them.
 */
import { EventEmitter } from 'node:events';
import { join } from 'node:path';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { codeOf } from '../error-code';
import { captureTime, kindOf, parseEventName } from '../event';
import { Capture } from './capture';
import type { Clock } from './clock';
import { type Fingerprint, fingerprintOf } from './fingerprint';
import type { LogThrottle } from './log-throttle';
import { peek } from './picture';
import type { LeftBehind } from './progress';
import type { Hold, Item, UploadQueue } from './queue';
import type { Report } from './report';
import type { Session } from './session';
import type { WriteStability } from './write-stability';

/** An MP4 is peeked at 250 ms after its last write: its last bytes do not show its end. */
const MP4_PAUSE = 250;
/** A rescan compares again the files uploaded in the last 120,000 ms: the kernel may have missed that they grew. */
const RECENT = 120_000;
/** Files compared before other work gets its turn. */
const SLICE = 256;

/** By error code of inotify: how to raise the limit that was reached. See inotify(7). */
const REMEDY_OF_WATCH: ReadonlyMap<string, string> = new Map([
  ['ENOSPC', 'sysctl fs.inotify.max_user_watches=65536, and the same line in /etc/sysctl.d/60-inotify.conf.'],
  ['EMFILE', 'sysctl fs.inotify.max_user_instances=512, and the same line in /etc/sysctl.d/60-inotify.conf.'],
]);

/** What the scanner works with. */
export interface ScannerParts {
  readonly queue: UploadQueue;
  readonly stability: WriteStability;
  readonly throttle: LogThrottle;
  readonly report: Report;
  readonly clock: Clock;
}

/** The events of the scanner. */
export interface ScannerEvents {
  /** The queue may have an item to send. */
  changed: [];
  /**
   * The first scan of a directory is over. `unknown`: how many of its files the ledger does not know. `isAgain`: the
   * directory was scanned or missing before, so the ledger may have dropped its entries.
   */
  backlog: [found: { unknown: number; isAgain: boolean }];
  /** The file of this item is gone. The item is still in the queue. */
  vanished: [item: Item];
}

/** A capture directory that the settings name. */
interface WatchedDirectory {
  readonly capture: Capture;
  /** `new`: neither scanned nor found missing yet. `gathering`: its first scan is running. */
  state: 'new' | 'gathering' | 'scanned' | 'unreadable';
  /** Whether it was ever scanned or found missing. If it was, a sweep may have dropped its entries from the ledger. */
  wasSeen: boolean;
  /** Whether a scan has marked its files in the ledger since the last sweep. */
  isMarked: boolean;
  /** Names that are not UTF-8. */
  readonly unnameable: Set<string>;
}

/** Watches the capture directories of a session and offers their event files to the queue. */
export class Scanner extends EventEmitter<ScannerEvents> {
  readonly #parts: ScannerParts;
  readonly #directories = new Map<string, WatchedDirectory>();
  /** When (ms, monotonic) each file of the last `RECENT` ms was uploaded. */
  readonly #recent = new Map<string, number>();
  #session: Session;

  constructor(parts: ScannerParts, session: Session) {
    super();
    this.#parts = parts;
    this.#session = session;
  }

  /** Whether the first scan of a directory is running. */
  get isGathering(): boolean {
    return this.#values.some(({ state }) => state === 'gathering');
  }

  /** The directories and file names that cannot be read now, and why. */
  get unreadable(): LeftBehind[] {
    return this.#values.flatMap(({ capture: { directory }, state, unnameable }) => [
      ...(state === 'unreadable' ? [{ name: directory, why: 'the directory cannot be read' }] : []),
      ...[...unnameable].map((name) => ({ name: join(directory, name), why: 'its name is not UTF-8' })),
    ]);
  }

  /**
   * Watches exactly the directories that the settings of `session` name. Resolves when the new directories have been
   * scanned once, or found missing.
   */
  async watch(session: Session): Promise<void> {
    this.#session = session;
    const { directories } = session.settings;
    for (const directory of this.#directories.keys()) if (!directories.includes(directory)) this.#unwatch(directory);
    await Promise.all(
      directories.map(async (directory) => {
        if (this.#directories.has(directory)) return;
        const capture = new Capture(
          directory,
          {
            isEvent: (name) => kindOf(name) !== undefined,
            changed: (name) => this.#noticed(directory, name),
            scanned: (names, isFirst) => this.#scanned(watched, names, isFirst),
            problem: (error) => this.#problem(watched, error),
            unwatchable: (error) => this.#unwatchable(directory, error),
          },
          { clock: this.#parts.clock },
        );
        const watched: WatchedDirectory = {
          capture,
          state: 'new',
          wasSeen: false,
          isMarked: false,
          unnameable: new Set(),
        };
        this.#directories.set(directory, watched);
        await capture.start();
      }),
    );
  }

  /** Stops watching, and drops all waiting items from the queue. */
  close(): void {
    for (const directory of this.#directories.keys()) this.#unwatch(directory);
  }

  /** Stops watching; waiting items stay in the queue. */
  freeze(): void {
    for (const { capture } of this.#values) capture.close();
  }

  /** Takes in a file that another watcher noticed. `path` is absolute. */
  notice(path: string): void {
    for (const directory of this.#directories.keys()) {
      const within = join(directory, '/');
      const name = path.startsWith(within) ? path.slice(within.length) : '';
      if (!name.includes('/') && kindOf(name) !== undefined) this.#noticed(directory, name);
    }
  }

  /** The file was uploaded just now. The next rescans compare it once more (`RECENT`). */
  uploaded(name: string): void {
    this.#recent.set(name, this.#parts.clock.now());
  }

  get #values(): WatchedDirectory[] {
    return [...this.#directories.values()];
  }

  #isWatched(watched: WatchedDirectory): boolean {
    return this.#directories.get(watched.capture.directory) === watched;
  }

  #unwatch(directory: string): void {
    const { queue } = this.#parts;
    this.#directories.get(directory)?.capture.close();
    this.#directories.delete(directory);
    for (const item of queue.items()) {
      if (item.directory === directory && item.state.is !== 'sending') queue.remove(item.name);
    }
  }

  #problem(watched: WatchedDirectory, error: Error | undefined): void {
    const { throttle, report } = this.#parts;
    const { directory } = watched.capture;
    if (error === undefined) {
      if (throttle.reset(directory)) report.say(`The capture directory ${directory} is there again.`);
      return;
    }
    watched.state = 'unreadable';
    watched.wasSeen = true;
    if (!throttle.shouldLog(directory)) return;
    const code = codeOf(error);
    if (code === 'ENOENT') report.warn(`There is no capture directory ${directory} yet: waiting for it.`);
    else report.warn(`The capture directory ${directory} cannot be read (${code}): waiting until it can.`);
  }

  /** The kernel gives no watch on the directory. Rescans find its changes, a second or two later. */
  #unwatchable(directory: string, error: unknown): void {
    const { throttle, report } = this.#parts;
    const code = codeOf(error);
    if (!throttle.shouldLog(`no watch ${directory}`)) return;
    const remedy = REMEDY_OF_WATCH.get(code);
    report.warn(
      `The kernel gives no watch on ${directory} (${code}): it is read again every second instead.${remedy === undefined ? '' : ` Remedy: ${remedy}`}`,
    );
  }

  /** The kernel or another watcher reported a change of the file. */
  #noticed(directory: string, name: string): void {
    const kind = kindOf(name);
    if (kind === undefined) return;
    const { queue, stability, clock } = this.#parts;
    const found = peek(join(directory, name), kind);
    if (found.is === 'gone') {
      const item = queue.get(name);
      if (item?.directory === directory && item.state.is !== 'sending') this.emit('vanished', item);
      return;
    }
    const { fingerprint } = found;
    if (this.#session.ledger.has(name, fingerprint) || this.#isTwice(directory, name)) return;
    const captured = this.#captured(name) ?? fingerprint.mtime;
    const isVideo = kind === 'mp4';
    const now = clock.now();
    const isUnfinished = found.is === 'unfinished';
    const pause = isUnfinished ? this.#session.settings.stillness : isVideo ? MP4_PAUSE : undefined;
    if (isUnfinished) stability.observe(name, fingerprint);
    const hold: Hold = fingerprint.size === 0 ? { why: 'empty' } : { why: 'unfinished', isCutShort: false };
    queue.offer(
      { directory, name, captured, isLive: true, isVideo },
      pause === undefined ? undefined : { until: now + pause, hold },
    );
    this.emit('changed');
  }

  async #scanned(watched: WatchedDirectory, names: readonly string[], isFirst: boolean): Promise<number> {
    // Forget the last scan's marks; otherwise a sweep during this scan would drop entries that it has not reached yet.
    watched.isMarked = false;
    watched.state = isFirst ? 'gathering' : 'scanned';
    try {
      return await this.#compare(watched, names, isFirst);
    } finally {
      watched.state = 'scanned';
      watched.wasSeen = true;
      if (isFirst) this.emit('changed');
    }
  }

  async #compare(watched: WatchedDirectory, names: readonly string[], isFirst: boolean): Promise<number> {
    const { queue } = this.#parts;
    const { ledger } = this.#session;
    const { directory } = watched.capture;
    let offered = 0;
    let unknown = 0;
    for (const [index, name] of names.entries()) {
      if (index % SLICE === SLICE - 1) await nextTurn();
      if (!this.#isWatched(watched)) return 0;
      let fingerprint: Fingerprint | undefined;
      if (ledger.knows(name)) {
        ledger.mark(name);
        if (!isFirst && !this.#recent.has(name)) continue;
        fingerprint = fingerprintOf(join(directory, name));
        if (fingerprint === undefined || ledger.has(name, fingerprint)) continue;
      }
      if (ledger.get(name)?.crc === undefined) unknown++;
      if (this.#isTwice(directory, name)) continue;
      const isVideo = kindOf(name) === 'mp4';
      if (queue.get(name) !== undefined) {
        // An upload that is running began under the former settings, so the file is compared again.
        if (isFirst) queue.offer({ directory, name, captured: 0, isLive: false, isVideo });
        continue;
      }
      if (this.#isUnnameable(watched, name)) continue;
      const captured = this.#captured(name) ?? (fingerprint ?? fingerprintOf(join(directory, name)))?.mtime ?? 0;
      queue.offer({ directory, name, captured, isLive: !isFirst, isVideo });
      offered++;
    }
    await this.#dropVanished(directory, names);
    this.#sweep(watched);
    if (isFirst) this.emit('backlog', { unknown, isAgain: watched.wasSeen });
    this.emit('changed');
    return isFirst ? 0 : offered;
  }

  /**
   * Whether another directory has a file of the same name that is uploaded or queued. In the bucket both would be one
   * object, and the second would overwrite the first. Logs it for the owner.
   */
  #isTwice(directory: string, name: string): boolean {
    const { queue, throttle, report } = this.#parts;
    const item = queue.get(name);
    const first = item === undefined ? this.#uploadedFrom(name, directory) : item.directory;
    if (first === undefined || first === directory) return false;
    // The order of the two names does not matter: one log line for each pair.
    if (throttle.shouldLog(`twice in ${[first, directory].sort().join(' and ')}`)) {
      report.warn(
        `${name} is in ${first} and in ${directory}: in the bucket both would be one object, so only the one that was found ` +
          'first is uploaded. Give one of the two another file format, or name one directory alone.',
      );
    }
    return true;
  }

  /** The directory, other than `directory`, whose file of this name is in the ledger. */
  #uploadedFrom(name: string, directory: string): string | undefined {
    const { ledger } = this.#session;
    if (this.#directories.size < 2 || !ledger.knows(name)) return undefined;
    for (const other of this.#directories.keys()) {
      const fingerprint = other === directory ? undefined : fingerprintOf(join(other, name));
      if (fingerprint !== undefined && ledger.has(name, fingerprint)) return other;
    }
    return undefined;
  }

  /** Whether the name is not UTF-8. Node.js cannot open such a file. */
  #isUnnameable({ capture, unnameable }: WatchedDirectory, name: string): boolean {
    const path = join(capture.directory, name);
    if (!name.includes('\ufffd') || fingerprintOf(path) !== undefined) return false;
    unnameable.add(name);
    if (this.#parts.throttle.shouldLog(path)) {
      this.#parts.report.warn(`The name of ${path} is not UTF-8, so it cannot be uploaded: rename it.`);
    }
    return true;
  }

  /** Removes the items whose files were deleted; otherwise the queue would fill up with them in a week offline. */
  async #dropVanished(directory: string, names: readonly string[]): Promise<void> {
    const present = new Set(names);
    let looked = 0;
    for (const item of this.#parts.queue.items()) {
      if (item.directory !== directory || item.state.is === 'sending' || present.has(item.name)) continue;
      if (++looked % SLICE === 0) await nextTurn();
      if (fingerprintOf(join(directory, item.name)) === undefined) this.emit('vanished', item);
    }
  }

  /**
   * Drops from the ledger the files that are in no directory, once every directory has been scanned. A missing
   * directory counts as empty; if it comes back, the bucket's list tells what is uploaded.
   */
  #sweep(watched: WatchedDirectory): void {
    watched.isMarked = true;
    const all = this.#values;
    if (all.every(({ isMarked, state }) => isMarked || state === 'unreadable')) {
      this.#session.ledger.sweep();
      for (const each of all) each.isMarked = false;
    }
    const oldest = this.#parts.clock.now() - RECENT;
    for (const [name, at] of this.#recent) if (at < oldest) this.#recent.delete(name);
  }

  /** When the file was taken, in ms since 1970, by its name. */
  #captured(name: string): number | undefined {
    return captureTime(parseEventName(name, this.#session.settings.fileFormats));
  }
}
