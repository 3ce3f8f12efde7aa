/** Chance that is the same for the same seed (mulberry32). */
export class Random {
  #state: number;

  constructor(seed: number) {
    this.#state = seed >>> 0;
  }

  /** A whole number from 0 to `below`, that not included. */
  below(below: number): number {
    this.#state = (this.#state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(this.#state ^ (this.#state >>> 15), this.#state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return Math.floor((((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32) * below);
  }

  /** One of some. */
  of<T>(some: readonly [T, ...T[]]): T {
    return some[this.below(some.length)] ?? some[0];
  }

  bytes(count: number): Buffer {
    return Buffer.from(Array.from({ length: count }, () => this.below(256)));
  }

  /** So many of some, in the order in which they came. */
  sample<T>(some: readonly T[], count: number): T[] {
    const ranks = some.map((item, at) => ({ item, at, rank: this.below(2 ** 31) }));
    const taken = ranks.sort((a, b) => a.rank - b.rank).slice(0, count);
    return taken.sort((a, b) => a.at - b.at).map(({ item }) => item);
  }
}
