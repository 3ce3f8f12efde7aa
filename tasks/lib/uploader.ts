/**
 * From capture directory to bucket: the one place where capture, ledger, queue and bucket meet.
 *
 *     Capture ─ names ─→ queue ─ next ─→ openPicture ─ whole ─→ Bucket.put ─ confirmed ─→ Ledger
 *        ↑                 ↑ held until a time: failed, unfinished        │
 *        └── is it in the ledger already?  └────────── what failed ───────┘
 *
 * `#pump` is the only starter of uploads. It runs whenever something may have changed (a name noticed, an upload ended,
 * a hold or the gate's wait over), and starts as many as may run now. One of several slots is kept for live events, so
 * that what happens now never waits for the end of an old video.
 *
 * Settings may change at any time (`apply`): uploads under way end with the bucket and ledger that they began with.
 */
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { Bucket } from './bucket';
import { contentTypeOf, eventMetadata, kindOf, objectKey } from './event';
import { Intake } from './intake';
import { type Fingerprint, Ledger } from './ledger';
import { lookUp } from './lookup';
import { ChangedWhileReading, openPicture } from './picture';
import { plural } from './plural';
import { Problem, problemOf } from './problem';
import { type Item, type QueueCounts, UploadQueue } from './queue';
import { Rarely } from './rarely';
import { delayAfter, Gate } from './retry';
import type { Destination, SyncSettings } from './settings';
import { Stillness } from './stillness';

/** An empty file is looked at again after so many ms, should the kernel not tell of its first byte. */
const EMPTY_AGAIN = 60_000;
/** So many unknown files at once (a lost ledger, a disk mounted again) are looked up in the bucket before they are sent. */
const LOOK_UP_FROM = 1_000;
/** While the gate is closed, or we are paused, a look-up waits so many ms before it asks again. */
const LOOK_UP_AGAIN = 200;
/** A file without the end that its format has must stand still so many times as long as one of unknown format. */
const CUT_SHORT = 30;
/** In a single pass, a file or the whole target is given up after so many failures in a row. */
const FAILURES_OF_A_PASS = 3;

/** What an uploader has to tell, for whoever shows it. */
export interface Report {
  uploaded(name: string, key: string, size: number): void;
  /** The disk clean-up was faster. */
  vanished(name: string): void;
  failed(name: string, problem: Problem): void;
  say(text: string): void;
  warn(text: string): void;
}

export interface Totals {
  uploaded: number;
  uploadedBytes: number;
  vanished: number;
  lastSuccess: { name: string; at: Date } | undefined;
}

export interface UploaderStatus extends QueueCounts, Totals {
  /** What keeps the whole target from uploading. */
  problem: { message: string; remedy: string; nextTry: Date } | undefined;
  /** Why files failed, the most frequent reason first. */
  failures: { why: string; count: number; example: string }[];
}

/** Where one file is on its way. */
export type Whereabouts =
  | { is: 'uploaded' }
  | { is: 'sending' }
  | { is: 'queued'; before: number }
  | { is: 'unfinished' | 'empty'; nextLook: Date }
  | { is: 'failed'; message: string; nextTry: Date }
  | { is: 'unknown' };

export class Uploader {
  readonly #report: Report;
  readonly #once: boolean;
  readonly #queue = new UploadQueue();
  readonly #gate = new Gate();
  readonly #stillness = new Stillness();
  readonly #rarely = new Rarely();
  readonly #intake: Intake;
  readonly #sending = new Map<Item, Promise<void>>();
  readonly #abort = new AbortController();
  readonly #totals: Totals = { uploaded: 0, uploadedBytes: 0, vanished: 0, lastSuccess: undefined };
  #settings: SyncSettings;
  #bucket: Bucket;
  #ledger: Ledger;
  /** Uploads at a time: fewer than the settings say while S3 asks to slow down. */
  #width: number;
  #backlogSending = 0;
  /** The backlog waits while the bucket is asked what it has. */
  #lookingUp: Promise<void> | undefined;
  #isPaused = false;
  #isStopping = false;
  #timer: NodeJS.Timeout | undefined;
  #onIdle: (() => void) | undefined;

  private constructor(settings: SyncSettings, bucket: Bucket, ledger: Ledger, report: Report, once: boolean) {
    this.#settings = settings;
    this.#bucket = bucket;
    this.#ledger = ledger;
    this.#report = report;
    this.#once = once;
    this.#width = settings.concurrency;
    this.#intake = new Intake({
      queue: this.#queue,
      stillness: this.#stillness,
      rarely: this.#rarely,
      ledger: () => this.#ledger,
      settings: () => this.#settings,
      changed: () => this.#pump(),
      backlogFound: (unknown) => this.#backlogFound(unknown),
      vanished: (item) => this.#vanish(item),
      say: (text) => report.say(text),
      warn: (text) => report.warn(text),
    });
  }

  /** `once`: what fails again and again is given up, so that `idle` comes. Uploads nothing before `start`. */
  static async open(settings: SyncSettings, report: Report, once = false): Promise<Uploader> {
    const ledger = await openLedger(settings);
    return new Uploader(settings, await openBucket(settings, report), ledger, report, once);
  }

  /** Resolves when the capture directories have been scanned once, or found missing. */
  start(): Promise<void> {
    return this.#intake.watch();
  }

  /** Goes on with other settings. What is being sent is sent to where it was going. */
  async apply(settings: SyncSettings): Promise<void> {
    const before = this.#settings;
    const oldBucket = this.#bucket;
    const oldLedger = this.#ledger;
    const isElsewhere = nameOf(before.destination) !== nameOf(settings.destination) || before.state !== settings.state;
    const sending = [...this.#sending.values()];
    this.#settings = settings;
    this.#width = settings.concurrency;
    this.#bucket = await openBucket(settings, this.#report);
    Promise.allSettled(sending).then(() => oldBucket.close());
    if (isElsewhere) {
      // Uploads under way find the old ledger closed: they count for the old destination only, and are sent again.
      await oldLedger.close().catch(() => {});
      this.#ledger = await openLedger(settings);
      this.#intake.close();
    }
    this.#isPaused = false;
    this.#rarely.clear();
    this.#gate.wake();
    this.#queue.releaseFailed();
    this.#pump();
    await this.#intake.watch();
  }

  /** Sends nothing more until `apply`; what is being sent is finished. */
  pause(): void {
    this.#isPaused = true;
  }

  /** A file that some other watcher noticed. */
  notice(path: string): void {
    this.#intake.notice(path);
  }

  /** Resolves when nothing is left that could be done now (see `open`). How many files are left behind, a directory that cannot be
   * read counting as one. */
  async idle(): Promise<number> {
    await this.#lookingUp;
    await new Promise<void>((resolve) => {
      this.#onIdle = resolve;
      this.#pump();
    });
    return this.#queue.size - this.#queue.counts().empty + this.#intake.unreadable;
  }

  /** Event files waiting, for `--no-write`: name and key of each, in the order in which they would go. */
  *plan(): Generator<{ name: string; key: string }> {
    for (;;) {
      const item = this.#queue.take(Number.POSITIVE_INFINITY, true);
      if (item === undefined) return;
      yield { name: item.name, key: this.#keyOf(item.name) };
    }
  }

  /** Finishes what is being sent, for at most `grace` ms, and writes the ledger. */
  async stop(grace: number): Promise<void> {
    this.#isStopping = true;
    clearTimeout(this.#timer);
    this.#intake.close();
    const timer = setTimeout(() => this.#abort.abort(), grace);
    const aborted = new Promise((resolve) => this.#abort.signal.addEventListener('abort', resolve, { once: true }));
    await Promise.allSettled(this.#sending.values());
    await Promise.race([this.#lookingUp, aborted]);
    clearTimeout(timer);
    this.#bucket.close();
    await this.#ledger.close();
  }

  status(): UploaderStatus {
    const { problem, probeAt } = this.#gate;
    return {
      ...this.#queue.counts(),
      ...this.#totals,
      problem: problem && { message: problem.message, remedy: problem.remedy, nextTry: dateOf(probeAt) },
      failures: this.#failures(),
    };
  }

  #failures(): UploaderStatus['failures'] {
    const failures = new Map<string, { why: string; count: number; example: string }>();
    for (const { name, state } of this.#queue.items()) {
      if (state.is !== 'held' || state.hold.why !== 'failed') continue;
      const why = state.hold.message.replace(name, 'a file');
      const seen = failures.get(why);
      if (seen === undefined) failures.set(why, { why, count: 1, example: name });
      else seen.count++;
    }
    return [...failures.values()].sort((a, b) => b.count - a.count);
  }

  whereabouts(name: string): Whereabouts {
    const item = this.#queue.get(name);
    if (item === undefined) return { is: this.#ledger.knows(name) ? 'uploaded' : 'unknown' };
    const { state } = item;
    if (state.is === 'sending') return { is: 'sending' };
    if (state.is === 'ready') return { is: 'queued', before: this.#queue.before(item) };
    const at = dateOf(state.until);
    if (state.hold.why === 'failed') return { is: 'failed', message: state.hold.message, nextTry: at };
    return { is: state.hold.why, nextLook: at };
  }

  #backlogFound(unknown: number): void {
    if (unknown === 0 || !(this.#ledger.isNew || unknown >= LOOK_UP_FROM)) return;
    const ledger = this.#ledger;
    this.#lookingUp ??= this.#lookUp(ledger).finally(() => {
      this.#lookingUp = undefined;
      this.#pump();
    });
  }

  /** Asks the bucket which of the backlog it has already; meanwhile only live events are sent. */
  async #lookUp(ledger: Ledger): Promise<void> {
    const isOver = () => this.#isStopping || ledger !== this.#ledger;
    while (!isOver()) {
      const now = performance.now();
      if (this.#isPaused || this.#gate.width(now, 1) === 0) {
        await wait(LOOK_UP_AGAIN);
        continue;
      }
      try {
        const found = await lookUp(this.#bucket, this.#keyOf(''), this.#queue, ledger, isOver);
        this.#succeeded();
        if (found > 0) this.#report.say(`${plural(found, 'file')} of the backlog in the bucket already.`);
        return;
      } catch (error) {
        const problem = problemOf(error, this.#bucket.place);
        if (problem.kind === 'denied') {
          this.#report.warn(
            `The bucket may not be listed (${problem.code}): files that are there may be sent once more.`,
          );
          return;
        }
        this.#targetFailed(problem, now);
        if (this.#once && this.#gate.failures >= FAILURES_OF_A_PASS) return;
      }
    }
  }

  #pump(): void {
    clearTimeout(this.#timer);
    if (this.#isStopping || this.#isPaused) return;
    const now = performance.now();
    for (;;) {
      const width = this.#gate.width(now, Math.floor(this.#width));
      if (this.#sending.size >= width) break;
      // One slot stays free for what happens now, where there are several.
      const backlogToo = this.#lookingUp === undefined && this.#backlogSending < Math.max(1, width - 1);
      const item = this.#queue.take(now, backlogToo);
      if (item === undefined) break;
      this.#begin(item, now);
    }
    if (this.#onIdle !== undefined && this.#isIdle()) this.#onIdle();
    // The end of an upload comes back here; a timer is for what no upload will wake.
    const isClosed = this.#gate.width(now, 1) === 0;
    const next = isClosed ? this.#gate.probeAt : this.#queue.nextRelease();
    if (next !== undefined && next > now) this.#timer = setTimeout(() => this.#pump(), next - now + 1);
  }

  #begin(item: Item, startedAt: number): void {
    const isBacklog = item.live === 0;
    if (isBacklog) this.#backlogSending++;
    const sending = this.#send(item, startedAt).finally(() => {
      this.#sending.delete(item);
      if (isBacklog) this.#backlogSending--;
      this.#pump();
    });
    this.#sending.set(item, sending);
  }

  async #send(item: Item, startedAt: number): Promise<void> {
    const { name, directory } = item;
    const bucket = this.#bucket;
    const ledger = this.#ledger;
    const kind = kindOf(name);
    if (kind === undefined) return this.#queue.done(item);
    try {
      const picture = await openPicture(join(directory, name), kind, (fingerprint, hasEnd) =>
        this.#stillness.isStill(name, fingerprint, this.#periodOf(fingerprint, hasEnd), performance.now()),
      );
      switch (picture.is) {
        case 'gone':
          return this.#vanish(item);
        case 'no-file':
          return this.#queue.done(item);
        case 'empty':
          return this.#queue.hold(item, performance.now() + EMPTY_AGAIN, { why: 'empty' });
        case 'unfinished':
          return this.#holdUnfinished(item, picture.fingerprint, picture.hasEnd);
      }
      try {
        if (!ledger.has(name, picture.fingerprint)) {
          const key = this.#keyOf(name);
          await bucket.put(key, picture.content, {
            contentType: contentTypeOf(kind),
            metadata: this.#metadataOf(name),
            signal: this.#abort.signal,
          });
          ledger.add(name, picture.fingerprint);
          this.#succeeded();
          this.#totals.uploaded++;
          this.#totals.uploadedBytes += picture.content.size;
          this.#totals.lastSuccess = { name, at: new Date() };
          this.#intake.uploaded(name);
          this.#report.uploaded(name, key, picture.content.size);
          this.#lookAtLedger(ledger);
        }
        this.#stillness.forget(name);
        this.#queue.done(item);
      } finally {
        await picture.close();
      }
    } catch (error) {
      this.#failed(item, error, startedAt);
    }
  }

  #holdUnfinished(item: Item, fingerprint: Fingerprint, hasEnd: 'no' | 'unknown'): void {
    const now = performance.now();
    const period = this.#periodOf(fingerprint, hasEnd);
    this.#stillness.isStill(item.name, fingerprint, period, now);
    this.#queue.hold(item, this.#stillness.stillAt(item.name, period, now), { why: 'unfinished' });
  }

  /**
   * How long (ms) a file must stand still to count as finished. One that lacks the end which its format has may be in
   * the hands of a camera with a slow SD card; if it is an old one, it was cut short long ago.
   */
  #periodOf({ mtime }: Fingerprint, hasEnd: 'no' | 'unknown'): number {
    const { stillness } = this.#settings;
    const long = CUT_SHORT * stillness;
    return hasEnd === 'unknown' || Date.now() - mtime >= long ? stillness : long;
  }

  #failed(item: Item, error: unknown, startedAt: number): void {
    const now = performance.now();
    if (error instanceof ChangedWhileReading) {
      this.#queue.hold(item, now + this.#settings.stillness, { why: 'unfinished' });
      return;
    }
    const problem = isOfFile(error)
      ? new Problem('file', error.code, `${item.name} cannot be read (${error.code}).`, remedyOf(error.code), error)
      : problemOf(error, this.#bucket.place);
    item.failures++;
    this.#queue.hold(item, now + delayAfter(item.failures, Math.random()), { why: 'failed', message: problem.message });
    if (this.#isStopping) return;
    this.#report.failed(item.name, problem);
    if (problem.scope === 'target') this.#targetFailed(problem, startedAt);
    else if (this.#rarely.may(`${problem.kind} ${problem.code}`))
      this.#report.warn(`${problem.message} ${problem.remedy}`);
  }

  #targetFailed(problem: Problem, startedAt: number): void {
    const isNews = this.#gate.problem !== undefined && this.#gate.problem.kind !== problem.kind;
    if (isNews || this.#gate.problem === undefined) this.#rarely.over(problem.kind);
    this.#gate.failed(problem, startedAt, performance.now());
    if (problem.kind === 'slow-down') this.#width = Math.max(1, this.#width / 2);
    if (this.#rarely.may(problem.kind)) this.#report.warn(`${problem.message} ${problem.remedy}`);
  }

  #succeeded(): void {
    this.#width = Math.min(this.#settings.concurrency, this.#width + 1 / this.#width);
    const { problem, failures } = this.#gate;
    if (problem === undefined) return;
    this.#gate.succeeded();
    // What failed while nothing could succeed is not to blame. What failed more often is, and waits on by itself.
    this.#queue.releaseFailed(failures);
    this.#report.say(`Uploading again; ${plural(this.#queue.size, 'file')} to go.`);
  }

  #lookAtLedger({ problem }: Ledger): void {
    if (problem === undefined) {
      this.#rarely.over('ledger');
    } else if (this.#rarely.may('ledger')) {
      this.#report.warn(
        `The ledger cannot be written (${problem.message}). Uploads go on, and are written down when there is room again.`,
      );
    }
  }

  #vanish(item: Item): void {
    const wasUploaded = this.#ledger.knows(item.name);
    this.#queue.done(item);
    this.#stillness.forget(item.name);
    if (wasUploaded) return;
    this.#totals.vanished++;
    this.#report.vanished(item.name);
  }

  #isIdle(): boolean {
    const now = performance.now();
    if (this.#sending.size > 0 || this.#lookingUp !== undefined) return false;
    if (this.#once && this.#gate.failures >= FAILURES_OF_A_PASS) return true;
    for (const { state, failures } of this.#queue.items()) {
      if (state.is !== 'held') return false;
      if (state.hold.why === 'failed' && failures < FAILURES_OF_A_PASS) return false;
      if (state.hold.why === 'unfinished' && state.until - now <= this.#settings.stillness) return false;
    }
    return true;
  }

  #keyOf(name: string): string {
    return objectKey(this.#settings.destination.folder, name);
  }

  #metadataOf(name: string): Record<string, string> {
    const { fileFormat, productId, capture } = this.#settings;
    return eventMetadata(name, fileFormat, { productId, capture, uploadTime: Date.now() });
  }
}

/** What a ledger is about: a picture in one bucket or folder is not in another. */
function nameOf({ endpoint, bucket, folder }: Destination): string {
  return JSON.stringify([endpoint ?? 's3', bucket, folder]);
}

/** The ledger of a target; reading it changes nothing on the disk. */
export function openLedger({ state, target, destination }: SyncSettings): Promise<Ledger> {
  return Ledger.open(join(state, `${encodeURIComponent(target)}.ledger`), nameOf(destination));
}

function openBucket({ destination, limitRate }: SyncSettings, report: Report): Promise<Bucket> {
  return Bucket.open(destination, {
    tell: (text) => report.say(text),
    ...(limitRate === undefined ? {} : { limitRate }),
  });
}

/** An error of the file system, as opposed to one of the network: it names the call that failed on a path. */
function isOfFile(error: unknown): error is Error & { code: string } {
  if (!(error instanceof Error) || !('code' in error) || typeof error.code !== 'string' || !('syscall' in error))
    return false;
  return error.syscall === 'open' || error.syscall === 'read' || error.syscall === 'fstat';
}

function remedyOf(code: string): string {
  if (code === 'EACCES' || code === 'EPERM') return 'Let the user that runs grunt read it.';
  if (code === 'EMFILE' || code === 'ENFILE') return 'Too many files are open on this machine.';
  return 'The disk or SD card may be failing.';
}

/** A time of the monotonic clock as a date. */
function dateOf(at: number): Date {
  return new Date(Date.now() + at - performance.now());
}
