/**
 * Decides whether an answer confirms that a file has arrived.
 *
 * S3 compares the checksums that go with the bytes (the signed SHA-256, and Content-MD5 where it is sent) with the
 * bytes that it received, and answers with the checksum or the ETag of the stored object. The answer is judged, because
 * not everything that answers 200 is an S3: a hotspot's login page does, even with an ETag. An answer confirms a file
 * only if it proves knowledge of the bytes, or comes from an S3 that has compared them. A doubtful upload is looked up
 * in the bucket's list (second-look.ts).
 */
import { createHash } from 'node:crypto';
import { Problem } from './problem';
import { type Answer, isFromS3 } from './s3-error';

/** The two checksums of the bytes read from the disk. Each is computed when it is first used. */
export class Checksums {
  readonly #bytes: Buffer;
  #md5: Buffer | undefined;
  #sha256: Buffer | undefined;

  constructor(bytes: Buffer) {
    this.#bytes = bytes;
  }

  get md5(): Buffer {
    this.#md5 ??= createHash('md5').update(this.#bytes).digest();
    return this.#md5;
  }

  get sha256(): Buffer {
    this.#sha256 ??= createHash('sha256').update(this.#bytes).digest();
    return this.#sha256;
  }
}

/**
 * What the answer to a PUT proves. `confirmed`: the bytes are stored. `unlike`: an S3 has answered, but its ETag is not
 * the MD5; the bytes are stored if this S3 compares Content-MD5. `doubtful`: it may not be an S3 that has answered.
 */
export type Verdict = 'confirmed' | 'unlike' | 'doubtful';

/** With these encryptions the ETag is not an MD5: https://docs.aws.amazon.com/AmazonS3/latest/API/API_Object.html */
const KMS = new Set(['aws:kms', 'aws:kms:dsse']);

/**
 * Judges the answer to the PUT of `key`.
 *
 * @throws Problem of kind `checksum` if other bytes were stored, or `not-s3` if the answer is not from an S3.
 */
export function judgeAnswer(key: string, answer: Answer, sums: Checksums): Verdict {
  const { headers } = answer;
  const checksum = headers['x-amz-checksum-sha256'];
  if (checksum !== undefined && checksum !== sums.sha256.toString('base64')) throw mismatch(key, 'SHA-256');
  if (hasChecksum(answer)) return 'confirmed';
  const etag = strongETag(headers.etag);
  if (etag === sums.md5.toString('hex')) return 'confirmed';
  const isS3 = isFromS3(answer);
  if (headers.etag === undefined || (!isS3 && /html/i.test(headers['content-type'] ?? ''))) throw noS3(key);
  if (etag === undefined || !isS3) return 'doubtful';
  return isEncrypted(headers) ? 'confirmed' : 'unlike';
}

/** Whether an S3 answers with the SHA-256 of what it stored. */
export function hasChecksum(answer: Answer): boolean {
  return answer.headers['x-amz-checksum-sha256'] !== undefined && isFromS3(answer);
}

function isEncrypted(headers: Answer['headers']): boolean {
  return (
    KMS.has(headers['x-amz-server-side-encryption'] ?? '') ||
    headers['x-amz-server-side-encryption-customer-algorithm'] !== undefined
  );
}

/** S3's answer when it has put the parts of an upload together. */
export interface Whole {
  readonly etag: string | undefined;
  /** Whether the bucket encrypts with KMS, so that the ETag is not an MD5. */
  readonly isEncrypted: boolean;
}

/** Judges an upload in parts. Its ETag is the MD5 of the parts' MD5s, a dash, and the number of parts. */
export function judgeParts({ etag, isEncrypted }: Whole, md5s: readonly Buffer[]): Verdict {
  const expected = `${createHash('md5').update(Buffer.concat(md5s)).digest('hex')}-${md5s.length}`;
  if (strongETag(etag) === expected || isEncrypted) return 'confirmed';
  return 'doubtful';
}

/** An ETag without its quotes; `undefined` for none and for a weak one, which S3 never sends. */
export function strongETag(etag: string | undefined): string | undefined {
  return etag === undefined || etag.startsWith('W/') ? undefined : etag.replace(/^"|"$/g, '');
}

/** The problem that the stored object differs from the file in `sum`, such as `SHA-256` or `size`. */
export function mismatch(key: string, sum: string): Problem {
  return new Problem(
    'checksum',
    'ChecksumMismatch',
    `What the bucket stored as ${key} has another ${sum} than the file.`,
    'It is sent again. If this stays, something between this machine and the bucket damages data.',
  );
}

/** The problem that the answer about `key` did not come from an S3, or that nothing was stored. */
export function noS3(key: string): Problem {
  return new Problem(
    'not-s3',
    'NotConfirmed',
    `What answers to ${key} is no S3: it confirms nothing.`,
    'Something between this machine and the bucket answers in its place: a login page, a proxy, a wrong endpoint.',
  );
}
