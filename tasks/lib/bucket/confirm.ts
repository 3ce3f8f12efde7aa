/**
 * How a file is known to have arrived.
 *
 * S3 compares the sums that go with the bytes (Content-MD5, and the SHA-256 that is signed) with what it received. What it
 * answers, the checksum or the ETag of what it stored, is compared here once more: something that is no S3 may have answered.
 */
import { createHash } from 'node:crypto';
import { Problem } from './problem';

/** What was read from the disk, in the two sums that S3 knows. */
export interface Checksums {
  readonly md5: Buffer;
  readonly sha256: Buffer;
}

/** Both sums of `bytes`. */
export function checksums(bytes: Buffer): Checksums {
  return { md5: createHash('md5').update(bytes).digest(), sha256: createHash('sha256').update(bytes).digest() };
}

/**
 * Throws a `Problem` of kind `checksum` unless what S3 says in `headers`, its answer to a PUT, that it stored under `key`
 * is what was read.
 */
export function confirm(key: string, headers: Record<string, string>, { md5, sha256 }: Checksums): void {
  const stored = headers['x-amz-checksum-sha256'];
  if (stored !== undefined) {
    if (stored !== sha256.toString('base64')) throw notConfirmed(key, 'SHA-256');
    return;
  }
  // Every S3 answers with an ETag; what does not has stored nothing: a hotspot's login page, say.
  if (headers.etag === undefined) {
    throw new Problem(
      'checksum',
      'NotConfirmed',
      `What answers to ${key} is no S3: it confirms nothing.`,
      'Something between this machine and the bucket answers in its place: a login page, a proxy, a wrong endpoint.',
    );
  }
  // An ETag is the MD5 unless the bucket encrypts with a key of its own; S3 has then still checked Content-MD5.
  const encryption = headers['x-amz-server-side-encryption'];
  const isMd5 = encryption === undefined || encryption === 'AES256';
  if (isMd5) confirmETag(key, headers.etag, md5.toString('hex'), /^[0-9a-f]{32}$/);
}

/** The same by the ETag alone; one that does not have the `shape` of such a sum tells nothing. */
function confirmETag(key: string, etag: string | undefined, expected: string, shape: RegExp): void {
  const stored = etag?.replace(/^"|"$/g, '');
  if (stored !== undefined && shape.test(stored) && stored !== expected) throw notConfirmed(key, 'MD5');
}

/** The same of an upload in parts, which S3 gives the MD5 of the parts' MD5s, a dash, and their number as its ETag. */
export function confirmParts(key: string, etag: string | undefined, md5s: readonly Buffer[]): void {
  const expected = `${createHash('md5').update(Buffer.concat(md5s)).digest('hex')}-${md5s.length}`;
  confirmETag(key, etag, expected, /^[0-9a-f]{32}-\d+$/);
}

function notConfirmed(key: string, sum: string): Problem {
  return new Problem(
    'checksum',
    'ChecksumMismatch',
    `What the bucket stored as ${key} has another ${sum} than the file.`,
    'It is sent again. If this stays, something between this machine and the bucket damages data.',
  );
}
