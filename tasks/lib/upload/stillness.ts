import { type Fingerprint, isSame } from './fingerprint';

/**
 * Which files have stood still for a while, by this process's own clock: the time of a file and the clock of a Pi need
 * not agree. The while begins with the first look at a content, so it takes two looks to find it still.
 */
export class Stillness {
  readonly #seen = new Map<string, { fingerprint: Fingerprint; since: number }>();

  /** Whether this content was seen `period` ms ago or earlier, and has been the same since. `now` in ms, monotonic. */
  isStill(name: string, fingerprint: Fingerprint, period: number, now: number): boolean {
    const seen = this.#seen.get(name);
    if (seen !== undefined && isSame(seen.fingerprint, fingerprint)) return now - seen.since >= period;
    this.#seen.set(name, { fingerprint, since: now });
    return false;
  }

  /** When (ms) the content last seen will have been still for `period` ms. */
  stillAt(name: string, period: number, now: number): number {
    return (this.#seen.get(name)?.since ?? now) + period;
  }

  forget(name: string): void {
    this.#seen.delete(name);
  }
}
