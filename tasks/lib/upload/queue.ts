/**
 * What is to be uploaded, and which is next.
 *
 * An owner whose house is being broken into does not wait behind last week. So files noticed while we run ("live") go
 * first: the latest first, and pictures before videos, which take longer. Files found at the start (the backlog)
 * follow, newest first. "Latest" is the order in which files were noticed, not a time: a Pi has no clock battery, and
 * after a power cut its time jumps back.
 *
 * The queue holds a file once, by its name, in one of three states: `ready`, `sending`, or `held` until a time, because
 * it failed or because the camera has not finished it. A file that has failed is a retry from then on. Retries have a
 * heap of their own, and the caller says how many slots they may take: a hundred files that always fail delay no good
 * one.
 *
 * Memory: about 250 bytes a waiting file, its name of 80 characters included (test/lib/upload/queue.test.ts measures
 * it).
 */
import { Heap } from './heap';

/**
 * Why an item is held. `failed`: its upload failed. `unfinished`: the camera has not finished the file; `isCutShort`:
 * its format shows that its end is missing. `empty`: the file has 0 bytes so far.
 */
export type Hold =
  | { readonly why: 'failed'; readonly message: string }
  | { readonly why: 'unfinished'; readonly isCutShort: boolean }
  | { readonly why: 'empty' };

/** `ready`: may be taken. `sending`: was taken; `offeredAgain`: its file changed since. `held`: not before a time. */
export type ItemState =
  | { readonly is: 'ready' }
  | { readonly is: 'sending'; offeredAgain: boolean }
  /** `until`: ms, monotonic. */
  | { readonly is: 'held'; readonly until: number; readonly hold: Hold };

/** A file in the queue. Only the queue changes it. */
export interface Item {
  readonly name: string;
  readonly directory: string;
  /** When the camera took it, in ms since 1970, by its name or else its mtime; 0 where neither is known. */
  readonly captured: number;
  /** Position in the order in which live files were noticed, from 1; 0 for the backlog. */
  readonly live: number;
  readonly isVideo: boolean;
  /** Consecutive failures of this file. */
  readonly failures: number;
  readonly state: ItemState;
}

/** A file that `offer` takes. */
export interface Offer {
  readonly name: string;
  readonly directory: string;
  readonly captured: number;
  /** Whether it was noticed while we run. It then goes before everything noticed earlier. */
  readonly isLive: boolean;
  readonly isVideo: boolean;
}

/** What `take` may return. */
export interface TakeOptions {
  /** Whether backlog and videos may go (`isBulk`). */
  readonly bulk: boolean;
  /** Whether a failed file may go: `first` before the backlog, `last` if nothing else is ready, or not at all. */
  readonly retries: 'first' | 'last' | 'none';
  /** `back`: of the bulk that never failed, the item that would go last. Every other probe is one (admission.ts). */
  readonly from?: 'front' | 'back';
}

/** How many files are in which state; `failed`, `unfinished` and `empty` count held files by reason. */
export interface QueueCounts {
  /** All files in the queue. */
  pending: number;
  /** Files noticed while we run. */
  live: number;
  sending: number;
  failed: number;
  unfinished: number;
  /** Unfinished files whose format shows that their end is missing. */
  cutShort: number;
  empty: number;
}

/** Whether an item may take long, or may wait. One slot is kept free of such items, for pictures of now. */
export function isBulk({ live, isVideo }: Item): boolean {
  return live === 0 || isVideo;
}

interface Entry extends Item {
  live: number;
  failures: number;
  state: ItemState;
  heapIndex: number;
}

const READY: ItemState = { is: 'ready' };

function isSooner(a: Item, b: Item): boolean {
  const aRank = rank(a);
  const bRank = rank(b);
  if (aRank !== bRank) return aRank > bRank;
  if (a.live !== b.live) return a.live > b.live;
  if (a.captured !== b.captured) return a.captured > b.captured;
  return a.name > b.name;
}

function rank({ live, isVideo }: Item): number {
  if (live === 0) return 0;
  return isVideo ? 1 : 2;
}

function heldUntil({ state }: Item): number {
  return state.is === 'held' ? state.until : 0;
}

/** The files that wait for their upload, in order of importance. */
export class UploadQueue {
  readonly #entries = new Map<string, Entry>();
  /** Ready, and never failed. */
  readonly #fresh = new Heap<Entry>(isSooner);
  /** Ready once more after a failure. */
  readonly #retries = new Heap<Entry>(isSooner);
  readonly #held = new Heap<Entry>((a, b) => heldUntil(a) < heldUntil(b));
  readonly #counts: QueueCounts = { pending: 0, live: 0, sending: 0, failed: 0, unfinished: 0, cutShort: 0, empty: 0 };
  #arrivals = 0;

  get size(): number {
    return this.#entries.size;
  }

  /** How many items could be sent now. */
  get ready(): number {
    return this.#fresh.size + this.#retries.size;
  }

  get(name: string): Item | undefined {
    return this.#entries.get(name);
  }

  items(): IterableIterator<Item> {
    return this.#entries.values();
  }

  counts(): QueueCounts {
    return { ...this.#counts };
  }

  /**
   * Adds a file; a live file moves to the front. A file that is being sent becomes ready again after `done`, because
   * the upload may have read it before the change. `hold`: not ready before `hold.until` (ms, monotonic).
   *
   * @returns the item; `undefined` where the name is queued from another directory: in the bucket both would be one
   * object.
   */
  offer(offer: Offer, hold?: { readonly until: number; readonly hold: Hold }): Item | undefined {
    const { name, directory, captured, isLive, isVideo } = offer;
    let entry = this.#entries.get(name);
    if (entry === undefined) {
      entry = { name, directory, captured, live: 0, isVideo, failures: 0, state: READY, heapIndex: -1 };
      this.#entries.set(name, entry);
      this.#count(entry, 1);
    } else if (entry.directory !== directory) {
      return undefined;
    }
    if (entry.state.is === 'sending') {
      entry.state.offeredAgain = true;
      this.#setLive(entry, isLive);
      return entry;
    }
    this.#leaveHeap(entry);
    this.#setLive(entry, isLive);
    if (hold === undefined) this.#makeReady(entry);
    else this.#makeHeld(entry, hold.until, hold.hold);
    return entry;
  }

  /** Takes the next item to send at `now` (ms, monotonic) and marks it `sending`; `undefined` where none may go. */
  take(now: number, { bulk, retries, from = 'front' }: TakeOptions): Item | undefined {
    this.#release(now);
    const first = this.#fresh.peek();
    const fresh = from === 'back' && first !== undefined && isBulk(first) ? this.#fresh.last() : first;
    const retry = retries === 'none' ? undefined : this.#retries.peek();
    const isFreshAllowed = fresh !== undefined && (bulk || !isBulk(fresh));
    const isRetryAllowed = retry !== undefined && (bulk || !isBulk(retry));
    if (!isFreshAllowed) return isRetryAllowed ? this.#send(retry) : undefined;
    return isRetryAllowed && retries === 'first' && isBulk(fresh) ? this.#send(retry) : this.#send(fresh);
  }

  /** The item needs no further upload: removes it, or makes it ready again if it was offered meanwhile. */
  done(item: Item): void {
    const entry = this.#entries.get(item.name);
    if (entry === undefined) return;
    if (entry.state.is === 'sending' && entry.state.offeredAgain) {
      entry.failures = 0;
      this.#makeReady(entry);
    } else {
      this.remove(item.name);
    }
  }

  /** Makes the item ready at once, and forgets its failures: the cause was not the item. */
  putBack(item: Item): void {
    const entry = this.#entries.get(item.name);
    if (entry === undefined) return;
    this.#leaveHeap(entry);
    entry.failures = 0;
    this.#makeReady(entry);
  }

  /** The upload of the item failed once more. It is held until `until` (ms, monotonic), and is a retry from then on. */
  fail(item: Item, until: number, message: string): void {
    const entry = this.#entries.get(item.name);
    if (entry === undefined) return;
    entry.failures++;
    this.hold(entry, until, { why: 'failed', message });
  }

  /** Holds the item until `until` (ms, monotonic); makes it ready instead if it was offered again while it was sent. */
  hold(item: Item, until: number, hold: Hold): void {
    const entry = this.#entries.get(item.name);
    if (entry === undefined) return;
    const { state } = entry;
    this.#leaveHeap(entry);
    if (state.is === 'sending' && state.offeredAgain) this.#makeReady(entry);
    else this.#makeHeld(entry, until, hold);
  }

  remove(name: string): void {
    const entry = this.#entries.get(name);
    if (entry === undefined) return;
    this.#leaveHeap(entry);
    this.#count(entry, -1);
    this.#entries.delete(name);
  }

  /** Makes ready every held item with at most `failures` consecutive failures, as if it had not failed. */
  releaseFailed(failures = Number.POSITIVE_INFINITY): void {
    for (const entry of this.#entries.values()) {
      const { state } = entry;
      if (state.is === 'held' && state.hold.why === 'failed' && entry.failures <= failures) this.putBack(entry);
    }
  }

  /** When (ms, monotonic) the next held item becomes ready; `undefined` where none is held. */
  nextRelease(): number | undefined {
    const next = this.#held.peek();
    return next && heldUntil(next);
  }

  /** The ready items in the order in which they would be taken. Changes nothing. */
  inOrder(): Item[] {
    return [...this.#fresh.inOrder(), ...this.#retries.inOrder()];
  }

  /** How many ready items go before this one. */
  before(item: Item): number {
    let count = 0;
    for (const other of this.#entries.values()) {
      if (other.state.is !== 'ready') continue;
      const isOtherRetry = other.failures > 0;
      const isRetry = item.failures > 0;
      if (isOtherRetry === isRetry ? isSooner(other, item) : isRetry) count++;
    }
    return count;
  }

  #send(entry: Entry): Item {
    this.#leaveHeap(entry);
    this.#setState(entry, { is: 'sending', offeredAgain: false });
    return entry;
  }

  #makeReady(entry: Entry): void {
    this.#setState(entry, READY);
    (entry.failures > 0 ? this.#retries : this.#fresh).push(entry);
  }

  #makeHeld(entry: Entry, until: number, hold: Hold): void {
    this.#setState(entry, { is: 'held', until, hold });
    this.#held.push(entry);
  }

  #leaveHeap(entry: Entry): void {
    if (entry.heapIndex < 0) return;
    if (!this.#fresh.remove(entry) && !this.#retries.remove(entry)) this.#held.remove(entry);
  }

  #setState(entry: Entry, state: ItemState): void {
    this.#count(entry, -1);
    entry.state = state;
    this.#count(entry, 1);
  }

  #setLive(entry: Entry, isLive: boolean): void {
    if (!isLive) return;
    this.#count(entry, -1);
    entry.live = ++this.#arrivals;
    this.#count(entry, 1);
  }

  #count({ live, state }: Item, by: 1 | -1): void {
    const counts = this.#counts;
    counts.pending += by;
    if (live > 0) counts.live += by;
    if (state.is === 'sending') counts.sending += by;
    if (state.is !== 'held') return;
    counts[state.hold.why] += by;
    if (state.hold.why === 'unfinished' && state.hold.isCutShort) counts.cutShort += by;
  }

  #release(now: number): void {
    for (let next = this.#held.peek(); next !== undefined && heldUntil(next) <= now; next = this.#held.peek()) {
      this.#held.pop();
      this.#makeReady(next);
    }
  }
}
