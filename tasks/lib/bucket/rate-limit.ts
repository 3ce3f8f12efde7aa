/**
 * `--limit-rate`: limits the bytes per second of all uploads of a target together.
 *
 * A token bucket that holds the tokens of at most a tenth of a second, so that the line is used evenly and bursts do
 * not disturb the camera's live view. Requests are served in the order of their arrival.
 */
import { setTimeout as wait } from 'node:timers/promises';

const BURST_SECONDS = 0.1;

/** A token bucket of bytes. */
export class RateLimit {
  readonly #bytesPerSecond: number;
  readonly #now: () => number;
  /** When (ms, clock of `now`) everything granted so far is paid for. */
  #paidAt = Number.NEGATIVE_INFINITY;

  /** `now` returns ms of a monotonic clock. */
  constructor(bytesPerSecond: number, now: () => number = () => performance.now()) {
    this.#bytesPerSecond = bytesPerSecond;
    this.#now = now;
  }

  /** The most bytes to ask for at a time. */
  get slice(): number {
    return Math.max(1, Math.min(16_384, Math.floor(this.#bytesPerSecond * BURST_SECONDS)));
  }

  /**
   * Resolves when `bytes` more may be sent.
   *
   * @throws an `AbortError` if `signal` fires first.
   */
  async take(bytes: number, signal?: AbortSignal): Promise<void> {
    const now = this.#now();
    const startsAt = Math.max(this.#paidAt, now - BURST_SECONDS * 1000);
    this.#paidAt = startsAt + (bytes / this.#bytesPerSecond) * 1000;
    const delay = this.#paidAt - now;
    if (delay > 0) await wait(delay, undefined, signal ? { signal } : {});
  }

  /**
   * Yields the bytes of `body` at the limited rate.
   *
   * @throws an `AbortError` if `signal` fires first.
   */
  async *pace(body: Buffer, signal?: AbortSignal): AsyncGenerator<Buffer> {
    for (let at = 0; at < body.length; at += this.slice) {
      const slice = body.subarray(at, at + this.slice);
      await this.take(slice.length, signal);
      yield slice;
    }
  }
}
