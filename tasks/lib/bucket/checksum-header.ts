/**
 * `x-amz-checksum-sha256`, for stores that know it. Backblaze, older Google and some others refuse every request that
 * has it. To them files go without, from the first such answer on; Content-MD5 and the signed SHA-256 stay.
 */

import type { Checksums } from './confirm-upload';
import { Problem } from './problem';
import { type Answer, S3Error } from './s3-error';

/** What stores call a header that they do not know, in answers with status 400. */
const REFUSALS = new Set(['InvalidArgument', 'InvalidRequest', 'NotImplemented', 'HTTP 400']);

export class ChecksumHeader {
  #state: 'untried' | 'accepted' | 'refused' = 'untried';
  readonly #onRefused: () => void;

  /** `onRefused` is called once, when the store has shown that it takes files only without the header. */
  constructor(onRefused: () => void) {
    this.#onRefused = onRefused;
  }

  /** What `send` resolves with. It is called with the headers to add, and again without where they may be the reason. */
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

  /** Uploads that were under way together find it out together. */
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
