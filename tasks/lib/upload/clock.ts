/**
 * The clock of the upload core. Intervals are measured by `now`, which no correction of the date changes: a Pi has no
 * clock battery, and its date jumps by years when the network sets it. Tests use a clock that they move by hand.
 */
export interface Clock {
  /** Milliseconds of a monotonic clock. Its zero is arbitrary. */
  now(): number;
  /** Milliseconds since 1970 by the date of this machine. */
  date(): number;
  /**
   * Calls `run` once, after `delay` ms or a little later.
   *
   * @returns a function that cancels the call.
   */
  after(delay: number, run: () => void): () => void;
}

/** The clock of this machine. Its timers keep the process alive. */
export const systemClock: Clock = {
  now: () => performance.now(),
  date: () => Date.now(),
  after(delay, run) {
    const timer = setTimeout(run, delay);
    return () => clearTimeout(timer);
  },
};
