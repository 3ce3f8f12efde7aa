/**
 * What a failed upload means for its file and for all other uploads.
 *
 * A file that failed is held, with a backoff of its own. A reason that affects every file opens the circuit
 * (circuit-breaker.ts), a "slow down" halves the concurrency, and a success closes the circuit.
 *
 * Some reasons are ambiguous. A 403 may concern one file (its name, a policy) or all (a subscription that has ended); a
 * connection that is reset may mean a dead line, or a router that dislikes the bytes of one picture. Such a reason
 * opens the circuit only when several different files fail for it with no success in between. A file that failed before
 * others succeeded is no evidence when it fails again.
 *
 * A fault of this program cannot be mended by another attempt. Its file is held for a day, and the log says so.
 */
import type { Place, Problem, ProblemKind } from '../bucket/problem';
import { problemOf, problemOfReading } from '../bucket/problem-of';
import { codeOf } from '../error-code';
import { plural } from '../plural';
import { AdaptiveConcurrency } from './adaptive-concurrency';
import { delayAfter, SHORTEST_DELAY } from './backoff';
import { CircuitBreaker } from './circuit-breaker';
import type { Clock } from './clock';
import type { LogThrottle } from './log-throttle';
import type { Item, UploadQueue } from './queue';
import type { Report } from './report';

/** Within 30,000 ms after a success, more than 8 different files must fail alike to open the circuit. */
const SUCCESS_OF_LATE = 30_000;
const ALIKE_AFTER_SUCCESS = 8;
/** Without such a success, more than 1 file must fail alike to open the circuit. */
const ALIKE = 1;

/**
 * A file that met a fault of this program is tried again after a day, in ms; sooner after a restart or a change of the
 * file.
 */
const FAULT_AGAIN = 86_400_000;

/** Kinds of problem that may concern one file or all. */
const AMBIGUOUS: ReadonlySet<ProblemKind> = new Set(['denied', 'refused', 'server', 'timeout', 'checksum']);
/** Error codes with which an `offline` is ambiguous: the connection was made, and then broke. */
const BROKEN_CONNECTION: ReadonlySet<string> = new Set(['ECONNRESET', 'EPIPE', 'ECONNABORTED']);

/** What `Failures` works with. */
export interface FailuresParts {
  readonly queue: UploadQueue;
  readonly throttle: LogThrottle;
  readonly report: Report;
  readonly clock: Clock;
  /** Returns numbers in [0, 1), for the backoff. */
  readonly random: () => number;
  /** The most uploads at a time that the settings allow. */
  readonly concurrency: number;
}

/** Decides what follows from every failure and success of an upload. */
export class Failures {
  readonly circuit: CircuitBreaker;
  readonly concurrency: AdaptiveConcurrency;
  readonly #parts: FailuresParts;
  /** For each reason, the files that failed for it since the last success. */
  readonly #alike = new Map<string, Set<string>>();
  /** When (ms, monotonic) each file that has failed, and was not uploaded since, failed first. */
  readonly #failedAt = new Map<string, number>();
  #lastSuccess = Number.NEGATIVE_INFINITY;
  #wasOutageLogged = false;

  constructor(parts: FailuresParts) {
    this.#parts = parts;
    this.circuit = new CircuitBreaker(parts.random);
    this.concurrency = new AdaptiveConcurrency(parts.concurrency);
  }

  /** When the last upload succeeded (ms, monotonic); -Infinity if none did. */
  get lastSuccess(): number {
    return this.#lastSuccess;
  }

  /** Forgets all failures, because the settings have changed. `concurrency` is theirs. */
  forgive(concurrency: number): void {
    this.concurrency.reset(concurrency);
    this.#alike.clear();
    this.#failedAt.clear();
    this.circuit.probeNow();
    this.#parts.queue.releaseFailed();
  }

  /** The file is gone, or needs no upload. */
  forget(name: string): void {
    this.#failedAt.delete(name);
  }

  /** Logs that a file is cut short and how long it will be waited for. `wait` in ms. */
  logCutShort(name: string, wait: number): void {
    if (!this.#parts.throttle.shouldLog('cut short')) return;
    this.#parts.report.say(
      `${name} is cut short: its end is missing. If nobody writes to it, it is uploaded as it is in ${inWords(wait)}.`,
    );
  }

  /** The file cannot be read. */
  ofFile(item: Item, error: unknown): void {
    if (this.#isTooManyOpen(item, error)) return;
    const problem = problemOfReading(item.name, error);
    this.#hold(item, problem);
    this.#logOfFile(problem);
  }

  /** An upload to `place` that began at `startedAt` (ms, monotonic) failed. */
  ofUpload(item: Item, error: unknown, startedAt: number, place: Place): void {
    if (this.#isTooManyOpen(item, error)) return;
    const now = this.#parts.clock.now();
    const problem = problemOf(error, place);
    const isCertain = !isAmbiguous(problem);
    const isOfTarget = isCertain ? problem.scope === 'target' : this.#areAllAlike(item, problem, now);
    if (!this.#failedAt.has(item.name)) this.#failedAt.set(item.name, now);
    this.#hold(item, problem);
    if (!isOfTarget) {
      this.#logOfFile(problem);
      return;
    }
    this.circuit.failed(problem, startedAt, now, isCertain);
    if (problem.kind === 'slow-down') this.concurrency.halve();
    this.log(problem);
  }

  /** Logs, through the throttle, that nothing can be uploaded now. `succeeded` logs the end. */
  log(problem: Problem): void {
    const { throttle, report, clock } = this.#parts;
    if (!throttle.shouldLog(problem.kind)) return;
    const { state } = this.circuit;
    const next = state.is === 'open' ? ` Next try in ${inWords(state.nextAttemptAt - clock.now())}.` : '';
    report.warn(`${problem.message} ${problem.remedy}${next}`);
    this.#wasOutageLogged = true;
  }

  /** The upload of `name` succeeded: a reason that affected every upload is over. */
  succeeded(name: string): void {
    const { queue, report, clock } = this.#parts;
    this.#lastSuccess = clock.now();
    this.#alike.clear();
    this.#failedAt.delete(name);
    this.concurrency.succeeded();
    const { failures } = this.circuit;
    if (this.circuit.state.is === 'open') {
      this.circuit.succeeded();
      // Release items whose failure count is not above the outage's: they failed only because of it. Others keep their
      // own backoff.
      queue.releaseFailed(failures);
    }
    if (!this.#wasOutageLogged) return;
    this.#wasOutageLogged = false;
    report.say(`Uploading again; ${plural(queue.size, 'file')} to go.`);
  }

  #hold(item: Item, problem: Problem): void {
    const { queue, report, clock, random } = this.#parts;
    const delay = problem.whose === 'program' ? FAULT_AGAIN : delayAfter(item.failures + 1, random());
    queue.fail(item, clock.now() + delay, problem.message);
    report.failed(item.name, problem);
  }

  /**
   * Whether the process has run out of file descriptors, which is no fault of the file. Halves the concurrency if so.
   */
  #isTooManyOpen(item: Item, error: unknown): boolean {
    const code = openFilesCode(error);
    if (code === undefined) return false;
    const { queue, clock, throttle, report } = this.#parts;
    this.concurrency.halve();
    queue.hold(item, clock.now() + SHORTEST_DELAY, { why: 'unfinished', isCutShort: false });
    if (throttle.shouldLog(code)) {
      report.warn(
        `Too many files are open (${code}): going on with ${plural(this.concurrency.current, 'upload')} at a time. ` +
          'Remedy: a higher limit, by ulimit -n or, in a unit of systemd, by LimitNOFILE=.',
      );
    }
    return true;
  }

  #logOfFile({ kind, code, message, remedy }: Problem): void {
    const { throttle, report } = this.#parts;
    if (throttle.shouldLog(`${kind} ${code}`)) report.warn(`${message} ${remedy}`);
  }

  /** Whether enough different files have failed for this reason that the files cannot be the cause. */
  #areAllAlike(item: Item, { kind, code }: Problem, now: number): boolean {
    const failedAt = this.#failedAt.get(item.name);
    if (failedAt !== undefined && failedAt <= this.#lastSuccess) return false;
    const reason = `${kind} ${code}`;
    const files = this.#alike.get(reason) ?? new Set();
    this.#alike.set(reason, files.add(item.name));
    return files.size > (now - this.#lastSuccess < SUCCESS_OF_LATE ? ALIKE_AFTER_SUCCESS : ALIKE);
  }
}

/** The code of an error, or of one of its causes, that means too many open files. */
function openFilesCode(error: unknown): string | undefined {
  const code = codeOf(error);
  if (code === 'EMFILE' || code === 'ENFILE') return code;
  return error instanceof Error && error.cause !== undefined ? openFilesCode(error.cause) : undefined;
}

/** A duration in ms as `40 s` or `4 min`. */
function inWords(time: number): string {
  const seconds = Math.max(1, Math.round(time / 1_000));
  return seconds < 90 ? `${seconds} s` : `${Math.round(seconds / 60)} min`;
}

function isAmbiguous({ kind, code }: Problem): boolean {
  return AMBIGUOUS.has(kind) || (kind === 'offline' && BROKEN_CONNECTION.has(code));
}
