/** The same trouble is told again after so many ms. */
const TELL_AGAIN = 3_600_000;

/** Remembers what was told, so that one trouble of a thousand files is one line in the log, and not a thousand. */
export class Rarely {
  readonly #told = new Map<string, number>();

  /** Whether `what` (a kind of trouble) is to be told now; the caller does so then. */
  may(what: string): boolean {
    const now = performance.now();
    const at = this.#told.get(what);
    if (at !== undefined && now - at < TELL_AGAIN) return false;
    this.#told.set(what, now);
    return true;
  }

  /** It is over: the next time it is news again. Whether it had been told. */
  over(what: string): boolean {
    return this.#told.delete(what);
  }

  clear(): void {
    this.#told.clear();
  }
}
