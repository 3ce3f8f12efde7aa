/**
 * Decides whose upload is inspected next. Pictures are inspected one at a time: a decoded picture takes up to 72 MB,
 * and decoding is work for the processor. Of the waiting accounts, the one whose pictures have recently taken the least
 * time is next, so an account with slow pictures does not delay the others.
 */

/** The time that an account's pictures took counts half after this time, in ms. */
const HALF_LIFE = 60_000;

interface Waiting {
  account: string;
  begin: () => void;
}

/** Runs pieces of work one at a time, in turns of accounts. */
export class FairTurns {
  readonly #now: () => number;
  readonly #waiting: Waiting[] = [];
  /** For each account: the ms that its work took, and the time (ms since 1970) for which that holds. */
  readonly #taken = new Map<string, { time: number; at: number }>();
  #isBusy = false;

  /** @param now milliseconds since 1970 */
  constructor(now: () => number) {
    this.#now = now;
  }

  /**
   * Does an account's work in its turn.
   *
   * @returns what the work returns.
   * @throws what the work throws.
   */
  async run<T>(account: string, work: () => Promise<T>): Promise<T> {
    await new Promise<void>((resolve) => {
      this.#waiting.push({ account, begin: resolve });
      // Work that arrives in the same moment takes part in the choice.
      setImmediate(() => this.#next());
    });
    const began = this.#now();
    try {
      return await work();
    } finally {
      this.#taken.set(account, { time: this.#timeOf(account) + this.#now() - began, at: this.#now() });
      this.#isBusy = false;
      this.#next();
    }
  }

  #next(): void {
    if (this.#isBusy) return;
    let next = this.#waiting[0];
    for (const one of this.#waiting) {
      if (next && this.#timeOf(one.account) < this.#timeOf(next.account)) next = one;
    }
    if (!next) return;
    this.#isBusy = true;
    this.#waiting.splice(this.#waiting.indexOf(next), 1);
    next.begin();
  }

  #timeOf(account: string): number {
    const taken = this.#taken.get(account);
    return taken ? taken.time * 2 ** ((taken.at - this.#now()) / HALF_LIFE) : 0;
  }
}
