import { statfs } from 'node:fs/promises';

/** The disk is asked at most once in 60,000 ms. */
const ASK_EVERY = 60_000;

/**
 * The free space of the disks of the capture directories. It goes into the metadata of events, so that an owner whose
 * camera stopped sees there that its disk had filled up.
 */
export class FreeDisk {
  readonly #asked = new Map<string, { readonly at: number; readonly bytes: number | undefined }>();
  readonly #now: () => number;

  /** `now` returns ms of a monotonic clock. */
  constructor(now: () => number = () => performance.now()) {
    this.#now = now;
  }

  /** Free bytes, up to a minute old; `undefined` where the disk cannot be asked. */
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
