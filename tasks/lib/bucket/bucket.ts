/**
 * The owner's bucket: put a file there and know that it arrived; list what is there.
 *
 * Credentials, signatures, connections and listing are the AWS SDK's. A single PUT takes the short way through the
 * SDK's own signer and HTTP handler, without the client's middleware: half the CPU a picture (test/bench/put.ts), which
 * a Pi needs for its camera. The client itself (s3-client.ts) is for listing and for the frame of an upload in parts
 * (multipart.ts).
 *
 * Each request is made again where the bucket's error tells another region or time (corrections.ts). It has succeeded
 * when it is certain that the bucket has what was read from the disk (confirm-upload.ts, second-look.ts).
 */
import { Agent } from 'node:http';
import { Agent as TlsAgent } from 'node:https';
import { Readable } from 'node:stream';
import { Sha256Node } from '@smithy/core/checksum';
import { escapeUriPath, HttpRequest } from '@smithy/core/protocols';
import { SignatureV4 } from '@smithy/signature-v4';
import { objectKey } from '../event';
import type { Destination } from '../settings/settings';
import { ChecksumHeader } from './checksum-header';
import { type Checksums, checksums, judgeAnswer } from './confirm-upload';
import type { Content, ListedObject, PutOptions } from './content';
import { Corrections } from './corrections';
import { DeadlineHandler, inSlices } from './deadlines';
import { demandedHeaders } from './demands';
import { bucketUrl, proxyOf } from './endpoint';
import { closeWhenIdle } from './idle-connections';
import { PART_SIZE, type PartsConnection, putInParts } from './multipart';
import { type Place, Problem } from './problem';
import { problemOf } from './problem-of';
import { RateLimit } from './rate-limit';
import { abortBy, type Client, type Credentials, credentialsOf, loadClient } from './s3-client';
import { type Answer, errorOf, errorOfClient, isFromS3, readAnswer, S3Error } from './s3-error';
import { SecondLook } from './second-look';

/** How long a connection may take to come about, in ms. */
const CONNECT_TIMEOUT = 10_000;
/**
 * File name of what `grunt check` writes, and what a wrong sum is tried on. It is no event: its leading dot and its
 * missing extension keep it out of `grunt sync`, and the Lambda passes it over. Always the same one: it stays behind.
 */
export const CHECK_NAME = '.kerberos-check';
/** How long a connection may stand still, in ms, before the line counts as dead. */
const IDLE_TIMEOUT = 30_000;

export interface BucketOptions {
  /** Bytes per second of all uploads together. */
  readonly limitRate?: number;
  /** Clock of this machine, in ms. */
  readonly now?: () => number;
  /** How long a connection may stand still, in ms; by default 30 s. */
  readonly idleTimeout?: number;
  /** Makes the deadlines of answers (deadlines.ts) that much shorter; by default 1. */
  readonly deadlineScale?: number;
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
  readonly #handler: DeadlineHandler;
  readonly #signer: SignatureV4;
  readonly #credentials: Credentials;
  readonly #rateLimit: RateLimit | undefined;
  readonly #corrections: Corrections;
  readonly #secondLook: SecondLook;
  readonly #checksumHeader: ChecksumHeader;
  /** With the region and the hour that were known when it was made. */
  #client: { loaded: Promise<Client>; region: string; clockOffset: number } | undefined;

  private constructor(
    destination: Destination,
    handler: DeadlineHandler,
    credentials: Credentials,
    options: BucketOptions,
  ) {
    this.destination = destination;
    this.#handler = handler;
    this.#credentials = credentials;
    this.#rateLimit = options.limitRate === undefined ? undefined : new RateLimit(options.limitRate);
    const tell = options.tell ?? (() => {});
    this.#checksumHeader = new ChecksumHeader(() =>
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
    const { proxy } = destination;
    const handler = new DeadlineHandler(
      {
        connectionTimeout: CONNECT_TIMEOUT,
        socketTimeout: options.idleTimeout ?? IDLE_TIMEOUT,
        httpAgent: closeWhenIdle(new Agent(agent)),
        httpsAgent: closeWhenIdle(proxy === undefined ? new TlsAgent(agent) : await proxyAgent(proxy, agent)),
      },
      options.deadlineScale,
    );
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
    return { bucket, host: this.#endpoint().host, accessKey, proxy: proxyOf(this.destination) };
  }

  /**
   * Stores `content` under `key`; resolves when it is certain that the bucket has it. Rejects with a `Problem`, or with
   * whatever `content.read` threw.
   */
  async put(key: string, content: Content, options: PutOptions): Promise<void> {
    const { size } = content;
    if (size > PART_SIZE) {
      const { verdict, areConfirmed } = await putInParts(this.#partsConnection, key, content, options);
      return this.#secondLook.settle(key, { verdict, size, areConfirmed });
    }
    const body = await content.read(0, size);
    const sums = checksums(body);
    const headers: Record<string, string> = {
      'content-type': options.contentType,
      ...demandedHeaders(this.destination.demands),
    };
    for (const [name, value] of Object.entries(options.metadata)) headers[`x-amz-meta-${name}`] = value;
    const answer = await this.#checksumHeader.send(sums, (checksum) =>
      this.#send({ method: 'PUT', key, headers: { ...headers, ...checksum }, body, sums, signal: options.signal }),
    );
    const verdict = judgeAnswer(key, answer, sums);
    await this.#secondLook.settle(key, { verdict, size, etag: answer.headers.etag, md5: sums.md5 });
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
      yield (page.Contents ?? []).flatMap(({ Key, Size, ETag }) =>
        Key === undefined || Size === undefined ? [] : [{ key: decode(Key), size: Size, etag: ETag }],
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
      // Not HEAD: who has answered is seen from the text of the error.
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

  /** Ends idle connections. What is under way may still end. */
  close(): void {
    this.#handler.destroy();
  }

  get #partsConnection(): PartsConnection {
    return {
      destination: this.destination,
      command: (run) => this.#command(run),
      send: (key, part) => this.#send({ method: 'PUT', key, headers: {}, ...part }),
    };
  }

  /** One signed request; its success, or a `Problem`. */
  #send(send: Send): Promise<Answer> {
    return this.#corrected(() => this.#sendOnce(send));
  }

  async #sendOnce({ method, key, query, headers, body, sums, signal }: Send): Promise<Answer> {
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
        new HttpRequest({ ...signed, body: paced ?? inSlices(body) }),
        signal ? { abortSignal: signal } : {},
      );
      const answer = await readAnswer(response);
      const error = errorOf(answer);
      if (error !== undefined) throw error;
      return answer;
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

  #endpoint(): URL {
    return bucketUrl(this.destination, this.#corrections.region);
  }

  /** The object as the list has it. Asks for the folder, which is what a device's key may list. */
  async #find(key: string): Promise<ListedObject | undefined> {
    const prefix = objectKey(this.destination.folder, '');
    for await (const page of this.list(prefix, key.slice(0, -1))) return page.find((object) => object.key === key);
    return undefined;
  }

  async #refusesWrongSum(): Promise<boolean> {
    const key = objectKey(this.destination.folder, CHECK_NAME);
    const body = Buffer.from('The sum of this is wrong on purpose.\n');
    const sums = { md5: checksums(Buffer.alloc(0)).md5, sha256: checksums(body).sha256 };
    try {
      await this.#send({ method: 'PUT', key, headers: demandedHeaders(this.destination.demands), body, sums });
      return false;
    } catch (error) {
      if (error instanceof Problem && error.kind === 'checksum') return true;
      throw error;
    }
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
