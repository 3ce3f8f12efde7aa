/**
 * Stops all uploads of a target while each of them would fail for the same reason: no network, refused credentials, a
 * bucket that does not exist. While the circuit is open nothing is sent, except one upload as a probe whenever
 * `nextAttemptAt` has come. The first success closes it, and everything runs again.
 */
import type { Problem } from '../bucket/problem';
import { delayAfter } from './backoff';

export type CircuitState =
  /** All is well. */
  | { readonly is: 'closed' }
  /** Nothing is sent before `nextAttemptAt` (ms, monotonic), and one probe at a time from then on. */
  | {
      readonly is: 'open';
      readonly problem: Problem;
      /** Failures in a row; uploads that failed together count as one. */
      readonly failures: number;
      readonly nextAttemptAt: number;
    };

const CLOSED: CircuitState = { is: 'closed' };

export class CircuitBreaker {
  readonly #random: () => number;
  #state: CircuitState = CLOSED;
  #failedAt = Number.NEGATIVE_INFINITY;

  /** `random` yields numbers in [0, 1), for the backoff. */
  constructor(random: () => number) {
    this.#random = random;
  }

  get state(): CircuitState {
    return this.#state;
  }

  /** Failures in a row for a reason of the target's; 0 while the circuit is closed. */
  get failures(): number {
    return this.#state.is === 'open' ? this.#state.failures : 0;
  }

  /** How many uploads may run at `now` (ms, monotonic), of the `limit` that may run when all is well. */
  allowed(now: number, limit: number): number {
    if (this.#state.is === 'closed') return limit;
    return now >= this.#state.nextAttemptAt ? 1 : 0;
  }

  /** An upload that began at `startedAt` failed at `now`, for a reason that would fail every upload. */
  failed(problem: Problem, startedAt: number, now: number): void {
    const { failures } = this;
    // Four uploads that a dead line ends together are one failure, not four steps of backoff.
    const isCounted = this.#state.is === 'closed' || startedAt >= this.#failedAt;
    this.#state = {
      is: 'open',
      problem,
      failures: isCounted ? failures + 1 : failures,
      nextAttemptAt:
        this.#state.is === 'open' && !isCounted
          ? this.#state.nextAttemptAt
          : now + delayAfter(failures + 1, this.#random()),
    };
    this.#failedAt = now;
  }

  succeeded(): void {
    this.#state = CLOSED;
  }

  /** The reason may be gone (new credentials): a probe may start at once. */
  probeNow(): void {
    if (this.#state.is === 'open') this.#state = { ...this.#state, failures: 0, nextAttemptAt: 0 };
  }
}
