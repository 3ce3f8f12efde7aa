/**
 * Time, as the upload core sees it. Intervals go by `now`, which no correction of the date moves: a Pi has no clock
 * battery, and its date jumps by years when the network tells it. Tests bring a clock that they move by hand.
 */
export interface Clock {
  /** Milliseconds of a clock that only ever goes forward at its own pace. Its zero means nothing. */
  now(): number;
  /** Milliseconds since 1970, as this machine believes. */
  date(): number;
  /** Calls `run` once, after `delay` ms or a little later. Returns what cancels it. */
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
