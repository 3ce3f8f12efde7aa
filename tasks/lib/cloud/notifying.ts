/**
 * The notify function on one machine: it sends what waits in the outbox and looks at the cameras. In AWS schedules and the
 * table's stream invoke it; here a timer does, and whoever knows that there is something new.
 *
 *     DIR/logs/notify.log   what the function writes
 *     DIR/mail/             mail, a file each: there is nobody here who sends it
 *
 * The function is not ours: its path comes from the caller.
 */
import { join } from 'node:path';
import { messageOf } from '../error-code';
import type { Credentials } from './credentials';
import { LogFile } from './disk/log-file';
import { FunctionProcess } from './lambda/function';
import type { S3Server } from './s3/server';

/** What the notify function runs with. */
export interface NotifyingOptions {
  /** Directory of everything the cloud keeps. */
  readonly data: string;
  readonly region: string;
  readonly production: string;
  readonly table: string;
  /** Where DynamoDB is. */
  readonly database: string;
  /** Where the page is. */
  readonly app: string;
  /** Compiled module of the notify function. */
  readonly notify: string;
  /** The function's own key pair. */
  readonly credentials: Credentials;
  /** Is told, for a person to read, that a run failed. */
  readonly warn: (text: string) => void;
}

/** As in template.yaml, in milliseconds. */
const TIME_LIMIT = 60_000;
const LOOK_EVERY = 5 * 60_000;

/** How often the outbox is looked at, in ms: who presses the button for a test does not wait for long. */
const SEND_EVERY = 5000;

/** Has the function work, until it is closed. */
export class Notifying {
  readonly #process: FunctionProcess;
  readonly #warn: (text: string) => void;
  readonly #timers: NodeJS.Timeout[];
  /** The next work, and the work of the moment: one thing at a time. */
  #next: 'look' | 'send' | undefined;
  #running = false;
  #closed = false;

  constructor(s3: S3Server, options: NotifyingOptions) {
    const { data, region, production, table, database, app, notify, credentials, warn } = options;
    // What template.yaml allows the function.
    s3.addKeyPair({
      ...credentials,
      policy: [{ effect: 'allow', actions: ['s3:GetObject'], bucket: production }],
    });
    const log = new LogFile(join(data, 'logs', 'notify.log'));
    const { PATH, HOME, NODE_EXTRA_CA_CERTS } = process.env;
    const environment = {
      ...{ PATH, HOME, NODE_EXTRA_CA_CERTS },
      AWS_REGION: region,
      AWS_ACCESS_KEY_ID: credentials.accessKeyId,
      AWS_SECRET_ACCESS_KEY: credentials.secretAccessKey,
      AWS_ENDPOINT_URL_S3: s3.endpoint,
      AWS_ENDPOINT_URL_DYNAMODB: database,
      PRODUCTION_BUCKET: production,
      TABLE_NAME: table,
      APP_URL: app,
      LOOPBACK: 'allowed',
      MAIL_DIRECTORY: join(data, 'mail'),
    };
    const env = Object.fromEntries(Object.entries(environment).filter(([, value]) => value !== undefined));
    const onLine = (line: string) => log.write(line);
    this.#process = new FunctionProcess({ name: 'notify', module: notify, timeLimit: TIME_LIMIT, onLine, env });
    this.#warn = warn;
    this.#timers = [
      setInterval(() => this.#wake('send'), SEND_EVERY),
      setInterval(() => this.#wake('look'), LOOK_EVERY),
    ];
    this.#wake('look');
  }

  /** There may be something to send. */
  wake(): void {
    this.#wake('send');
  }

  /** Ends the function. What was not sent is sent after the next start. */
  async close(): Promise<void> {
    this.#closed = true;
    for (const timer of this.#timers) clearInterval(timer);
    await this.#process.close();
  }

  #wake(task: 'look' | 'send'): void {
    // A look sends, too.
    if (this.#next !== 'look') this.#next = task;
    if (!this.#running) void this.#run();
  }

  async #run(): Promise<void> {
    this.#running = true;
    for (let task = this.#next; task !== undefined && !this.#closed; task = this.#next) {
      this.#next = undefined;
      try {
        await this.#process.invoke({ task });
      } catch (error) {
        if (!this.#closed)
          this.#warn(`Owners could not be told of what is new: ${messageOf(error)} It is tried again.`);
      }
    }
    this.#running = false;
  }
}
