/**
 * The second look at an upload whose answer does not prove by itself that the bytes are stored (verify-checksum.ts).
 *
 * Two questions can settle it with a key that may only write and list. Does this store compare Content-MD5? One PUT with
 * a wrong sum tells, once for a bucket: who refuses it has compared the sums of all files, whatever its ETags are. And is
 * the object in the list, with the size and the MD5 of the file?
 */
import type { ListedObject } from './content';
import { Problem } from './problem';
import { mismatch, noS3, strongETag, type Verdict } from './verify-checksum';

/** How the bucket is asked; all reject with a `Problem`. */
export interface Questions {
  /** The object as the list has it. */
  find(key: string): Promise<ListedObject | undefined>;
  /** Whether a PUT with a wrong Content-MD5 is refused for that. */
  refusesWrongSum(): Promise<boolean>;
}

/** What is known of an upload. */
export interface Claimed {
  readonly verdict: Verdict;
  readonly size: number;
  /** The ETag of the answer. */
  readonly etag: string | undefined;
  /** MD5 of the file in hex; `undefined` for an upload in parts, of which each was confirmed by itself. */
  readonly md5: string | undefined;
}

export class Confirmation {
  readonly #questions: Questions;
  #comparesSums: Promise<boolean> | undefined;

  constructor(questions: Questions) {
    this.#questions = questions;
  }

  /** Resolves when it is certain that the file is stored under `key`. @throws `Problem` where it is not. */
  async settle(key: string, { verdict, size, etag, md5 }: Claimed): Promise<void> {
    if (verdict === 'confirmed') return;
    if (verdict === 'unlike' && (await this.#compares())) return;
    const listed = await this.#find(key);
    if (listed === undefined) throw noS3(key);
    const listedETag = strongETag(listed.etag);
    const hasSums = md5 === undefined || listedETag === md5 || (await this.#compares());
    if (listed.size !== size || !hasSums) throw mismatch(key, listed.size === size ? 'MD5' : 'size');
    // Somebody else may have written the same key: the list must show what the answer was about.
    if (listedETag !== md5 && strongETag(etag) !== undefined && listedETag !== strongETag(etag))
      throw mismatch(key, 'MD5');
  }

  async #find(key: string): Promise<ListedObject | undefined> {
    try {
      return await this.#questions.find(key);
    } catch (error) {
      // A key that may not list cannot look. Without a look the upload is not confirmed.
      if (error instanceof Problem && (error.kind === 'denied' || error.kind === 'refused')) throw noS3(key);
      throw error;
    }
  }

  /** Asked once; again where it could not be found out. */
  #compares(): Promise<boolean> {
    this.#comparesSums ??= this.#questions.refusesWrongSum().catch((error: unknown) => {
      this.#comparesSums = undefined;
      throw error;
    });
    return this.#comparesSums;
  }
}
