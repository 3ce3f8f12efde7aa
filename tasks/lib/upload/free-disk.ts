import { statfs } from 'node:fs/promises';

/** The disk is asked at most so often, in ms. */
const ASK_EVERY = 60_000;

/**
 * How much room the disks of the capture directories have, as it goes along with events: an owner whose camera stopped
 * sees there that its disk had filled up.
 */
export class FreeDisk {
  readonly #asked = new Map<string, { readonly at: number; readonly bytes: number | undefined }>();
  readonly #now: () => number;

  /** `now` is a clock in ms that only goes forward. */
  constructor(now: () => number = () => performance.now()) {
    this.#now = now;
  }

  /** Free bytes, up to a minute old; undefined where the disk does not tell. */
  async of(directory: string): Promise<number | undefined> {
    const now = this.#now();
    const known = this.#asked.get(directory);
    if (known !== undefined && now - known.at < ASK_EVERY) return known.bytes;
    const bytes = await statfs(directory).then(
      ({ bavail, bsize }) => bavail * bsize,
      () => undefined,
    );
    this.#asked.set(directory, { at: now, bytes });
    return bytes;
  }
}
