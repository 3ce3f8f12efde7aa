/**
 * The owner's bucket: put a file there and know that it arrived; list what is there.
 *
 * Credentials, signatures, connections and listing are the AWS SDK's. A single PUT takes the short way through the
 * SDK's own signer and HTTP handler, without the client's middleware: half the CPU a picture (test/bench/put.ts), which
 * a Pi needs for its camera. The client itself (s3-client.ts) is for listing and for the frame of an upload in parts
 * (multipart.ts).
 *
 * Each request is made again where the bucket's error tells another region or hour (corrections.ts), and has succeeded
 * when the bucket has confirmed the sums of what was read from the disk (confirm.ts).
 */
import { Readable } from 'node:stream';
import { Sha256Node } from '@smithy/core/checksum';
import { escapeUriPath, HttpRequest, type HttpResponse } from '@smithy/core/protocols';
import { NodeHttpHandler } from '@smithy/node-http-handler';
import { SignatureV4 } from '@smithy/signature-v4';
import type { Destination } from '../settings/settings';
import { type Checksums, checksums, confirm } from './confirm';
import type { Content, PutOptions } from './content';
import { Corrections } from './corrections';
import { PART_SIZE, type PartsConnection, putInParts } from './multipart';
import type { Place } from './problem';
import { problemOf } from './problem-of';
import { RateLimit } from './rate-limit';
import { abortBy, type Client, type Credentials, credentialsOf, loadClient } from './s3-client';
import { errorOf, errorOfClient } from './s3-error';

/** How long a connection may take to come about, in ms. */
const CONNECT_TIMEOUT = 10_000;
/** How long a connection may stand still, in ms, before the line counts as dead. */
const IDLE_TIMEOUT = 30_000;

export interface ListedObject {
  readonly key: string;
  readonly size: number;
}

export interface BucketOptions {
  /** Bytes per second of all uploads together. */
  readonly limitRate?: number;
  /** Clock of this machine, in ms. */
  readonly now?: () => number;
  /** How long a connection may stand still, in ms; by default 30 s. */
  readonly idleTimeout?: number;
  /** Hears what was put right by itself: another region, a wrong clock. */
  readonly tell?: (text: string) => void;
}

interface Send {
  method: string;
  key: string;
  query?: Record<string, string>;
  headers: Record<string, string>;
  body: Buffer;
  sums: Checksums;
  signal?: AbortSignal | undefined;
}

export class Bucket {
  readonly destination: Destination;
  readonly #handler: NodeHttpHandler;
  readonly #signer: SignatureV4;
  readonly #credentials: Credentials;
  readonly #rateLimit: RateLimit | undefined;
  readonly #corrections: Corrections;
  /** With the region and the hour that were known when it was made. */
  #client: { loaded: Promise<Client>; region: string; clockOffset: number } | undefined;

  private constructor(
    destination: Destination,
    handler: NodeHttpHandler,
    credentials: Credentials,
    options: BucketOptions,
  ) {
    this.destination = destination;
    this.#handler = handler;
    this.#credentials = credentials;
    this.#rateLimit = options.limitRate === undefined ? undefined : new RateLimit(options.limitRate);
    this.#corrections = new Corrections({
      bucket: destination.bucket,
      region: destination.region,
      now: options.now ?? Date.now,
      tell: options.tell ?? (() => {}),
    });
    this.#signer = new SignatureV4({
      credentials,
      region: () => Promise.resolve(this.#corrections.region),
      service: 's3',
      sha256: Sha256Node,
      uriEscapePath: false,
      applyChecksum: false,
    });
  }

  /** Connects nothing yet. Loads the proxy's or the profile's support only where the destination asks for them. */
  static async open(destination: Destination, options: BucketOptions = {}): Promise<Bucket> {
    const agent = { keepAlive: true, maxSockets: 64 };
    const handler = new NodeHttpHandler({
      connectionTimeout: CONNECT_TIMEOUT,
      socketTimeout: options.idleTimeout ?? IDLE_TIMEOUT,
      httpAgent: agent,
      httpsAgent: destination.proxy === undefined ? agent : await proxyAgent(destination.proxy, agent),
    });
    return new Bucket(destination, handler, await credentialsOf(destination), options);
  }

  /** How far this machine's clock is behind S3's, in ms, as far as S3 had to say so; 0 until then. */
  get clockOffset(): number {
    return this.#corrections.clockOffset;
  }

  /** The bucket's region: what the destination says, until S3 has said another. */
  get region(): string {
    return this.#corrections.region;
  }

  /** Names the bucket in messages. */
  get place(): Place {
    const { bucket, credentials } = this.destination;
    const accessKey =
      'profile' in credentials ? `of profile ${credentials.profile}` : `${credentials.accessKeyId.slice(0, 4)}…`;
    return { bucket, host: this.#endpoint().host, accessKey };
  }

  /**
   * Stores `content` under `key`; resolves when the bucket has confirmed its checksum. Rejects with a `Problem`, or with
   * whatever `content.read` threw.
   */
  async put(key: string, content: Content, options: PutOptions): Promise<void> {
    if (content.size > PART_SIZE) return putInParts(this.#partsConnection, key, content, options);
    const body = await content.read(0, content.size);
    const sums = checksums(body);
    const headers: Record<string, string> = {
      'content-type': options.contentType,
      'x-amz-checksum-sha256': sums.sha256.toString('base64'),
    };
    for (const [name, value] of Object.entries(options.metadata)) headers[`x-amz-meta-${name}`] = value;
    const response = await this.#send({ method: 'PUT', key, headers, body, sums, signal: options.signal });
    confirm(key, response.headers, sums);
  }

  /** The objects whose keys start with `prefix` and come after `startAfter`, in the order of their keys (UTF-8). */
  async *list(prefix: string, startAfter?: string, signal?: AbortSignal): AsyncGenerator<ListedObject[]> {
    let token: string | undefined;
    do {
      const page = await this.#command(async ({ client, commands }) =>
        client.send(
          new commands.ListObjectsV2Command({
            Bucket: this.destination.bucket,
            Prefix: prefix,
            StartAfter: startAfter,
            ContinuationToken: token,
            EncodingType: 'url',
          }),
          abortBy(signal),
        ),
      );
      const decode = page.EncodingType === 'url' ? decodeListed : (key: string) => key;
      yield (page.Contents ?? []).flatMap(({ Key, Size }) =>
        Key === undefined || Size === undefined ? [] : [{ key: decode(Key), size: Size }],
      );
      token = page.IsTruncated ? page.NextContinuationToken : undefined;
    } while (token !== undefined);
  }

  /**
   * The server's clock in ms, to the second, by what it answers to an unsigned request; undefined where it does not say.
   * Rejects with a `Problem` where no server, or only a broken one, answers.
   */
  async serverTime(): Promise<number | undefined> {
    const url = this.#endpoint();
    const request = new HttpRequest({
      ...addressOf(url),
      method: 'HEAD',
      path: url.pathname,
      headers: { host: url.host },
    });
    try {
      const { response } = await this.#handler.handle(request);
      const answer = await errorOf(response);
      // A proxy that lets nobody through answers in the server's place.
      if (answer.status >= 500 || answer.status === 407) throw answer;
      return answer.serverTime;
    } catch (error) {
      throw problemOf(error, this.place);
    }
  }

  /** Ends idle connections. What is under way may still end. */
  close(): void {
    this.#handler.destroy();
  }

  get #partsConnection(): PartsConnection {
    return {
      bucket: this.destination.bucket,
      command: (run) => this.#command(run),
      send: async (key, part) => (await this.#send({ method: 'PUT', key, headers: {}, ...part })).headers,
    };
  }

  /** One signed request; its success, or a `Problem`. */
  #send(send: Send): Promise<HttpResponse> {
    return this.#corrected(() => this.#sendOnce(send));
  }

  async #sendOnce({ method, key, query, headers, body, sums, signal }: Send): Promise<HttpResponse> {
    const url = this.#endpoint();
    const request = new HttpRequest({
      ...addressOf(url),
      method,
      path: `${url.pathname}${escapeUriPath(key)}`,
      query: query ?? {},
      headers: {
        ...headers,
        host: url.host,
        'content-length': String(body.length),
        'content-md5': sums.md5.toString('base64'),
        'x-amz-content-sha256': sums.sha256.toString('hex'),
      },
    });
    const signed = await this.#signer.sign(request, { signingDate: this.#corrections.date });
    const paced = this.#rateLimit && Readable.from(this.#rateLimit.pace(body, signal));
    try {
      const { response } = await this.#handler.handle(
        new HttpRequest({ ...signed, body: paced ?? body }),
        signal ? { abortSignal: signal } : {},
      );
      if (response.statusCode >= 200 && response.statusCode < 300) {
        response.body.resume();
        return response;
      }
      throw await errorOf(response);
    } finally {
      paced?.destroy();
    }
  }

  /** A command of the SDK's client; its success, or a `Problem`. */
  #command<T>(run: (client: Client) => Promise<T>): Promise<T> {
    return this.#corrected(async () => {
      try {
        return await run(await this.#loadClient());
      } catch (error) {
        throw errorOfClient(error);
      }
    });
  }

  /** A request that follows what the bucket corrects; its success, or a `Problem`. */
  #corrected<T>(attempt: () => Promise<T>): Promise<T> {
    return this.#corrections.follow(attempt).catch((error: unknown) => {
      throw problemOf(error, this.place);
    });
  }

  #loadClient(): Promise<Client> {
    const { region, clockOffset } = this.#corrections;
    if (this.#client?.region !== region || this.#client.clockOffset !== clockOffset) {
      const parts = { credentials: this.#credentials, handler: this.#handler, region, clockOffset };
      this.#client = { loaded: loadClient(this.destination, parts), region, clockOffset };
    }
    return this.#client.loaded;
  }

  /** Where the bucket is; `pathname` ends with a slash. */
  #endpoint(): URL {
    const { endpoint, bucket } = this.destination;
    if (endpoint !== undefined) return new URL(`${endpoint.replace(/\/+$/, '')}/${bucket}/`);
    const domain = this.#corrections.region.startsWith('cn-') ? 'amazonaws.com.cn' : 'amazonaws.com';
    const host = `s3.${this.#corrections.region}.${domain}`;
    // The wildcard of S3's certificate covers no dot.
    return new URL(bucket.includes('.') ? `https://${host}/${bucket}/` : `https://${bucket}.${host}/`);
  }
}

function addressOf({ protocol, hostname, port }: URL): { protocol: string; hostname: string; port?: number } {
  return { protocol, hostname, ...(port === '' ? {} : { port: Number(port) }) };
}

async function proxyAgent(proxy: string, agent: { keepAlive: boolean; maxSockets: number }) {
  const { HttpsProxyAgent } = await import('https-proxy-agent');
  return new HttpsProxyAgent(proxy, agent);
}

/** A key as ListObjectsV2 writes it with `encoding-type=url`. */
function decodeListed(key: string): string {
  return decodeURIComponent(key.replaceAll('+', ' '));
}
