/**
 * Checks that a request to the local DynamoDB is signed with one of its key pairs: the request is signed again, and the
 * signatures must be equal. If the headers have the SHA-256 of the body, as the SDK's do, the headers suffice for that,
 * so that a sender without a key pair gets no body into memory. Signature Version 4,
 * docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv.html
 */
import { createHash, timingSafeEqual } from 'node:crypto';
import type { IncomingHttpHeaders } from 'node:http';
import { Sha256Node } from '@smithy/core/checksum';
import { HttpRequest } from '@smithy/core/protocols';
import { SignatureV4 } from '@smithy/signature-v4';

/** A key pair that may use the database. */
export interface KeyPair {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
}

/** The parts of a request that its signature covers. */
export interface SignedRequest {
  method: string | undefined;
  url: string | undefined;
  headers: IncomingHttpHeaders;
  /** Needed only if the headers have no hash of it. */
  body?: Buffer;
}

/** Largest difference between a request's clock and ours, in ms, as in AWS. */
const MOST_SKEW = 15 * 60_000;

/** The header with the body's hash, which the signer uses unchecked. */
const HASH = 'x-amz-content-sha256';

const AUTHORIZATION =
  /^AWS4-HMAC-SHA256 Credential=([^/,]+)\/\d{8}\/([^/,]+)\/dynamodb\/aws4_request, ?SignedHeaders=([\w;-]+), ?Signature=([0-9a-f]{64})$/;

/** The SHA-256 of the body (hexadecimal) from a signed header; `undefined` if there is none. */
export function bodyHashIn({ authorization, [HASH]: hash }: IncomingHttpHeaders): string | undefined {
  const [, , , names = ''] = AUTHORIZATION.exec(authorization ?? '') ?? [];
  return typeof hash === 'string' && names.split(';').includes(HASH) ? hash : undefined;
}

/** Whether a body has the hash of a signed header. */
export function isBody(body: Buffer, hash: string): boolean {
  return createHash('sha256').update(body).digest('hex') === hash;
}

/**
 * Whether one of the key pairs has signed the request, at about `now` (ms since 1970). If the hash of the body comes
 * from a header, the body must still be checked against it (`isBody`).
 */
export async function isSigned(request: SignedRequest, keyPairs: readonly KeyPair[], now: number): Promise<boolean> {
  const { method = '', url = '/', headers, body } = request;
  const [, id, region = '', names = '', signature = ''] = AUTHORIZATION.exec(headers.authorization ?? '') ?? [];
  const credentials = keyPairs.find(({ accessKeyId }) => accessKeyId === id);
  const date = dateOf(String(headers['x-amz-date']));
  if (!credentials || !date || Math.abs(date.getTime() - now) > MOST_SKEW) return false;
  if (bodyHashIn(headers) === undefined && (body === undefined || headers[HASH] !== undefined)) return false;
  const signed = names.split(';').map((name) => [name, headers[name]] as const);
  if (!signed.some(([name]) => name === 'host') || signed.some(([, value]) => typeof value !== 'string')) return false;
  const signer = new SignatureV4({
    credentials,
    region,
    service: 'dynamodb',
    sha256: Sha256Node,
    applyChecksum: false,
  });
  const { pathname, searchParams } = new URL(url, 'http://127.0.0.1');
  const again = await signer.sign(
    new HttpRequest({
      method,
      path: pathname,
      query: Object.fromEntries(searchParams),
      headers: Object.fromEntries(signed.map(([name, value]) => [name, String(value)])),
      body,
    }),
    { signingDate: date },
  );
  const [, , , , expected = ''] = AUTHORIZATION.exec(again.headers.authorization ?? '') ?? [];
  return expected.length === signature.length && timingSafeEqual(Buffer.from(expected), Buffer.from(signature));
}

/** `20260422T104500Z` */
function dateOf(text: string): Date | undefined {
  const iso = text.replace(/^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z$/, '$1-$2-$3T$4:$5:$6Z');
  const time = Date.parse(iso);
  return Number.isNaN(time) ? undefined : new Date(time);
}
