/**
 * How a file is known to have arrived.
 *
 * S3 compares the sums that go with the bytes (Content-MD5, and the SHA-256 that is signed) with what it received, and
 * answers with the checksum or the ETag of what it stored. That answer is judged here, because not everything that
 * answers 200 is an S3: a hotspot's login page does, with an ETag of its own. Only an answer that proves knowledge of
 * the bytes, or comes from an S3 that has compared them, confirms a file. What is doubtful is looked for in the list.
 */
import { createHash } from 'node:crypto';
import { Problem } from './problem';
import { type Answer, isFromS3 } from './s3-error';

/** The two sums of what was read from the disk that S3 knows. */
export interface Checksums {
  readonly md5: Buffer;
  readonly sha256: Buffer;
}

/** Both sums of `bytes`. */
export function checksums(bytes: Buffer): Checksums {
  return { md5: createHash('md5').update(bytes).digest(), sha256: createHash('sha256').update(bytes).digest() };
}

/**
 * What an answer to a PUT is worth. `confirmed`: what was read is stored. `unlike`: an S3 answers, with an ETag that is
 * not the MD5; it is confirmed if this S3 compares Content-MD5. `doubtful`: an S3 may have answered, or something else.
 */
export type Verdict = 'confirmed' | 'unlike' | 'doubtful';

/** With these the ETag is no MD5, and S3 says so: https://docs.aws.amazon.com/AmazonS3/latest/API/API_Object.html */
const KMS = new Set(['aws:kms', 'aws:kms:dsse']);

/**
 * Judges what was answered to the PUT of `key`.
 * @throws `Problem` of kind `checksum` where something else was stored, `not-s3` where no S3 has answered.
 */
export function judgeAnswer(key: string, answer: Answer, { md5, sha256 }: Checksums): Verdict {
  const { headers } = answer;
  const etag = strongETag(headers.etag);
  const checksum = headers['x-amz-checksum-sha256'];
  if (checksum !== undefined && checksum !== sha256.toString('base64')) throw mismatch(key, 'SHA-256');
  if (etag === md5.toString('hex')) return 'confirmed';
  const isS3 = isFromS3(answer);
  if (checksum !== undefined && isS3) return 'confirmed';
  if (headers.etag === undefined || (!isS3 && /html/i.test(headers['content-type'] ?? ''))) throw noS3(key);
  if (etag === undefined || !isS3) return 'doubtful';
  return isEncrypted(headers) ? 'confirmed' : 'unlike';
}

function isEncrypted(headers: Answer['headers']): boolean {
  return (
    KMS.has(headers['x-amz-server-side-encryption'] ?? '') ||
    headers['x-amz-server-side-encryption-customer-algorithm'] !== undefined
  );
}

/** What S3 says of an upload in parts when it has put them together. */
export interface Whole {
  readonly etag: string | undefined;
  /** Whether the bucket encrypts with a key of its own, so that no ETag is an MD5. */
  readonly isEncrypted: boolean;
}

/** The same for an upload in parts, whose ETag is the MD5 of the parts' MD5s, a dash, and their number. */
export function judgeParts({ etag, isEncrypted }: Whole, md5s: readonly Buffer[]): Verdict {
  const expected = `${createHash('md5').update(Buffer.concat(md5s)).digest('hex')}-${md5s.length}`;
  if (strongETag(etag) === expected || isEncrypted) return 'confirmed';
  return 'doubtful';
}

/** An ETag without its quotes; `undefined` for none, and for a weak one, which S3 never sends. */
export function strongETag(etag: string | undefined): string | undefined {
  return etag === undefined || etag.startsWith('W/') ? undefined : etag.replace(/^"|"$/g, '');
}

/** What was stored is not what was read. */
export function mismatch(key: string, sum: string): Problem {
  return new Problem(
    'checksum',
    'ChecksumMismatch',
    `What the bucket stored as ${key} has another ${sum} than the file.`,
    'It is sent again. If this stays, something between this machine and the bucket damages data.',
  );
}

/** Something has answered with success that is no S3, or that has not stored anything. */
export function noS3(key: string): Problem {
  return new Problem(
    'not-s3',
    'NotConfirmed',
    `What answers to ${key} is no S3: it confirms nothing.`,
    'Something between this machine and the bucket answers in its place: a login page, a proxy, a wrong endpoint.',
  );
}
