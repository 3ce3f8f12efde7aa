/**
 * Finds which files of the backlog are in the bucket already, by listing the bucket.
 *
 * After the ledger was lost or damaged, or a disk was mounted again, pictures would be sent twice. So the bucket is
 * listed whenever that costs less than sending. The device's key may not read one object, but it may list: names and
 * sizes come a thousand a request, and a file of the same name and size counts as the same (a name holds the
 * microsecond and a random token). Until the list is complete the backlog waits; live events do not. A list that fails
 * is asked for again, with a backoff of its own. It is given up where the bucket refuses it, or where it goes on
 * failing while uploads succeed: a picture sent twice is better than one never sent.
 *
 * The owner of a `Reconciliation` asks when a run is due (`dueAt`) and starts it.
 */
import { join, parse } from 'node:path';
import type { Problem } from '../bucket/problem';
import { problemOf } from '../bucket/problem-of';
import { plural } from '../plural';
import { delayAfter } from './backoff';
import type { Clock } from './clock';
import { fingerprintOf } from './fingerprint';
import { splitVariant } from './key-variant';
import type { Ledger } from './ledger';
import type { UploadQueue } from './queue';
import type { Report } from './report';
import type { Session } from './session';

/** Listing is given up after 3 consecutive failures, if uploads succeed meanwhile or there is one pass only. */
const MOST_FAILURES = 3;
/** Uploads "succeed meanwhile" if the last success came at most 60,000 ms before the attempt to list began. */
const MEANWHILE = 60_000;

/** Bytes that a list of S3 takes for one object: about 400 of XML, for a name of 80 characters. */
const BYTES_LISTED = 400;
/** The average size of the backlog is estimated from 20 of its files. */
const SAMPLE = 20;
/** The mtime in the ledger for a content known from the list only. No file has it. */
const UNKNOWN_TIME = -1;

/** What `Reconciliation` works with. */
export interface ReconciliationParts {
  readonly queue: UploadQueue;
  readonly clock: Clock;
  /** Returns numbers in [0, 1), for the backoff. */
  readonly random: () => number;
  readonly once: boolean;
}

/** How a run ended. */
export type ReconciliationResult =
  /** `found`: how many files were in the bucket. They are in the ledger now. */
  | { readonly is: 'done'; readonly found: number }
  /** The settings changed during the run; `supersede` has made it due again. */
  | { readonly is: 'superseded' }
  /** The bucket cannot be listed now. It will be tried again. */
  | { readonly is: 'failed'; readonly problem: Problem }
  /** The bucket cannot be listed. The whole backlog is sent. */
  | { readonly is: 'given-up'; readonly problem: Problem };

type State =
  | { readonly is: 'idle' }
  /** Not before `at` (ms, monotonic). `problem`: why the last attempt failed. */
  | { readonly is: 'due'; readonly at: number; readonly problem?: Problem }
  /** `isDueAgain`: more unknown files were found during the run. */
  | { readonly is: 'running'; readonly isDueAgain: boolean; readonly problem: Problem | undefined };

/** Compares the backlog with the bucket's list (see the head of this file). */
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

  /** When (ms, monotonic) `run` should be called next; `undefined` while it runs or is not needed. */
  get dueAt(): number | undefined {
    return this.#state.is === 'due' ? this.#state.at : undefined;
  }

  /** Why the bucket could not be listed, until a list succeeds or is given up. */
  get problem(): Problem | undefined {
    return this.#state.is === 'idle' ? undefined : this.#state.problem;
  }

  /** The backlog has files that the ledger does not know: makes a run due. */
  request(): void {
    if (this.#state.is === 'running') this.#state = { ...this.#state, isDueAgain: true };
    else if (this.#state.is === 'idle') this.#state = { is: 'due', at: this.#parts.clock.now() };
  }

  /** The settings have changed: a run that was not finished or was given up is due at once. */
  supersede(): void {
    if (this.#state.is === 'idle' && !this.#wasGivenUp) return;
    this.#failures = 0;
    if (this.#state.is === 'running') this.#state = { ...this.#state, isDueAgain: true };
    else this.#state = { is: 'due', at: this.#parts.clock.now() };
  }

  /**
   * Lists the bucket and moves the files that it has from the queue to the ledger. `uploads.lastSuccess`: when the last
   * upload succeeded (ms, monotonic). Never rejects.
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

/** Logs how a run ended. `failures.log` logs a problem that stops all uploads. */
export function logReconciliation(
  result: ReconciliationResult,
  report: Pick<Report, 'say' | 'warn'>,
  failures: { log(problem: Problem): void },
): void {
  if (result.is === 'failed') failures.log(result.problem);
  if (result.is === 'given-up') {
    report.warn(`The bucket cannot be listed (${result.problem.code}): what is there may be sent once more.`);
  }
  if (result.is === 'done' && result.found > 0) {
    report.say(`${plural(result.found, 'file')} of the backlog in the bucket already.`);
  }
}

/**
 * Moves the files that the bucket has from the queue to the ledger.
 *
 * @returns how many files were moved.
 */
async function moveToLedger(session: Session, queue: UploadQueue): Promise<number> {
  const { bucket, ledger, superseded } = session;
  const range = rangeOfBacklog(queue);
  if (range === undefined || !isWorthwhile(queue, ledger, range)) return 0;
  const prefix = session.keyOf('');
  let found = 0;
  // A list begins after a key. Every prefix of the first name sorts before that name and its variants.
  for await (const page of bucket.list(prefix, prefix + parse(range.first).name.slice(0, -1), superseded)) {
    superseded.throwIfAborted();
    for (const { key, size } of page) if (take(key.slice(prefix.length), size, queue, ledger)) found++;
    const last = page.at(-1)?.key;
    if (last !== undefined && last.slice(prefix.length) > range.last) break;
  }
  return found;
}

/**
 * Moves the file of the object `listed` (`size` bytes) to the ledger if it is queued with the same size. If the sizes
 * differ, the ledger records the object, so that the file does not replace it.
 *
 * @returns whether it was moved.
 */
function take(listed: string, size: number, queue: UploadQueue, ledger: Ledger): boolean {
  const { name, variant } = (queue.get(listed) === undefined && splitVariant(listed)) || { name: listed, variant: '' };
  const item = queue.get(name);
  if (item === undefined || item.state.is === 'sending') return false;
  const fingerprint = fingerprintOf(join(item.directory, name));
  if (fingerprint === undefined) return false;
  if (fingerprint.size === size) {
    ledger.add(name, fingerprint, { variant });
    queue.remove(name);
    return true;
  }
  if (variant === '' && !ledger.knows(name)) ledger.add(name, { size, mtime: UNKNOWN_TIME });
  return false;
}

/**
 * Whether listing costs less than sending. A list takes about `BYTES_LISTED` for each object between the first and the
 * last name of the backlog; the ledger tells how many there are. For a few files scattered among very many objects,
 * listing is dearer than sending.
 */
function isWorthwhile(queue: UploadQueue, ledger: Ledger, range: Range): boolean {
  let objects = 0;
  for (const name of ledger.names()) if (name >= range.first && name <= range.last) objects++;
  let sampled = 0;
  let bytes = 0;
  for (const { name, directory, live } of queue.items()) {
    if (live > 0) continue;
    bytes += fingerprintOf(join(directory, name))?.size ?? 0;
    if (++sampled === SAMPLE) break;
  }
  return objects * BYTES_LISTED <= (bytes / Math.max(1, sampled)) * range.count;
}

interface Range {
  readonly first: string;
  readonly last: string;
  readonly count: number;
}

/**
 * The first and the last name of the backlog in the order of S3's keys. Characters beyond the BMP sort differently in
 * JavaScript; at worst such files are sent once more.
 */
function rangeOfBacklog(queue: UploadQueue): Range | undefined {
  let range: { first: string; last: string; count: number } | undefined;
  for (const { name, live } of queue.items()) {
    if (live > 0) continue;
    range ??= { first: name, last: name, count: 0 };
    range.count++;
    if (name < range.first) range.first = name;
    else if (name > range.last) range.last = name;
  }
  return range;
}
