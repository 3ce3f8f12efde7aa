/**
 * The embedded S3: one process, loopback, files on disk; small, and as strict as Amazon's.
 *
 * A request is read (request.ts), its sender proven (signature.ts), its operation found (router.ts) and allowed or not
 * (policy.ts); a body is verified before anything is made of it (body.ts); objects are files (object-store.ts). Errors
 * are answered with S3's error document. The server supports only path-style addressing and one region, keeps no
 * versions and has no ACLs; it refuses everything else.
 */
import { randomBytes } from 'node:crypto';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { pipeline } from 'node:stream/promises';
import { codeOf } from '../../error-code';
import { Connections, close, drain, listen, SERVER_OPTIONS } from '../listening';
import { S3Error } from './errors';
import { type Lifecycle, sweep } from './lifecycle';
import { FULL, Limits, type Quota, type Space, spaceOf } from './limits';
import { UploadStore } from './multipart-store';
import { EventRecorder, type S3EventRecord } from './notifications';
import { ObjectStore } from './object-store';
import type { Call, Reply } from './operation';
import { parseRequest } from './request';
import { route } from './router';
import { type Authenticated, authenticate, type KeyPair } from './signature';
import { toXml } from './xml';

export type { KeyPair } from './signature';

/** Options of `startS3`. */
export interface S3Options {
  /** Directory of all data; made if needed. One process at a time. */
  readonly directory: string;
  /** 0, the default, means any free port. */
  readonly port?: number;
  /** 127.0.0.1 by default. */
  readonly host?: string;
  /** eu-west-1 by default. */
  readonly region?: string;
  readonly keyPairs: readonly KeyPair[];
  /** Returns ms since 1970. */
  readonly now?: () => number;
  /**
   * Receives every object that appears or disappears, in order. It is called just before a new object becomes visible,
   * and prevents the object if it throws.
   */
  readonly onObjectEvent?: (record: S3EventRecord) => void;
  /** The free space of the disk; by default that of `directory`. */
  readonly space?: Space;
  /** Whether a bucket with a quota accepts another object of this account; always by default. */
  readonly mayWait?: (account: string) => boolean;
  /** Receives for a person which damaged files were put aside. */
  readonly warn?: (text: string) => void;
  /** Most connections; 512 by default. */
  readonly mostConnections?: number;
}

/** Options of a bucket, until the server is closed. */
export interface BucketOptions {
  readonly lifecycle?: Lifecycle;
  /** The quota of each account whose devices write into it. */
  readonly quota?: Quota;
}

/** A running server. */
export interface S3Server {
  /** `http://host:port` */
  readonly endpoint: string;
  readonly port: number;
  readonly objects: ObjectStore;
  /** Makes a bucket, or configures the existing one. */
  createBucket(name: string, options?: BucketOptions): Promise<void>;
  /** Deletes what has expired. Happens every hour, and at once for a bucket that gets a lifecycle. */
  sweep(): Promise<void>;
  /** Adds a key pair, or replaces the secret and policy of this access key. */
  addKeyPair(keyPair: KeyPair): void;
  removeKeyPair(accessKeyId: string): void;
  /** Lets running requests finish for a second, then closes their connections. */
  close(): Promise<void>;
}

/** Ms without a byte after which a client counts as gone: longer than joining a large object's parts takes. */
const IDLE_MS = 300_000;
/** Ms between two sweeps. */
const SWEEP_MS = 3_600_000;
const MOST_CONNECTIONS = 512;
/** Most simultaneous requests of one key pair. An uploader has four; an account may have many. */
const MOST_REQUESTS = 64;

/**
 * Starts a server and waits until it listens.
 *
 * @throws Error of Node's `listen`, such as EADDRINUSE
 */
export async function startS3(options: S3Options): Promise<S3Server> {
  const { region = 'eu-west-1', host = '127.0.0.1', now = Date.now } = options;
  const keyPairs = new Map(options.keyPairs.map((keyPair) => [keyPair.accessKeyId, keyPair]));
  const { onObjectEvent = () => {}, warn: tellOfDamage = warn } = options;
  const objects = await ObjectStore.open(options.directory, now, tellOfDamage);
  const uploads = await UploadStore.open(options.directory, now, tellOfDamage);
  const quotas = new Map<string, Quota>();
  const space = options.space ?? (await spaceOf(options.directory));
  const { mayWait } = options;
  const limits = new Limits({ quotas, space, ...(mayWait && { mayWait }) }, objects, uploads);
  const recorder = new EventRecorder(region, now);

  const lifecycles = new Map<string, Lifecycle>();
  const sweepBucket = async (bucket: string, lifecycle: Lifecycle) => {
    const requestId = newRequestId();
    await sweep(bucket, lifecycle, { objects, uploads }, now(), (key) => {
      const by = { principalId: 's3.amazonaws.com', sourceIPAddress: 's3.amazonaws.com', requestId };
      onObjectEvent(recorder.record({ eventName: 'LifecycleExpiration:Delete', bucket, key, ...by }));
    });
  };
  const sweepAll = async () => {
    for (const [bucket, lifecycle] of lifecycles) await sweepBucket(bucket, lifecycle);
  };
  const sweeping = setInterval(() => void sweepAll().catch(warn), SWEEP_MS);
  sweeping.unref();

  const answer = async (message: IncomingMessage, requestId: string): Promise<Reply> => {
    const authenticated = authenticate(parseRequest(message), {
      region,
      now,
      keyPair: (id) => keyPairs.get(id),
    });
    return perKey(authenticated.keyPair.accessKeyId, () => {
      connections.keep(message);
      return perform(message, requestId, authenticated);
    });
  };
  const perform = (message: IncomingMessage, requestId: string, authenticated: Authenticated): Promise<Reply> => {
    const { request, payload, keyPair } = authenticated;
    const tell: Call['tell'] = (eventName, bucket, key, object) => {
      onObjectEvent(
        recorder.record({
          eventName,
          bucket,
          key,
          ...(object && { size: object.size, etag: object.etag }),
          principalId: `AWS:${keyPair.accessKeyId}`,
          sourceIPAddress: message.socket.remoteAddress ?? '',
          requestId,
        }),
      );
    };
    return route({ request, payload, keyPair, objects, uploads, limits, region, tell });
  };

  const handle = async (message: IncomingMessage, response: ServerResponse): Promise<void> => {
    const requestId = newRequestId();
    // Clients correct their clock by this.
    response.setHeader('date', new Date(now()).toUTCString());
    response.setHeader('x-amz-request-id', requestId);
    response.setHeader('x-amz-id-2', requestId);
    if (isReadByPage(message)) {
      response.setHeader('access-control-allow-origin', '*');
      response.setHeader('vary', 'Origin');
    }
    try {
      await send(message, response, await answer(message, requestId));
    } catch (error) {
      // If not even the error can be sent, the client is gone.
      await sendError(message, response, error, requestId).catch(() => response.destroy());
    } finally {
      connections.release(message);
    }
  };

  // A body may take long on a slow line.
  const server = createServer({ ...SERVER_OPTIONS, requestTimeout: 0 }, handle);
  const connections = new Connections(server, options.mostConnections ?? MOST_CONNECTIONS);
  const perKey = requestsPerKey(MOST_REQUESTS);
  // A client that asks first whether to send its body is answered when the reading begins.
  server.on('checkContinue', (message: IncomingMessage, response: ServerResponse) => {
    const read = message.iterator.bind(message);
    message.iterator = (iteratorOptions) => {
      response.writeContinue();
      return read(iteratorOptions);
    };
    void handle(message, response);
  });
  server.timeout = IDLE_MS;
  const port = await listen(server, options.port ?? 0, host);
  return {
    endpoint: `http://${host}:${port}`,
    port,
    objects,
    createBucket: async (name, { lifecycle, quota } = {}) => {
      objects.createBucket(name);
      if (quota) quotas.set(name, quota);
      if (lifecycle === undefined) return;
      lifecycles.set(name, lifecycle);
      await sweepBucket(name, lifecycle);
    },
    sweep: sweepAll,
    addKeyPair: (keyPair) => void keyPairs.set(keyPair.accessKeyId, keyPair),
    removeKeyPair: (accessKeyId) => void keyPairs.delete(accessKeyId),
    close: () => {
      clearInterval(sweeping);
      return close(server);
    },
  };
}

/**
 * Whether a page of another origin reads an object by a signed URL. All buckets have the CORS rule that the production
 * bucket has at Amazon (lambda/template.yaml): whoever has a signed URL may read, from any page.
 */
function isReadByPage({ method, headers, url = '' }: IncomingMessage): boolean {
  return method === 'GET' && headers.origin !== undefined && /[?&]X-Amz-Signature=/.test(url);
}

function newRequestId(): string {
  return randomBytes(8).toString('hex').toUpperCase();
}

/** Reports a fault that is not the client's in the log. */
function warn(error: unknown): void {
  process.emitWarning(error instanceof Error ? error : String(error));
}

async function send(message: IncomingMessage, response: ServerResponse, reply: Reply): Promise<void> {
  const { status, headers = {}, body } = reply;
  for (const [name, value] of Object.entries(headers)) response.setHeader(name, value);
  response.statusCode = status;
  if (body === undefined || typeof body === 'string') {
    if (status !== 204 && status !== 304) response.setHeader('content-length', Buffer.byteLength(body ?? ''));
    response.end(message.method === 'HEAD' ? undefined : body);
    return;
  }
  const { file, start, end } = body;
  if (message.method === 'HEAD' || start === end) {
    await file.close();
    response.end();
    return;
  }
  // The stream closes the file, even if the client goes away.
  await pipeline(file.createReadStream({ start, end: end - 1 }), response);
}

async function sendError(
  message: IncomingMessage,
  response: ServerResponse,
  error: unknown,
  requestId: string,
): Promise<void> {
  if (response.headersSent || message.socket.destroyed) {
    // The client is gone, or cannot be answered any more: it sees that the body is cut.
    response.destroy();
    return;
  }
  const refusal = refusalOf(error);
  if (refusal.code === 'InternalError') warn(error);
  for (const name of response.getHeaderNames()) {
    if (name !== 'date' && !name.startsWith('x-amz-id-2') && name !== 'x-amz-request-id') response.removeHeader(name);
  }
  const { Region } = refusal.details;
  await send(message, response, {
    status: refusal.status,
    headers: {
      'content-type': 'application/xml',
      ...(Region !== undefined && { 'x-amz-bucket-region': Region }),
      // It waits for permission to send its body, which it does not get.
      ...(message.headers.expect !== undefined && { connection: 'close' }),
    },
    body: toXml(
      'Error',
      {
        Code: refusal.code,
        Message: refusal.message,
        Resource: message.url?.replace(/\?.*$/, ''),
        ...refusal.details,
        RequestId: requestId,
        HostId: requestId,
      },
      '',
    ),
  });
  drain(message);
}

function refusalOf(error: unknown): S3Error {
  if (error instanceof S3Error) return error;
  // Something else has filled the space that was kept free.
  if (['ENOSPC', 'EDQUOT'].includes(codeOf(error))) return new S3Error('ServiceUnavailable', FULL);
  return new S3Error('InternalError');
}

/** Runs work for access keys. Refuses more than `most` at once of the same key with SlowDown. */
function requestsPerKey(most: number): <T>(accessKeyId: string, work: () => Promise<T>) => Promise<T> {
  const running = new Map<string, number>();
  return async (accessKeyId, work) => {
    const count = (running.get(accessKeyId) ?? 0) + 1;
    if (count > most) throw new S3Error('SlowDown');
    running.set(accessKeyId, count);
    try {
      return await work();
    } finally {
      const left = (running.get(accessKeyId) ?? 0) - 1;
      if (left > 0) running.set(accessKeyId, left);
      else running.delete(accessKeyId);
    }
  };
}
