/**
 * From capture directory to bucket: the one place where capture, ledger, queue and bucket meet.
 *
 *     Intake ─ names ─→ queue ─ next ─→ openPicture ─ whole ─→ Bucket.put ─ confirmed ─→ Ledger
 *        ↑                 ↑ held until a time: failed, unfinished       │
 *        └── is it in the ledger already?  └────────── Failures ─────────┘
 *
 * `#pump` is the only starter of uploads. It runs whenever something may have changed (a name noticed, an upload ended,
 * a hold or the gate's wait over), and starts as many as may run now. One of several slots is kept for pictures of what
 * happens now, so that they wait neither for the backlog nor for a video.
 *
 * Settings may change at any time (`apply`): everything that depends on them is one `Work`, replaced in one step, and an
 * upload ends with the one that it began with.
 */
import { join } from 'node:path';
import { isOfFile } from '../bucket/problem-of';
import { contentTypeOf, eventMetadata, kindOf, objectKey } from '../event';
import type { SyncSettings } from '../settings/settings';
import { Failures } from './failures';
import type { Fingerprint } from './fingerprint';
import { Intake } from './intake';
import type { Ledger } from './ledger';
import { LookUp } from './lookup';
import { ChangedWhileReading, openPicture, type Picture } from './picture';
import { progressOf, type Totals, type UploaderStatus, type Whereabouts, whereaboutsOf } from './progress';
import { type Item, isBulk, UploadQueue } from './queue';
import { Rarely } from './rarely';
import type { Report } from './report';
import { Stillness } from './stillness';
import { isSamePlace, openWork, type Work } from './work';

/** An empty file is looked at again after so many ms, should the kernel not tell of its first byte. */
const EMPTY_AGAIN = 60_000;
/** So many unknown files at once are looked up in the bucket before they are sent, even where the ledger is not new. */
const LOOK_UP_FROM = 1_000;
/** A file without the end that its format has must stand still so many times as long as one of unknown format. */
const CUT_SHORT = 30;
/** In a single pass, a file or the whole target is given up after so many failures in a row. */
const FAILURES_OF_A_PASS = 3;
/** In a single pass, what is not finished after so many times the settings' stillness is left behind. */
const PATIENCE_OF_A_PASS = 3;

export class Uploader {
  readonly #report: Report;
  readonly #once: boolean;
  readonly #queue = new UploadQueue();
  readonly #stillness = new Stillness();
  readonly #rarely = new Rarely();
  readonly #failures: Failures;
  readonly #intake: Intake;
  readonly #lookUp: LookUp;
  readonly #sending = new Map<Item, Promise<void>>();
  readonly #abort = new AbortController();
  readonly #totals: Totals = { uploaded: 0, uploadedBytes: 0, vanished: 0, lastSuccess: undefined };
  readonly #begunAt = performance.now();
  #work: Work;
  #bulkSending = 0;
  #applying: Promise<void> = Promise.resolve();
  /** Whether `apply` or `pause` was called last. */
  #isWanted = true;
  #isPaused = false;
  #isStopping = false;
  #timer: NodeJS.Timeout | undefined;
  #onIdle: (() => void) | undefined;

  private constructor(work: Work, report: Report, once: boolean) {
    this.#work = work;
    this.#report = report;
    this.#once = once;
    this.#failures = new Failures({
      queue: this.#queue,
      rarely: this.#rarely,
      report,
      concurrency: () => this.#work.settings.concurrency,
      isStopping: () => this.#isStopping,
    });
    const told = {
      queue: this.#queue,
      say: (text: string) => report.say(text),
      warn: (text: string) => report.warn(text),
    };
    this.#intake = new Intake({
      ...told,
      rarely: this.#rarely,
      stillness: this.#stillness,
      ledger: () => this.#work.ledger,
      settings: () => this.#work.settings,
      changed: () => this.#pump(),
      backlogFound: (unknown, isAgain) => this.#backlogFound(unknown, isAgain),
      vanished: (item) => this.#vanish(item),
    });
    this.#lookUp = new LookUp({
      ...told,
      once,
      isPaused: () => this.#isPaused,
      trouble: (problem) => this.#failures.tell(problem),
      lastSuccess: () => this.#failures.lastSuccess,
      done: () => this.#pump(),
    });
  }

  /** `once`: what fails again and again is given up, so that `idle` comes. Uploads nothing before `start`. */
  static async open(settings: SyncSettings, report: Report, once = false): Promise<Uploader> {
    return new Uploader(await openWork(settings, (text) => report.say(text)), report, once);
  }

  /** Resolves when the capture directories have been scanned once, or found missing. */
  async start(): Promise<void> {
    await this.#intake.watch();
    if (this.#once) this.#intake.freeze();
  }

  /** Goes on with other settings. What is being sent is sent to where it was going. */
  apply(settings: SyncSettings): Promise<void> {
    this.#isWanted = true;
    this.#applying = this.#applying.catch(() => {}).then(() => this.#apply(settings));
    return this.#applying;
  }

  async #apply(settings: SyncSettings): Promise<void> {
    if (this.#isStopping) return;
    const old = this.#work;
    const isElsewhere = !isSamePlace(old.settings, settings);
    const sending = [...this.#sending.values()];
    this.#isPaused = true;
    // Uploads under way find the old ledger closed: they count for the old destination only, and are sent again.
    if (isElsewhere) await old.ledger.close().catch(() => {});
    const work = await openWork(settings, (text) => this.#report.say(text), isElsewhere ? undefined : old.ledger);
    this.#work = work;
    old.over.abort();
    Promise.allSettled(sending).then(() => old.bucket.close());
    if (isElsewhere) this.#intake.close();
    this.#rarely.clear();
    this.#failures.forgive();
    this.#lookUp.replace(work);
    this.#isPaused = !this.#isWanted;
    this.#pump();
    await this.#intake.watch();
  }

  /** Sends nothing more until `apply`; what is being sent is finished. */
  pause(): void {
    this.#isWanted = false;
    this.#isPaused = true;
  }

  /** A file that some other watcher noticed. */
  notice(path: string): void {
    this.#intake.notice(path);
  }

  /** Resolves when nothing is left that could be done now (see `open`). */
  async idle(): Promise<void> {
    await new Promise<void>((resolve) => {
      this.#onIdle = resolve;
      this.#pump();
    });
  }

  /** How many files are left, a directory or name that cannot be read counting as one. */
  get left(): number {
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
    this.#work.over.abort();
    this.#intake.close();
    const aborted = new Promise((resolve) => this.#abort.signal.addEventListener('abort', resolve, { once: true }));
    const timer = setTimeout(() => this.#abort.abort(), grace);
    await Promise.race([Promise.allSettled(this.#sending.values()), aborted]);
    clearTimeout(timer);
    this.#work.bucket.close();
    await this.#work.ledger.close();
  }

  status(): UploaderStatus {
    const { problem = this.#lookUp.problem, probeAt } = this.#failures.gate;
    return progressOf(this.#queue, this.#totals, problem && { problem, nextTry: probeAt });
  }

  whereabouts(name: string): Whereabouts {
    return whereaboutsOf(name, this.#queue, this.#work.ledger);
  }

  #backlogFound(unknown: number, isAgain: boolean): void {
    const { ledger } = this.#work;
    if (unknown > 0 && (ledger.isNew || isAgain || unknown >= LOOK_UP_FROM)) this.#lookUp.request(this.#work);
  }

  #pump(): void {
    clearTimeout(this.#timer);
    if (this.#isStopping || this.#isPaused) return;
    const now = performance.now();
    for (;;) {
      const width = this.#failures.width(now);
      if (this.#sending.size >= width) break;
      const isWaiting = this.#intake.isGathering || this.#lookUp.isRunning;
      // One slot stays free for pictures of what happens now, where there are several.
      const bulkToo = !isWaiting && this.#bulkSending < Math.max(1, width - 1);
      const item = this.#queue.take(now, bulkToo);
      if (item === undefined) break;
      this.#begin(item, now);
    }
    if (this.#onIdle !== undefined && this.#isIdle()) this.#onIdle();
    // The end of an upload comes back here; a timer is for what no upload will wake.
    const isClosed = this.#failures.width(now) === 0;
    const next = isClosed ? this.#failures.gate.probeAt : this.#queue.nextRelease();
    if (next !== undefined && next > now) this.#timer = setTimeout(() => this.#pump(), next - now + 1);
  }

  #begin(item: Item, startedAt: number): void {
    const isOfBulk = isBulk(item);
    if (isOfBulk) this.#bulkSending++;
    const sending = this.#send(item, startedAt, this.#work).finally(() => {
      this.#sending.delete(item);
      if (isOfBulk) this.#bulkSending--;
      this.#pump();
    });
    this.#sending.set(item, sending);
  }

  async #send(item: Item, startedAt: number, work: Work): Promise<void> {
    const picture = await this.#open(item);
    if (picture === undefined) return;
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
      if (!work.ledger.has(item.name, picture.fingerprint)) await this.#put(item, picture, work);
      this.#stillness.forget(item.name);
      this.#queue.done(item);
    } catch (error) {
      this.#failed(item, error, startedAt, work);
    } finally {
      await picture.close();
    }
  }

  /** The file of an item; `undefined` where it cannot be read, which is then its failure alone. */
  async #open(item: Item): Promise<Picture | undefined> {
    const { name, directory } = item;
    const kind = kindOf(name);
    if (kind === undefined) return { is: 'no-file' };
    try {
      return await openPicture(join(directory, name), kind, (fingerprint, hasEnd) =>
        this.#stillness.isStill(name, fingerprint, this.#periodOf(fingerprint, hasEnd), performance.now()),
      );
    } catch (error) {
      this.#unreadable(item, error);
      return undefined;
    }
  }

  async #put(item: Item, picture: Picture & { is: 'finished' }, work: Work): Promise<void> {
    const { name } = item;
    const { destination, fileFormats, instance, camera } = work.settings;
    const key = objectKey(destination.folder, name);
    const { size } = picture.content;
    await work.bucket.put(key, picture.content, {
      contentType: contentTypeOf(picture.kind),
      metadata: eventMetadata(name, fileFormats, {
        ...{ instance, camera, modified: picture.fingerprint.mtime },
        uploadTime: Date.now(),
      }),
      signal: this.#abort.signal,
    });
    work.ledger.add(name, picture.fingerprint);
    if (work === this.#work) this.#failures.succeeded();
    this.#totals.uploaded++;
    this.#totals.uploadedBytes += size;
    this.#totals.lastSuccess = { name, at: new Date() };
    this.#intake.uploaded(name);
    this.#report.uploaded(name, key, size);
    void this.#lookAtLedger(work.ledger);
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
    const { stillness } = this.#work.settings;
    const long = CUT_SHORT * stillness;
    return hasEnd === 'unknown' || Date.now() - mtime >= long ? stillness : long;
  }

  /** The file cannot be read, whatever the bucket would say to it. */
  #unreadable(item: Item, error: unknown): void {
    if (error instanceof ChangedWhileReading) {
      this.#queue.hold(item, performance.now() + this.#work.settings.stillness, { why: 'unfinished' });
      return;
    }
    this.#failures.ofFile(item, error);
  }

  #failed(item: Item, error: unknown, startedAt: number, work: Work): void {
    if (error instanceof ChangedWhileReading || isOfFile(error)) {
      this.#unreadable(item, error);
      return;
    }
    if (work !== this.#work) {
      // Under settings that have been replaced meanwhile: it says nothing of the new ones.
      this.#queue.putBack(item);
      return;
    }
    this.#failures.ofUpload(item, error, startedAt, work.bucket.place);
  }

  async #lookAtLedger(ledger: Ledger): Promise<void> {
    await ledger.written();
    const { problem } = ledger;
    if (problem === undefined) {
      this.#rarely.over('ledger');
    } else if (this.#rarely.may('ledger')) {
      this.#report.warn(
        `The ledger cannot be written (${problem.message}). Uploads go on, and are written down when there is room again.`,
      );
    }
  }

  #vanish(item: Item): void {
    const wasUploaded = this.#work.ledger.knows(item.name);
    this.#queue.done(item);
    this.#stillness.forget(item.name);
    if (wasUploaded) return;
    this.#totals.vanished++;
    this.#report.vanished(item.name);
  }

  #isIdle(): boolean {
    if (this.#sending.size > 0 || this.#lookUp.isRunning || this.#intake.isGathering) return false;
    if (this.#once && this.#failures.gate.failures >= FAILURES_OF_A_PASS) return true;
    const now = performance.now();
    const { stillness } = this.#work.settings;
    const isLate = now - this.#begunAt > PATIENCE_OF_A_PASS * stillness;
    for (const { state, failures } of this.#queue.items()) {
      if (state.is !== 'held') return false;
      if (state.hold.why === 'failed' && failures < FAILURES_OF_A_PASS) return false;
      if (state.hold.why === 'unfinished' && state.until - now <= stillness && !isLate) return false;
    }
    return true;
  }

  #keyOf(name: string): string {
    return objectKey(this.#work.settings.destination.folder, name);
  }
}
