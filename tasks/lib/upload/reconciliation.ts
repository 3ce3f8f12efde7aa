/**
 * Which of the backlog is in the bucket already, by the bucket's own list.
 *
 * With the ledger lost, or a disk mounted again, a hundred thousand pictures would be sent twice. The device's key may
 * not ask for one object, but it may list: names and sizes come a thousand a request, and a file of the same name and
 * size counts as the same (a name holds the microsecond and a random token). Until that is known the backlog waits; live
 * events do not. A list that fails is asked for again, with a backoff of its own, and given up where it is refused, or
 * where it goes on failing while uploads succeed: rather a picture twice than never.
 *
 * This is a calculator: its owner asks whether a run is due (`dueAt`), starts it, and hears how it ended.
 */
import { join } from 'node:path';
import type { Problem } from '../bucket/problem';
import { problemOf } from '../bucket/problem-of';
import { objectKey } from '../event';
import { delayAfter } from './backoff';
import type { Clock } from './clock';
import { fingerprintOf } from './fingerprint';
import type { UploadQueue } from './queue';
import type { Session } from './session';

/** Given up after so many failures in a row, if uploads succeed meanwhile or there is to be one pass only. */
const MOST_FAILURES = 3;
/** Uploads "succeed meanwhile" if the last success came no longer than so many ms before the attempt began. */
const MEANWHILE = 60_000;

/** What `Reconciliation` works on. */
export interface ReconciliationParts {
  readonly queue: UploadQueue;
  readonly clock: Clock;
  /** Yields numbers in [0, 1), for the backoff. */
  readonly random: () => number;
  /** One pass only: what fails again and again is given up. */
  readonly once: boolean;
}

/** How a run ended. */
export type ReconciliationResult =
  /** So many files were in the bucket, and are now in the ledger. */
  | { readonly is: 'done'; readonly found: number }
  /** Other settings came; `supersede` has made it due again. */
  | { readonly is: 'superseded' }
  /** The bucket cannot be listed now; it is tried again. */
  | { readonly is: 'failed'; readonly problem: Problem }
  /** The bucket cannot be listed; the backlog is sent as it is. */
  | { readonly is: 'given-up'; readonly problem: Problem };

type State =
  | { readonly is: 'idle' }
  /** Not before `at` (ms, monotonic). `problem`: why the last attempt failed. */
  | { readonly is: 'due'; readonly at: number; readonly problem?: Problem }
  /** `isDueAgain`: more unknown files were found meanwhile. */
  | { readonly is: 'running'; readonly isDueAgain: boolean; readonly problem: Problem | undefined };

export class Reconciliation {
  readonly #parts: ReconciliationParts;
  #state: State = { is: 'idle' };
  #failures = 0;
  #wasGivenUp = false;

  constructor(parts: ReconciliationParts) {
    this.#parts = parts;
  }

  /** Whether the backlog has to wait. */
  get isPending(): boolean {
    return this.#state.is !== 'idle';
  }

  /** When (ms, monotonic) `run` should be called next; `undefined` while it runs, or where there is nothing to do. */
  get dueAt(): number | undefined {
    return this.#state.is === 'due' ? this.#state.at : undefined;
  }

  /** Why the bucket cannot be listed, while that is tried. */
  get problem(): Problem | undefined {
    return this.#state.is === 'idle' ? undefined : this.#state.problem;
  }

  /** There are files of which the ledger does not know. */
  request(): void {
    if (this.#state.is === 'running') this.#state = { ...this.#state, isDueAgain: true };
    else if (this.#state.is === 'idle') this.#state = { is: 'due', at: this.#parts.clock.now() };
  }

  /** The settings have changed: what was not finished, or was given up, is due at once. */
  supersede(): void {
    if (this.#state.is === 'idle' && !this.#wasGivenUp) return;
    this.#failures = 0;
    if (this.#state.is === 'running') this.#state = { ...this.#state, isDueAgain: true };
    else this.#state = { is: 'due', at: this.#parts.clock.now() };
  }

  /**
   * Asks for the list and moves what the bucket has from the queue to the ledger. `uploads` tells when an upload
   * succeeded last (ms, monotonic).
   */
  async run(session: Session, uploads: { readonly lastSuccess: number }): Promise<ReconciliationResult> {
    const { queue, clock, random } = this.#parts;
    const begun = clock.now();
    this.#state = { is: 'running', isDueAgain: false, problem: this.problem };
    try {
      const found = await moveToLedger(session, queue);
      this.#failures = 0;
      this.#wasGivenUp = false;
      this.#end({ is: 'idle' });
      return { is: 'done', found };
    } catch (error) {
      if (session.superseded.aborted) {
        this.#end({ is: 'due', at: clock.now() });
        return { is: 'superseded' };
      }
      const problem = problemOf(error, session.bucket.place);
      this.#failures++;
      if (this.#isHopeless(problem, uploads.lastSuccess > begun - MEANWHILE)) {
        this.#wasGivenUp = true;
        this.#failures = 0;
        this.#end({ is: 'idle' });
        return { is: 'given-up', problem };
      }
      this.#end({ is: 'due', at: clock.now() + delayAfter(this.#failures, random()), problem });
      return { is: 'failed', problem };
    }
  }

  #end(next: State): void {
    const isDueAgain = this.#state.is === 'running' && this.#state.isDueAgain;
    this.#state = next.is === 'idle' && isDueAgain ? { is: 'due', at: this.#parts.clock.now() } : next;
  }

  #isHopeless({ kind, code }: Problem, areUploadsSucceeding: boolean): boolean {
    if (kind === 'denied' || kind === 'refused' || kind === 'fault' || code === 'NotImplemented') return true;
    return this.#failures >= MOST_FAILURES && (this.#parts.once || areUploadsSucceeding);
  }
}

/** Moves from the queue to the ledger what the bucket has. How many files that were. */
async function moveToLedger({ settings, bucket, ledger, superseded }: Session, queue: UploadQueue): Promise<number> {
  const range = rangeOfBacklog(queue);
  if (range === undefined) return 0;
  const prefix = objectKey(settings.destination.folder, '');
  let found = 0;
  // Listing begins after a key. Any beginning of the first name comes before that name.
  for await (const page of bucket.list(prefix, prefix + range.first.slice(0, -1), superseded)) {
    superseded.throwIfAborted();
    for (const { key, size } of page) {
      const name = key.slice(prefix.length);
      const item = queue.get(name);
      if (item === undefined || item.state.is === 'sending') continue;
      const fingerprint = fingerprintOf(join(item.directory, name));
      if (fingerprint?.size !== size) continue;
      ledger.add(name, fingerprint);
      queue.remove(name);
      found++;
    }
    const last = page.at(-1)?.key;
    if (last !== undefined && last.slice(prefix.length) > range.last) break;
  }
  return found;
}

/** The first and the last name of the backlog as S3 orders keys, but for characters beyond the BMP: those are sent. */
function rangeOfBacklog(queue: UploadQueue): { first: string; last: string } | undefined {
  let range: { first: string; last: string } | undefined;
  for (const { name, live } of queue.items()) {
    if (live > 0) continue;
    if (range === undefined) range = { first: name, last: name };
    else if (name < range.first) range.first = name;
    else if (name > range.last) range.last = name;
  }
  return range;
}
