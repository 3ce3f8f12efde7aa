/**
 * `--limit-rate`: all uploads of a target together send no more than so many bytes a second.
 *
 * A token bucket that holds at most a tenth of a second's worth, so that the line is used evenly and the camera's live
 * view is not pushed aside in bursts. Requests are served in the order in which they come.
 */
import { setTimeout as wait } from 'node:timers/promises';

const BURST_SECONDS = 0.1;

export class RateLimit {
  readonly #bytesPerSecond: number;
  readonly #now: () => number;
  /** The time (ms) at which everything granted so far has been paid for. */
  #paidAt = Number.NEGATIVE_INFINITY;

  constructor(bytesPerSecond: number, now: () => number = () => performance.now()) {
    this.#bytesPerSecond = bytesPerSecond;
    this.#now = now;
  }

  /** How many bytes to ask for at a time. */
  get slice(): number {
    return Math.max(1, Math.min(16_384, Math.floor(this.#bytesPerSecond * BURST_SECONDS)));
  }

  /** Resolves when `bytes` more may be sent. */
  async take(bytes: number, signal?: AbortSignal): Promise<void> {
    const now = this.#now();
    const startsAt = Math.max(this.#paidAt, now - BURST_SECONDS * 1000);
    this.#paidAt = startsAt + (bytes / this.#bytesPerSecond) * 1000;
    const delay = this.#paidAt - now;
    if (delay > 0) await wait(delay, undefined, signal ? { signal } : {});
  }

  /** The bytes of `body`, at the rate. */
  async *pace(body: Buffer, signal?: AbortSignal): AsyncGenerator<Buffer> {
    for (let at = 0; at < body.length; at += this.slice) {
      const slice = body.subarray(at, at + this.slice);
      await this.take(slice.length, signal);
      yield slice;
    }
  }
}
