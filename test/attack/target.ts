/**
 * What is attacked: a real `grunt cloud` with two accounts, `home` and `john`, each with pictures of its own. The attacker
 * has the device key of `home` and, where that is said, a login as `home`; all else of them is the owner's, to look at what
 * came of it.
 */
import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { parseEnv, promisify } from 'node:util';
import { ListObjectsV2Command, PutObjectCommand, S3Client } from '@aws-sdk/client-s3';
import * as corpus from '../lambda/media/corpus';
import { type RawReply, type RawRequest, send } from '../lib/cloud/support';
import { Unanswered } from './attempt';

const ROOT = join(__dirname, '..', '..');
const GRUNT = join(ROOT, 'node_modules', 'grunt', 'bin', 'grunt');
/** How long a picture, or the start, may take on a busy machine, in milliseconds. */
const PATIENCE = 180_000;

/** How often a request is made that the machine was too busy for. */
const MOST_TURNS = 10;

/** Whether it is the server that answers, and not the page behind it. */
function isPlain({ headers }: RawReply): boolean {
  return String(headers['content-type'] ?? '').startsWith('text/plain');
}

/**
 * An answer as it comes.
 * @throws Unanswered where the connection broke before it
 */
export async function answered(reply: Promise<RawReply>): Promise<RawReply> {
  try {
    return await reply;
  } catch (error) {
    throw new Unanswered(String(error));
  }
}

/** A key pair. */
export interface KeyPair {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
}

/** One of the two accounts. */
export interface Estate {
  readonly name: string;
  readonly device: KeyPair;
  readonly password: string;
  /** Of somebody who is logged in: `name=value`. */
  readonly cookie: string;
  /** Of the first event, from the list. */
  readonly event: string;
  readonly instance: string;
  /** Where the list of events goes on. */
  readonly cursor: string;
}

/** The cloud under attack. */
export class Target {
  readonly #child: ChildProcess;
  readonly #data: string;
  /** All that it printed. */
  output = '';

  private constructor(data: string) {
    this.#data = data;
    const args = ['--no-color', '--gruntfile', join(ROOT, 'Gruntfile.js'), 'cloud', '--port=0', `--data=${data}`];
    this.#child = spawn(process.execPath, [GRUNT, ...args], { env: { ...process.env, FACES: 'off' } });
    for (const stream of [this.#child.stdout, this.#child.stderr]) {
      stream?.on('data', (text: Buffer) => {
        this.output += text;
      });
    }
  }

  /** Starts it with nothing in it. */
  static async start(): Promise<Target> {
    const target = new Target(await mkdtemp(join(tmpdir(), 'kerberos-attack-')));
    await target.says(/The cloud runs on/);
    return target;
  }

  async stop(): Promise<void> {
    if (this.isRunning) {
      const closed = once(this.#child, 'close');
      this.#child.kill('SIGTERM');
      await closed;
    }
    await rm(this.#data, { recursive: true, force: true, maxRetries: 10 });
  }

  /** Of the process that everything else is below. */
  get pid(): number {
    return this.#child.pid ?? 0;
  }

  get isRunning(): boolean {
    return this.#child.exitCode === null && this.#child.signalCode === null;
  }

  get description(): Record<string, string> & { app: Record<string, string> } {
    return JSON.parse(readFileSync(join(this.#data, 'cloud.json'), 'utf8'));
  }

  /** Address of the S3. */
  get s3(): string {
    return String(this.description.endpoint);
  }

  /** Address of the page. */
  get app(): string {
    return String(this.description.app.url);
  }

  /** The owner's environment: addresses of IAM and DynamoDB, and the owner's key pair. */
  get owner(): NodeJS.Dict<string> {
    return parseEnv(readFileSync(join(this.#data, 'owner.env'), 'utf8'));
  }

  get ownerKeys(): KeyPair {
    const { AWS_ACCESS_KEY_ID = '', AWS_SECRET_ACCESS_KEY = '' } = this.owner;
    return { accessKeyId: AWS_ACCESS_KEY_ID, secretAccessKey: AWS_SECRET_ACCESS_KEY };
  }

  /** Whether there are uploads that it gave up. */
  get hasDeadLetters(): boolean {
    return existsSync(join(this.#data, 'queue')) && /could not be looked at/.test(this.output);
  }

  /** Waits until it has printed something. @throws Error where it ended, or that took too long */
  async says(what: RegExp): Promise<void> {
    const patience = Date.now() + PATIENCE;
    while (!what.test(this.output)) {
      if (!this.isRunning) throw new Error(`grunt cloud ended:\n${this.output}`);
      if (Date.now() > patience) throw new Error(`grunt cloud did not say ${what}:\n${this.output.slice(-3000)}`);
      await wait(20);
    }
  }

  /** Both accounts, with three pictures each. */
  async accounts(): Promise<{ home: Estate; john: Estate }> {
    const { publicKey = '', privateKey = '', app } = this.description;
    const command = [join(ROOT, 'lambda', 'account.js'), `--cloud=${this.#data}`, 'add', 'john'];
    const { stdout } = await promisify(execFile)(process.execPath, command);
    const printed = (what: string) => new RegExp(`^ {2}${what} +(\\S+)$`, 'm').exec(stdout)?.[1] ?? '';
    const johns = { accessKeyId: printed('public key'), secretAccessKey: printed('private key') };
    const homes = { accessKeyId: publicKey, secretAccessKey: privateKey };
    return {
      home: await this.#account('home', homes, app.password ?? ''),
      john: await this.#account('john', johns, printed('password')),
    };
  }

  async #account(name: string, device: KeyPair, password: string): Promise<Estate> {
    for (const number of [1, 2, 3]) {
      const file = `142970000${number}_6-000000_door_1-1-2-2_1_${number}.jpg`;
      await this.upload(device, `${name}/${file}`, await corpus.jpeg(64, 48, number));
      await this.says(new RegExp(`published ${name}/${file}`));
    }
    const cookie = await this.logIn(name, password);
    const read = async (path: string) => JSON.parse((await this.page('GET', path, { cookie })).body.toString());
    const { events, cursor } = await read('/api/events?limit=1');
    const { instances } = await read('/api/instances');
    return { name, device, password, cookie, event: events[0].id, instance: instances[0].id, cursor };
  }

  /** Logs in and gives the cookie of the session. */
  async logIn(user: string, password: string): Promise<string> {
    const body = JSON.stringify({ user, password });
    const reply = await this.page('POST', '/api/session', { 'content-type': 'application/json' }, body);
    const [session = ''] = reply.headers['set-cookie'] ?? [];
    if (reply.status !== 204) throw new Error(`Cannot log in as ${user}: ${reply.status} ${reply.body}`);
    return session.split(';', 1)[0] ?? '';
  }

  /**
   * A request to the page, as it is. While the machine is too busy to answer it, it is made again.
   * @throws Unanswered where it was too busy each time
   */
  async page(method: string, path: string, headers: Record<string, string> = {}, body?: string): Promise<RawReply> {
    for (let turn = 1; ; turn++) {
      const reply = await answered(send(this.app, { method, path, headers, ...(body !== undefined && { body }) }));
      if (!(reply.status === 504 || (reply.status === 429 && isPlain(reply)))) return reply;
      if (turn === MOST_TURNS) throw new Unanswered(`${reply.status}, ${MOST_TURNS} times`);
      await wait(500 * turn);
    }
  }

  /**
   * A request to the S3, as it is.
   * @throws Unanswered where the connection broke
   */
  bucket(request: RawRequest): Promise<RawReply> {
    return answered(send(this.s3, request));
  }

  /** What became of an upload: `ok`, the reason why it was refused, `dead letter`; undefined where nothing has in time. */
  async outcomeOf(key: string): Promise<string | undefined> {
    const patience = Date.now() + PATIENCE;
    while (Date.now() < patience && this.isRunning) {
      if (this.output.includes(`published ${key}`)) return 'ok';
      const reason = this.output.split(`refused ${key} (`)[1]?.split(')', 1)[0];
      if (reason !== undefined) return reason;
      if (this.hasDeadLetters) return 'dead letter';
      await wait(50);
    }
    return undefined;
  }

  /** Uploads a file as a device does. */
  async upload(credentials: KeyPair, Key: string, Body: Buffer): Promise<void> {
    await this.#client(credentials, (client) => client.send(new PutObjectCommand({ Bucket: 'uploads', Key, Body })));
  }

  /** All keys of a bucket under a prefix, as the owner sees them. */
  async keys(Bucket: 'uploads' | 'production', Prefix: string): Promise<string[]> {
    const list = new ListObjectsV2Command({ Bucket, Prefix });
    const { Contents = [] } = await this.#client(this.ownerKeys, (client) => client.send(list));
    return Contents.map(({ Key = '' }) => Key);
  }

  async #client<T>(credentials: KeyPair, work: (client: S3Client) => Promise<T>): Promise<T> {
    const client = new S3Client({ endpoint: this.s3, region: 'eu-west-1', forcePathStyle: true, credentials });
    try {
      return await work(client);
    } finally {
      client.destroy();
    }
  }
}
