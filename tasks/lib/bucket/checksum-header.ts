/**
 * Sends `x-amz-checksum-sha256` to stores that know it. Backblaze, older Google and some others refuse every request
 * with it. After the first such refusal, files go to that store without it; Content-MD5 and the signed SHA-256 stay.
 */

import type { Checksums } from './confirm-upload';
import { Problem } from './problem';
import { type Answer, S3Error } from './s3-error';

/** Codes with which stores answer a header that they do not know, with status 400. */
const REFUSALS = new Set(['InvalidArgument', 'InvalidRequest', 'NotImplemented', 'HTTP 400']);

/** Decides for one store whether `x-amz-checksum-sha256` is sent. */
export class ChecksumHeader {
  #state: 'untried' | 'accepted' | 'refused' = 'untried';
  readonly #onRefused: () => void;

  /** `onRefused` is called once, when a request has succeeded only without the header. */
  constructor(onRefused: () => void) {
    this.#onRefused = onRefused;
  }

  /**
   * Calls `send` with the headers to add; calls it once more without the checksum if the checksum may be why it failed.
   *
   * @returns the answer.
   * @throws what `send` throws.
   */
  async send(sums: Checksums, send: (headers: Record<string, string>) => Promise<Answer>): Promise<Answer> {
    if (this.#state === 'refused') return send({});
    try {
      const answer = await send({ 'x-amz-checksum-sha256': sums.sha256.toString('base64') });
      this.#state = 'accepted';
      return answer;
    } catch (error) {
      if (this.#state === 'accepted' || !mayBeOfHeader(error)) throw error;
      const answer = await send({});
      this.#refused();
      return answer;
    }
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
