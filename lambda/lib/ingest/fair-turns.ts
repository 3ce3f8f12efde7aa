/**
 * Whose upload is looked at next. Pictures are looked at one at a time: a decoded one takes up to 72 MB, and the work is
 * the processor's. Of the accounts that wait, the one comes next whose pictures have taken the least time of late, so an
 * account whose pictures take seconds each does not hold up those of the others.
 */

/** What an account's pictures took counts half as much after this many milliseconds. */
const HALF_LIFE = 60_000;

interface Waiting {
  account: string;
  begin: () => void;
}

/** Runs pieces of work one at a time, in turns of accounts. */
export class FairTurns {
  readonly #now: () => number;
  readonly #waiting: Waiting[] = [];
  /** Milliseconds that an account's work took, and as of when. */
  readonly #taken = new Map<string, { time: number; at: number }>();
  #isBusy = false;

  /** @param now milliseconds since 1970 */
  constructor(now: () => number) {
    this.#now = now;
  }

  /** Does an account's work when it is its turn; returns or throws what the work does. */
  async run<T>(account: string, work: () => Promise<T>): Promise<T> {
    await new Promise<void>((resolve) => {
      this.#waiting.push({ account, begin: resolve });
      // What comes in the same moment is chosen from.
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
