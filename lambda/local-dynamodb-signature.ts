/**
 * Whether a request to the local DynamoDB is signed with one of its key pairs: it is signed once more, with what it says of
 * itself, and must come to the same. Where its headers tell the SHA-256 of its body, as the SDK's do, they are enough for
 * that, so that nobody who has no key pair gets a body into the memory. Signature Version 4, docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv.html
 */
import { createHash, timingSafeEqual } from 'node:crypto';
import type { IncomingHttpHeaders } from 'node:http';
import { Sha256Node } from '@smithy/core/checksum';
import { HttpRequest } from '@smithy/core/protocols';
import { SignatureV4 } from '@smithy/signature-v4';

export interface KeyPair {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
}

/** A request. */
export interface SignedRequest {
  method: string | undefined;
  url: string | undefined;
  headers: IncomingHttpHeaders;
  /** Needed only where the headers do not tell its hash. */
  body?: Buffer;
}

/** How far the clock of a request may be from ours, in milliseconds, as in AWS. */
const MOST_SKEW = 15 * 60_000;

/** The header that tells the body's hash; the signer takes its word for it. */
const HASH = 'x-amz-content-sha256';

const AUTHORIZATION =
  /^AWS4-HMAC-SHA256 Credential=([^/,]+)\/\d{8}\/([^/,]+)\/dynamodb\/aws4_request, ?SignedHeaders=([\w;-]+), ?Signature=([0-9a-f]{64})$/;

/** The SHA-256 of the body, in hexadecimal, as the headers tell it and their signature covers it; undefined: they do not. */
export function bodyHashIn({ authorization, [HASH]: hash }: IncomingHttpHeaders): string | undefined {
  const [, , , names = ''] = AUTHORIZATION.exec(authorization ?? '') ?? [];
  return typeof hash === 'string' && names.split(';').includes(HASH) ? hash : undefined;
}

/** Whether a body is the one that a signature is about. */
export function isBody(body: Buffer, hash: string): boolean {
  return createHash('sha256').update(body).digest('hex') === hash;
}

/**
 * Whether one of the key pairs has signed the request, at about `now` (milliseconds since 1970). Where its headers tell the
 * hash of the body, it remains to be seen whether that is the body's (`isBody`).
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
