/**
 * From the capture directories into the queue: what of all that is there, and of all that happens there, is to be sent.
 *
 * The captures tell names. A name that the ledger knows with just this size and mtime is done. One whose last bytes
 * show that the camera still writes it is held until its next write, or until it has been stable for a while. What a first
 * scan finds is the backlog; what appears later is live, and so is what a rescan finds that the kernel did not tell of.
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

/** An MP4 is looked at when so many ms have passed since the last write: its end shows only from its beginning. */
const MP4_PAUSE = 250;
/** What was uploaded in the last so many ms is compared once more at a rescan: the kernel may have missed its growth. */
const RECENT = 120_000;
/** Files looked at in one go while everything else waits for its turn. */
const SLICE = 256;

/** What is used up where inotify gives no watch, and how there are more. See inotify(7). */
const REMEDY_OF_WATCH: ReadonlyMap<string, string> = new Map([
  ['ENOSPC', 'sysctl fs.inotify.max_user_watches=65536, and the same line in /etc/sysctl.d/60-inotify.conf.'],
  ['EMFILE', 'sysctl fs.inotify.max_user_instances=512, and the same line in /etc/sysctl.d/60-inotify.conf.'],
]);

/** What the scanner works on. */
export interface ScannerParts {
  readonly queue: UploadQueue;
  readonly stability: WriteStability;
  readonly throttle: LogThrottle;
  readonly report: Report;
  readonly clock: Clock;
}

/** What the scanner tells. */
export interface ScannerEvents {
  /** Something was put into the queue, or need not be waited for any more. */
  changed: [];
  /**
   * A first scan found so many files that the ledger does not know. `isAgain`: the directory was there before, or was
   * missing, so that the ledger may have forgotten what it holds.
   */
  backlog: [found: { unknown: number; isAgain: boolean }];
  /** The file of this item is gone; the item is still in the queue. */
  vanished: [item: Item];
}

/** A capture directory, from the moment that the settings name it until they do not. */
interface WatchedDirectory {
  readonly capture: Capture;
  /** `new`: neither scanned nor found missing so far. */
  state: 'new' | 'gathering' | 'scanned' | 'unreadable';
  /** Whether it was ever scanned or found missing: what it holds when it comes back may have been swept. */
  wasSeen: boolean;
  /** Whether a scan has marked its files in the ledger since the last sweep. */
  isMarked: boolean;
  /** Names that are not UTF-8. */
  readonly unnameable: Set<string>;
}

export class Scanner extends EventEmitter<ScannerEvents> {
  readonly #parts: ScannerParts;
  readonly #directories = new Map<string, WatchedDirectory>();
  /** When (ms, monotonic) a file was uploaded, for those of the last `RECENT` ms. */
  readonly #recent = new Map<string, number>();
  #session: Session;

  constructor(parts: ScannerParts, session: Session) {
    super();
    this.#parts = parts;
    this.#session = session;
  }

  /** Whether the backlog is being gathered. */
  get isGathering(): boolean {
    return this.#values.some(({ state }) => state === 'gathering');
  }

  /** The directories, and names in them, that cannot be read now, and why. */
  get unreadable(): LeftBehind[] {
    return this.#values.flatMap(({ capture: { directory }, state, unnameable }) => [
      ...(state === 'unreadable' ? [{ name: directory, why: 'the directory cannot be read' }] : []),
      ...[...unnameable].map((name) => ({ name: join(directory, name), why: 'its name is not UTF-8' })),
    ]);
  }

  /**
   * Goes on under this session: watches the directories that its settings name, and no others. Resolves when the new ones
   * have been scanned once, or found missing.
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

  /** Watches nothing any more; what waits to be sent is dropped. */
  close(): void {
    for (const directory of this.#directories.keys()) this.#unwatch(directory);
  }

  /** Notices nothing more; what waits to be sent waits on. */
  freeze(): void {
    for (const { capture } of this.#values) capture.close();
  }

  /** A file that some other watcher noticed. */
  notice(path: string): void {
    for (const directory of this.#directories.keys()) {
      const within = join(directory, '/');
      const name = path.startsWith(within) ? path.slice(within.length) : '';
      if (!name.includes('/') && kindOf(name) !== undefined) this.#noticed(directory, name);
    }
  }

  /** The file was uploaded just now; a rescan compares it once more. */
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

  /** The kernel does not tell of changes: rescans find them, a second or two later. */
  #unwatchable(directory: string, error: unknown): void {
    const { throttle, report } = this.#parts;
    const code = codeOf(error);
    if (!throttle.shouldLog(`no watch ${directory}`)) return;
    const remedy = REMEDY_OF_WATCH.get(code);
    report.warn(
      `The kernel gives no watch on ${directory} (${code}): it is read again every second instead.${remedy === undefined ? '' : ` Remedy: ${remedy}`}`,
    );
  }

  /** The kernel, or whoever else watches, tells of a file. */
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
        // What is being sent was begun under other settings: it has to be looked at again.
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
   * Whether another directory has a file of this name that is uploaded, or will be: in the bucket both would be one object,
   * and the second would overwrite the first. The owner is told.
   */
  #isTwice(directory: string, name: string): boolean {
    const { queue, throttle, report } = this.#parts;
    const item = queue.get(name);
    const first = item === undefined ? this.#uploadedFrom(name, directory) : item.directory;
    if (first === undefined || first === directory) return false;
    // Once for the two of them, whichever was faster.
    if (throttle.shouldLog(`twice in ${[first, directory].sort().join(' and ')}`)) {
      report.warn(
        `${name} is in ${first} and in ${directory}: in the bucket both would be one object, so only the one that was found ` +
          'first is uploaded. Give one of the two another file format, or name one directory alone.',
      );
    }
    return true;
  }

  /** The directory, other than `directory`, whose file of this name is the one in the ledger. */
  #uploadedFrom(name: string, directory: string): string | undefined {
    const { ledger } = this.#session;
    if (this.#directories.size < 2 || !ledger.knows(name)) return undefined;
    for (const other of this.#directories.keys()) {
      const fingerprint = other === directory ? undefined : fingerprintOf(join(other, name));
      if (fingerprint !== undefined && ledger.has(name, fingerprint)) return other;
    }
    return undefined;
  }

  /** A name that is not UTF-8 cannot be used to open its file. */
  #isUnnameable({ capture, unnameable }: WatchedDirectory, name: string): boolean {
    const path = join(capture.directory, name);
    if (!name.includes('\ufffd') || fingerprintOf(path) !== undefined) return false;
    unnameable.add(name);
    if (this.#parts.throttle.shouldLog(path)) {
      this.#parts.report.warn(`The name of ${path} is not UTF-8, so it cannot be uploaded: rename it.`);
    }
    return true;
  }

  /** What the disk clean-up took before its turn: without this, a week offline would fill the queue with the dead. */
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
   * Once every directory has been scanned, the ledger forgets what is in none of them. One that is missing counts as
   * empty: should it come back, the bucket is asked what it has.
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

  /** By the name of the file, in ms since 1970. */
  #captured(name: string): number | undefined {
    return captureTime(parseEventName(name, this.#session.settings.fileFormats));
  }
}
