/**
 * The owner's bucket: put a file there and know that it arrived; list what is there.
 *
 * Credentials, signatures, connections and listing are the AWS SDK's. A single PUT takes the short way through the
 * SDK's own signer and HTTP handler, without the client's middleware: half the CPU a picture (test/bench/put.ts), which
 * a Pi needs for its camera. The client itself is loaded only when it is needed
 * (listing, the frame of a multipart upload).
 *
 * Arrived means: S3 compared the MD5 and the SHA-256 that were computed from the bytes read from the disk (Content-MD5,
 * and the signed payload hash) and what it says that it stored has the same checksum or ETag. Files above `PART_SIZE` go in parts,
 * one part in memory at a time.
 *
 * Two things that a bucket tells in its errors are put right on the spot: its region, and the hour (a Pi has no clock
 * battery; a signature is good for 15 minutes around S3's own time).
 */
import { createHash } from 'node:crypto';
import { Readable } from 'node:stream';
import type { S3Client } from '@aws-sdk/client-s3';
import { Sha256Node } from '@smithy/core/checksum';
import { escapeUriPath, HttpRequest, type HttpResponse } from '@smithy/core/protocols';
import { NodeHttpHandler } from '@smithy/node-http-handler';
import { SignatureV4 } from '@smithy/signature-v4';
import { type Place, Problem, problemOf } from './problem';
import { RateLimit } from './rate-limit';
import { errorOf, errorOfClient, S3Error } from './s3-error';
import type { Destination } from './settings';

/** Files up to so many bytes are one PUT; larger ones go in parts of this size (S3 wants at least 5 MiB a part). */
export const PART_SIZE = 8 * 1024 * 1024;
/** S3's limit on the number of parts. */
const MOST_PARTS = 10_000;
/** How long a connection may take to come about, in ms. */
const CONNECT_TIMEOUT = 10_000;
/** How long a connection may stand still, in ms, before the line counts as dead. */
const IDLE_TIMEOUT = 30_000;
/** A clock that is wrong by less, in ms, is none of the reasons why S3 refuses a signature. */
const CLOCK_STEP = 60_000;
/** An answer that makes us correct ourselves (region, clock) is followed at most so often in a row. */
const MOST_CORRECTIONS = 3;

/** Bytes of known size that can be read at any place: a file. */
export interface Content {
  readonly size: number;
  /** The `length` bytes at `offset`. Throws where the file does not have them any more. */
  read(offset: number, length: number): Promise<Buffer>;
}

export interface PutOptions {
  readonly contentType: string;
  /** User metadata, without `x-amz-meta-`: ASCII only. */
  readonly metadata: Readonly<Record<string, string>>;
  readonly signal?: AbortSignal;
}

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
  readonly #now: () => number;
  readonly #tell: (text: string) => void;
  #region: string;
  /** Ms to add to this machine's clock to have S3's. */
  #clockOffset = 0;
  #client: Promise<Client> | undefined;

  private constructor(
    destination: Destination,
    handler: NodeHttpHandler,
    credentials: Credentials,
    options: BucketOptions,
  ) {
    this.destination = destination;
    this.#handler = handler;
    this.#credentials = credentials;
    this.#region = destination.region;
    this.#rateLimit = options.limitRate === undefined ? undefined : new RateLimit(options.limitRate);
    this.#now = options.now ?? Date.now;
    this.#tell = options.tell ?? (() => {});
    this.#signer = new SignatureV4({
      credentials,
      region: () => Promise.resolve(this.#region),
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
    return this.#clockOffset;
  }

  /** The bucket's region: what the destination says, until S3 has said another. */
  get region(): string {
    return this.#region;
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
    if (content.size > PART_SIZE) return this.#putInParts(key, content, options);
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

  async #putInParts(key: string, content: Content, { contentType, metadata, signal }: PutOptions): Promise<void> {
    const Bucket = this.destination.bucket;
    const partSize = Math.max(PART_SIZE, Math.ceil(content.size / MOST_PARTS));
    const { UploadId } = await this.#command(async ({ client, commands }) =>
      client.send(
        new commands.CreateMultipartUploadCommand({
          Bucket,
          Key: key,
          ContentType: contentType,
          Metadata: { ...metadata },
        }),
        abortBy(signal),
      ),
    );
    if (UploadId === undefined)
      throw new Problem('server', 'NoUploadId', 'S3 began no upload in parts.', 'It is tried again.');
    try {
      const Parts: { ETag: string; PartNumber: number }[] = [];
      const md5s: Buffer[] = [];
      for (let offset = 0; offset < content.size; offset += partSize) {
        const body = await content.read(offset, Math.min(partSize, content.size - offset));
        const sums = checksums(body);
        const PartNumber = Parts.length + 1;
        const query = { partNumber: String(PartNumber), uploadId: UploadId };
        const { headers } = await this.#send({ method: 'PUT', key, query, headers: {}, body, sums, signal });
        confirm(key, headers, sums);
        Parts.push({ ETag: headers.etag ?? '', PartNumber });
        md5s.push(sums.md5);
      }
      const whole = await this.#command(async ({ client, commands }) =>
        client.send(
          new commands.CompleteMultipartUploadCommand({ Bucket, Key: key, UploadId, MultipartUpload: { Parts } }),
          abortBy(signal),
        ),
      );
      // S3's ETag of an upload in parts: the MD5 of the parts' MD5s, a dash, their number.
      const expected = `${createHash('md5').update(Buffer.concat(md5s)).digest('hex')}-${md5s.length}`;
      confirmETag(key, whole.ETag, expected, /^[0-9a-f]{32}-\d+$/);
    } catch (error) {
      // The parts cost their owner money until the bucket's lifecycle ends them. A key that may only write and list is
      // mostly not allowed to end them itself, and there may be no line to say it on.
      if (signal?.aborted !== true) {
        await this.#command(async ({ client, commands }) =>
          client.send(new commands.AbortMultipartUploadCommand({ Bucket, Key: key, UploadId }), abortBy(signal)),
        ).catch(() => {});
      }
      throw error;
    }
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
    const signed = await this.#signer.sign(request, { signingDate: new Date(this.#now() + this.#clockOffset) });
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
      this.#client ??= this.#load();
      try {
        return await run(await this.#client);
      } catch (error) {
        throw errorOfClient(error);
      }
    });
  }

  /** Does it again where the answer shows what to do otherwise. */
  async #corrected<T>(attempt: () => Promise<T>): Promise<T> {
    for (let corrections = 0; ; corrections++) {
      const tried = { region: this.#region, clockOffset: this.#clockOffset };
      try {
        return await attempt();
      } catch (error) {
        if (corrections < MOST_CORRECTIONS && this.#correct(error, tried)) continue;
        throw problemOf(error, this.place);
      }
    }
  }

  async #load(): Promise<Client> {
    // The SDK's notice about Node versions of the future is for developers, not for the log of a camera.
    process.env.AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED = 'true';
    const commands = await import('@aws-sdk/client-s3');
    const client = new commands.S3Client({
      region: this.#region,
      ...(this.destination.endpoint === undefined ? {} : { endpoint: this.destination.endpoint, forcePathStyle: true }),
      credentials: this.#credentials,
      requestHandler: this.#handler,
      requestChecksumCalculation: 'WHEN_REQUIRED',
      responseChecksumValidation: 'WHEN_REQUIRED',
      systemClockOffset: this.#clockOffset,
      maxAttempts: 1,
    });
    return { client, commands };
  }

  /**
   * Puts right what the error shows to be wrong with what was `tried`; false where it shows nothing that we could. Of
   * several requests that fail alike, the first puts it right for all.
   */
  #correct(error: unknown, tried: { region: string; clockOffset: number }): boolean {
    if (!(error instanceof S3Error)) return false;
    if (error.code === 'RequestTimeTooSkewed' && error.serverTime !== undefined) {
      if (tried.clockOffset !== this.#clockOffset) return true;
      const offset = error.serverTime - this.#now();
      if (Math.abs(offset - this.#clockOffset) < CLOCK_STEP) return false;
      this.#clockOffset = offset;
      this.#tell(
        Math.abs(offset) < CLOCK_STEP
          ? 'The clock of this machine is right again.'
          : `The clock of this machine is ${inWords(-offset)}; S3's time is used. Remedy: timedatectl set-ntp true.`,
      );
    } else if (error.region !== undefined && error.region !== tried.region) {
      if (error.region === this.#region) return true;
      this.#tell(`The bucket ${this.destination.bucket} is in ${error.region}, not in ${this.#region}: going there.`);
      this.#region = error.region;
    } else {
      return false;
    }
    this.#client = undefined;
    return true;
  }

  /** Where the bucket is; `pathname` ends with a slash. */
  #endpoint(): URL {
    const { endpoint, bucket } = this.destination;
    if (endpoint !== undefined) return new URL(`${endpoint.replace(/\/+$/, '')}/${bucket}/`);
    const domain = this.#region.startsWith('cn-') ? 'amazonaws.com.cn' : 'amazonaws.com';
    const host = `s3.${this.#region}.${domain}`;
    // The wildcard of S3's certificate covers no dot.
    return new URL(bucket.includes('.') ? `https://${host}/${bucket}/` : `https://${bucket}.${host}/`);
  }
}

function addressOf({ protocol, hostname, port }: URL): { protocol: string; hostname: string; port?: number } {
  return { protocol, hostname, ...(port === '' ? {} : { port: Number(port) }) };
}

interface Client {
  readonly client: S3Client;
  readonly commands: typeof import('@aws-sdk/client-s3');
}

interface Identity {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly sessionToken?: string;
}

type Credentials = () => Promise<Identity>;

async function credentialsOf({ credentials }: Destination): Promise<Credentials> {
  if (!('profile' in credentials)) return () => Promise.resolve(credentials);
  const { defaultProvider } = await import('@aws-sdk/credential-provider-node');
  return defaultProvider({ profile: credentials.profile });
}

async function proxyAgent(proxy: string, agent: { keepAlive: boolean; maxSockets: number }) {
  const { HttpsProxyAgent } = await import('https-proxy-agent');
  return new HttpsProxyAgent(proxy, agent);
}

interface Checksums {
  readonly md5: Buffer;
  readonly sha256: Buffer;
}

function checksums(bytes: Buffer): Checksums {
  return { md5: createHash('md5').update(bytes).digest(), sha256: createHash('sha256').update(bytes).digest() };
}

/** Throws unless what S3 says it stored is what was read. */
function confirm(key: string, headers: Record<string, string>, { md5, sha256 }: Checksums): void {
  const stored = headers['x-amz-checksum-sha256'];
  if (stored !== undefined) {
    if (stored !== sha256.toString('base64')) throw notConfirmed(key, 'SHA-256');
    return;
  }
  // Every S3 answers with an ETag; what does not has stored nothing: a hotspot's login page, say.
  if (headers.etag === undefined) {
    throw new Problem(
      'checksum',
      'NotConfirmed',
      `What answers to ${key} is no S3: it confirms nothing.`,
      'Something between this machine and the bucket answers in its place: a login page, a proxy, a wrong endpoint.',
    );
  }
  // An ETag is the MD5 unless the bucket encrypts with a key of its own; S3 has then still checked Content-MD5.
  const encryption = headers['x-amz-server-side-encryption'];
  const isMd5 = encryption === undefined || encryption === 'AES256';
  if (isMd5) confirmETag(key, headers.etag, md5.toString('hex'), /^[0-9a-f]{32}$/);
}

function confirmETag(key: string, etag: string | undefined, expected: string, shape: RegExp): void {
  const stored = etag?.replace(/^"|"$/g, '');
  if (stored !== undefined && shape.test(stored) && stored !== expected) throw notConfirmed(key, 'MD5');
}

function notConfirmed(key: string, sum: string): Problem {
  return new Problem(
    'checksum',
    'ChecksumMismatch',
    `What the bucket stored as ${key} has another ${sum} than the file.`,
    'It is sent again. If this stays, something between this machine and the bucket damages data.',
  );
}

/** A key as ListObjectsV2 writes it with `encoding-type=url`. */
function decodeListed(key: string): string {
  return decodeURIComponent(key.replaceAll('+', ' '));
}

/** An offset in ms as `2 hours behind`, `3 days ahead`. */
export function inWords(offset: number): string {
  const size = Math.abs(offset) / 60_000;
  const [amount, unit] = size < 120 ? [size, 'minutes'] : size < 2880 ? [size / 60, 'hours'] : [size / 1440, 'days'];
  return `${Math.round(amount)} ${unit} ${offset < 0 ? 'behind' : 'ahead'}`;
}

function abortBy(signal: AbortSignal | undefined): { abortSignal?: AbortSignal } {
  return signal === undefined ? {} : { abortSignal: signal };
}
