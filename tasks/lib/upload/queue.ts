/**
 * What is to be uploaded, and which is next.
 *
 * An owner whose house is being broken into does not wait behind last week: what was noticed while we run ("live")
 * goes first, the latest first, and pictures before videos, which take their time; what was found lying there (the
 * backlog) fills the rest, newest first. "Latest" is the order in which we noticed, not a time: a Pi has no clock battery, and after a power cut its time jumps back.
 *
 * A file is in here once, by its name, whatever happens to it: `ready` (in the heap that `take` pops), `sending`, or
 * `held` until a time: after a failure, or because it is not finished yet. Moving an entry in a heap is dear and
 * rarely needed, so a heap holds tickets; an item's older tickets are void and skipped when they come up.
 */
import { Heap } from './heap';

/** Why an item is held: it failed (and why), the camera has not finished it, or has written nothing to it so far. */
export type Hold = { why: 'failed'; message: string } | { why: 'unfinished' } | { why: 'empty' };

export type ItemState =
  | { is: 'ready' }
  | { is: 'sending'; since: number; offeredAgain: boolean }
  | { is: 'held'; until: number; hold: Hold };

export interface Item {
  readonly name: string;
  readonly directory: string;
  /** When the camera took it, in ms since 1970 as its name or its file says; 0 where neither does. */
  readonly captured: number;
  /** Position in the order of arrival of what was noticed live; 0 for the backlog. */
  live: number;
  readonly isVideo: boolean;
  /** Failures in a row, of this file. */
  failures: number;
  state: ItemState;
  ticket: number;
}

/** Whether an item may take long, or may wait: whoever keeps a slot free keeps it free of these. */
export function isBulk({ live, isVideo }: Item): boolean {
  return live === 0 || isVideo;
}

interface Ticket {
  readonly item: Item;
  readonly number: number;
  readonly live: number;
  readonly at: number;
}

function isSooner(a: Ticket, b: Ticket): boolean {
  const aRank = rank(a);
  const bRank = rank(b);
  if (aRank !== bRank) return aRank > bRank;
  if (a.live !== b.live) return a.live > b.live;
  if (a.item.captured !== b.item.captured) return a.item.captured > b.item.captured;
  return a.item.name > b.item.name;
}

function rank({ live, item }: Ticket): number {
  if (live === 0) return 0;
  return item.isVideo ? 1 : 2;
}

export interface QueueCounts {
  /** Everything in the queue. */
  pending: number;
  live: number;
  sending: number;
  failed: number;
  unfinished: number;
  empty: number;
}

export class UploadQueue {
  readonly #items = new Map<string, Item>();
  readonly #ready = new Heap<Ticket>(isSooner);
  readonly #held = new Heap<Ticket>((a, b) => a.at < b.at);
  #arrivals = 0;
  #tickets = 0;

  get size(): number {
    return this.#items.size;
  }

  get(name: string): Item | undefined {
    return this.#items.get(name);
  }

  items(): IterableIterator<Item> {
    return this.#items.values();
  }

  /**
   * A file that should be uploaded: `live` puts it before everything that came earlier. One that is being sent is
   * offered again when `done` is called, since what is being sent may be older than what was noticed now. The same
   * name from a second directory is refused (`undefined`): in the bucket both would be one object.
   */
  offer(directory: string, name: string, captured: number, live: boolean, isVideo = false): Item | undefined {
    const item = this.#items.get(name);
    if (item === undefined) {
      const added: Item = {
        name,
        directory,
        captured,
        live: live ? ++this.#arrivals : 0,
        isVideo,
        failures: 0,
        state: { is: 'ready' },
        ticket: 0,
      };
      this.#items.set(name, added);
      this.#makeReady(added);
      return added;
    }
    if (item.directory !== directory) return undefined;
    if (live) item.live = ++this.#arrivals;
    if (item.state.is === 'sending') item.state.offeredAgain = true;
    else this.#makeReady(item);
    return item;
  }

  /** The next one to send at `now` (ms), marked `sending`; of no bulk unless `bulkToo` (see `isBulk`). */
  take(now: number, bulkToo: boolean): Item | undefined {
    this.#release(now);
    for (;;) {
      const ticket = this.#ready.peek();
      if (ticket === undefined || (!bulkToo && rank(ticket) < 2 && this.#isValid(ticket))) return undefined;
      this.#ready.pop();
      if (!this.#isValid(ticket)) continue;
      ticket.item.state = { is: 'sending', since: now, offeredAgain: false };
      return ticket.item;
    }
  }

  /** Sent, vanished or no file at all: out of the queue, or, if it was offered again meanwhile, once more. */
  done(item: Item): void {
    if (item.state.is === 'sending' && item.state.offeredAgain) {
      item.failures = 0;
      this.#makeReady(item);
    } else {
      this.remove(item.name);
    }
  }

  /** Ready again at once: it was not its own fault. */
  putBack(item: Item): void {
    item.failures = 0;
    this.#makeReady(item);
  }

  /** Not before `until` (ms), unless it is offered again. */
  hold(item: Item, until: number, hold: Hold): void {
    if (item.state.is === 'sending' && item.state.offeredAgain) {
      this.#makeReady(item);
      return;
    }
    item.state = { is: 'held', until, hold };
    item.ticket = ++this.#tickets;
    this.#push(this.#held, { item, number: item.ticket, live: item.live, at: until });
  }

  remove(name: string): void {
    const item = this.#items.get(name);
    if (item === undefined) return;
    item.ticket = ++this.#tickets;
    this.#items.delete(name);
  }

  /** What failed at most so many times in a row is ready again: the reason is gone, or may be. */
  releaseFailed(failures: number): void {
    for (const item of this.#items.values()) {
      if (item.state.is === 'held' && item.state.hold.why === 'failed' && item.failures <= failures)
        this.#makeReady(item);
    }
  }

  /** When the next held item becomes ready (ms), if any is held. */
  nextRelease(): number | undefined {
    for (;;) {
      const ticket = this.#held.peek();
      if (ticket === undefined) return undefined;
      if (this.#isValid(ticket)) return ticket.at;
      this.#held.pop();
    }
  }

  /** How many go before this one. */
  before(item: Item): number {
    const mine: Ticket = { item, number: item.ticket, live: item.live, at: 0 };
    let count = 0;
    for (const other of this.#items.values()) {
      if (other.state.is === 'ready' && isSooner({ item: other, number: 0, live: other.live, at: 0 }, mine)) count++;
    }
    return count;
  }

  counts(): QueueCounts {
    const counts: QueueCounts = { pending: this.#items.size, live: 0, sending: 0, failed: 0, unfinished: 0, empty: 0 };
    for (const { live, state } of this.#items.values()) {
      if (live > 0) counts.live++;
      if (state.is === 'sending') counts.sending++;
      if (state.is === 'held') counts[state.hold.why]++;
    }
    return counts;
  }

  #isValid(ticket: Ticket): boolean {
    return ticket.item.ticket === ticket.number;
  }

  #makeReady(item: Item): void {
    item.state = { is: 'ready' };
    item.ticket = ++this.#tickets;
    this.#push(this.#ready, { item, number: item.ticket, live: item.live, at: 0 });
  }

  /** A file that is written to a thousand times leaves as many void tickets, should nobody take any for a while. */
  #push(heap: Heap<Ticket>, ticket: Ticket): void {
    heap.push(ticket);
    if (heap.size > 2 * this.#items.size + 1000) heap.keep((each) => this.#isValid(each));
  }

  #release(now: number): void {
    for (;;) {
      const at = this.nextRelease();
      if (at === undefined || at > now) return;
      const ticket = this.#held.pop();
      if (ticket !== undefined) this.#makeReady(ticket.item);
    }
  }
}
