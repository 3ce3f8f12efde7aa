/**
 * Corrections that a bucket's errors ask for: of the region, and of the time (a Pi has no clock battery, and S3 accepts
 * a signature only within 15 minutes of its own time).
 */
import { S3Error } from './s3-error';

/** A clock that is off by less than 60,000 ms is not why S3 refuses a signature. */
const CLOCK_STEP = 60_000;
/** A request is repeated at most 3 times because of corrections. */
const MOST_CORRECTIONS = 3;

/** What `Corrections` needs. */
export interface CorrectionsOptions {
  readonly bucket: string;
  /** The first region to try. */
  readonly region: string;
  /** Clock of this machine, in ms since 1970. */
  readonly now: () => number;
  /** Receives each correction, in words. */
  readonly tell: (text: string) => void;
}

/** The region and time of one bucket, corrected by its errors. */
export class Corrections {
  readonly #options: CorrectionsOptions;
  #region: string;
  #clockOffset = 0;

  constructor(options: CorrectionsOptions) {
    this.#options = options;
    this.#region = options.region;
  }

  /** The bucket's region, as far as it is known. */
  get region(): string {
    return this.#region;
  }

  /** Ms to add to this machine's clock to get S3's time; 0 until S3 reports a difference. */
  get clockOffset(): number {
    return this.#clockOffset;
  }

  /** S3's time, as far as it is known. */
  get date(): Date {
    return new Date(this.#options.now() + this.#clockOffset);
  }

  /**
   * Calls `attempt`, and calls it again after each correction that its error asks for.
   *
   * @returns what `attempt` resolves with.
   * @throws the error of `attempt` if it asks for no correction.
   */
  async follow<T>(attempt: () => Promise<T>): Promise<T> {
    for (let corrections = 0; ; corrections++) {
      const tried = { region: this.#region, clockOffset: this.#clockOffset };
      try {
        return await attempt();
      } catch (error) {
        if (corrections < MOST_CORRECTIONS && this.#correct(error, tried)) continue;
        throw error;
      }
    }
  }

  /**
   * Corrects what the error shows to be wrong with `tried`. Of several requests that fail alike, the first corrects it
   * for all.
   *
   * @returns whether the request is worth repeating.
   */
  #correct(error: unknown, tried: { region: string; clockOffset: number }): boolean {
    if (!(error instanceof S3Error)) return false;
    const { bucket, now, tell } = this.#options;
    if (error.code === 'RequestTimeTooSkewed' && error.serverTime !== undefined) {
      if (tried.clockOffset !== this.#clockOffset) return true;
      const offset = error.serverTime - now();
      if (Math.abs(offset - this.#clockOffset) < CLOCK_STEP) return false;
      this.#clockOffset = offset;
      tell(
        Math.abs(offset) < CLOCK_STEP
          ? 'The clock of this machine is right again.'
          : `The clock of this machine is ${inWords(-offset)}; S3's time is used. Remedy: timedatectl set-ntp true.`,
      );
      return true;
    }
    if (error.region === undefined || error.region === tried.region) return false;
    if (error.region === this.#region) return true;
    tell(`The bucket ${bucket} is in ${error.region}, not in ${this.#region}: going there.`);
    this.#region = error.region;
    return true;
  }
}

/** A clock offset in ms as `2 hours behind` or `3 days ahead`. */
export function inWords(offset: number): string {
  const size = Math.abs(offset) / 60_000;
  const [amount, unit] = size < 120 ? [size, 'minutes'] : size < 2880 ? [size / 60, 'hours'] : [size / 1440, 'days'];
  return `${Math.round(amount)} ${unit} ${offset < 0 ? 'behind' : 'ahead'}`;
}
