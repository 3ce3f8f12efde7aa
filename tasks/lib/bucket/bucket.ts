/**
 * The owner's bucket: stores a file and makes sure that it arrived; lists the objects.
 *
 * Credentials, listing and the frame of an upload in parts (multipart.ts) are the AWS SDK's (s3-client.ts). The bytes
 * themselves take a shorter way, with a signature (signer.ts) and a line (put-line.ts) of their own, which
 * spares CPU that a Pi needs for its camera (test/bench/put.ts measures it).
 *
 * A request is repeated if the bucket's error names another region or time (corrections.ts). An upload has succeeded
 * when the bucket is certain to have the bytes that were read (confirm-upload.ts, second-look.ts).
 */
import { Agent } from 'node:http';
import { Agent as TlsAgent } from 'node:https';
import { Readable } from 'node:stream';
import { escapeUriPath, HttpRequest } from '@smithy/core/protocols';
import { objectKey } from '../event';
import type { Destination } from '../settings/settings';
import { ChecksumHeaders } from './checksum-headers';
import { Checksums, judgeAnswer } from './confirm-upload';
import type { Content, ListedObject, PutOptions } from './content';
import { Corrections } from './corrections';
import { DeadlineHandler } from './deadlines';
import { demandedHeaders } from './demands';
import { bucketUrl, proxyOf } from './endpoint';
import { closeWhenIdle } from './idle-connections';
import { PART_SIZE, type PartsConnection, putInParts } from './multipart';
import { type Place, Problem } from './problem';
import { problemOf } from './problem-of';
import { PutLine } from './put-line';
import { RateLimit } from './rate-limit';
import { abortBy, type Client, type Credentials, credentialsOf, loadClient } from './s3-client';
import { type Answer, errorOf, errorOfClient, isFromS3, readAnswer, S3Error } from './s3-error';
import { SecondLook } from './second-look';
import { queryOf, Signer } from './signer';

/** Longest time to establish a connection, in ms. */
const CONNECT_TIMEOUT = 10_000;
/**
 * Name of the file that `grunt check` writes, and that a wrong checksum is tried with. The leading dot and the missing
 * extension keep it out of `grunt sync`, and the Lambda ignores it. Always the same name, because the file stays in the
 * bucket.
 */
export const CHECK_NAME = '.kerberos-check';
/** After 30,000 ms without a byte, a connection counts as dead. */
const IDLE_TIMEOUT = 30_000;

/** Options of `Bucket.open`. */
export interface BucketOptions {
  /** Most bytes per second of all uploads together. */
  readonly limitRate?: number;
  /** Clock of this machine, in ms since 1970. */
  readonly now?: () => number;
  /** After this time without a byte, in ms, a connection counts as dead; by default 30,000. */
  readonly idleTimeout?: number;
  /** Factor for the deadlines of answers (deadlines.ts), 1 by default. Tests use less than 1. */
  readonly deadlineScale?: number;
  /** Receives the corrections made by itself: another region, a wrong clock. */
  readonly tell?: (text: string) => void;
}

/** A PUT of `body`, with what goes with it. */
interface Send {
  key: string;
  query?: Record<string, string>;
  headers: Record<string, string>;
  body: Buffer;
  sums: Checksums;
  signal?: AbortSignal | undefined;
}

/** A bucket and one key for it. */
export class Bucket {
  readonly destination: Destination;
  readonly #handler: DeadlineHandler;
  readonly #line: PutLine;
  readonly #signer: Signer;
  readonly #credentials: Credentials;
  readonly #rateLimit: RateLimit | undefined;
  readonly #corrections: Corrections;
  readonly #secondLook: SecondLook;
  readonly #checksumHeaders: ChecksumHeaders;
  /** The region and clock offset (ms) are those that the client was made with. */
  #client: { loaded: Promise<Client>; region: string; clockOffset: number } | undefined;

  private constructor(
    destination: Destination,
    { handler, line }: { handler: DeadlineHandler; line: PutLine },
    credentials: Credentials,
    options: BucketOptions,
  ) {
    this.destination = destination;
    this.#handler = handler;
    this.#line = line;
    this.#credentials = credentials;
    this.#rateLimit = options.limitRate === undefined ? undefined : new RateLimit(options.limitRate);
    const tell = options.tell ?? (() => {});
    this.#checksumHeaders = new ChecksumHeaders(() =>
      tell(`${this.place.host} does not know x-amz-checksum-sha256: files go without it, with Content-MD5.`),
    );
    this.#corrections = new Corrections({
      bucket: destination.bucket,
      region: destination.region,
      now: options.now ?? Date.now,
      tell,
    });
    this.#secondLook = new SecondLook({
      find: (key) => this.#find(key),
      refusesWrongSum: () => this.#refusesWrongSum(),
    });
    this.#signer = new Signer(credentials);
  }

  /** Connects to nothing yet. Loads the code for proxies or profiles only if the destination needs it. */
  static async open(destination: Destination, options: BucketOptions = {}): Promise<Bucket> {
    const agent = { keepAlive: true, maxSockets: 64 };
    const { proxy } = destination;
    const idleTimeout = options.idleTimeout ?? IDLE_TIMEOUT;
    const scale = options.deadlineScale ?? 1;
    const agents = {
      httpAgent: closeWhenIdle(new Agent(agent)),
      httpsAgent: closeWhenIdle(proxy === undefined ? new TlsAgent(agent) : await proxyAgent(proxy, agent)),
    };
    const limits = { connectionTimeout: CONNECT_TIMEOUT, socketTimeout: idleTimeout };
    const ways = {
      handler: new DeadlineHandler({ ...limits, ...agents }, scale),
      line: new PutLine({ ...agents, connectTimeout: CONNECT_TIMEOUT, idleTimeout, scale }),
    };
    return new Bucket(destination, ways, await credentialsOf(destination), options);
  }

  /** Ms to add to this machine's clock to get S3's time; 0 until S3 reports a difference. */
  get clockOffset(): number {
    return this.#corrections.clockOffset;
  }

  /** The bucket's region: that of the destination, until S3 names another. */
  get region(): string {
    return this.#corrections.region;
  }

  /** Describes the bucket in messages. */
  get place(): Place {
    const { bucket, credentials } = this.destination;
    const accessKey =
      'profile' in credentials ? `of profile ${credentials.profile}` : `${credentials.accessKeyId.slice(0, 4)}…`;
    return { bucket, host: this.#endpoint().host, accessKey, proxy: proxyOf(this.destination) };
  }

  /**
   * Stores `content` under `key`. Resolves when it is certain that the bucket has it.
   *
   * @throws Problem if the bucket did not take it, or that is uncertain; what `content.read` throws.
   */
  async put(key: string, content: Content, options: PutOptions): Promise<void> {
    const { size } = content;
    if (size > PART_SIZE) {
      const { verdict, areConfirmed } = await putInParts(this.#partsConnection, key, content, options);
      return this.#secondLook.settle(key, { verdict, size, areConfirmed });
    }
    const body = await content.read(0, size);
    const sums = new Checksums(body);
    const headers: Record<string, string> = {
      'content-type': options.contentType,
      ...demandedHeaders(this.destination.demands),
    };
    for (const [name, value] of Object.entries(options.metadata)) headers[`x-amz-meta-${name}`] = value;
    const answer = await this.#checksumHeaders.send(sums, (checksum) =>
      this.#send({ key, headers: { ...headers, ...checksum }, body, sums, signal: options.signal }),
    );
    const verdict = judgeAnswer(key, answer, sums);
    await this.#secondLook.settle(key, { verdict, size, etag: answer.headers.etag, sums });
  }

  /**
   * Yields pages of the objects whose keys start with `prefix` and come after `startAfter`, in the order of S3 (UTF-8).
   *
   * @throws Problem if the bucket cannot be listed.
   */
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
      yield (page.Contents ?? []).flatMap(({ Key, Size, ETag }) =>
        Key === undefined || Size === undefined ? [] : [{ key: decode(Key), size: Size, etag: ETag }],
      );
      token = page.IsTruncated ? page.NextContinuationToken : undefined;
    } while (token !== undefined);
  }

  /**
   * The server's clock, in ms since 1970 to the second, from its answer to an unsigned request; `undefined` if the
   * answer has none.
   *
   * @throws Problem if no S3 answers, or only a broken one (5xx).
   */
  async serverTime(): Promise<number | undefined> {
    const url = this.#endpoint();
    const request = new HttpRequest({
      ...addressOf(url),
      // Not HEAD: only the text of an error shows who has answered.
      method: 'GET',
      path: url.pathname,
      query: { 'list-type': '2', 'max-keys': '1' },
      headers: { host: url.host },
    });
    try {
      const { response } = await this.#handler.handle(request);
      const answer = await readAnswer(response);
      const error = errorOf(answer);
      if (!isFromS3(answer)) throw error ?? new S3Error(answer.status, 'NoS3', '', { isFromS3: false });
      if (error !== undefined && error.status >= 500) throw error;
      const time = error?.serverTime ?? Date.parse(answer.headers.date ?? '');
      return Number.isNaN(time) ? undefined : time;
    } catch (error) {
      throw problemOf(error, this.place);
    }
  }

  /** Closes idle connections. Running requests may finish. */
  close(): void {
    this.#handler.destroy();
  }

  get #partsConnection(): PartsConnection {
    return {
      destination: this.destination,
      command: (run) => this.#command(run),
      send: (key, part) => this.#send({ key, headers: md5Header(part.sums), ...part }),
    };
  }

  /** Makes one signed request. Every failure is a `Problem`. */
  #send(send: Send): Promise<Answer> {
    return this.#corrected(() => this.#sendOnce(send));
  }

  async #sendOnce({ key, query = {}, headers, body, sums, signal }: Send): Promise<Answer> {
    const url = this.#endpoint();
    const path = `${url.pathname}${escapeUriPath(key)}`;
    const all = {
      ...headers,
      host: url.host,
      'content-length': String(body.length),
      'x-amz-content-sha256': sums.sha256.toString('hex'),
    };
    const { region, date } = this.#corrections;
    const signed = await this.#signer.sign({ method: 'PUT', path, query, headers: all }, region, date);
    const paced = this.#rateLimit && Readable.from(this.#rateLimit.pace(body, signal));
    const search = queryOf(query);
    try {
      const answer = await this.#line.send({
        url,
        path: search === '' ? path : `${path}?${search}`,
        headers: signed,
        body: paced ?? body,
        signal,
      });
      const error = errorOf(answer);
      if (error !== undefined) throw error;
      return answer;
    } finally {
      paced?.destroy();
    }
  }

  /** Runs a command of the SDK's client. Every failure is a `Problem`. */
  #command<T>(run: (client: Client) => Promise<T>): Promise<T> {
    return this.#corrected(async () => {
      try {
        return await run(await this.#loadClient());
      } catch (error) {
        throw errorOfClient(error);
      }
    });
  }

  /** Makes a request, and repeats it with the corrections that it asks for. Every failure is a `Problem`. */
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

  #endpoint(): URL {
    return bucketUrl(this.destination, this.#corrections.region);
  }

  /**
   * The object `key` in the bucket's list. Lists under the folder's prefix, because a device's key may list only that.
   */
  async #find(key: string): Promise<ListedObject | undefined> {
    const prefix = objectKey(this.destination.folder, '');
    for await (const page of this.list(prefix, key.slice(0, -1))) return page.find((object) => object.key === key);
    return undefined;
  }

  /** Whether the bucket refuses a PUT whose Content-MD5 is wrong. */
  async #refusesWrongSum(): Promise<boolean> {
    const key = objectKey(this.destination.folder, CHECK_NAME);
    const body = Buffer.from('The sum of this is wrong on purpose.\n');
    const headers = { ...demandedHeaders(this.destination.demands), ...md5Header(new Checksums(Buffer.alloc(0))) };
    try {
      await this.#send({ key, headers, body, sums: new Checksums(body) });
      return false;
    } catch (error) {
      if (error instanceof Problem && error.kind === 'checksum') return true;
      throw error;
    }
  }
}

function md5Header({ md5 }: Checksums): Record<string, string> {
  return { 'content-md5': md5.toString('base64') };
}

function addressOf({ protocol, hostname, port }: URL): { protocol: string; hostname: string; port?: number } {
  return { protocol, hostname, ...(port === '' ? {} : { port: Number(port) }) };
}

async function proxyAgent(proxy: string, agent: { keepAlive: boolean; maxSockets: number }) {
  const { HttpsProxyAgent } = await import('https-proxy-agent');
  return new HttpsProxyAgent(proxy, agent);
}

/** Decodes a key of ListObjectsV2 with `encoding-type=url`. */
function decodeListed(key: string): string {
  return decodeURIComponent(key.replaceAll('+', ' '));
}
