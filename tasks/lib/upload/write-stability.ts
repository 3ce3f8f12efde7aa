import type { Clock } from './clock';
import type { Completeness } from './complete';
import { type Fingerprint, isSame } from './fingerprint';
import type { Item } from './queue';

/** A file that its format shows to be cut short must be stable for 30 times the threshold of an unknown format. */
const CUT_SHORT = 30;
/** The machine's date counts as having been set if it moves by more than 10,000 ms against the monotonic clock. */
const DATE_WAS_SET = 10_000;

/**
 * Since when each file has been unchanged, by the monotonic clock of this process: the mtime of a file and the date of
 * a Pi need not agree. The time counts from the first observation of the present size and mtime, so only a second look
 * can find a file stable.
 */
export class WriteStability {
  readonly #clock: Clock;
  readonly #seen = new Map<string, { fingerprint: Fingerprint; since: number }>();
  /** Date minus monotonic clock, in ms, when this process began. */
  readonly #dateOffset: number;

  constructor(clock: Clock) {
    this.#clock = clock;
    this.#dateOffset = clock.date() - clock.now();
  }

  /** Records the present fingerprint of the file `name`. */
  observe(name: string, fingerprint: Fingerprint): void {
    const seen = this.#seen.get(name);
    if (seen !== undefined && isSame(seen.fingerprint, fingerprint)) return;
    this.#seen.set(name, { fingerprint, since: this.#clock.now() });
  }

  /** Whether the file has had this size and mtime for at least `threshold` ms. */
  isStable(name: string, fingerprint: Fingerprint, threshold: number): boolean {
    const seen = this.#seen.get(name);
    return seen !== undefined && isSame(seen.fingerprint, fingerprint) && this.#clock.now() - seen.since >= threshold;
  }

  /**
   * When (ms, monotonic) the file will be stable if it does not change; `threshold` ms from now if it was never
   * observed.
   */
  stableAt(name: string, threshold: number): number {
    return (this.#seen.get(name)?.since ?? this.#clock.now()) + threshold;
  }

  forget(name: string): void {
    this.#seen.delete(name);
  }

  /**
   * How long (ms) a file must be stable to count as finished: `stillness` where its format does not show its end, and
   * 30 times as long where its end is missing, because a camera with a slow SD card may still be writing. A file of the
   * backlog whose mtime is at least that old waits only for `stillness`, as long as the machine's date can be believed:
   * a Pi's date jumps by years when the network sets it, and would make every file of the minute before look old.
   */
  threshold(item: Item, { mtime }: Fingerprint, completeness: Completeness['state'], stillness: number): number {
    const long = CUT_SHORT * stillness;
    if (completeness !== 'incomplete') return stillness;
    const wasDateSet = Math.abs(this.#clock.date() - this.#clock.now() - this.#dateOffset) > DATE_WAS_SET;
    const isOld = item.live === 0 && !wasDateSet && this.#clock.date() - mtime >= long;
    return isOld ? stillness : long;
  }
}
