/**
 * From capture directory to bucket: the one place where scanner, queue, bucket and ledger meet.
 *
 *     Scanner ─ names ─→ queue ─ next ─→ uploadFile ─ whole ─→ bucket.put ─ confirmed ─→ ledger
 *        ↑                  ↑ held until a time: failed, unfinished    │
 *        └── is it in the ledger already?  └──────── Failures ─────────┘
 *
 * `#pump` is the only starter of uploads. It runs whenever something may have changed (a name noticed, an upload ended,
 * a hold or a backoff over), and starts as many as may run now (admission.ts).
 *
 * All that depends on the settings is one `Session`. `apply` replaces it in one step; an upload ends under its own.
 */

import { EventEmitter, once } from 'node:events';
import type { SyncSettings } from '../settings/settings';
import { admission, type Running } from './admission';
import { Failures } from './failures';
import type { Lease } from './ledger';
import { LogThrottle } from './log-throttle';
import { isPassOver } from './pass';
import {
  type LeftBehind,
  leftBehind,
  progressOf,
  type Totals,
  type Trouble,
  type UploaderStatus,
  type Whereabouts,
  whereaboutsOf,
} from './progress';
import { type Item, isBulk, type TakeOptions, UploadQueue } from './queue';
import { logReconciliation, Reconciliation } from './reconciliation';
import type { Report } from './report';
import { Scanner } from './scanner';
import { type Environment, isSamePlace, Session, systemEnvironment } from './session';
import { type UploadResult, uploadFile, wouldGo } from './upload-file';
import { WriteStability } from './write-stability';

/** An empty file is checked again after 60,000 ms, in case the kernel did not report its first write. */
const EMPTY_AGAIN = 60_000;

/** Options of `Uploader.open`. */
export interface UploaderOptions {
  /** One pass only: a file or target that keeps failing is given up, so that `idle` resolves. */
  readonly once?: boolean;
  readonly environment?: Environment;
  /** The exclusive right to this ledger. Once it is lost, nothing more is sent or written, and `lost` is emitted. */
  readonly lease?: Lease | undefined;
}

/** `switching`: other settings are being applied. `paused`: starts nothing until `apply`. `stopping`: for good. */
type State = 'running' | 'switching' | 'paused' | 'stopping';

interface Sending extends Running {
  readonly ended: Promise<void>;
}

/** `lost`: another process has taken over. This uploader has ended and has left the ledger alone. */
export interface UploaderEvents {
  lost: [];
}

/** Uploads the event files of one target. */
export class Uploader extends EventEmitter<UploaderEvents> {
  readonly #report: Report;
  readonly #once: boolean;
  readonly #environment: Environment;
  readonly #lease: Lease | undefined;
  readonly #queue = new UploadQueue();
  readonly #stability: WriteStability;
  readonly #throttle: LogThrottle;
  readonly #failures: Failures;
  readonly #scanner: Scanner;
  readonly #reconciliation: Reconciliation;
  readonly #sending = new Map<Item, Sending>();
  readonly #abort = new AbortController();
  readonly #totals: Totals = { uploaded: 0, uploadedBytes: 0, vanished: 0, lastSuccess: undefined };
  readonly #begunAt: number;
  #session: Session;
  #state: State = 'running';
  #switching: Promise<void> = Promise.resolve();
  #cancelTimer: () => void = () => {};
  #onIdle: (() => void) | undefined;

  private constructor(
    session: Session,
    report: Report,
    once: boolean,
    environment: Environment,
    lease: Lease | undefined,
  ) {
    super();
    this.#lease = lease;
    const { clock, random } = environment;
    const queue = this.#queue;
    this.#session = session;
    this.#report = report;
    this.#once = once;
    this.#environment = environment;
    this.#begunAt = clock.now();
    this.#stability = new WriteStability(clock);
    this.#throttle = new LogThrottle(clock);
    const parts = { queue, report, clock, random, once, throttle: this.#throttle, stability: this.#stability };
    this.#failures = new Failures({ ...parts, concurrency: session.settings.concurrency });
    this.#reconciliation = new Reconciliation(parts);
    this.#scanner = new Scanner(parts, session);
    this.#scanner.on('changed', () => this.#pump());
    this.#scanner.on('vanished', (item) => this.#vanished(item));
    this.#scanner.on('backlog', ({ unknown }) => {
      if (unknown > 0) this.#reconciliation.request();
    });
  }

  /** Opens ledger and bucket. Uploads nothing before `start`. */
  static async open(settings: SyncSettings, report: Report, options: UploaderOptions = {}): Promise<Uploader> {
    const { environment = systemEnvironment, lease } = options;
    const session = await Session.open(settings, environment, report, { lease });
    return new Uploader(session, report, options.once ?? false, environment, lease);
  }

  /** Resolves when every capture directory has been scanned once, or found missing. */
  async start(): Promise<void> {
    await this.#scanner.watch(this.#session);
    if (this.#once) this.#scanner.freeze();
  }

  /** Continues with other settings. Running uploads finish at the destination where they began. */
  apply(settings: SyncSettings): Promise<void> {
    if (this.#state !== 'stopping') this.#state = 'switching';
    this.#switching = this.#switching.catch(() => {}).then(() => this.#switchTo(settings));
    return this.#switching;
  }

  async #switchTo(settings: SyncSettings): Promise<void> {
    if (this.#state === 'stopping') return;
    if (this.#state === 'running') this.#state = 'switching';
    const old = this.#session;
    const isElsewhere = !isSamePlace(old.settings, settings);
    const sending = [...this.#sending.values()].map(({ ended }) => ended);
    // Closed first: running uploads must not be recorded for the new destination. They are sent there again.
    if (isElsewhere) await old.ledger.close().catch(() => {});
    const ledger = isElsewhere ? undefined : old.ledger;
    const session = await Session.open(settings, this.#environment, this.#report, { ledger, lease: this.#lease });
    if (this.#isStopping) return session.bucket.close();
    this.#session = session;
    old.supersede();
    Promise.allSettled(sending).then(() => old.bucket.close());
    if (isElsewhere) this.#scanner.close();
    this.#throttle.resetAll();
    this.#failures.forgive(settings.concurrency);
    this.#reconciliation.supersede();
    if (this.#state === 'switching') this.#state = 'running';
    this.#pump();
    await this.#scanner.watch(session);
  }

  /** Starts no upload until `apply`; running uploads finish. */
  pause(): void {
    if (this.#state !== 'stopping') this.#state = 'paused';
  }

  /** Takes in a file that another watcher noticed. `path` is absolute. */
  notice(path: string): void {
    this.#scanner.notice(path);
  }

  /** Resolves when nothing is left that can be done now. For uploaders with `once`. */
  async idle(): Promise<void> {
    await new Promise<void>((resolve) => {
      this.#onIdle = resolve;
      this.#pump();
    });
  }

  /** How many files are left behind; empty files do not count. */
  get left(): number {
    return this.leftBehind().length;
  }

  /** The files that are left behind, and why. Includes directories and names that cannot be read. */
  leftBehind(): LeftBehind[] {
    return [...leftBehind(this.#queue, this.#trouble), ...this.#scanner.unreadable];
  }

  /** The event files that would be sent, with their keys, in the order of sending. */
  plan(): { name: string; key: string }[] {
    const { settings } = this.#session;
    return this.#queue
      .inOrder()
      .filter((item) => wouldGo(item, this.#stability, settings))
      .map(({ name }) => ({ name, key: this.#session.keyOf(name) }));
  }

  /** Lets running uploads finish for at most `grace` ms, then aborts them and writes the ledger. */
  async stop(grace: number): Promise<void> {
    this.#state = 'stopping';
    this.#cancelTimer();
    this.#session.supersede();
    this.#scanner.freeze();
    const { signal } = this.#abort;
    const aborted = signal.aborted ? Promise.resolve() : once(signal, 'abort');
    const cancel = this.#environment.clock.after(grace, () => this.#abort.abort());
    await Promise.race([Promise.allSettled([...this.#sending.values()].map(({ ended }) => ended)), aborted]);
    cancel();
    this.#session.bucket.close();
    await this.#session.ledger.close();
  }

  /** Ends at once: the process that took over does from now on all that this one would do. */
  #lose(): void {
    this.#state = 'stopping';
    this.#abort.abort();
    this.#session.supersede();
    this.#scanner.close();
    this.#session.bucket.close();
    void this.#session.ledger.close().catch(() => {});
    this.emit('lost');
  }

  status(): UploaderStatus {
    return progressOf(this.#queue, this.#totals, this.#trouble, this.#environment.clock);
  }

  /** The problem that stops all uploads. */
  get #trouble(): Trouble | undefined {
    const circuit = this.#failures.circuit.state;
    if (circuit.is === 'open') return { problem: circuit.problem, nextTry: circuit.nextAttemptAt };
    const { problem, dueAt } = this.#reconciliation;
    return problem && { problem, nextTry: dueAt ?? this.#environment.clock.now() };
  }

  whereabouts(name: string): Whereabouts {
    return whereaboutsOf(name, this.#queue, this.#session.ledger, this.#environment.clock);
  }

  get #isStopping(): boolean {
    return this.#state === 'stopping';
  }

  #pump(): void {
    this.#cancelTimer();
    if (this.#state !== 'running') return;
    if (this.#lease?.isHeld() === false) {
      this.#lose();
      return;
    }
    const now = this.#environment.clock.now();
    const { dueAt } = this.#reconciliation;
    if (dueAt !== undefined && dueAt <= now && !this.#scanner.isGathering) void this.#reconcile(this.#session);
    for (let next = this.#admission(now); next !== undefined; next = this.#admission(now)) {
      const item = this.#queue.take(now, next);
      if (item === undefined) break;
      this.#begin(item, now);
    }
    if (this.#onIdle !== undefined && this.#isIdle(now)) this.#onIdle();
    this.#wakeAfter(now);
  }

  /** Which items may be started now. */
  #admission(now: number): TakeOptions | undefined {
    return admission([...this.#sending.values()], {
      circuit: this.#failures.circuit,
      slots: this.#failures.concurrency.current,
      mustBacklogWait: this.#scanner.isGathering || this.#reconciliation.isPending,
      now,
    });
  }

  /** Sets a timer for the next thing that is due. The end of an upload needs none: it pumps anyway. */
  #wakeAfter(now: number): void {
    const { state, liveAttemptAt } = this.#failures.circuit;
    const probes = state.is === 'open' ? [liveAttemptAt, state.nextAttemptAt] : [];
    const times = [...probes, this.#queue.nextRelease(), this.#reconciliation.dueAt];
    const next = Math.min(...times.map((at) => (at === undefined || at <= now ? Number.POSITIVE_INFINITY : at)));
    if (Number.isFinite(next)) this.#cancelTimer = this.#environment.clock.after(next - now + 1, () => this.#pump());
  }

  async #reconcile(session: Session): Promise<void> {
    const result = await this.#reconciliation.run(session, this.#failures);
    if (this.#isStopping) return;
    logReconciliation(result, this.#report, this.#failures);
    this.#pump();
  }

  #begin(item: Item, startedAt: number): void {
    const ended = this.#send(item, startedAt, this.#session).finally(() => {
      this.#sending.delete(item);
      this.#pump();
    });
    this.#sending.set(item, { ended, startedAt, isBulk: isBulk(item), isRetry: item.failures > 0 });
  }

  async #send(item: Item, startedAt: number, session: Session): Promise<void> {
    const { clock } = this.#environment;
    const result = await uploadFile(item, { session, stability: this.#stability, clock, signal: this.#abort.signal });
    switch (result.is) {
      case 'uploaded':
        this.#uploaded(item, result, session);
        return this.#done(item);
      case 'known':
        return this.#done(item);
      case 'gone':
        return this.#vanished(item);
      case 'no-file':
        return this.#queue.done(item);
      case 'empty':
        return this.#queue.hold(item, clock.now() + EMPTY_AGAIN, { why: 'empty' });
      case 'unfinished':
        if (result.isCutShort) this.#failures.logCutShort(item.name, result.until - clock.now());
        return this.#queue.hold(item, result.until, { why: 'unfinished', isCutShort: result.isCutShort });
      case 'unreadable':
        return this.#failures.ofFile(item, result.error);
      case 'failed':
        // A failure under settings that have been replaced says nothing about the new settings.
        if (session !== this.#session || this.#isStopping) return this.#queue.putBack(item);
        return this.#failures.ofUpload(item, result.error, startedAt, session.bucket.place);
    }
  }

  #uploaded({ name }: Item, { key, size }: UploadResult & { is: 'uploaded' }, session: Session): void {
    if (session === this.#session) this.#failures.succeeded(name);
    this.#totals.uploaded++;
    this.#totals.uploadedBytes += size;
    this.#totals.lastSuccess = { name, at: new Date(this.#environment.clock.date()) };
    this.#scanner.uploaded(name);
    this.#report.uploaded(name, key, size);
    void session.logLedger(this.#throttle, this.#report);
  }

  #done(item: Item): void {
    this.#stability.forget(item.name);
    this.#failures.forget(item.name);
    this.#queue.done(item);
  }

  #vanished(item: Item): void {
    const wasUploaded = this.#session.ledger.knows(item.name);
    this.#done(item);
    if (wasUploaded) return;
    this.#totals.vanished++;
    this.#report.vanished(item.name);
  }

  #isIdle(now: number): boolean {
    if (this.#sending.size > 0 || this.#reconciliation.isPending || this.#scanner.isGathering) return false;
    const { stillness } = this.#session.settings;
    const failures = this.#once ? this.#failures.circuit.failures : 0;
    return isPassOver(this.#queue, { failures, stillness, now, begunAt: this.#begunAt });
  }
}
