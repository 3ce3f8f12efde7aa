/**
 * Signature Version 4 for the requests that a camera makes by the thousand. It signs what the SDK's own signer would
 * sign, with less to do: the headers are ours, so there is none to leave out, and the key is derived once a day.
 * https://docs.aws.amazon.com/AmazonS3/latest/API/sig-v4-header-based-auth.html
 */
import { createHmac, hash } from 'node:crypto';
import type { Credentials, Identity } from './s3-client';

/** A request as it is signed. */
export interface Unsigned {
  readonly method: string;
  /** Of the URL, percent-encoded as it is sent. */
  readonly path: string;
  readonly query: Readonly<Record<string, string>>;
  /** All headers that are sent, `host` and `x-amz-content-sha256` among them, in small letters. */
  readonly headers: Readonly<Record<string, string>>;
}

/** Signs requests with one access key. */
export class Signer {
  readonly #credentials: Credentials;
  #key: { readonly of: string; readonly bytes: Buffer } | undefined;

  constructor(credentials: Credentials) {
    this.#credentials = credentials;
  }

  /** The request's headers with those of the signature. @throws what the credentials cannot be had for. */
  async sign(request: Unsigned, region: string, date: Date): Promise<Record<string, string>> {
    const identity = await this.#credentials();
    const time = date.toISOString().replace(/[-:]|\.\d+/g, '');
    const scope = `${time.slice(0, 8)}/${region}/s3/aws4_request`;
    const headers: Record<string, string> = { ...request.headers, 'x-amz-date': time };
    if (identity.sessionToken !== undefined) headers['x-amz-security-token'] = identity.sessionToken;
    const names = Object.keys(headers).sort();
    let lines = '';
    for (const name of names) lines += `${name}:${headers[name]?.trim().replace(/\s+/g, ' ')}\n`;
    const signed = names.join(';');
    const { method, path, query } = request;
    const canonical = `${method}\n${path}\n${queryOf(query)}\n${lines}\n${signed}\n${headers['x-amz-content-sha256']}`;
    const text = `AWS4-HMAC-SHA256\n${time}\n${scope}\n${hash('sha256', canonical)}`;
    const signature = createHmac('sha256', this.#keyOf(identity, scope)).update(text).digest('hex');
    headers.authorization = `AWS4-HMAC-SHA256 Credential=${identity.accessKeyId}/${scope}, SignedHeaders=${signed}, Signature=${signature}`;
    return headers;
  }

  #keyOf({ secretAccessKey }: Identity, scope: string): Buffer {
    const of = `${secretAccessKey} ${scope}`;
    if (this.#key?.of !== of) {
      let bytes = Buffer.from(`AWS4${secretAccessKey}`);
      for (const part of scope.split('/')) bytes = createHmac('sha256', bytes).update(part).digest();
      this.#key = { of, bytes };
    }
    return this.#key.bytes;
  }
}

/** The query as it is signed and sent: sorted, and percent-encoded as S3 does. */
export function queryOf(query: Readonly<Record<string, string>>): string {
  return Object.entries(query)
    .map(([name, value]) => `${encoded(name)}=${encoded(value)}`)
    .sort()
    .join('&');
}

function encoded(text: string): string {
  return encodeURIComponent(text).replace(
    /[!'()*]/g,
    (letter) => `%${letter.charCodeAt(0).toString(16).toUpperCase()}`,
  );
}
