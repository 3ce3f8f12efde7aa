/**
 * From the capture directories into the queue: what of all that is there, and of all that happens there, is to be sent.
 *
 * The captures tell names. A name that the ledger knows with just this size and mtime is done. One whose last bytes
 * show that the camera still writes it is held until its next write, or until it stands still. What a first scan finds
 * is the backlog; what appears later is live, and so is what a rescan finds that the kernel did not tell of.
 */
import { join } from 'node:path';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { codeOf } from '../error-code';
import { captureTime, kindOf, parseEventName } from '../event';
import type { SyncSettings } from '../settings/settings';
import { Capture } from './capture';
import { type Fingerprint, fingerprintOf } from './fingerprint';
import type { Ledger } from './ledger';
import { glance } from './picture';
import type { Item, UploadQueue } from './queue';
import type { Rarely } from './rarely';
import type { Stillness } from './stillness';

/** An MP4 is looked at when so many ms have passed since the last write: its end shows only from its beginning. */
const MP4_PAUSE = 250;
/** What was uploaded in the last so many ms is compared once more at a rescan: the kernel may have missed its growth. */
const RECENT = 120_000;
/** Files looked at in one go while everything else waits for its turn. */
const SLICE = 256;

/** What the intake works on, and whom it tells. */
export interface IntakeParts {
  readonly queue: UploadQueue;
  readonly stillness: Stillness;
  readonly rarely: Rarely;
  ledger(): Ledger;
  settings(): SyncSettings;
  /** There may be something to send. */
  changed(): void;
  /** A first scan found so many files that the ledger does not know; `isAgain`: of a directory that was there before. */
  backlogFound(unknown: number, isAgain: boolean): void;
  vanished(item: Item): void;
  say(text: string): void;
  warn(text: string): void;
}

export class Intake {
  readonly #parts: IntakeParts;
  readonly #captures = new Map<string, Capture>();
  readonly #scanned = new Set<string>();
  readonly #unreadable = new Set<string>();
  /** Directories that have been scanned, or were missing: what they hold when they come back may have been swept. */
  readonly #known = new Set<string>();
  #firstScans = 0;
  readonly #recent = new Map<string, number>();

  constructor(parts: IntakeParts) {
    this.#parts = parts;
  }

  /** Whether the backlog is being gathered. */
  get isGathering(): boolean {
    return this.#firstScans > 0;
  }

  /** How many of the directories, or names in them, cannot be read now. */
  get unreadable(): number {
    return this.#unreadable.size;
  }

  /** Watches the directories that the settings name, and no others. Resolves when the new ones have been scanned once. */
  async watch(): Promise<void> {
    const { directories } = this.#parts.settings();
    this.#unwatch((directory) => !directories.includes(directory));
    await Promise.all(
      directories.map(async (directory) => {
        if (this.#captures.has(directory)) return;
        const capture = new Capture(directory, {
          isEvent: (name) => kindOf(name) !== undefined,
          changed: (name) => this.#noticed(directory, name),
          scanned: (names, isFirst) => this.#scannedNames(directory, names, isFirst),
          problem: (error) => this.#problem(directory, error),
        });
        this.#captures.set(directory, capture);
        await capture.start();
      }),
    );
  }

  /** Watches nothing any more; what waits to be sent is dropped. */
  close(): void {
    this.#unwatch(() => true);
  }

  /** Notices nothing more; what waits to be sent waits on. */
  freeze(): void {
    for (const capture of this.#captures.values()) capture.close();
  }

  /** A file that some other watcher noticed. */
  notice(path: string): void {
    for (const directory of this.#captures.keys()) {
      const within = join(directory, '/');
      const name = path.startsWith(within) ? path.slice(within.length) : '';
      if (!name.includes('/') && kindOf(name) !== undefined) this.#noticed(directory, name);
    }
  }

  /** The file was uploaded just now; a rescan compares it once more. */
  uploaded(name: string): void {
    this.#recent.set(name, performance.now());
  }

  #unwatch(isOver: (directory: string) => boolean): void {
    for (const [directory, capture] of this.#captures) {
      if (!isOver(directory)) continue;
      capture.close();
      this.#captures.delete(directory);
      this.#scanned.delete(directory);
      this.#unreadable.delete(directory);
      for (const item of this.#parts.queue.items()) {
        if (item.directory === directory && item.state.is !== 'sending') this.#parts.queue.remove(item.name);
      }
    }
  }

  #problem(directory: string, error: Error | undefined): void {
    const { rarely, say, warn } = this.#parts;
    if (error === undefined) {
      this.#unreadable.delete(directory);
      if (rarely.over(directory)) say(`The capture directory ${directory} is there again.`);
      return;
    }
    this.#unreadable.add(directory);
    this.#known.add(directory);
    if (!rarely.may(directory)) return;
    if (codeOf(error) === 'ENOENT') warn(`There is no capture directory ${directory} yet: waiting for it.`);
    else warn(`The capture directory ${directory} cannot be read (${codeOf(error)}): waiting until it can.`);
  }

  /** The kernel, or whoever else watches, tells of a file. */
  #noticed(directory: string, name: string): void {
    const kind = kindOf(name);
    if (kind === undefined) return;
    const { queue, stillness } = this.#parts;
    const look = glance(join(directory, name), kind);
    if (look.is === 'gone') {
      const item = queue.get(name);
      if (item?.directory === directory && item.state.is !== 'sending') this.#parts.vanished(item);
      return;
    }
    if (this.#parts.ledger().has(name, look.fingerprint) || this.#isTwice(directory, name)) return;
    const item = queue.offer(directory, name, this.#captured(name) ?? look.fingerprint.mtime, true, kind === 'mp4');
    if (item === undefined) return;
    if (item.state.is !== 'sending') {
      const now = performance.now();
      const { size } = look.fingerprint;
      if (look.is === 'unfinished') {
        const period = this.#parts.settings().stillness;
        stillness.isStill(name, look.fingerprint, period, now);
        queue.hold(item, now + period, { why: size === 0 ? 'empty' : 'unfinished' });
      } else if (kind === 'mp4') {
        queue.hold(item, now + MP4_PAUSE, { why: 'unfinished' });
      }
    }
    this.#parts.changed();
  }

  async #scannedNames(directory: string, names: readonly string[], isFirst: boolean): Promise<number> {
    // Its marks begin anew: a sweep in the middle of them would take those that come after it for missing.
    this.#scanned.delete(directory);
    if (!isFirst) return this.#compare(directory, names, false);
    this.#firstScans++;
    try {
      return await this.#compare(directory, names, true);
    } finally {
      this.#firstScans--;
      this.#known.add(directory);
      this.#parts.changed();
    }
  }

  async #compare(directory: string, names: readonly string[], isFirst: boolean): Promise<number> {
    const { queue } = this.#parts;
    const ledger = this.#parts.ledger();
    let offered = 0;
    let unknown = 0;
    for (const [index, name] of names.entries()) {
      if (index % SLICE === SLICE - 1) await nextTurn();
      if (!this.#captures.has(directory)) return 0;
      let fingerprint: Fingerprint | undefined;
      if (ledger.knows(name)) {
        ledger.mark(name);
        if (!isFirst && !this.#recent.has(name)) continue;
        fingerprint = fingerprintOf(join(directory, name));
        if (fingerprint === undefined || ledger.has(name, fingerprint)) continue;
      } else {
        unknown++;
      }
      if (this.#isTwice(directory, name)) continue;
      if (queue.get(name) !== undefined) {
        // What is being sent was begun under other settings: it has to be looked at again.
        if (isFirst) queue.offer(directory, name, 0, false);
        continue;
      }
      if (this.#isUnnameable(directory, name)) continue;
      const captured = this.#captured(name) ?? (fingerprint ?? fingerprintOf(join(directory, name)))?.mtime ?? 0;
      queue.offer(directory, name, captured, !isFirst, kindOf(name) === 'mp4');
      offered++;
    }
    await this.#dropVanished(directory, names);
    this.#sweep(directory, ledger);
    if (isFirst) this.#parts.backlogFound(unknown, this.#known.has(directory));
    this.#parts.changed();
    return isFirst ? 0 : offered;
  }

  /**
   * Whether another directory has a file of this name that is uploaded, or will be: in the bucket both would be one object,
   * and the second would overwrite the first. The owner is told.
   */
  #isTwice(directory: string, name: string): boolean {
    const { queue, rarely, warn } = this.#parts;
    const item = queue.get(name);
    const first = item === undefined ? this.#uploadedFrom(name, directory) : item.directory;
    if (first === undefined || first === directory) return false;
    // Once for the two of them, whichever was faster.
    if (rarely.may(`twice in ${[first, directory].sort().join(' and ')}`)) {
      warn(
        `${name} is in ${first} and in ${directory}: in the bucket both would be one object, so only the one that was found ` +
          'first is uploaded. Give one of the two another file format, or name one directory alone.',
      );
    }
    return true;
  }

  /** The directory, other than `directory`, whose file of this name is the one in the ledger. */
  #uploadedFrom(name: string, directory: string): string | undefined {
    const ledger = this.#parts.ledger();
    if (this.#captures.size < 2 || !ledger.knows(name)) return undefined;
    for (const other of this.#captures.keys()) {
      const fingerprint = other === directory ? undefined : fingerprintOf(join(other, name));
      if (fingerprint !== undefined && ledger.has(name, fingerprint)) return other;
    }
    return undefined;
  }

  /** A name that is not UTF-8 cannot be used to open its file. */
  #isUnnameable(directory: string, name: string): boolean {
    const path = join(directory, name);
    if (!name.includes('\ufffd') || fingerprintOf(path) !== undefined) return false;
    this.#unreadable.add(path);
    if (this.#parts.rarely.may(path)) {
      this.#parts.warn(`The name of ${path} is not UTF-8, so it cannot be uploaded: rename it.`);
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
      if (fingerprintOf(join(directory, item.name)) === undefined) this.#parts.vanished(item);
    }
  }

  /**
   * Once every directory has been scanned, the ledger forgets what is in none of them. One that is missing counts as
   * empty: should it come back, the bucket is asked what it has.
   */
  #sweep(directory: string, ledger: Ledger): void {
    this.#scanned.add(directory);
    const isDone = (each: string) => this.#scanned.has(each) || this.#unreadable.has(each);
    if (this.#parts.settings().directories.every(isDone)) {
      ledger.sweep();
      this.#scanned.clear();
    }
    const oldest = performance.now() - RECENT;
    for (const [name, at] of this.#recent) if (at < oldest) this.#recent.delete(name);
  }

  /** By the name of the file, in ms since 1970. */
  #captured(name: string): number | undefined {
    return captureTime(parseEventName(name, this.#parts.settings().fileFormats));
  }
}
