/**
 * Checks an upload whose answer does not prove that the bytes are stored (confirm-upload.ts).
 *
 * Two questions can settle it with a key that may only write and list. Does this store compare Content-MD5? One PUT
 * with a wrong checksum tells, once for a bucket: a store that refuses it has compared the checksums of all files,
 * whatever its ETags are. And is the object in the list, with the size and the MD5 of the file?
 */

import { type Checksums, mismatch, noS3, strongETag, type Verdict } from './confirm-upload';
import type { ListedObject } from './content';
import { Problem } from './problem';

/** The two questions to the bucket. Both reject with a `Problem`. */
export interface Questions {
  /** The object `key` in the bucket's list, if it is there. */
  find(key: string): Promise<ListedObject | undefined>;
  /** Whether the bucket refuses a PUT because its Content-MD5 is wrong. */
  refusesWrongSum(): Promise<boolean>;
}

/**
 * What is known of an upload. A single PUT: the ETag of its answer. An upload in parts: whether each part was
 * confirmed.
 */
export type Claimed = { readonly verdict: Verdict; readonly size: number } & (
  | { readonly sums: Checksums; readonly etag: string | undefined }
  | { readonly areConfirmed: boolean }
);

/** Settles doubtful uploads to one bucket. */
export class SecondLook {
  readonly #questions: Questions;
  #comparesSums: Promise<boolean> | undefined;

  constructor(questions: Questions) {
    this.#questions = questions;
  }

  /**
   * Resolves when it is certain that the file is stored under `key`.
   *
   * @throws Problem if it is not.
   */
  async settle(key: string, claimed: Claimed): Promise<void> {
    const { verdict, size } = claimed;
    if (verdict === 'confirmed') return;
    if (verdict === 'unlike' && (await this.#compares())) return;
    const listed = await this.#find(key);
    if (listed === undefined) throw noS3(key);
    if (listed.size !== size) throw mismatch(key, 'size');
    if (!(await this.#hasSums(listed, claimed))) throw mismatch(key, 'MD5');
  }

  async #hasSums(listed: ListedObject, claimed: Claimed): Promise<boolean> {
    if ('areConfirmed' in claimed) return claimed.areConfirmed || (await this.#compares());
    const etag = strongETag(listed.etag);
    if (etag === claimed.sums.md5.toString('hex')) return true;
    // The list must show the upload that was answered: another client may have written the same key.
    const answered = strongETag(claimed.etag);
    return (answered === undefined || answered === etag) && (await this.#compares());
  }

  async #find(key: string): Promise<ListedObject | undefined> {
    try {
      return await this.#questions.find(key);
    } catch (error) {
      // A key that may not list cannot check. Then the upload is not confirmed.
      if (error instanceof Problem && (error.kind === 'denied' || error.kind === 'refused')) throw noS3(key);
      throw error;
    }
  }

  /** Asks once; asks again after a failure. */
  #compares(): Promise<boolean> {
    this.#comparesSums ??= this.#questions.refusesWrongSum().catch((error: unknown) => {
      this.#comparesSums = undefined;
      throw error;
    });
    return this.#comparesSums;
  }
}
