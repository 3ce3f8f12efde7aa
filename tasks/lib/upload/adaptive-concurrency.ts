/**
 * How many uploads run at a time. Starts at the limit of the settings; each "slow down" of S3, or lack of file
 * descriptors, halves it, and each round of successes adds one, as TCP does with its window (AIMD).
 */
export class AdaptiveConcurrency {
  #limit: number;
  #current: number;

  /** `limit`: the most uploads at a time that the settings allow, 1 or more. */
  constructor(limit: number) {
    this.#limit = limit;
    this.#current = limit;
  }

  /** How many uploads may run at a time now: from 1 to the limit. */
  get current(): number {
    return Math.floor(this.#current);
  }

  /** Starts again with the limit of other settings. */
  reset(limit: number): void {
    this.#limit = limit;
    this.#current = limit;
  }

  halve(): void {
    this.#current = Math.max(1, this.#current / 2);
  }

  succeeded(): void {
    this.#current = Math.min(this.#limit, this.#current + 1 / this.#current);
  }
}
