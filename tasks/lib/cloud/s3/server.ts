/**
 * The embedded S3: one process, loopback, files on disk; small, and as strict as Amazon's.
 *
 * A request is read (request.ts), its sender proven (signature.ts), its operation found (router.ts) and allowed or not
 * (policy.ts); a body is verified before anything is made of it (body.ts); objects are files (objects.ts). Whatever goes
 * wrong leaves as S3's error document. It knows path-style addressing only, one region, keeps no versions, and has no ACLs:
 * what it does not know it refuses.
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

export interface S3Options {
  /** Where everything is kept; made where it is not there. One process at a time. */
  readonly directory: string;
  /** 0, the default, takes a free one. */
  readonly port?: number;
  /** 127.0.0.1 where none is given. */
  readonly host?: string;
  /** eu-west-1 where none is given. */
  readonly region?: string;
  readonly keyPairs: readonly KeyPair[];
  /** Milliseconds since 1970. */
  readonly now?: () => number;
  /**
   * Is told of every object that comes or goes, in order: of one that comes just before it can be seen, and what is thrown
   * then keeps it from coming.
   */
  readonly onObjectEvent?: (record: S3EventRecord) => void;
  /** The free space of the disk; that of `directory` where none is given. */
  readonly space?: Space;
  /** Whether another object of this account may come into a bucket with a quota; always where it is left out. */
  readonly mayWait?: (account: string) => boolean;
  /** Is told, for a person to read, of damaged files that were put aside. */
  readonly warn?: (text: string) => void;
  /** Most connections; 512 where none is given. */
  readonly mostConnections?: number;
}

/** What holds for a bucket until the server is closed. */
export interface BucketOptions {
  readonly lifecycle?: Lifecycle;
  /** Of each account whose devices write into it. */
  readonly quota?: Quota;
}

export interface S3Server {
  /** `http://host:port` */
  readonly endpoint: string;
  readonly port: number;
  readonly objects: ObjectStore;
  /** Makes a bucket, or takes the one that is there. */
  createBucket(name: string, options?: BucketOptions): Promise<void>;
  /** Deletes what has expired, by `now`. It happens by itself every hour, and at once for a bucket that gets a lifecycle. */
  sweep(): Promise<void>;
  /** Adds a key pair, or gives the one of this access key another secret and policy. */
  addKeyPair(keyPair: KeyPair): void;
  removeKeyPair(accessKeyId: string): void;
  /** Lets requests under way finish for a second, then ends their connections. */
  close(): Promise<void>;
}

/** A client that sends and takes nothing for so long is gone. Longer than a large object's parts take to be joined. */
const IDLE_MS = 300_000;
const SWEEP_MS = 3_600_000;
const MOST_CONNECTIONS = 512;
/** Of one key pair, at the same time. An uploader has four; an account may have many. */
const MOST_REQUESTS = 64;

/**
 * Starts a server and waits until it listens.
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
    // Clients correct their clock by ours.
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
      // Whoever cannot even be told of the error is gone.
      await sendError(message, response, error, requestId).catch(() => response.destroy());
    } finally {
      connections.release(message);
    }
  };

  // A body may take as long as its line is slow.
  const server = createServer({ ...SERVER_OPTIONS, requestTimeout: 0 }, handle);
  const connections = new Connections(server, options.mostConnections ?? MOST_CONNECTIONS);
  const perKey = requestsPerKey(MOST_REQUESTS);
  // A client that asks first whether it may send its body is told only once we begin to read it.
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
 * Whether a page of another origin reads an object by a signed address. All buckets have the one CORS rule that the production
 * bucket has at Amazon's (lambda/template.yaml): whoever has a signed address may read, from any page.
 */
function isReadByPage({ method, headers, url = '' }: IncomingMessage): boolean {
  return method === 'GET' && headers.origin !== undefined && /[?&]X-Amz-Signature=/.test(url);
}

function newRequestId(): string {
  return randomBytes(8).toString('hex').toUpperCase();
}

/** To whoever reads our log: it is no fault of a client's. */
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
  // The stream closes the file, also where the client goes away.
  await pipeline(file.createReadStream({ start, end: end - 1 }), response);
}

async function sendError(
  message: IncomingMessage,
  response: ServerResponse,
  error: unknown,
  requestId: string,
): Promise<void> {
  if (response.headersSent || message.socket.destroyed) {
    // The client went away, or cannot be told any more: it sees that the body is cut.
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
      // It waits for a word on whether to send its body, and the word is no.
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
  // Something else has filled what was kept free.
  if (['ENOSPC', 'EDQUOT'].includes(codeOf(error))) return new S3Error('ServiceUnavailable', FULL);
  return new S3Error('InternalError');
}

/** Runs work for access keys, and refuses what would be more than `most` at once of the same key (SlowDown). */
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
