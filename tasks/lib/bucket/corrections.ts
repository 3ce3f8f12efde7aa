/**
 * What a bucket puts right in its errors: its region, and the hour (a Pi has no clock battery; a signature is good for
 * 15 minutes around S3's own time).
 */
import { S3Error } from './s3-error';

/** A clock that is wrong by less, in ms, is none of the reasons why S3 refuses a signature. */
const CLOCK_STEP = 60_000;
/** An answer that makes us correct ourselves is followed at most so often in a row. */
const MOST_CORRECTIONS = 3;

export interface CorrectionsOptions {
  readonly bucket: string;
  /** The region to begin with. */
  readonly region: string;
  /** Clock of this machine, in ms. */
  readonly now: () => number;
  /** Hears what was put right. */
  readonly tell: (text: string) => void;
}

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

  /** Ms to add to this machine's clock to have S3's, as far as S3 had to say so; 0 until then. */
  get clockOffset(): number {
    return this.#clockOffset;
  }

  /** S3's time, as far as it is known. */
  get date(): Date {
    return new Date(this.#options.now() + this.#clockOffset);
  }

  /** What `attempt` resolves with; it is made again where the error shows what to do otherwise, and throws that error else. */
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
   * Puts right what the error shows to be wrong with what was `tried`; false where it shows nothing that we could. Of
   * several requests that fail alike, the first puts it right for all.
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

/** An offset in ms as `2 hours behind`, `3 days ahead`. */
export function inWords(offset: number): string {
  const size = Math.abs(offset) / 60_000;
  const [amount, unit] = size < 120 ? [size, 'minutes'] : size < 2880 ? [size / 60, 'hours'] : [size / 1440, 'days'];
  return `${Math.round(amount)} ${unit} ${offset < 0 ? 'behind' : 'ahead'}`;
}
