/**
 * Receives a request's body piece by piece, and proves that it arrived whole: its length, its SHA-256 or its chunks'
 * signatures, its MD5, its checksum. Nothing may be done with received bytes before this has returned.
 */
import { createHash } from 'node:crypto';
import {
  type Checksum,
  type ChecksumAlgorithm,
  checksumHeader,
  expectedChecksum,
  requireWellFormed,
  startChecksum,
} from './checksum';
import { decodeChunks } from './chunked';
import { S3Error } from './errors';
import type { S3Request } from './request';
import type { Payload } from './signature';

/** What is known of a received body. */
export interface Received {
  readonly size: number;
  /** Hexadecimal. */
  readonly md5: string;
  readonly checksum: Checksum | undefined;
}

/** S3's largest object of one request, in bytes. */
export const MAX_PUT_BYTES = 5 * 1024 ** 3;

/**
 * Receives a body.
 *
 * @param maxBytes a longer body is refused
 * @param sink receives the pieces in order, and is awaited
 * @param compute a checksum to compute even if the client announces none
 * @throws S3Error IncompleteBody, BadDigest, XAmzContentSHA256Mismatch, SignatureDoesNotMatch, EntityTooLarge, …
 */
export async function receiveBody(
  request: S3Request,
  payload: Payload,
  maxBytes: number,
  sink: (bytes: Buffer) => Promise<void> | void,
  compute?: ChecksumAlgorithm,
): Promise<Received> {
  const expectedSize = expectedLength(request, payload);
  if (expectedSize !== undefined && expectedSize > maxBytes) throw new S3Error('EntityTooLarge');
  const expectedMd5 = contentMd5(request);
  const expected = expectedChecksum(request.header);
  if (payload.kind !== 'chunked' && expected !== undefined && expected.value === undefined) {
    throw new S3Error('InvalidRequest', 'x-amz-trailer is only valid for a body in aws-chunked encoding.');
  }
  const algorithm = expected?.algorithm ?? compute;

  const md5 = createHash('md5');
  const sha256 = payload.kind === 'hashed' ? createHash('sha256') : undefined;
  const checksum = algorithm === undefined ? undefined : startChecksum(algorithm);
  let size = 0;
  let trailers: ReadonlyMap<string, string> = new Map();
  // The request must outlive a refusal in mid-body, because its socket carries the answer.
  const wire: AsyncIterableIterator<Buffer> = request.message.iterator({ destroyOnReturn: false });
  const body =
    payload.kind === 'chunked'
      ? decodeChunks(wire, payload.signer, (verified) => {
          trailers = verified;
        })
      : wire;
  for await (const bytes of body) {
    size += bytes.length;
    if (size > maxBytes) throw new S3Error('EntityTooLarge');
    if (expectedSize !== undefined && size > expectedSize) throw new S3Error('IncompleteBody');
    md5.update(bytes);
    sha256?.update(bytes);
    checksum?.update(bytes);
    await sink(bytes);
  }

  if (expectedSize !== undefined && size !== expectedSize) throw new S3Error('IncompleteBody');
  if (payload.kind === 'hashed') {
    const computed = sha256?.digest('hex') ?? '';
    if (computed !== payload.sha256) {
      throw new S3Error('XAmzContentSHA256Mismatch', undefined, {
        ClientComputedContentSHA256: payload.sha256,
        S3ComputedContentSHA256: computed,
      });
    }
  }
  const md5Digest = md5.digest();
  if (expectedMd5 !== undefined && !md5Digest.equals(expectedMd5)) {
    throw new S3Error('BadDigest', 'The Content-MD5 you specified did not match what we received.');
  }
  const value = checksum?.digest().toString('base64');
  if (expected !== undefined) {
    const name = checksumHeader(expected.algorithm);
    const promised = expected.value ?? trailers.get(name);
    if (promised === undefined) throw new S3Error('MalformedTrailerError');
    requireWellFormed(expected.algorithm, promised);
    if (promised !== value) {
      throw new S3Error('BadDigest', `The ${expected.algorithm} you specified did not match the calculated checksum.`);
    }
  }
  return {
    size,
    md5: md5Digest.toString('hex'),
    checksum: algorithm === undefined || value === undefined ? undefined : { algorithm, value, type: 'FULL_OBJECT' },
  };
}

/**
 * A small body as text.
 * @throws S3Error as receiveBody
 */
export async function receiveText(request: S3Request, payload: Payload, maxBytes: number): Promise<string> {
  const pieces: Buffer[] = [];
  await receiveBody(request, payload, maxBytes, (bytes) => void pieces.push(bytes));
  return Buffer.concat(pieces).toString();
}

/**
 * The length of an object that a request announces, in bytes.
 *
 * @throws S3Error MissingContentLength if there is none, EntityTooLarge if it is too large.
 */
export function requireLength(request: S3Request, payload: Payload): number {
  const length = expectedLength(request, payload);
  if (length === undefined) throw new S3Error('MissingContentLength');
  if (length > MAX_PUT_BYTES) throw new S3Error('EntityTooLarge');
  return length;
}

/** The object's length in bytes, as the client says. */
function expectedLength(request: S3Request, payload: Payload): number | undefined {
  const text = request.header(payload.kind === 'chunked' ? 'x-amz-decoded-content-length' : 'content-length');
  if (text === undefined) return undefined;
  if (!/^\d{1,15}$/.test(text)) throw new S3Error('InvalidArgument', `Not a length: ${text}`);
  return Number(text);
}

function contentMd5(request: S3Request): Buffer | undefined {
  const text = request.header('content-md5');
  if (text === undefined) return undefined;
  const bytes = Buffer.from(text, 'base64');
  if (bytes.length !== 16 || bytes.toString('base64') !== text) throw new S3Error('InvalidDigest');
  return bytes;
}
