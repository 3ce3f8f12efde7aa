/**
 * Which of the backlog is in the bucket already.
 *
 * With the ledger lost, or a disk mounted again, a hundred thousand pictures would be sent twice. The device's key may
 * not ask for one object, but it may list: names and sizes come a thousand a request, and a file of the same name and
 * size is taken for the same (a name holds the microsecond and a random token). Until that is known the backlog waits,
 * live events do not. A list that fails is asked for again, with a backoff of its own, and given up where it is refused,
 * or where it goes on failing while uploads succeed: rather a picture twice than never.
 */
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import type { Problem } from '../bucket/problem';
import { problemOf } from '../bucket/problem-of';
import { objectKey } from '../event';
import { plural } from '../plural';
import { fingerprintOf } from './fingerprint';
import type { UploadQueue } from './queue';
import { delayAfter } from './retry';
import type { Work } from './work';

/** While uploading is paused, it is looked so often, in ms, whether it still is. */
const PAUSED_AGAIN = 200;
/** Given up after so many failures in a row, if uploads succeed meanwhile or there is to be one pass only. */
const MOST_FAILURES = 3;

export interface LookUpParts {
  readonly queue: UploadQueue;
  /** One pass only. */
  readonly once: boolean;
  isPaused(): boolean;
  /** When an upload succeeded last (ms, monotonic). */
  lastSuccess(): number;
  /** The backlog need not wait any more. */
  done(): void;
  /** The bucket cannot be listed now; it is tried again. */
  trouble(problem: Problem): void;
  say(text: string): void;
  warn(text: string): void;
}

export class LookUp {
  readonly #parts: LookUpParts;
  #due: Work | undefined;
  #running: Promise<void> | undefined;
  #problem: Problem | undefined;
  #wasGivenUp = false;

  constructor(parts: LookUpParts) {
    this.#parts = parts;
  }

  /** The backlog waits while this is so. */
  get isRunning(): boolean {
    return this.#running !== undefined;
  }

  /** Why the bucket cannot be listed, while that is tried. */
  get problem(): Problem | undefined {
    return this.#problem;
  }

  /** There are files of which the ledger does not know. */
  request(work: Work): void {
    this.#due = work;
    this.#running ??= this.#run().finally(() => {
      this.#running = undefined;
      this.#parts.done();
    });
  }

  /** The settings have changed: what was not finished, or was refused, is begun anew. */
  replace(work: Work): void {
    if (this.isRunning || this.#wasGivenUp) this.request(work);
  }

  async #run(): Promise<void> {
    let failures = 0;
    for (let work = this.#due; work !== undefined; work = this.#due) {
      const { signal } = work.over;
      if (signal.aborted) {
        if (this.#due === work) this.#due = undefined;
        continue;
      }
      if (this.#parts.isPaused()) {
        await wait(PAUSED_AGAIN, undefined, { ref: false });
        continue;
      }
      this.#due = undefined;
      const begun = performance.now();
      try {
        const found = await moveToLedger(work, this.#parts.queue);
        failures = 0;
        this.#problem = undefined;
        this.#wasGivenUp = false;
        if (found > 0) this.#parts.say(`${plural(found, 'file')} of the backlog in the bucket already.`);
      } catch (error) {
        if (signal.aborted) continue;
        const problem = problemOf(error, work.bucket.place);
        failures++;
        if (this.#isHopeless(problem, failures, begun)) {
          this.#problem = undefined;
          this.#wasGivenUp = true;
          this.#parts.warn(`The bucket cannot be listed (${problem.code}): what is there may be sent once more.`);
          continue;
        }
        this.#problem = problem;
        this.#parts.trouble(problem);
        this.#due ??= work;
        await wait(delayAfter(failures, Math.random()), undefined, { signal, ref: false }).catch(() => {});
      }
    }
    this.#problem = undefined;
  }

  #isHopeless({ kind, code }: Problem, failures: number, begun: number): boolean {
    if (kind === 'denied' || kind === 'refused' || code === 'NotImplemented') return true;
    return failures >= MOST_FAILURES && (this.#parts.once || this.#parts.lastSuccess() > begun - 60_000);
  }
}

/** Moves from the queue to the ledger what the bucket has. How many files that were. */
async function moveToLedger({ settings, bucket, ledger, over }: Work, queue: UploadQueue): Promise<number> {
  const range = rangeOfBacklog(queue);
  if (range === undefined) return 0;
  const prefix = objectKey(settings.destination.folder, '');
  let found = 0;
  // Listing begins after a key. Any beginning of the first name comes before that name.
  for await (const page of bucket.list(prefix, prefix + range.first.slice(0, -1), over.signal)) {
    over.signal.throwIfAborted();
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
