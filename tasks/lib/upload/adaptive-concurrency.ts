/**
 * How many uploads run at a time: as many as the settings allow, fewer while S3 or this machine asks for less. Halved
 * at each such wish, and one more after each round of successes, as TCP does with its window (AIMD).
 */
export class AdaptiveConcurrency {
  #limit: number;
  #current: number;

  /** `limit`: uploads at a time that the settings allow, 1 or more. */
  constructor(limit: number) {
    this.#limit = limit;
    this.#current = limit;
  }

  /** Uploads that may run at a time now: 1 to the limit. */
  get current(): number {
    return Math.floor(this.#current);
  }

  /** Other settings: begins anew with their limit. */
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
