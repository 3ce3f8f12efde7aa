/**
 * A cloud for one test: an S3 and a DynamoDB over HTTP, with an uploads bucket, a production bucket and the table.
 * TEST_AWS_ENDPOINT makes it use another S3 and DynamoDB, such as moto's (`npm run test:moto`).
 */
import { randomBytes } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { DiscardPrints } from '../../lambda/lib/faces/discard';
import type { FaceEngine } from '../../lambda/lib/faces/engine';
import { type GalleryHandler, galleryHandler } from '../../lambda/lib/gallery/handler';
import { handlerOf } from '../../lambda/lib/ingest/handler';
import { KnownInstances } from '../../lambda/lib/ingest/known-instances';
import { People } from '../../lambda/lib/ingest/people';
import type { filmOf } from '../../lambda/lib/ingest/video-frames';
import type { LabelEngine } from '../../lambda/lib/labels/engine';
import { LabelTurns } from '../../lambda/lib/labels/turns';
import { Inspector } from '../../lambda/lib/media/inspector';
import { notifyHandler } from '../../lambda/lib/notifications/handler';
import type { Reach } from '../../lambda/lib/public-address';
import type { FacesSetting, Settings } from '../../lambda/lib/settings';
import { Table } from '../../lambda/lib/table/table';
import { createTable, startDynamoDB } from '../../lambda/local-dynamodb';
import { type Context, documents, dynamodb, Logger, Metrics, s3 } from '../../lambda/test-packages';
import { startIam } from '../../tasks/lib/cloud/iam/server';
import { IamUsers } from '../../tasks/lib/cloud/iam/users';
import { formEncode } from '../../tasks/lib/cloud/s3/encoding';
import { owner } from '../../tasks/lib/cloud/s3/policy';
import { startS3 } from '../../tasks/lib/cloud/s3/server';

const CREDENTIALS = { accessKeyId: 'OWNERKEY', secretAccessKey: 'ownersecret' };
const REGION = 'eu-west-1';

/** One process decodes the pictures of all tests; it ends with this one. */
export const INSPECTOR = new Inspector();

/** Another S3 and DynamoDB to test on; moto's fails now and then when it is asked by many at once. */
export const OTHER = process.env.TEST_AWS_ENDPOINT;

/** What a test may set otherwise. */
export interface Options extends Partial<Pick<Settings, 'maxBytes' | 'maxVideoBytes' | 'maxPixels'>> {
  engine?: FaceEngine;
  labels?: LabelEngine;
  inspector?: Inspector;
  /** Videos have frames only where a test asks for them. */
  film?: typeof filmOf;
  /** Called before each request to S3 or DynamoDB, and after it: with the command's name, and what it is about. */
  before?: (command: string, input: object) => void;
  after?: (command: string, input: object) => Promise<void> | void;
  now?: () => number;
  /** Called for each metric that is counted. */
  metric?: (name: string, value: number) => void;
}

/** Metrics that also tell a test what is counted. */
class CountedMetrics extends Metrics {
  readonly #counted: Options['metric'];

  constructor(counted: Options['metric']) {
    super({ namespace: 'Test', serviceName: 'test' });
    this.#counted = counted;
  }

  override addMetric(...[name, unit, value]: Parameters<Metrics['addMetric']>): this {
    this.#counted?.(name, value);
    return super.addMetric(name, unit, value);
  }
}

/** What a test may set otherwise for the cloud application. */
export interface GalleryOptions extends Pick<Options, 'before' | 'after' | 'now'> {
  faces?: FacesSetting;
  discard?: DiscardPrints;
}

/** What a test may set otherwise for the notify function. */
export interface NotifyOptions extends Pick<Options, 'before' | 'after' | 'now'> {
  /** Is given what is sent. */
  mail?: { to: string; raw: string }[];
  reach?: Reach;
}

/** One record of a notification of S3, as far as the Lambda reads it. */
export interface S3Record {
  eventSource: 'aws:s3';
  eventName: string;
  eventTime: string;
  s3: { bucket: { name: string }; object: { key: string; size: number; eTag: string; sequencer: string } };
}

export type Item = Record<string, unknown>;

export class TestCloud {
  readonly uploads: string;
  readonly production: string;
  readonly tableName: string;
  readonly s3: s3.S3Client;
  readonly documents: documents.DynamoDBDocumentClient;
  readonly #endpoints: Endpoints;
  readonly #close: () => Promise<void>;
  readonly #clients: { destroy(): void }[] = [];
  /** What galleries logged: failures that their visitors were not told of. */
  readonly failures: unknown[] = [];
  #sequence = 0;

  private constructor(endpoints: Endpoints, close: () => Promise<void>) {
    const name = randomBytes(4).toString('hex');
    this.uploads = `uploads-${name}`;
    this.production = `production-${name}`;
    this.tableName = `cloud-${name}`;
    this.#endpoints = endpoints;
    this.#close = close;
    ({ s3: this.s3, documents: this.documents } = this.clients());
  }

  /** `bucketNow` is S3's clock: milliseconds since 1970. */
  static async start(bucketNow: () => number = Date.now): Promise<TestCloud> {
    const { endpoints, close } = await servers(bucketNow);
    const cloud = new TestCloud(endpoints, close);
    for (const Bucket of [cloud.uploads, cloud.production]) {
      await cloud.s3.send(
        new s3.CreateBucketCommand({ Bucket, CreateBucketConfiguration: { LocationConstraint: REGION } }),
      );
    }
    await createTable(cloud.documents, cloud.tableName);
    return cloud;
  }

  async stop(): Promise<void> {
    for (const client of this.#clients) client.destroy();
    await this.#close();
  }

  /** New clients of the same servers, which report each request. */
  clients({ before, after }: Pick<Options, 'before' | 'after'> = {}) {
    const shared = { region: REGION, credentials: CREDENTIALS, maxAttempts: OTHER ? 5 : 1 };
    const s3Client = new s3.S3Client({ ...shared, endpoint: this.#endpoints.s3, forcePathStyle: true });
    const dynamodbClient = new dynamodb.DynamoDBClient({ ...shared, endpoint: this.#endpoints.dynamodb });
    const reporting =
      <I extends object, O>(next: (args: { input: I }) => Promise<O>, context: { commandName?: string }) =>
      async (args: { input: I }): Promise<O> => {
        before?.(context.commandName ?? '', args.input);
        const result = await next(args);
        await after?.(context.commandName ?? '', args.input);
        return result;
      };
    s3Client.middlewareStack.add(reporting, { step: 'initialize', priority: 'high' });
    dynamodbClient.middlewareStack.add(reporting, { step: 'initialize', priority: 'high' });
    this.#clients.push(s3Client, dynamodbClient);
    const documentClient = documents.DynamoDBDocumentClient.from(dynamodbClient, {
      marshallOptions: { removeUndefinedValues: true },
    });
    return { s3: s3Client, documents: documentClient };
  }

  /** The environment of a Lambda that runs in a process of its own. */
  environment(): NodeJS.ProcessEnv {
    return {
      AWS_REGION: REGION,
      AWS_ACCESS_KEY_ID: CREDENTIALS.accessKeyId,
      AWS_SECRET_ACCESS_KEY: CREDENTIALS.secretAccessKey,
      AWS_ENDPOINT_URL_S3: this.#endpoints.s3,
      AWS_ENDPOINT_URL_DYNAMODB: this.#endpoints.dynamodb,
      PRODUCTION_BUCKET: this.production,
      TABLE_NAME: this.tableName,
    };
  }

  /** What `grunt cloud` writes into owner.env, for the accounts command. */
  ownerEnvironment(appUrl: string): Record<string, string> {
    return {
      AWS_REGION: REGION,
      AWS_ACCESS_KEY_ID: CREDENTIALS.accessKeyId,
      AWS_SECRET_ACCESS_KEY: CREDENTIALS.secretAccessKey,
      AWS_ENDPOINT_URL_S3: this.#endpoints.s3,
      AWS_ENDPOINT_URL_DYNAMODB: this.#endpoints.dynamodb,
      AWS_ENDPOINT_URL_IAM: this.#endpoints.iam,
      UPLOADS_BUCKET: this.uploads,
      PRODUCTION_BUCKET: this.production,
      TABLE_NAME: this.tableName,
      APP_URL: appUrl,
    };
  }

  /** Somebody else's client of the bucket, such as a camera's. */
  camera(accessKeyId: string, secretAccessKey: string): s3.S3Client {
    const client = new s3.S3Client({
      region: REGION,
      credentials: { accessKeyId, secretAccessKey },
      maxAttempts: 1,
      endpoint: this.#endpoints.s3,
      forcePathStyle: true,
    });
    this.#clients.push(client);
    return client;
  }

  /** A new Lambda, as after a cold start. */
  lambda(options: Options = {}): (event: unknown) => Promise<unknown> {
    process.env.POWERTOOLS_METRICS_DISABLED = 'true';
    const { s3: client, documents: documentClient } = this.clients(options);
    const table = new Table(documentClient, this.tableName);
    const { engine, maxBytes = 10_000_000, maxVideoBytes = 64_000_000, maxPixels = 24_000_000 } = options;
    const { now = Date.now } = options;
    const settings: Settings = {
      ...{ productionBucket: this.production, tableName: this.tableName, maxBytes, maxVideoBytes, maxPixels },
      faces: engine ? 'embedded' : 'off',
      labels: options.labels ? 'embedded' : 'off',
    };
    const handle = handlerOf(
      {
        settings,
        s3: client,
        table,
        inspector: options.inspector ?? INSPECTOR,
        film: options.film ?? (async () => undefined),
        instances: new KnownInstances(),
        faces: engine && { engine, people: new People(table, engine) },
        labels: options.labels && { engine: options.labels, turns: new LabelTurns() },
      },
      {
        logger: new Logger({ serviceName: 'test', logLevel: 'SILENT' }),
        metrics: new CountedMetrics(options.metric),
        now,
      },
    );
    return (event) => handle(event, CONTEXT);
  }

  /** A new Lambda of the cloud application, as after a cold start. */
  gallery({ now = Date.now, faces = 'off', discard, ...options }: GalleryOptions = {}): GalleryHandler {
    const { s3: client, documents: documentClient } = this.clients(options);
    return galleryHandler({
      settings: {
        productionBucket: this.production,
        uploadsBucket: this.uploads,
        tableName: this.tableName,
        faces,
        hasMail: true,
        loopback: true,
      },
      s3: client,
      table: new Table(documentClient, this.tableName),
      discard: discard ?? (async () => {}),
      now,
      log: (error) => this.failures.push(error),
    });
  }

  /** The notify function, which may call programs of this machine, as after a cold start. */
  notify({ now = Date.now, mail = [], ...options }: NotifyOptions = {}): (event: unknown) => Promise<unknown> {
    const { s3: client, documents: documentClient } = this.clients(options);
    return notifyHandler({
      settings: {
        ...{ productionBucket: this.production, tableName: this.tableName, appUrl: 'https://cloud.example' },
        ...{ reach: { loopback: true, ...options.reach }, mail: { from: 'kerberos@cloud.example' } },
      },
      s3: client,
      table: new Table(documentClient, this.tableName),
      sendMail: async ({ to, raw }) => void mail.push({ to, raw: raw.toString() }),
      now,
      log: (message, fields) => this.failures.push([message, fields]),
    });
  }

  /** Uploads a file as a device does, and returns what S3 tells the Lambda of it. */
  async upload(key: string, body: Buffer, metadata: Record<string, string> = {}): Promise<S3Record> {
    const put = { Bucket: this.uploads, Key: key, Body: body, Metadata: metadata };
    const { ETag = '' } = await this.s3.send(new s3.PutObjectCommand(put));
    this.#sequence += 1;
    return {
      eventSource: 'aws:s3',
      eventName: 'ObjectCreated:Put',
      eventTime: new Date(Date.UTC(2026, 3, 1) + this.#sequence * 1000).toISOString(),
      s3: {
        bucket: { name: this.uploads },
        object: {
          key: formEncode(key),
          size: body.length,
          eTag: ETag.replaceAll('"', ''),
          sequencer: this.#sequence.toString(16).toUpperCase().padStart(16, '0'),
        },
      },
    };
  }

  /** All keys of the production bucket. */
  async published(): Promise<string[]> {
    const { Contents = [] } = await this.s3.send(new s3.ListObjectsV2Command({ Bucket: this.production }));
    return Contents.map(({ Key = '' }) => Key);
  }

  async object(key: string, bucket = this.production) {
    const { Body, ...head } = await this.s3.send(new s3.GetObjectCommand({ Bucket: bucket, Key: key }));
    return { ...head, body: Buffer.from((await Body?.transformToByteArray()) ?? []) };
  }

  /** Every item of the table, in the order of its keys. */
  async items(): Promise<Item[]> {
    const items: Item[] = [];
    for await (const page of documents.paginateScan({ client: this.documents }, { TableName: this.tableName })) {
      items.push(...(page.Items ?? []));
    }
    return items.sort((a, b) => keyOf(a).localeCompare(keyOf(b)));
  }

  /** As after the start, with the uploads still there. */
  async wipe(): Promise<void> {
    for (const { pk, sk } of await this.items()) {
      await this.documents.send(new documents.DeleteCommand({ TableName: this.tableName, Key: { pk, sk } }));
    }
    for (const Key of await this.published()) {
      await this.s3.send(new s3.DeleteObjectCommand({ Bucket: this.production, Key }));
    }
  }

  /** The items of one kind: EVENT, REJECTED, INSTANCES, COUNTS, PERSONS, FACES… */
  async itemsOf(kind: string): Promise<Item[]> {
    return (await this.items()).filter(({ pk }) => String(pk).split('#')[2] === kind);
  }
}

function keyOf({ pk, sk }: Item): string {
  return `${String(pk)}|${String(sk)}`;
}

interface Endpoints {
  s3: string;
  dynamodb: string;
  iam: string;
}

async function servers(now: () => number): Promise<{ endpoints: Endpoints; close: () => Promise<void> }> {
  if (OTHER) return { endpoints: { s3: OTHER, dynamodb: OTHER, iam: OTHER }, close: async () => {} };
  const directory = await mkdtemp(join(tmpdir(), 'kerberos-lambda-'));
  const bucket = await startS3({ directory, keyPairs: [{ ...CREDENTIALS, policy: owner }], region: REGION, now });
  const users = new IamUsers(join(directory, 'iam.json'), bucket, Date.now);
  const [table, iam] = await Promise.all([
    startDynamoDB({ keyPairs: [CREDENTIALS] }),
    startIam({ users, owner: CREDENTIALS }),
  ]);
  const close = async () => {
    await Promise.all([bucket.close(), table.close(), iam.close()]);
    await rm(directory, { recursive: true, force: true });
  };
  return { endpoints: { s3: bucket.endpoint, dynamodb: table.endpoint, iam: iam.endpoint }, close };
}

const CONTEXT: Context = {
  callbackWaitsForEmptyEventLoop: true,
  functionName: 'ingest',
  functionVersion: '1',
  invokedFunctionArn: 'arn:aws:lambda:eu-west-1:123456789012:function:ingest',
  memoryLimitInMB: '1024',
  awsRequestId: 'test',
  logGroupName: 'test',
  logStreamName: 'test',
  getRemainingTimeInMillis: () => 60_000,
  done: () => {},
  fail: () => {},
  succeed: () => {},
};
