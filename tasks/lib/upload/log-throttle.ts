import type { Clock } from './clock';

/** The same trouble is logged again after so many ms. */
const LOG_AGAIN_AFTER = 3_600_000;
/** Trouble that was not seen for so many ms is news when it comes back. */
const FORGET_AFTER = 600_000;

/** Keeps one trouble of a thousand files, or one that comes and goes, to one line in the log. */
export class LogThrottle {
  readonly #clock: Clock;
  readonly #logged = new Map<string, { at: number; seen: number }>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** `what` has occurred: whether it should be logged now. */
  shouldLog(what: string): boolean {
    const now = this.#clock.now();
    const logged = this.#logged.get(what);
    if (logged !== undefined && now - logged.seen < FORGET_AFTER && now - logged.at < LOG_AGAIN_AFTER) {
      logged.seen = now;
      return false;
    }
    this.#logged.set(what, { at: now, seen: now });
    return true;
  }

  /** Forgets `what`, so that its next occurrence is logged again. Returns whether it had been logged. */
  reset(what: string): boolean {
    return this.#logged.delete(what);
  }

  resetAll(): void {
    this.#logged.clear();
  }
}
