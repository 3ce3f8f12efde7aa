import type { Clock } from './clock';

/** The same message is logged again after 1 h at the earliest, in ms. */
const LOG_AGAIN_AFTER = 3_600_000;
/** A message that did not occur for 10 min (in ms) is logged again when it comes back. */
const FORGET_AFTER = 600_000;

/** Reduces a message that occurs for a thousand files, or comes and goes, to one line in the log. */
export class LogThrottle {
  readonly #clock: Clock;
  readonly #logged = new Map<string, { at: number; seen: number }>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /**
   * Records that `what` has occurred.
   *
   * @returns whether to log it now.
   */
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

  /**
   * Forgets `what`, so that its next occurrence is logged again.
   *
   * @returns whether it had been logged.
   */
  reset(what: string): boolean {
    return this.#logged.delete(what);
  }

  resetAll(): void {
    this.#logged.clear();
  }
}
