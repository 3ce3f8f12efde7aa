/**
 * Which uploads may be begun beside those that are running.
 *
 * Of several slots, one stays free for pictures of what happens now: they wait neither for the backlog, nor for a video, nor
 * for a file that fails again and again. While other files wait, retries take only a share of the rest.
 */
import type { CircuitBreaker } from './circuit-breaker';
import type { TakeOptions } from './queue';

/** Of the slots, one in so many is for retries. */
const RETRY_SHARE = 4;
const LIVE_ONLY: TakeOptions = { bulk: false, retries: 'none' };

/** An upload that is running. */
export interface Running {
  /** When (ms, monotonic) it was begun. */
  readonly startedAt: number;
  /** Whether it is of the backlog, or a video (see `isBulk`). */
  readonly isBulk: boolean;
  /** Whether the file has failed before. */
  readonly isRetry: boolean;
}

/** What decides, beside the uploads that are running. */
export interface Load {
  readonly circuit: Pick<CircuitBreaker, 'state' | 'liveAttemptAt'>;
  /** Uploads at a time. */
  readonly slots: number;
  /** Whether the backlog has to wait: it is being gathered, or compared with the bucket. */
  readonly mustBacklogWait: boolean;
  /** Ms, monotonic. */
  readonly now: number;
}

/** Which items may be begun beside `running`; `undefined`: none. */
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

/** One at a time. What was begun before the circuit opened, and may hang, does not count. */
function probe(running: readonly Running[], { circuit, mustBacklogWait, now }: Load): TakeOptions | undefined {
  const { state, liveAttemptAt } = circuit;
  if (state.is === 'closed' || (liveAttemptAt !== undefined && now < liveAttemptAt)) return undefined;
  const probes = running.filter(({ startedAt }) => startedAt >= state.since);
  if (probes.length > 0) {
    // On a mere suspicion, a probe that hangs holds up no picture of now.
    const isLive = probes.some(({ isBulk, isRetry }) => !isBulk && !isRetry);
    return state.isCertain || isLive ? undefined : LIVE_ONLY;
  }
  if (now < state.nextAttemptAt || mustBacklogWait) return LIVE_ONLY;
  // The files at the front may be what fails: every other probe is one from the back.
  const from = !state.isCertain && state.failures % 2 === 0 ? 'back' : 'front';
  return { bulk: true, retries: 'last', from };
}
