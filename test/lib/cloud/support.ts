/** A server in a temporary directory with an owner and a device, and the means to talk to it. */
import { createHash, createHmac, type Hash, type Hmac } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { request as httpRequest, type IncomingHttpHeaders } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { S3Client, type S3ClientConfig, S3ServiceException } from '@aws-sdk/client-s3';
import { SignatureV4 } from '@smithy/signature-v4';
import type { Checksum, SourceData } from '@smithy/types';
import { expect } from 'chai';
import { devicePolicy } from '../../../tasks/lib/cloud/iam/device-policy';
import { policyOf } from '../../../tasks/lib/cloud/iam/policy-document';
import { uriEncode } from '../../../tasks/lib/cloud/s3/encoding';
import type { S3EventRecord } from '../../../tasks/lib/cloud/s3/notifications';
import { owner } from '../../../tasks/lib/cloud/s3/policy';
import { type S3Options, type S3Server, startS3 } from '../../../tasks/lib/cloud/s3/server';

export const OWNER = { accessKeyId: 'OWNERKEY', secretAccessKey: 'ownersecret' };
export const DEVICE = { accessKeyId: 'DEVICEKEY', secretAccessKey: 'device/secret+' };
export const BUCKET = 'uploads';
export const FOLDER = 'home';
export const REGION = 'eu-west-1';

export interface TestServer {
  readonly s3: S3Server;
  readonly directory: string;
  readonly events: S3EventRecord[];
  client(config?: S3ClientConfig): S3Client;
  /** Stops and starts it on the same directory. */
  restart(): Promise<void>;
  stop(): Promise<void>;
}

export async function startTestServer(options: Partial<S3Options> = {}): Promise<TestServer> {
  const directory = await mkdtemp(join(tmpdir(), 'kerberos-s3-'));
  const events: S3EventRecord[] = [];
  const clients: S3Client[] = [];
  const start = async () => {
    const started = await startS3({
      directory,
      keyPairs: [
        { ...OWNER, policy: owner },
        { ...DEVICE, policy: policyOf(devicePolicy(BUCKET, FOLDER)) },
      ],
      onObjectEvent: (record) => events.push(record),
      ...options,
    });
    await started.createBucket(BUCKET);
    return started;
  };
  let s3 = await start();
  return {
    get s3() {
      return s3;
    },
    directory,
    events,
    client(config = {}) {
      const client = new S3Client({
        endpoint: s3.endpoint,
        forcePathStyle: true,
        region: REGION,
        credentials: OWNER,
        maxAttempts: 1,
        ...config,
      });
      clients.push(client);
      return client;
    },
    async restart() {
      await s3.close();
      s3 = await start();
    },
    async stop() {
      for (const client of clients) client.destroy();
      await s3.close();
      await rm(directory, { recursive: true, force: true });
    },
  };
}

/** The code of the refusal that a call of the SDK ends with. */
export async function refusal(call: Promise<unknown>): Promise<{ code: string; status: number | undefined }> {
  const error: unknown = await call.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  expect(error, 'the call was not refused').to.be.instanceOf(S3ServiceException);
  if (!(error instanceof S3ServiceException)) throw error;
  return { code: error.name, status: error.$metadata.httpStatusCode };
}

export interface RawReply {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: Buffer;
  /** The `<Code>` of an error document. */
  readonly code: string | undefined;
}

export interface RawRequest {
  readonly method?: string;
  /** Path and query, as they go over the wire. */
  readonly path: string;
  readonly headers?: Record<string, string>;
  readonly body?: Buffer | string;
}

/** Sends a request as it is: no client library that would set it right. */
export function send(endpoint: string, { method = 'GET', path, headers = {}, body }: RawRequest): Promise<RawReply> {
  const { hostname, port } = new URL(endpoint);
  return new Promise((resolve, reject) => {
    const request = httpRequest({ hostname, port, method, path, headers, agent: false }, (response) => {
      const pieces: Buffer[] = [];
      response.on('data', (piece: Buffer) => pieces.push(piece));
      response.on('error', reject);
      response.on('end', () => {
        const received = Buffer.concat(pieces);
        resolve({
          status: response.statusCode ?? 0,
          headers: response.headers,
          body: received,
          code: /<Code>(\w+)<\/Code>/.exec(received.toString())?.[1],
        });
      });
    });
    request.on('error', reject);
    request.end(body);
  });
}

/** SHA-256 and its HMAC as Amazon's signer wants them. */
class Sha256 implements Checksum {
  #hash: Hash | Hmac;
  constructor(secret?: SourceData) {
    this.#hash = secret === undefined ? createHash('sha256') : createHmac('sha256', bytesOf(secret));
  }
  update(data: SourceData): void {
    this.#hash.update(bytesOf(data));
  }
  digest(): Promise<Uint8Array> {
    return Promise.resolve(this.#hash.digest());
  }
  reset(): void {}
}

function bytesOf(data: SourceData): Buffer {
  if (typeof data === 'string') return Buffer.from(data);
  return ArrayBuffer.isView(data) ? Buffer.from(data.buffer, data.byteOffset, data.byteLength) : Buffer.from(data);
}

export interface SignOptions {
  readonly credentials?: typeof OWNER;
  readonly region?: string;
  readonly at?: Date;
  /** Of a presigned URL, in seconds. */
  readonly expiresIn?: number;
}

function signer({ credentials = OWNER, region = REGION }: SignOptions): SignatureV4 {
  return new SignatureV4({
    credentials,
    region,
    service: 's3',
    sha256: Sha256,
    uriEscapePath: false,
    applyChecksum: false,
  });
}

function toSign(endpoint: string, { method = 'GET', path, headers = {} }: RawRequest) {
  const url = new URL(endpoint);
  const [pathname = '', search = ''] = path.split('?');
  return {
    method,
    protocol: 'http:',
    hostname: url.hostname,
    port: Number(url.port),
    path: pathname,
    query: Object.fromEntries(new URLSearchParams(search)),
    headers: { ...headers, host: url.host },
  };
}

/** A request with its signature in a header, made by Amazon's signer. Its body is hashed where its headers do not say. */
export async function sign(endpoint: string, request: RawRequest, options: SignOptions = {}): Promise<RawRequest> {
  const hash = createHash('sha256')
    .update(request.body ?? '')
    .digest('hex');
  const withHash = { ...request, headers: { 'x-amz-content-sha256': hash, ...request.headers } };
  const { headers } = await signer(options).sign(toSign(endpoint, withHash), { signingDate: options.at ?? new Date() });
  return { ...request, headers };
}

/** A request with its signature in the query, made by Amazon's signer; its headers are signed. */
export async function presign(endpoint: string, request: RawRequest, options: SignOptions = {}): Promise<RawRequest> {
  const unsigned = { ...request, headers: { ...request.headers, 'x-amz-content-sha256': 'UNSIGNED-PAYLOAD' } };
  const { path, query = {} } = await signer(options).presign(toSign(endpoint, unsigned), {
    expiresIn: options.expiresIn ?? 100,
    signingDate: options.at ?? new Date(),
  });
  const search = Object.entries(query).map(([name, value]) => `${uriEncode(name)}=${uriEncode(String(value))}`);
  return { ...request, path: `${path}?${search.join('&')}` };
}

/** Signs a request, sends it, and gives the answer. */
export async function sendSigned(endpoint: string, request: RawRequest, options: SignOptions = {}): Promise<RawReply> {
  return send(endpoint, await sign(endpoint, request, options));
}
