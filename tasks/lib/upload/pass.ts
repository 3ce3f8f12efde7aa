import { LONGEST_DELAY } from './backoff';
import type { UploadQueue } from './queue';

/** A file, or the whole target, is given up after 3 consecutive failures. */
const MOST_FAILURES = 3;
/** An unfinished file is left behind after 3 times the write stability threshold. */
const PATIENCE = 3;

/** The progress of a pass. */
export interface Pass {
  /** Consecutive failures for a reason that affects every upload. */
  readonly failures: number;
  /** The settings' write stability threshold, in ms. */
  readonly stillness: number;
  /** Ms, monotonic. */
  readonly now: number;
  /** When the pass began: ms, monotonic. */
  readonly begunAt: number;
}

/** Whether a single pass over this queue is over: nothing is left that can be done within a reasonable time. */
export function isPassOver(queue: UploadQueue, { failures, stillness, now, begunAt }: Pass): boolean {
  if (failures >= MOST_FAILURES) return true;
  if (queue.ready > 0) return false;
  const isLate = now - begunAt > PATIENCE * stillness;
  for (const item of queue.items()) {
    const { state } = item;
    if (state.is !== 'held') return false;
    // A fault of this program is held for longer than any backoff: another attempt in this pass would not help.
    const isTriedAgain = item.failures < MOST_FAILURES && state.until - now <= LONGEST_DELAY;
    if (state.hold.why === 'failed' && isTriedAgain) return false;
    if (state.hold.why === 'unfinished' && state.until - now <= stillness && !isLate) return false;
  }
  return true;
}
