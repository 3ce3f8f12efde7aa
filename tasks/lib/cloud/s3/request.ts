/**
 * Parses S3 requests. Node's URL class is not used: it resolves `..` and `%2e%2e`, which are ordinary parts of a key.
 * Nothing here touches a disk, so a key may be any text.
 */
import type { IncomingMessage } from 'node:http';
import { S3Error } from './errors';

/** A parsed request. */
export interface S3Request {
  readonly method: string;
  /** The bucket (path style); `undefined` for `/`. */
  readonly bucket: string | undefined;
  /** The decoded key; `undefined` if the path names only a bucket. */
  readonly key: string | undefined;
  /** The decoded path, as it is signed. */
  readonly path: string;
  /** The decoded query, in its order. */
  readonly query: readonly (readonly [name: string, value: string])[];
  /** Returns the first value of a query parameter. */
  parameter(name: string): string | undefined;
  /**
   * Returns a header by its lower-case name, its values joined by `,`; one byte a character (latin1), as Node.js gives
   * them.
   */
  header(name: string): string | undefined;
  /** Lower-case names of all headers. */
  readonly headerNames: readonly string[];
  readonly message: IncomingMessage;
}

/** S3's longest key, in bytes of UTF-8. */
const MAX_KEY_BYTES = 1024;

function decode(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    throw new S3Error('InvalidURI');
  }
}

/**
 * Parses a request.
 *
 * @throws S3Error InvalidURI, InvalidBucketName, KeyTooLongError
 */
export function parseRequest(message: IncomingMessage): S3Request {
  // A client that takes us for a proxy sends the whole URL.
  const target = (message.url ?? '/').replace(/^https?:\/\/[^/?]*/i, '');
  const queryAt = target.indexOf('?');
  const path = decode(queryAt < 0 ? target : target.slice(0, queryAt));
  if (!path.startsWith('/')) throw new S3Error('InvalidURI');
  const query = (queryAt < 0 ? '' : target.slice(queryAt + 1))
    .split('&')
    .filter((pair) => pair !== '')
    .map((pair): [string, string] => {
      const equals = pair.indexOf('=');
      const part = (text: string) => decode(text.replaceAll('+', ' '));
      return equals < 0 ? [part(pair), ''] : [part(pair.slice(0, equals)), part(pair.slice(equals + 1))];
    });

  const keyAt = path.indexOf('/', 1);
  const bucket = keyAt < 0 ? path.slice(1) : path.slice(1, keyAt);
  const key = keyAt < 0 ? '' : path.slice(keyAt + 1);
  if (bucket === '' && key !== '') throw new S3Error('InvalidBucketName');
  if (Buffer.byteLength(key) > MAX_KEY_BYTES) throw new S3Error('KeyTooLongError');

  const headers = message.headersDistinct;
  return {
    method: message.method ?? '',
    bucket: bucket === '' ? undefined : bucket,
    key: key === '' ? undefined : key,
    path,
    query,
    parameter: (name) => query.find(([other]) => other === name)?.[1],
    header: (name) => headers[name]?.join(','),
    headerNames: Object.keys(headers),
    message,
  };
}

/**
 * The request with the `x-amz-*` parameters of its query as headers: a presigned URL has them there ("hoisted"). Real
 * headers come first. Values become bytes of UTF-8, as in headers.
 */
export function withHoistedHeaders(request: S3Request): S3Request {
  const hoisted = new Map(
    request.query
      .filter(([name]) => name.toLowerCase().startsWith('x-amz-'))
      .map(([name, value]) => [name.toLowerCase(), Buffer.from(value).toString('latin1')]),
  );
  return {
    ...request,
    header: (name) => request.header(name) ?? hoisted.get(name),
    headerNames: [...new Set([...request.headerNames, ...hoisted.keys()])],
  };
}
