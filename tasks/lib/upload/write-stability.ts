import type { Clock } from './clock';
import type { Completeness } from './complete';
import { type Fingerprint, isSame } from './fingerprint';
import type { Item } from './queue';

/** A file that lacks the end which its format has must be stable so many times as long as one of unknown format. */
const CUT_SHORT = 30;
/** The date of this machine was set if it has moved by more than so many ms against the monotonic clock. */
const DATE_WAS_SET = 10_000;

/**
 * Since when each file has not changed, by this process's own monotonic clock: a file's mtime and the date of a Pi need
 * not agree. A file counts from the first time that it was observed with its present size and mtime, so it takes two
 * looks to find it stable.
 */
export class WriteStability {
  readonly #clock: Clock;
  readonly #seen = new Map<string, { fingerprint: Fingerprint; since: number }>();
  /** Date minus monotonic clock when this process began. */
  readonly #dateOffset: number;

  constructor(clock: Clock) {
    this.#clock = clock;
    this.#dateOffset = clock.date() - clock.now();
  }

  /** Notes what the file `name` looks like now. */
  observe(name: string, fingerprint: Fingerprint): void {
    const seen = this.#seen.get(name);
    if (seen !== undefined && isSame(seen.fingerprint, fingerprint)) return;
    this.#seen.set(name, { fingerprint, since: this.#clock.now() });
  }

  /** Whether this size and mtime were observed at least `threshold` ms ago, and nothing else since. */
  isStable(name: string, fingerprint: Fingerprint, threshold: number): boolean {
    const seen = this.#seen.get(name);
    return seen !== undefined && isSame(seen.fingerprint, fingerprint) && this.#clock.now() - seen.since >= threshold;
  }

  /** When (ms, monotonic) the file will be stable if nothing changes; `threshold` ms from now if it was not observed. */
  stableAt(name: string, threshold: number): number {
    return (this.#seen.get(name)?.since ?? this.#clock.now()) + threshold;
  }

  forget(name: string): void {
    this.#seen.delete(name);
  }

  /**
   * How long (ms) a file must be stable to count as finished: `stillness` where its format does not tell an end. One that
   * lacks the end of its format may be in the hands of a camera with a slow SD card, and waits 30 times as long, unless
   * it was cut short long ago. Only what lay there at the start can be so old, and only while the date can be believed:
   * a Pi's date jumps by years when the network tells it, and every file of the minute before would look old.
   */
  threshold(item: Item, { mtime }: Fingerprint, completeness: Completeness['state'], stillness: number): number {
    const long = CUT_SHORT * stillness;
    if (completeness !== 'incomplete') return stillness;
    const wasDateSet = Math.abs(this.#clock.date() - this.#clock.now() - this.#dateOffset) > DATE_WAS_SET;
    const isOld = item.live === 0 && !wasDateSet && this.#clock.date() - mtime >= long;
    return isOld ? stillness : long;
  }
}
