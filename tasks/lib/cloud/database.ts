/**
 * Runs DynamoDB on one machine as a separate process. If the process ends by itself, it is started again on the same
 * port, so that its clients notice no more than a few refused connections.
 */
import { type ChildProcess, fork } from 'node:child_process';
import { mkdirSync } from 'node:fs';
import { setTimeout as wait } from 'node:timers/promises';
import { isRecord } from '../record';
import type { Credentials } from './credentials';

/** Options of `Database.start`. */
export interface DatabaseOptions {
  /** Compiled script that serves DynamoDB: `node SCRIPT DIRECTORY TABLE PORT`, with key pairs in DYNAMODB_KEY_PAIRS. */
  readonly script: string;
  readonly directory: string;
  readonly table: string;
  /** The key pairs that may use it. */
  readonly users: readonly Credentials[];
  /** Receives a message for a person if the process ended by itself, or repaired its files. */
  readonly warn: (text: string) => void;
}

/** Ms for which the process of an earlier run may still hold the directory. */
const PATIENCE = 10_000;

/** Ms between the end of the process and its next start; doubled if it ends again at once. */
const FIRST_DELAY = 200;
/** The longest such delay, in ms. */
const LONGEST_DELAY = 30_000;
/** Ms after which a start counts as successful, so that the delay begins anew. */
const SOUND = 60_000;

/** The process that serves DynamoDB. */
export class Database {
  readonly endpoint: string;
  readonly #options: DatabaseOptions;
  #child: ChildProcess;
  readonly #closing = new AbortController();
  /** Resolves after `close`, when no process is left. */
  readonly #supervised: Promise<void>;

  private constructor(options: DatabaseOptions, { child, endpoint }: Started) {
    this.#options = options;
    this.#child = child;
    this.endpoint = endpoint;
    this.#supervised = this.#supervise();
  }

  /**
   * Starts it. The process of an earlier run that was just killed may still hold the directory for a moment, which is
   * waited for.
   *
   * @throws Error with its output if it does not start.
   */
  static async start(options: DatabaseOptions): Promise<Database> {
    mkdirSync(options.directory, { recursive: true, mode: 0o700 });
    const patience = Date.now() + PATIENCE;
    for (;;) {
      const started = await start(options, '0');
      if ('child' in started) return new Database(options, started);
      if (Date.now() > patience) {
        throw new Error(`The database did not start on ${options.directory}: ${started.said}`);
      }
      await wait(FIRST_DELAY);
    }
  }

  /** Ends it. */
  async close(): Promise<void> {
    this.#closing.abort();
    await ended(this.#child);
    // It may be starting another one just now.
    await this.#supervised;
  }

  async #supervise(): Promise<void> {
    const { warn } = this.#options;
    const { port } = new URL(this.endpoint);
    for (let delay = FIRST_DELAY; ; delay = Math.min(LONGEST_DELAY, delay * 2)) {
      const since = Date.now();
      await exitOf(this.#child);
      if (this.#closing.signal.aborted) return;
      warn('The database ended by itself, and is started again.');
      if (Date.now() - since > SOUND) delay = FIRST_DELAY;
      for (;;) {
        await wait(delay, undefined, { signal: this.#closing.signal }).catch(() => {});
        if (this.#closing.signal.aborted) return;
        const again = await start(this.#options, port);
        if ('child' in again) {
          this.#child = again.child;
          if (this.#closing.signal.aborted) return await ended(again.child);
          break;
        }
        delay = Math.min(LONGEST_DELAY, delay * 2);
        warn(`The database does not start: ${again.said}`);
      }
    }
  }
}

interface Started {
  readonly child: ChildProcess;
  readonly endpoint: string;
}

/**
 * Starts the process.
 *
 * @returns the process, or its output if it ended instead.
 */
async function start(
  { script, directory, table, users, warn }: DatabaseOptions,
  port: string,
): Promise<Started | { readonly said: string }> {
  const env = { ...process.env, DYNAMODB_KEY_PAIRS: JSON.stringify(users) };
  const child = fork(script, [directory, table, port], {
    env,
    stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
    execArgv: [],
  });
  let said = '';
  child.stderr?.on('data', (text: Buffer) => {
    said = `${said}${text}`.slice(-2000);
  });
  return await new Promise((resolve) => {
    child.on('message', (message) => {
      if (!isRecord(message)) return;
      if (typeof message.endpoint === 'string') resolve({ child, endpoint: message.endpoint });
      if (typeof message.warning === 'string') warn(message.warning);
    });
    child.once('error', (error) => resolve({ said: error.message }));
    child.once('exit', () => resolve({ said: said.trim() }));
  });
}

async function exitOf(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  await new Promise<void>((resolve) => child.once('exit', () => resolve()));
}

async function ended(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const exit = exitOf(child);
  if (child.connected) child.disconnect();
  await exit;
}
