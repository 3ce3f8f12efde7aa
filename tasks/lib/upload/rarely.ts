/** The same trouble is told again after so many ms. */
const TELL_AGAIN = 3_600_000;
/** Trouble that was not seen for so many ms is news when it comes back. */
const FORGET_AFTER = 600_000;

/**
 * Remembers what was told, so that one trouble of a thousand files, or one that comes and goes, is one line in the log and
 * not a thousand.
 */
export class Rarely {
  readonly #told = new Map<string, { at: number; seen: number }>();

  /** Trouble of the kind `what` is there; whether it is to be told now. */
  may(what: string): boolean {
    const now = performance.now();
    const told = this.#told.get(what);
    if (told !== undefined && now - told.seen < FORGET_AFTER && now - told.at < TELL_AGAIN) {
      told.seen = now;
      return false;
    }
    this.#told.set(what, { at: now, seen: now });
    return true;
  }

  /** It is over for good: the next time it is news. Whether it had been told. */
  over(what: string): boolean {
    return this.#told.delete(what);
  }

  clear(): void {
    this.#told.clear();
  }
}
