/**
 * Decides which uploads may start beside the running ones.
 *
 * Of several slots, one is kept free for pictures of now, so that they wait neither for the backlog, nor for a video,
 * nor for a file that fails again and again. While other files wait, retries take only a share of the other slots.
 */
import type { CircuitBreaker } from './circuit-breaker';
import type { TakeOptions } from './queue';

/** One slot in 4, but at least one, is for retries. */
const RETRY_SHARE = 4;
const LIVE_ONLY: TakeOptions = { bulk: false, retries: 'none' };

/** A running upload. */
export interface Running {
  /** When (ms, monotonic) it began. */
  readonly startedAt: number;
  /** Whether it is backlog or a video (`isBulk`). */
  readonly isBulk: boolean;
  /** Whether the file has failed before. */
  readonly isRetry: boolean;
}

/** What the decision depends on, beside the running uploads. */
export interface Load {
  readonly circuit: Pick<CircuitBreaker, 'state' | 'liveAttemptAt'>;
  /** The most uploads at a time. */
  readonly slots: number;
  /** Whether the backlog has to wait: it is being gathered, or compared with the bucket. */
  readonly mustBacklogWait: boolean;
  /** Ms, monotonic. */
  readonly now: number;
}

/** Which items may start beside `running`; `undefined`: none. */
export function admission(running: readonly Running[], load: Load): TakeOptions | undefined {
  const { slots, mustBacklogWait, circuit } = load;
  if (circuit.state.is === 'open') return probe(running, load);
  if (running.length >= slots) return undefined;
  const bulkSlots = Math.max(1, slots - 1);
  if (mustBacklogWait || running.filter(({ isBulk, isRetry }) => isBulk || isRetry).length >= bulkSlots)
    return LIVE_ONLY;
  if (slots === 1) return { bulk: true, retries: 'last' };
  const retrySlots = Math.max(1, Math.floor(slots / RETRY_SHARE));
  const isRetryFree = running.filter(({ isRetry }) => isRetry).length < retrySlots;
  return { bulk: true, retries: isRetryFree ? 'first' : 'none' };
}

/**
 * The next probe while the circuit is open: one at a time. An upload that began before the circuit opened may hang, and
 * does not count.
 */
function probe(running: readonly Running[], { circuit, mustBacklogWait, now }: Load): TakeOptions | undefined {
  const { state, liveAttemptAt } = circuit;
  if (state.is === 'closed' || (liveAttemptAt !== undefined && now < liveAttemptAt)) return undefined;
  const probes = running.filter(({ startedAt }) => startedAt >= state.since);
  if (probes.length > 0) {
    // On a suspicion only, a probe that hangs must not delay a picture of now.
    const isLive = probes.some(({ isBulk, isRetry }) => !isBulk && !isRetry);
    return state.isCertain || isLive ? undefined : LIVE_ONLY;
  }
  if (now < state.nextAttemptAt || mustBacklogWait) return LIVE_ONLY;
  // The files at the front may be the cause, so every other probe takes one from the back.
  const from = !state.isCertain && state.failures % 2 === 0 ? 'back' : 'front';
  return { bulk: true, retries: 'last', from };
}
