/**
 * When to try again.
 *
 * `delayAfter` is the one backoff of this project. A single file that fails waits by itself. What would fail for every
 * file (no network, refused credentials, a bucket that does not exist, a server that asks for less) closes the `Gate`
 * of the whole target: nothing is sent until it is time for one probe, and the first success opens it for all.
 */
import type { Problem } from '../bucket/problem';

/** Bounds of the backoff, in ms: 1.5 s doubling up to 256 s. */
export const SHORTEST_DELAY = 1_500;
export const LONGEST_DELAY = 256_000;

/** How much of a delay is left to chance, so that many cameras do not come back in the same second. */
const JITTER = 0.5;

/** The delay in ms after `failures` failures in a row (1 or more); `random` in [0, 1). */
export function delayAfter(failures: number, random: number): number {
  const base = Math.min(SHORTEST_DELAY * 2 ** (failures - 1), LONGEST_DELAY / (1 + JITTER));
  return base * (1 + JITTER * random);
}

export class Gate {
  readonly #random: () => number;
  #problem: Problem | undefined;
  #failures = 0;
  #failedAt = Number.NEGATIVE_INFINITY;
  #probeAt = 0;

  constructor(random: () => number = Math.random) {
    this.#random = random;
  }

  /** What keeps the gate closed; `undefined` while it is open. */
  get problem(): Problem | undefined {
    return this.#problem;
  }

  /** Failures in a row, a simultaneous failure of several uploads counted once. */
  get failures(): number {
    return this.#failures;
  }

  /** When the next probe may start (ms). */
  get probeAt(): number {
    return this.#probeAt;
  }

  /** How many uploads may run at `now`, of the `limit` that may run when all is well. */
  width(now: number, limit: number): number {
    if (this.#problem === undefined) return limit;
    return now >= this.#probeAt ? 1 : 0;
  }

  /** An upload that began at `startedAt` failed for a reason that would fail them all. */
  failed(problem: Problem, startedAt: number, now: number): void {
    // Four uploads that a dead line ends together are one failure, not four steps of backoff.
    if (this.#problem === undefined || startedAt >= this.#failedAt) {
      this.#failures++;
      this.#probeAt = now + delayAfter(this.#failures, this.#random());
    }
    this.#problem = problem;
    this.#failedAt = now;
  }

  succeeded(): void {
    this.#problem = undefined;
    this.#failures = 0;
  }

  /** The reason may be gone (new credentials): probe at once. */
  wake(): void {
    this.#failures = 0;
    this.#probeAt = 0;
  }
}
