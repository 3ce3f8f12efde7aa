/**
 * Publishes uploads on one machine, as template.yaml does in AWS:
 *
 *     uploads bucket ─event→ queue ─batch→ ingest function ─→ production bucket, DynamoDB
 *                                   └ failed too often → dead letters
 *
 *     DIR/queue/       the queue and its dead letters (message-queue.ts)
 *     DIR/dynamodb/    the table
 *     DIR/logs/        what the functions write
 *
 * The functions and DynamoDB are processes of their own, and their sources are not ours: their paths come from the
 * caller.
 */
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { isRecord } from '../record';
import type { Credentials } from './credentials';
import { Database } from './database';
import { LogFile } from './disk/log-file';
import { FunctionProcess } from './lambda/function';
import { formDecode } from './s3/encoding';
import { accountOf } from './s3/key-index';
import type { S3EventRecord } from './s3/notifications';
import type { S3Server } from './s3/server';
import { EventSource } from './sqs/event-source';
import { MessageQueue } from './sqs/message-queue';

/** Options of `Publishing`. */
export interface PublishingOptions {
  /** Directory for all data of the cloud. */
  readonly data: string;
  readonly region: string;
  readonly uploads: string;
  readonly production: string;
  /** Compiled module of the ingest function. */
  readonly ingest: string;
  /** Compiled script that serves DynamoDB: `node SCRIPT DIRECTORY TABLE PORT`, with key pairs in DYNAMODB_KEY_PAIRS. */
  readonly dynamodb: string;
  /** The function's own key pair. */
  readonly credentials: Credentials;
  /** The key pairs that may use DynamoDB. */
  readonly databaseUsers: readonly Credentials[];
  /** Receives for a person what became of an upload. */
  readonly tell: (what: 'published' | 'refused' | 'failed', text: string) => void;
}

/** Name of the DynamoDB table. */
export const TABLE = 'cloud';

/**
 * As in template.yaml: milliseconds, and how many times a message is handed out; with the queue's waits that is 8
 * hours.
 */
const TIME_LIMIT = 60_000;
const MOST_RECEIVED = 100;

/** Most function processes; each takes up to half a gigabyte. */
const MOST_PROCESSES = 4;

/** Ms that a batch may still take when the cloud is told to stop. It is repeated at the next start. */
const GRACE = 5000;

/** Most waiting uploads of one account: as many as a camera has after weeks without a line. */
const MOST_WAITING = 100_000;

/** The queue, the function and the database. */
export class Publishing {
  readonly #options: PublishingOptions;
  readonly #queue: MessageQueue;
  #running: { source: EventSource; processes: FunctionProcess[]; database: Database } | undefined;

  /** Opens the queue. From now on events may be added. */
  constructor(options: PublishingOptions) {
    this.#options = options;
    this.#queue = new MessageQueue(join(options.data, 'queue'), {
      mostReceived: MOST_RECEIVED,
      firstDelay: 1000,
      longestDelay: 300_000,
      now: Date.now,
      onDamaged: (text) => options.tell('failed', text),
    });
  }

  /** Whether the queue accepts another upload of an account. */
  mayWait(account: string): boolean {
    return this.#queue.lengthOf(account) < MOST_WAITING;
  }

  /**
   * Adds an event of the uploads bucket; it is on disk when this returns. Events of other buckets are ignored.
   *
   * @throws Error of the file system
   */
  add(event: S3EventRecord): void {
    if (event.s3.bucket.name !== this.#options.uploads || !event.eventName.startsWith('ObjectCreated:')) return;
    this.#queue.add(JSON.stringify({ Records: [event] }), accountOf(formDecode(event.s3.object.key)));
    this.#running?.source.poll();
  }

  /**
   * Starts DynamoDB, and the function as soon as there is an event for it.
   *
   * @returns the endpoint of DynamoDB.
   * @throws Error if DynamoDB does not start.
   */
  async start(s3: S3Server): Promise<string> {
    const { data, region, uploads, production, ingest, dynamodb, credentials, databaseUsers, tell } = this.#options;
    const log = new LogFile(join(data, 'logs', 'ingest.log'));
    const database = await Database.start({
      script: dynamodb,
      directory: join(data, 'dynamodb'),
      table: TABLE,
      users: databaseUsers,
      warn: (text) => tell('failed', text),
    });

    // The rights that template.yaml gives the function.
    s3.addKeyPair({
      ...credentials,
      policy: [
        { effect: 'allow', actions: ['s3:GetObject', 's3:ListBucket'], bucket: uploads },
        { effect: 'allow', actions: ['s3:PutObject', 's3:PutObjectTagging'], bucket: production },
      ],
    });
    const { PATH, HOME, FACES, LABELS, MAX_BYTES, MAX_VIDEO_BYTES, MAX_PIXELS } = process.env;
    const options = {
      name: 'ingest',
      module: ingest,
      timeLimit: TIME_LIMIT,
      onLine: (line: string) => {
        log.write(line);
        const outcome = outcomeIn(line);
        if (outcome) tell(...outcome);
      },
      env: defined({
        ...{ PATH, HOME, FACES, LABELS, MAX_BYTES, MAX_VIDEO_BYTES, MAX_PIXELS },
        AWS_REGION: region,
        AWS_ACCESS_KEY_ID: credentials.accessKeyId,
        AWS_SECRET_ACCESS_KEY: credentials.secretAccessKey,
        AWS_ENDPOINT_URL_S3: s3.endpoint,
        AWS_ENDPOINT_URL_DYNAMODB: database.endpoint,
        PRODUCTION_BUCKET: production,
        TABLE_NAME: TABLE,
        POWERTOOLS_METRICS_DISABLED: 'true',
      }),
    };
    const count = Math.min(MOST_PROCESSES, availableParallelism());
    const processes = Array.from({ length: count }, () => new FunctionProcess(options));
    const source = new EventSource(
      this.#queue,
      processes,
      ({ id }, error) =>
        tell('failed', `An upload could not be looked at: ${error} It waits in ${data}/queue/dead-letters/${id}.json.`),
      Date.now,
    );
    this.#running = { source, processes, database };
    return database.endpoint;
  }

  /** Ends everything. Unhandled events wait for the next start. */
  async close(): Promise<void> {
    if (!this.#running) return;
    const { source, processes, database } = this.#running;
    this.#running = undefined;
    const finished = source.close();
    const impatience = setTimeout(() => processes.forEach((process) => void process.close()), GRACE);
    await finished;
    clearTimeout(impatience);
    await Promise.all(processes.map((process) => process.close()));
    await database.close();
  }
}

/** The outcome of an upload in a line of the function's log (which lambda/lib/ingest/handler.ts writes). */
function outcomeIn(line: string): ['published' | 'refused', string] | undefined {
  const { message, key, persons, reason, refusal } = fieldsIn(line);
  if (message === 'published') {
    const seen = Array.isArray(persons) && persons.length > 0 ? `, on it: ${persons.join(', ')}` : '';
    return ['published', `${key}${seen}`];
  }
  if (message === 'rejected') return ['refused', `${key} (${reason}): ${refusal}`];
  return undefined;
}

function fieldsIn(line: string): Record<string, unknown> {
  try {
    const value: unknown = JSON.parse(line);
    return isRecord(value) ? value : {};
  } catch {
    // Not a line of the function itself, but a warning of Node.js.
    return {};
  }
}

function defined(env: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  return Object.fromEntries(Object.entries(env).filter(([, value]) => value !== undefined));
}
