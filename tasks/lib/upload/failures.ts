/**
 * What an upload that failed means: for its file, and for all the others.
 *
 * A file that failed is held by itself. What would fail for every file closes the gate (retry.ts) for all, S3's wish for
 * less narrows it, and a success opens it. A 403 may be about one file (its name, a policy) or about all (a subscription
 * that has ended): several in a row tell which.
 */

import type { Place, Problem } from '../bucket/problem';
import { problemOf, problemOfReading } from '../bucket/problem-of';
import { plural } from '../plural';
import type { Item, UploadQueue } from './queue';
import type { Rarely } from './rarely';
import type { Report } from './report';
import { delayAfter, Gate } from './retry';

/** While the last success is less than so many ms ago, so many files in a row are denied before that counts for all. */
const SUCCESS_OF_LATE = 30_000;
const DENIED_IN_A_ROW = 8;

export interface FailuresParts {
  readonly queue: UploadQueue;
  readonly rarely: Rarely;
  readonly report: Report;
  /** Uploads at a time that the settings allow. */
  concurrency(): number;
  isStopping(): boolean;
}

export class Failures {
  readonly gate = new Gate();
  readonly #parts: FailuresParts;
  /** Files that were denied one after the other, with no success in between. */
  readonly #denied = new Set<string>();
  /** Uploads at a time: fewer than the settings say while S3 asks to slow down. */
  #width: number;
  #lastSuccess = Number.NEGATIVE_INFINITY;
  #wasToldOfOutage = false;

  constructor(parts: FailuresParts) {
    this.#parts = parts;
    this.#width = parts.concurrency();
  }

  /** How many uploads may run at `now` (ms). */
  width(now: number): number {
    return this.gate.width(now, Math.floor(this.#width));
  }

  /** When an upload succeeded last (ms, monotonic). */
  get lastSuccess(): number {
    return this.#lastSuccess;
  }

  /** Other settings: what was true of the old ones need not be true of these. */
  forgive(): void {
    const { queue, concurrency } = this.#parts;
    this.#width = concurrency();
    this.#denied.clear();
    this.gate.wake();
    for (const item of queue.items()) {
      if (item.state.is === 'held' && item.state.hold.why === 'failed') queue.putBack(item);
    }
  }

  /** The file cannot be read, whatever the bucket would say to it. */
  ofFile(item: Item, error: unknown): void {
    const problem = problemOfReading(item.name, error);
    this.#hold(item, problem);
    this.#tellOfFile(problem);
  }

  /** An upload to `place` that began at `startedAt` (ms, monotonic) failed. */
  ofUpload(item: Item, error: unknown, startedAt: number, place: Place): void {
    const problem = problemOf(error, place);
    this.#hold(item, problem);
    if (this.#parts.isStopping()) return;
    if (problem.kind === 'denied') this.#denied.add(item.name);
    const isOfTarget = problem.kind === 'denied' ? this.#areAllDenied() : problem.scope === 'target';
    if (!isOfTarget) {
      this.#tellOfFile(problem);
      return;
    }
    this.gate.failed(problem, startedAt, performance.now());
    if (problem.kind === 'slow-down') this.#width = Math.max(1, this.#width / 2);
    this.tell(problem);
  }

  /** Nothing can be uploaded now; told rarely, and so is its end. */
  tell(problem: Problem): void {
    const { rarely, report } = this.#parts;
    if (!rarely.may(problem.kind)) return;
    report.warn(`${problem.message} ${problem.remedy}`);
    this.#wasToldOfOutage = true;
  }

  /** An upload succeeded: whatever kept them all is over. */
  succeeded(): void {
    const { queue, report, concurrency } = this.#parts;
    this.#lastSuccess = performance.now();
    this.#denied.clear();
    this.#width = Math.min(concurrency(), this.#width + 1 / this.#width);
    const { problem, failures } = this.gate;
    if (problem !== undefined) {
      this.gate.succeeded();
      // What failed while nothing could succeed is not to blame. What failed more often is, and waits on by itself.
      queue.releaseFailed(failures);
    }
    if (!this.#wasToldOfOutage) return;
    this.#wasToldOfOutage = false;
    report.say(`Uploading again; ${plural(queue.size, 'file')} to go.`);
  }

  #hold(item: Item, problem: Problem): void {
    const { queue, report, isStopping } = this.#parts;
    item.failures++;
    const until = performance.now() + delayAfter(item.failures, Math.random());
    queue.hold(item, until, { why: 'failed', message: problem.message });
    if (!isStopping()) report.failed(item.name, problem);
  }

  #tellOfFile({ kind, code, message, remedy }: Problem): void {
    const { rarely, report } = this.#parts;
    if (rarely.may(`${kind} ${code}`)) report.warn(`${message} ${remedy}`);
  }

  /** A file may be denied for what it is; several in a row, and no success of late, show that it is not the file. */
  #areAllDenied(): boolean {
    const isOfLate = performance.now() - this.#lastSuccess < SUCCESS_OF_LATE;
    return this.#denied.size > (isOfLate ? DENIED_IN_A_ROW : 1);
  }
}
