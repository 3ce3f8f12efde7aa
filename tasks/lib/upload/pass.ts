import { LONGEST_DELAY } from './backoff';
import type { UploadQueue } from './queue';

/** A file, or the whole target, is given up after so many failures in a row. */
const MOST_FAILURES = 3;
/** What is not finished after so many times the settings' stillness is left behind. */
const PATIENCE = 3;

/** How far a pass is. */
export interface Pass {
  /** Failures in a row that hit everything. */
  readonly failures: number;
  /** The settings' write stability threshold, in ms. */
  readonly stillness: number;
  /** Ms, monotonic. */
  readonly now: number;
  /** When the pass began: ms, monotonic. */
  readonly begunAt: number;
}

/** Whether a single pass over this queue is over: nothing is left that could be done within a reasonable time. */
export function isPassOver(queue: UploadQueue, { failures, stillness, now, begunAt }: Pass): boolean {
  if (failures >= MOST_FAILURES) return true;
  if (queue.ready > 0) return false;
  const isLate = now - begunAt > PATIENCE * stillness;
  for (const item of queue.items()) {
    const { state } = item;
    if (state.is !== 'held') return false;
    // A fault of this program is held for longer than any backoff: another try in this pass cannot mend it.
    const isTriedAgain = item.failures < MOST_FAILURES && state.until - now <= LONGEST_DELAY;
    if (state.hold.why === 'failed' && isTriedAgain) return false;
    if (state.hold.why === 'unfinished' && state.until - now <= stillness && !isLate) return false;
  }
  return true;
}
