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
import { close, listen } from '../listening';
import { S3Error } from './errors';
import { type Lifecycle, sweep } from './lifecycle';
import { UploadStore } from './multipart-store';
import { EventRecorder, type S3EventRecord } from './notifications';
import { ObjectStore } from './object-store';
import type { Call, Reply } from './operation';
import { parseRequest } from './request';
import { route } from './router';
import { authenticate, type KeyPair } from './signature';
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
  /** Is told of every object that came or went, after it did, in order. It must not throw. */
  readonly onObjectEvent?: (record: S3EventRecord) => void;
}

export interface S3Server {
  /** `http://host:port` */
  readonly endpoint: string;
  readonly port: number;
  readonly objects: ObjectStore;
  /** Makes a bucket, or takes the one that is there, with a lifecycle that holds until the server is closed. */
  createBucket(name: string, lifecycle?: Lifecycle): Promise<void>;
  /** Deletes what has expired, by `now`. It happens by itself every hour, and at once for a bucket that gets a lifecycle. */
  sweep(): Promise<void>;
  /** Adds a key pair, or gives the one of this access key another secret and policy. */
  addKeyPair(keyPair: KeyPair): void;
  removeKeyPair(accessKeyId: string): void;
  /** Lets requests under way finish for a second, then ends their connections. */
  close(): Promise<void>;
}

/** How long a connection may wait for its next request. */
const KEEP_ALIVE_MS = 60_000;
/** A client that sends and takes nothing for so long is gone. Longer than a large object's parts take to be joined. */
const IDLE_MS = 300_000;
const SWEEP_MS = 3_600_000;

/**
 * Starts a server and waits until it listens.
 * @throws Error of Node's `listen`, such as EADDRINUSE
 */
export async function startS3(options: S3Options): Promise<S3Server> {
  const { region = 'eu-west-1', host = '127.0.0.1', now = Date.now } = options;
  const keyPairs = new Map(options.keyPairs.map((keyPair) => [keyPair.accessKeyId, keyPair]));
  const objects = await ObjectStore.open(options.directory, now);
  const uploads = new UploadStore(options.directory, now);
  const recorder = new EventRecorder(region, now);

  const lifecycles = new Map<string, Lifecycle>();
  const sweepBucket = async (bucket: string, lifecycle: Lifecycle) => {
    const requestId = newRequestId();
    await sweep(bucket, lifecycle, { objects, uploads }, now(), (key) => {
      const by = { principalId: 's3.amazonaws.com', sourceIPAddress: 's3.amazonaws.com', requestId };
      options.onObjectEvent?.(recorder.record({ eventName: 'LifecycleExpiration:Delete', bucket, key, ...by }));
    });
  };
  const sweepAll = async () => {
    for (const [bucket, lifecycle] of lifecycles) await sweepBucket(bucket, lifecycle);
  };
  const sweeping = setInterval(() => void sweepAll().catch(warn), SWEEP_MS);
  sweeping.unref();

  const answer = async (message: IncomingMessage, requestId: string): Promise<Reply> => {
    const { request, payload, keyPair } = authenticate(parseRequest(message), {
      region,
      now,
      keyPair: (id) => keyPairs.get(id),
    });
    const tell: Call['tell'] = (eventName, bucket, key, object) => {
      options.onObjectEvent?.(
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
    return route({ request, payload, keyPair, objects, uploads, region, tell });
  };

  const handle = async (message: IncomingMessage, response: ServerResponse): Promise<void> => {
    const requestId = newRequestId();
    // Clients correct their clock by ours.
    response.setHeader('date', new Date(now()).toUTCString());
    response.setHeader('x-amz-request-id', requestId);
    response.setHeader('x-amz-id-2', requestId);
    try {
      await send(message, response, await answer(message, requestId));
    } catch (error) {
      await sendError(message, response, error, requestId);
    }
  };

  const server = createServer({ keepAliveTimeout: KEEP_ALIVE_MS, requestTimeout: 0 }, handle);
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
    createBucket: async (name, lifecycle) => {
      objects.createBucket(name);
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
  if (!(error instanceof S3Error)) warn(error);
  const refusal = error instanceof S3Error ? error : new S3Error('InternalError');
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
  // What is left of the body is read and dropped: a client that is still sending would not see the answer.
  message.resume();
}
