/** The progress of an uploader, for `grunt status`, the progress bar and the summary. */

import type { Problem } from '../bucket/problem';
import type { Clock } from './clock';
import type { Ledger } from './ledger';
import type { QueueCounts, UploadQueue } from './queue';

/** Counts since the start. */
export interface Totals {
  uploaded: number;
  uploadedBytes: number;
  vanished: number;
  lastSuccess: { name: string; at: Date } | undefined;
}

/** The progress of an uploader. */
export interface UploaderStatus extends QueueCounts, Totals {
  /** The problem that stops all uploads of the target. */
  problem: { message: string; remedy: string; nextTry: Date } | undefined;
  /** Why files failed, the most frequent reason first. */
  failures: { why: string; count: number; example: string }[];
}

/** Where one file is on its way to the bucket. `before`: how many files go before it. */
export type Whereabouts =
  | { is: 'uploaded' }
  | { is: 'sending' }
  | { is: 'queued'; before: number }
  | { is: 'unfinished' | 'empty'; nextLook: Date }
  | { is: 'failed'; message: string; nextTry: Date }
  | { is: 'unknown' };

/** The problem that stops all uploads of a target, and when (ms, monotonic) the next attempt is. */
export interface Trouble {
  readonly problem: Problem;
  readonly nextTry: number;
}

/** The status of an uploader with this queue. */
export function progressOf(
  queue: UploadQueue,
  totals: Readonly<Totals>,
  trouble: Trouble | undefined,
  clock: Clock,
): UploaderStatus {
  const problem = trouble && {
    message: trouble.problem.message,
    remedy: trouble.problem.remedy,
    nextTry: dateOf(Math.max(trouble.nextTry, clock.now()), clock),
  };
  return { ...queue.counts(), ...totals, problem, failures: failuresOf(queue) };
}

/** Where the file `name` is: in the queue, uploaded according to the ledger, or unknown. */
export function whereaboutsOf(name: string, queue: UploadQueue, ledger: Ledger, clock: Clock): Whereabouts {
  const item = queue.get(name);
  if (item === undefined) return { is: ledger.knows(name) ? 'uploaded' : 'unknown' };
  const { state } = item;
  if (state.is === 'sending') return { is: 'sending' };
  if (state.is === 'ready') return { is: 'queued', before: queue.before(item) };
  const at = dateOf(state.until, clock);
  if (state.hold.why === 'failed') return { is: 'failed', message: state.hold.message, nextTry: at };
  return { is: state.hold.why, nextLook: at };
}

/** A file that a pass has left behind, and why. */
export interface LeftBehind {
  readonly name: string;
  readonly why: string;
}

/** The files that are left in the queue, and why. Empty files are left out. `trouble`: what stops all uploads. */
export function leftBehind(queue: UploadQueue, trouble: Trouble | undefined): LeftBehind[] {
  const left: LeftBehind[] = [];
  for (const { name, state } of queue.items()) {
    if (state.is !== 'held') left.push({ name, why: trouble?.problem.message ?? 'its turn did not come' });
    else if (state.hold.why === 'failed') left.push({ name, why: state.hold.message.replace(name, 'the file') });
    else if (state.hold.why === 'unfinished')
      left.push({ name, why: state.hold.isCutShort ? CUT_SHORT : BEING_WRITTEN });
  }
  return left;
}

const CUT_SHORT =
  'it is cut short: its end is missing. It is uploaded as it is when nobody has written to it for five minutes.';
const BEING_WRITTEN = 'it is still being written, or was a moment ago';

function failuresOf(queue: UploadQueue): UploaderStatus['failures'] {
  const failures = new Map<string, { why: string; count: number; example: string }>();
  for (const { name, state } of queue.items()) {
    if (state.is !== 'held' || state.hold.why !== 'failed') continue;
    const why = state.hold.message.replace(name, 'a file');
    const seen = failures.get(why);
    if (seen === undefined) failures.set(why, { why, count: 1, example: name });
    else seen.count++;
  }
  return [...failures.values()].sort((a, b) => b.count - a.count);
}

/** Converts a time of the monotonic clock (ms) to a date. */
function dateOf(at: number, clock: Clock): Date {
  return new Date(clock.date() + at - clock.now());
}
