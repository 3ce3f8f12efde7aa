/**
 * Stops all uploads of a target while each of them would fail for the same reason: no network, refused credentials, a
 * bucket that does not exist. While the circuit is open nothing is begun, except one upload as a probe whenever
 * `nextAttemptAt` has come. The first success closes it, and everything runs again.
 *
 * Where it was opened on suspicion, because several files failed alike, a picture of what happens now may be the probe
 * sooner: it may be well where those files are not.
 */
import type { Problem } from '../bucket/problem';
import { delayAfter, SHORTEST_DELAY } from './backoff';

export type CircuitState =
  /** All is well. */
  | { readonly is: 'closed' }
  /** Nothing is sent before `nextAttemptAt` (ms, monotonic), and one probe at a time from then on. */
  | {
      readonly is: 'open';
      readonly problem: Problem;
      /** Whether the reason is known to hit every file, rather than suspected to. */
      readonly isCertain: boolean;
      /** When (ms, monotonic) it was opened. */
      readonly since: number;
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

  /** When (ms, monotonic) a picture of what happens now may be the probe; `undefined` while the circuit is closed. */
  get liveAttemptAt(): number | undefined {
    if (this.#state.is === 'closed') return undefined;
    const { isCertain, nextAttemptAt } = this.#state;
    return isCertain ? nextAttemptAt : Math.min(nextAttemptAt, this.#failedAt + SHORTEST_DELAY);
  }

  /** An upload that began at `startedAt` failed at `now`, for a reason that hits, or seems to hit, every upload. */
  failed(problem: Problem, startedAt: number, now: number, isCertain = true): void {
    const { failures } = this;
    // Four uploads that a dead line ends together are one failure, not four steps of backoff.
    const isCounted = this.#state.is === 'closed' || startedAt >= this.#failedAt;
    this.#state = {
      is: 'open',
      problem,
      isCertain,
      since: this.#state.is === 'open' ? this.#state.since : now,
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
