/**
 * Stops all uploads of a target while each would fail for the same reason: no network, refused credentials, a bucket
 * that does not exist. While the circuit is open, nothing starts but one upload as a probe, when `nextAttemptAt` has
 * come. The first success closes the circuit.
 *
 * A circuit that was opened on suspicion, because several files failed alike, may be probed sooner by a picture of now:
 * the cause may be those files alone.
 */
import type { Problem } from '../bucket/problem';
import { delayAfter, SHORTEST_DELAY } from './backoff';

/** `closed`: uploads run. `open`: only probes run. */
export type CircuitState =
  | { readonly is: 'closed' }
  | {
      readonly is: 'open';
      readonly problem: Problem;
      /** Whether the reason is known to affect every file; otherwise it is suspected. */
      readonly isCertain: boolean;
      /** When (ms, monotonic) the circuit opened. */
      readonly since: number;
      /** Consecutive failures; uploads that fail together count as one. */
      readonly failures: number;
      /** When (ms, monotonic) the next probe may start. */
      readonly nextAttemptAt: number;
    };

const CLOSED: CircuitState = { is: 'closed' };

/** The circuit breaker of one target (see the head of this file). */
export class CircuitBreaker {
  readonly #random: () => number;
  #state: CircuitState = CLOSED;
  #failedAt = Number.NEGATIVE_INFINITY;

  /** `random` returns numbers in [0, 1), for the backoff. */
  constructor(random: () => number) {
    this.#random = random;
  }

  get state(): CircuitState {
    return this.#state;
  }

  /** Consecutive failures that affect the whole target; 0 while the circuit is closed. */
  get failures(): number {
    return this.#state.is === 'open' ? this.#state.failures : 0;
  }

  /** When (ms, monotonic) a picture of now may be the probe; `undefined` while the circuit is closed. */
  get liveAttemptAt(): number | undefined {
    if (this.#state.is === 'closed') return undefined;
    const { isCertain, nextAttemptAt } = this.#state;
    return isCertain ? nextAttemptAt : Math.min(nextAttemptAt, this.#failedAt + SHORTEST_DELAY);
  }

  /**
   * An upload that began at `startedAt` failed at `now` (both ms, monotonic), for a reason that affects every upload,
   * or seems to.
   */
  failed(problem: Problem, startedAt: number, now: number, isCertain = true): void {
    const { failures } = this;
    // Uploads that a dead line ends together are one failure, not several steps of backoff.
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

  /** The reason may be gone (new credentials): allows a probe at once. */
  probeNow(): void {
    if (this.#state.is === 'open') this.#state = { ...this.#state, failures: 0, nextAttemptAt: 0 };
  }
}
