/** The one backoff of this project: how long to wait before the next attempt. */

/** The shortest delay of the backoff, in ms. It doubles with every failure. */
export const SHORTEST_DELAY = 1_500;
/** The longest delay of the backoff, in ms: 256 s. */
export const LONGEST_DELAY = 256_000;

/** Share of a delay that is random, so that the cameras of a site do not all come back in the same second. */
const JITTER = 0.5;

/**
 * @returns the delay in ms after `failures` consecutive failures (1 or more). `random` is in [0, 1).
 */
export function delayAfter(failures: number, random: number): number {
  const base = Math.min(SHORTEST_DELAY * 2 ** (failures - 1), LONGEST_DELAY / (1 + JITTER));
  return base * (1 + JITTER * random);
}
