/**
 * What stands between the uploads bucket and the production bucket on one machine, as template.yaml sets it up in AWS:
 *
 *     uploads bucket ─event→ queue ─batch→ ingest function ─→ production bucket, DynamoDB
 *                                   └ failed too often → dead letters
 *
 *     DIR/queue/       the queue and its dead letters (message-queue.ts)
 *     DIR/dynamodb/    the table
 *     DIR/logs/        what the functions write
 *
 * The functions and DynamoDB are processes of their own, and their sources are not ours: their paths come from the caller.
 */
import { type ChildProcess, fork } from 'node:child_process';
import { mkdirSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import type { Credentials } from './credentials';
import { LogFile } from './disk/log-file';
import { FunctionProcess } from './lambda/function';
import type { S3EventRecord } from './s3/notifications';
import type { S3Server } from './s3/server';
import { EventSource } from './sqs/event-source';
import { MessageQueue } from './sqs/message-queue';

export interface PublishingOptions {
  /** Directory of everything the cloud keeps. */
  readonly data: string;
  readonly region: string;
  readonly uploads: string;
  readonly production: string;
  /** Compiled module of the ingest function. */
  readonly ingest: string;
  /** Compiled script that serves DynamoDB: `node SCRIPT DIRECTORY TABLE`, with key pairs in DYNAMODB_KEY_PAIRS. */
  readonly dynamodb: string;
  /** The function's own key pair. */
  readonly credentials: Credentials;
  /** All those who may use DynamoDB. */
  readonly databaseUsers: readonly Credentials[];
  /** Is told, for a person to read, what became of an upload. */
  readonly tell: (what: 'published' | 'refused' | 'failed', text: string) => void;
}

export const TABLE = 'cloud';

/** As in template.yaml: milliseconds, and times a message is handed out. */
const TIME_LIMIT = 60_000;
const MOST_RECEIVED = 5;

/** A function process takes up to half a gigabyte. */
const MOST_PROCESSES = 4;

/** How long a batch may go on when the cloud is told to stop, in milliseconds. It is repeated at the next start. */
const GRACE = 5000;

/** How long a DynamoDB of an earlier run may take to end, in milliseconds. */
const DYNAMODB_WAIT = 10_000;

export class Publishing {
  readonly #options: PublishingOptions;
  readonly #queue: MessageQueue;
  #running: { source: EventSource; processes: FunctionProcess[]; dynamodb: ChildProcess } | undefined;

  /** Opens the queue: from now on events may be added. */
  constructor(options: PublishingOptions) {
    this.#options = options;
    this.#queue = new MessageQueue(join(options.data, 'queue'), {
      mostReceived: MOST_RECEIVED,
      firstDelay: 1000,
      longestDelay: 300_000,
      now: Date.now,
    });
  }

  /** Takes an event of the bucket; it is on disk when this returns. Events of other buckets are nobody's. */
  add(event: S3EventRecord): void {
    if (event.s3.bucket.name !== this.#options.uploads || !event.eventName.startsWith('ObjectCreated:')) return;
    this.#queue.add(JSON.stringify({ Records: [event] }));
    this.#running?.source.poll();
  }

  /** Starts DynamoDB, and the function as soon as there is an event for it. Gives the endpoint of DynamoDB. */
  async start(s3: S3Server): Promise<string> {
    const { data, region, uploads, production, ingest, credentials, databaseUsers, tell } = this.#options;
    const log = new LogFile(join(data, 'logs', 'ingest.log'));
    mkdirSync(join(data, 'dynamodb'), { recursive: true, mode: 0o700 });
    const dynamodb = await startDynamoDB(this.#options.dynamodb, join(data, 'dynamodb'), databaseUsers);

    // What template.yaml allows the function.
    s3.addKeyPair({
      ...credentials,
      policy: [
        { effect: 'allow', actions: ['s3:GetObject', 's3:ListBucket'], bucket: uploads },
        { effect: 'allow', actions: ['s3:PutObject', 's3:PutObjectTagging'], bucket: production },
      ],
    });
    const { PATH, HOME, FACES, MAX_BYTES, MAX_PIXELS } = process.env;
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
        ...{ PATH, HOME, FACES, MAX_BYTES, MAX_PIXELS },
        AWS_REGION: region,
        AWS_ACCESS_KEY_ID: credentials.accessKeyId,
        AWS_SECRET_ACCESS_KEY: credentials.secretAccessKey,
        AWS_ENDPOINT_URL_S3: s3.endpoint,
        AWS_ENDPOINT_URL_DYNAMODB: dynamodb.endpoint,
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
    this.#running = { source, processes, dynamodb: dynamodb.child };
    return dynamodb.endpoint;
  }

  /** Ends what was started. Events that were not handled wait for the next start. */
  async close(): Promise<void> {
    if (!this.#running) return;
    const { source, processes, dynamodb } = this.#running;
    this.#running = undefined;
    const finished = source.close();
    const impatience = setTimeout(() => processes.forEach((process) => void process.close()), GRACE);
    await finished;
    clearTimeout(impatience);
    await Promise.all(processes.map((process) => process.close()));
    await ended(dynamodb);
  }
}

/** One that was killed with its parent a moment ago may still hold the directory: it is waited for. */
async function startDynamoDB(
  script: string,
  directory: string,
  users: readonly Credentials[],
): Promise<{ child: ChildProcess; endpoint: string }> {
  const env = { ...process.env, DYNAMODB_KEY_PAIRS: JSON.stringify(users) };
  const patience = Date.now() + DYNAMODB_WAIT;
  for (;;) {
    const child = fork(script, [directory, TABLE], { env, stdio: ['ignore', 'ignore', 'pipe', 'ipc'], execArgv: [] });
    let said = '';
    child.stderr?.on('data', (text: Buffer) => {
      said = `${said}${text}`.slice(-2000);
    });
    const endpoint = await new Promise<string | undefined>((resolve) => {
      child.once('message', (message) => resolve(endpointIn(message)));
      child.once('exit', () => resolve(undefined));
    });
    if (endpoint) return { child, endpoint };
    if (Date.now() > patience) throw new Error(`The database did not start on ${directory}: ${said.trim()}`);
    await wait(200);
  }
}

/** What a line of the function's log says of an upload (lambda/lib/ingest/handler.ts writes it). */
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
    return typeof value === 'object' && value !== null ? Object.fromEntries(Object.entries(value)) : {};
  } catch {
    // Not a line of the function's own: a warning of Node's.
    return {};
  }
}

function endpointIn(message: unknown): string | undefined {
  if (typeof message !== 'object' || message === null || !('endpoint' in message)) return undefined;
  return typeof message.endpoint === 'string' ? message.endpoint : undefined;
}

async function ended(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  await new Promise<void>((resolve) => {
    child.once('exit', () => resolve());
    child.disconnect();
  });
}

function defined(env: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  return Object.fromEntries(Object.entries(env).filter(([, value]) => value !== undefined));
}
