/**
 * Decides which checksums go with a file.
 *
 * A store that answers with the SHA-256 of the stored object (Amazon does) has proved that it compares it. From then on
 * files go to it without Content-MD5, which costs twice as much CPU as the SHA-256 that is signed anyway. The first
 * answer without the SHA-256 ends that for good, and its file is sent once more with both.
 *
 * Backblaze, older Google and some others refuse every request with `x-amz-checksum-sha256`. After the first such
 * refusal, files go to that store without it; Content-MD5 and the signed SHA-256 stay.
 */

import { type Checksums, hasChecksum } from './confirm-upload';
import { Problem } from './problem';
import { type Answer, S3Error } from './s3-error';

/** Codes with which stores answer a header that they do not know, with status 400. */
const REFUSALS = new Set(['InvalidArgument', 'InvalidRequest', 'NotImplemented', 'HTTP 400']);

/** Decides for one store which checksums are sent. */
export class ChecksumHeaders {
  /** `proven`: it answers with the checksum. `accepted`: it takes the header, and may not compare. */
  #state: 'untried' | 'proven' | 'accepted' | 'refused' = 'untried';
  readonly #onRefused: () => void;

  /** `onRefused` is called once, when a request has succeeded only without `x-amz-checksum-sha256`. */
  constructor(onRefused: () => void) {
    this.#onRefused = onRefused;
  }

  /**
   * Calls `send` with the headers to add; calls it once more with other headers if these may be why it failed, or if
   * the answer proves less than the answers before it.
   *
   * @returns the answer.
   * @throws what `send` throws.
   */
  async send(sums: Checksums, send: (headers: Record<string, string>) => Promise<Answer>): Promise<Answer> {
    const sha256 = { 'x-amz-checksum-sha256': sums.sha256.toString('base64') };
    if (this.#state === 'proven') {
      const answer = await send(sha256);
      if (hasChecksum(answer)) return answer;
      this.#state = 'accepted';
    }
    const md5 = { 'content-md5': sums.md5.toString('base64') };
    if (this.#state === 'refused') return send(md5);
    try {
      const answer = await send({ ...sha256, ...md5 });
      if (this.#state === 'untried') this.#state = hasChecksum(answer) ? 'proven' : 'accepted';
      return answer;
    } catch (error) {
      if (this.#isAccepted || !mayBeOfHeader(error)) throw error;
      const answer = await send(md5);
      this.#refused();
      return answer;
    }
  }

  get #isAccepted(): boolean {
    return this.#state === 'proven' || this.#state === 'accepted';
  }

  /** Of uploads that find it out at the same time, only the first calls `onRefused`. */
  #refused(): void {
    if (this.#state === 'refused') return;
    this.#state = 'refused';
    this.#onRefused();
  }
}

function mayBeOfHeader(error: unknown): boolean {
  const cause = error instanceof Problem ? error.cause : undefined;
  if (!(cause instanceof S3Error)) return false;
  return cause.status === 501 || (cause.status === 400 && REFUSALS.has(cause.code));
}
