/** A server in a temporary directory with an owner and a device, and the means to talk to it. */
import { mkdtemp, rm } from 'node:fs/promises';
import { request as httpRequest, type IncomingHttpHeaders } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { S3Client, type S3ClientConfig, S3ServiceException } from '@aws-sdk/client-s3';
import { expect } from 'chai';
import type { S3EventRecord } from '../../../tasks/lib/cloud/notifications';
import { device, owner } from '../../../tasks/lib/cloud/policy';
import { type S3Options, type S3Server, startS3 } from '../../../tasks/lib/cloud/s3';

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
        { ...DEVICE, policy: device(BUCKET, FOLDER) },
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
