/** How long to wait before the next attempt: the one backoff of this project. */

/** Bounds of the backoff, in ms: 1.5 s doubling up to 256 s. */
export const SHORTEST_DELAY = 1_500;
export const LONGEST_DELAY = 256_000;

/** The part of a delay that is left to chance, so that many cameras do not come back in the same second. */
const JITTER = 0.5;

/** The delay in ms after `failures` failures in a row (1 or more); `random` in [0, 1). */
export function delayAfter(failures: number, random: number): number {
  const base = Math.min(SHORTEST_DELAY * 2 ** (failures - 1), LONGEST_DELAY / (1 + JITTER));
  return base * (1 + JITTER * random);
}
