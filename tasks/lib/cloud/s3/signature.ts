/**
 * Verifies signatures of version 4: who sent a request, and that it was not changed.
 *
 * The client writes the request down in a canonical form, hashes it, and signs the hash with a key derived from its
 * secret, the day, the region and the service. We do the same from what arrived and compare. The signature comes in the
 * `Authorization` header, and then the request's time must be near ours; or in the query of a presigned URL, and then
 * it holds for as many seconds as the URL says. What is signed includes a statement about the body: its SHA-256, or
 * that it is not signed, or that it comes in chunks (chunked.ts).
 * docs.aws.amazon.com/AmazonS3/latest/API/sig-v4-authenticating-requests.html
 */
import { createHash, createHmac, timingSafeEqual } from 'node:crypto';
import { uriEncode } from './encoding';
import { S3Error } from './errors';
import type { Policy } from './policy';
import { type S3Request, withHoistedHeaders } from './request';

/** A key pair and what it may do. */
export interface KeyPair {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly policy: Policy;
}

/** What the signature says about the body. */
export type Payload =
  | { readonly kind: 'unsigned' }
  | { readonly kind: 'hashed'; readonly sha256: string }
  | { readonly kind: 'chunked'; readonly signer: ChunkSigner | undefined; readonly trailer: boolean };

/** Makes the signatures of chunks, each of which continues the one before. */
export interface ChunkSigner {
  readonly seed: string;
  /** The signature of `hashes` (lines of hexadecimal SHA-256), after the signature `previous`. */
  sign(algorithm: string, previous: string, hashes: string): string;
}

/** The result of a verified signature. */
export interface Authenticated {
  readonly keyPair: KeyPair;
  readonly payload: Payload;
  readonly request: S3Request;
}

/** What signatures are verified with. */
export interface Verifier {
  /** Left out: any region. */
  readonly region?: string;
  /** By default s3. */
  readonly service?: string;
  /**
   * SHA-256 of a body that was received before its sender is known, if the service requires no `x-amz-content-sha256`.
   */
  readonly bodySha256?: string;
  /** Returns ms since 1970. */
  now(): number;
  keyPair(accessKeyId: string): KeyPair | undefined;
}

const ALGORITHM = 'AWS4-HMAC-SHA256';
const MAX_SKEW_MS = 15 * 60 * 1000;
const MAX_EXPIRES_S = 7 * 24 * 3600;

/** The parts of a signature in a request, not verified yet. */
interface Claim {
  readonly accessKeyId: string;
  readonly scope: string;
  readonly day: string;
  readonly amzDate: string;
  readonly signedHeaders: readonly string[];
  readonly signature: string;
}

/**
 * Verifies the sender of a request.
 *
 * @throws S3Error AccessDenied if the request is not signed or a signed URL has expired, SignatureDoesNotMatch,
 *   InvalidAccessKeyId, RequestTimeTooSkewed, AuthorizationHeaderMalformed, AuthorizationQueryParametersError
 */
export function authenticate(request: S3Request, verifier: Verifier): Authenticated {
  const authorization = request.header('authorization');
  const presigned = request.parameter('X-Amz-Algorithm') !== undefined;
  if (authorization !== undefined && presigned) {
    throw new S3Error(
      'InvalidArgument',
      'Only one auth mechanism allowed; only the X-Amz-Algorithm query parameter or the Authorization header should be specified',
    );
  }
  if (presigned) return authenticateQuery(withHoistedHeaders(request), verifier);
  if (authorization !== undefined) return authenticateHeader(request, authorization, verifier);
  if (request.parameter('AWSAccessKeyId') !== undefined) throw unsupportedMechanism();
  throw new S3Error('AccessDenied');
}

/** The error for signatures of version 2, for instance. */
function unsupportedMechanism(): S3Error {
  return new S3Error(
    'InvalidRequest',
    `The authorization mechanism you have provided is not supported. Please use ${ALGORITHM}.`,
  );
}

function authenticateHeader(request: S3Request, authorization: string, verifier: Verifier): Authenticated {
  if (!authorization.startsWith(`${ALGORITHM} `)) {
    throw unsupportedMechanism();
  }
  const fields = new Map(
    authorization
      .slice(ALGORITHM.length)
      .split(',')
      .map((field): [string, string] => {
        const equals = field.indexOf('=');
        return [field.slice(0, equals).trim(), field.slice(equals + 1).trim()];
      }),
  );
  const amzDate = headerTime(request);
  const claim = readClaim(
    'AuthorizationHeaderMalformed',
    verifier,
    fields.get('Credential'),
    amzDate,
    fields.get('SignedHeaders'),
    fields.get('Signature'),
  );
  const keyPair = keyPairOf(claim, verifier);

  const now = verifier.now();
  if (Math.abs(now - millisecondsOf(amzDate)) > MAX_SKEW_MS) {
    throw new S3Error('RequestTimeTooSkewed', undefined, {
      RequestTime: amzDate,
      ServerTime: isoSeconds(now),
      MaxAllowedSkewMilliseconds: String(MAX_SKEW_MS),
    });
  }
  const contentHash = verifier.bodySha256 ?? request.header('x-amz-content-sha256');
  if (contentHash === undefined) {
    throw new S3Error('InvalidRequest', 'Missing required header for this request: x-amz-content-sha256');
  }
  const signer = verify(request, claim, keyPair, contentHash, request.query);
  return { keyPair, request, payload: payloadOf(contentHash, signer) };
}

function authenticateQuery(request: S3Request, verifier: Verifier): Authenticated {
  const amzDate = request.parameter('X-Amz-Date') ?? '';
  if (request.parameter('X-Amz-Algorithm') !== ALGORITHM) {
    throw new S3Error('AuthorizationQueryParametersError', `X-Amz-Algorithm only supports "${ALGORITHM}"`);
  }
  if (request.parameter('X-Amz-Security-Token') !== undefined) throw new S3Error('InvalidToken');
  const claim = readClaim(
    'AuthorizationQueryParametersError',
    verifier,
    request.parameter('X-Amz-Credential'),
    amzDate,
    request.parameter('X-Amz-SignedHeaders'),
    request.parameter('X-Amz-Signature'),
  );
  const expires = request.parameter('X-Amz-Expires') ?? '';
  if (!/^\d{1,9}$/.test(expires)) {
    throw new S3Error('AuthorizationQueryParametersError', 'X-Amz-Expires should be a number, and not negative');
  }
  if (Number(expires) > MAX_EXPIRES_S) {
    throw new S3Error(
      'AuthorizationQueryParametersError',
      `X-Amz-Expires must be less than a week (in seconds); that is, the given X-Amz-Expires must be less than ${MAX_EXPIRES_S} seconds`,
    );
  }
  const keyPair = keyPairOf(claim, verifier);

  const now = verifier.now();
  const start = millisecondsOf(amzDate);
  const end = start + Number(expires) * 1000;
  if (now < start - MAX_SKEW_MS) throw new S3Error('AccessDenied', 'Request is not yet valid');
  if (now >= end) {
    throw new S3Error('AccessDenied', 'Request has expired', {
      'X-Amz-Expires': expires,
      Expires: isoSeconds(end),
      ServerTime: isoSeconds(now),
    });
  }
  const contentHash = request.header('x-amz-content-sha256') ?? 'UNSIGNED-PAYLOAD';
  const query = request.query.filter(([name]) => name !== 'X-Amz-Signature');
  const signer = verify(request, claim, keyPair, contentHash, query);
  return { keyPair, request, payload: payloadOf(contentHash, signer) };
}

function readClaim(
  code: 'AuthorizationHeaderMalformed' | 'AuthorizationQueryParametersError',
  verifier: Verifier,
  credential: string | undefined,
  amzDate: string,
  signedHeaders: string | undefined,
  signature: string | undefined,
): Claim {
  const { region, service: ours = 's3' } = verifier;
  if (credential === undefined || signedHeaders === undefined || signature === undefined) {
    throw new S3Error(code, 'The authorization requires a Credential, SignedHeaders and a Signature.');
  }
  const parts = credential.split('/');
  const [day = '', claimedRegion = '', service = '', terminator = ''] = parts.slice(-4);
  const accessKeyId = parts.slice(0, -4).join('/');
  if (accessKeyId === '' || service !== ours || terminator !== 'aws4_request') {
    throw new S3Error(code, `The Credential must be "<YOUR-AKID>/YYYYMMDD/REGION/${ours}/aws4_request".`);
  }
  if (region !== undefined && claimedRegion !== region) {
    const what =
      code === 'AuthorizationHeaderMalformed'
        ? 'The authorization header is malformed'
        : 'Error parsing the X-Amz-Credential parameter';
    throw new S3Error(code, `${what}; the region '${claimedRegion}' is wrong; expecting '${region}'`, {
      Region: region,
    });
  }
  if (Number.isNaN(millisecondsOf(amzDate)) || !amzDate.startsWith(day) || day.length !== 8) {
    throw new S3Error(code, `Invalid credential date "${day}". This date is not the same as X-Amz-Date: "${amzDate}".`);
  }
  return {
    accessKeyId,
    scope: `${day}/${claimedRegion}/${service}/${terminator}`,
    day,
    amzDate,
    signedHeaders: signedHeaders.split(';'),
    signature,
  };
}

function keyPairOf(claim: Claim, verifier: Verifier): KeyPair {
  const keyPair = verifier.keyPair(claim.accessKeyId);
  if (keyPair === undefined) {
    throw new S3Error('InvalidAccessKeyId', undefined, { AWSAccessKeyId: claim.accessKeyId });
  }
  return keyPair;
}

/** Computes the signature again and compares. Returns what makes the signatures of chunks. */
function verify(
  request: S3Request,
  claim: Claim,
  keyPair: KeyPair,
  contentHash: string,
  query: S3Request['query'],
): ChunkSigner {
  // An x-amz- header that someone on the way could have added must not take effect. Those of the query are signed with
  // it.
  const unsigned = Object.keys(request.message.headersDistinct).filter(
    (name) => name.startsWith('x-amz-') && !claim.signedHeaders.includes(name),
  );
  if (unsigned.length > 0 || !claim.signedHeaders.includes('host')) {
    throw new S3Error('AccessDenied', 'There were headers present in the request which were not signed', {
      HeadersNotSigned: [...unsigned, ...(claim.signedHeaders.includes('host') ? [] : ['host'])].join(', '),
    });
  }
  const canonicalQuery = query
    .map(([name, value]): [string, string] => [uriEncode(name), uriEncode(value)])
    .sort(([nameA, valueA], [nameB, valueB]) => compare(nameA, nameB) || compare(valueA, valueB))
    .map(([name, value]) => `${name}=${value}`)
    .join('&');
  const canonicalHeaders = claim.signedHeaders
    .map((name) => `${name}:${(request.message.headersDistinct[name]?.join(',') ?? '').trim().replace(/ +/g, ' ')}\n`)
    .join('');
  const canonicalRequest = [
    request.method,
    uriEncode(request.path, true),
    canonicalQuery,
    canonicalHeaders,
    claim.signedHeaders.join(';'),
    contentHash,
  ].join('\n');
  const stringToSign = [
    ALGORITHM,
    claim.amzDate,
    claim.scope,
    // Headers hold one byte a character, and these bytes were signed.
    createHash('sha256').update(canonicalRequest, 'latin1').digest('hex'),
  ].join('\n');

  const signingKey = claim.scope
    .split('/')
    .reduce<string | Buffer>((key, part) => hmac(key, part), `AWS4${keyPair.secretAccessKey}`);
  if (!sameSignature(hmac(signingKey, stringToSign).toString('hex'), claim.signature)) {
    throw new S3Error('SignatureDoesNotMatch', undefined, {
      AWSAccessKeyId: claim.accessKeyId,
      StringToSign: stringToSign,
      SignatureProvided: claim.signature,
      CanonicalRequest: canonicalRequest,
    });
  }
  return {
    seed: claim.signature,
    sign: (algorithm, previous, hashes) =>
      hmac(signingKey, [algorithm, claim.amzDate, claim.scope, previous, hashes].join('\n')).toString('hex'),
  };
}

function payloadOf(contentHash: string, signer: ChunkSigner): Payload {
  switch (contentHash) {
    case 'UNSIGNED-PAYLOAD':
      return { kind: 'unsigned' };
    case 'STREAMING-AWS4-HMAC-SHA256-PAYLOAD':
      return { kind: 'chunked', signer, trailer: false };
    case 'STREAMING-AWS4-HMAC-SHA256-PAYLOAD-TRAILER':
      return { kind: 'chunked', signer, trailer: true };
    case 'STREAMING-UNSIGNED-PAYLOAD-TRAILER':
      return { kind: 'chunked', signer: undefined, trailer: true };
  }
  if (/^[0-9a-f]{64}$/.test(contentHash)) return { kind: 'hashed', sha256: contentHash };
  throw new S3Error(
    'InvalidArgument',
    'x-amz-content-sha256 must be UNSIGNED-PAYLOAD, STREAMING-UNSIGNED-PAYLOAD-TRAILER, STREAMING-AWS4-HMAC-SHA256-PAYLOAD, STREAMING-AWS4-HMAC-SHA256-PAYLOAD-TRAILER or a valid sha256 value.',
  );
}

/** Compares two signatures in a time that does not depend on where they differ. */
export function sameSignature(expected: string, provided: string): boolean {
  const [a, b] = [Buffer.from(expected), Buffer.from(provided)];
  return a.length === b.length && timingSafeEqual(a, b);
}

function hmac(key: string | Buffer, text: string): Buffer {
  return createHmac('sha256', key).update(text, 'latin1').digest();
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

/** The time at which a request was signed, `YYYYMMDDThhmmssZ`, from `x-amz-date` or `Date`. */
function headerTime(request: S3Request): string {
  const amzDate = request.header('x-amz-date');
  if (amzDate !== undefined && !Number.isNaN(millisecondsOf(amzDate))) return amzDate;
  const date = Date.parse(amzDate ?? request.header('date') ?? '');
  if (Number.isNaN(date)) {
    throw new S3Error('AccessDenied', 'AWS authentication requires a valid Date or x-amz-date header');
  }
  return isoSeconds(date).replace(/[-:]/g, '');
}

/** `YYYYMMDDThhmmssZ` in milliseconds since 1970, or NaN. */
function millisecondsOf(amzDate: string): number {
  const match = /^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z$/.exec(amzDate);
  if (match === null) return Number.NaN;
  const [, year, month, day, hours, minutes, seconds] = match;
  return Date.parse(`${year}-${month}-${day}T${hours}:${minutes}:${seconds}Z`);
}

function isoSeconds(milliseconds: number): string {
  return new Date(milliseconds).toISOString().replace(/\.\d+Z$/, 'Z');
}
