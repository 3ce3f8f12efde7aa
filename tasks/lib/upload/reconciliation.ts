/**
 * Which of the backlog is in the bucket already, by the bucket's own list.
 *
 * With the ledger lost or damaged, or a disk mounted again, pictures would be sent twice. So the list is asked whenever that
 * costs less than what would be sent. The device's key may
 * not ask for one object, but it may list: names and sizes come a thousand a request, and a file of the same name and
 * size counts as the same (a name holds the microsecond and a random token). Until that is known the backlog waits; live
 * events do not. A list that fails is asked for again, with a backoff of its own, and given up where it is refused, or
 * where it goes on failing while uploads succeed: rather a picture twice than never.
 *
 * This is a calculator: its owner asks whether a run is due (`dueAt`), starts it, and hears how it ended.
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

/** Given up after so many failures in a row, if uploads succeed meanwhile or there is to be one pass only. */
const MOST_FAILURES = 3;
/** Uploads "succeed meanwhile" if the last success came no longer than so many ms before the attempt began. */
const MEANWHILE = 60_000;

/** What a list of S3 takes for an object, in bytes: about 400 of XML, for a name of 80 characters. */
const BYTES_LISTED = 400;
/** So many files of the backlog stand for the size of all. */
const SAMPLE = 20;
/** The mtime, in the ledger, of a content of which only the list tells: no file has it. */
const UNKNOWN_TIME = -1;

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

/** Says how a run ended; `failures` logs what keeps everything from being sent. */
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

/** Moves from the queue to the ledger what the bucket has. How many files that were. */
async function moveToLedger(session: Session, queue: UploadQueue): Promise<number> {
  const { bucket, ledger, superseded } = session;
  const range = rangeOfBacklog(queue);
  if (range === undefined || !isWorthwhile(queue, ledger, range)) return 0;
  const prefix = session.keyOf('');
  let found = 0;
  // Listing begins after a key. Any beginning of the first name comes before that name, and before its variants.
  for await (const page of bucket.list(prefix, prefix + parse(range.first).name.slice(0, -1), superseded)) {
    superseded.throwIfAborted();
    for (const { key, size } of page) if (take(key.slice(prefix.length), size, queue, ledger)) found++;
    const last = page.at(-1)?.key;
    if (last !== undefined && last.slice(prefix.length) > range.last) break;
  }
  return found;
}

/**
 * Whether the object `listed`, of so many bytes, is the file of a queued item, which is then moved to the ledger. Where the
 * object has the file's name and another size, the ledger learns that, so that the file does not replace it.
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
 * Whether asking costs less than sending: a list has about so many bytes for each object in the range of the backlog, as
 * far as the ledger knows how many those are. Of a few files scattered among very many it is dearer than the files.
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

/** The first and the last name of the backlog as S3 orders keys, but for characters beyond the BMP: those are sent. */
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
