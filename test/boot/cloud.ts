/** The cloud on this machine's loopback: `grunt cloud`, and what has arrived in it. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { GetObjectCommand, S3Client } from '@aws-sdk/client-s3';
import type { Account } from './layout';
import { until } from './machine';

export class Cloud {
  #process: ChildProcess | undefined;
  #account: (Account & { endpoint: string; region: string }) | undefined;
  #client: S3Client | undefined;

  constructor(
    readonly project: string,
    readonly data: string,
  ) {}

  /** Starts it on a port of its choice and resolves once it is ready. */
  async start(): Promise<void> {
    const grunt = join(this.project, 'node_modules/grunt/bin/grunt');
    const ready = join(this.data, 'cloud.json');
    this.#process = spawn(process.execPath, [grunt, 'cloud', '--port=0', `--data=${this.data}`], {
      cwd: this.project,
      stdio: ['ignore', 'ignore', 'inherit'],
    });
    const account = await until(
      'grunt cloud is ready',
      120,
      () => existsSync(ready) && JSON.parse(readFileSync(ready, 'utf8')),
    );
    this.#account = account;
    this.#client = new S3Client({
      endpoint: account.endpoint,
      region: account.region,
      forcePathStyle: true,
      // The Pi's credentials may only write and list.
      credentials: JSON.parse(readFileSync(join(this.data, 'keys.json'), 'utf8')).owner,
    });
  }

  get account(): Account & { endpoint: string; region: string } {
    if (this.#account === undefined) throw new Error('the cloud is not started');
    return this.#account;
  }

  get port(): number {
    return Number(new URL(this.account.endpoint).port);
  }

  /** The bytes of the event's object, or undefined as long as it has not arrived. */
  async bytesOf(event: string): Promise<Buffer | undefined> {
    const Key = this.account.folder === '' ? event : `${this.account.folder}/${event}`;
    try {
      const object = await this.#client?.send(new GetObjectCommand({ Bucket: this.account.bucket, Key }));
      const bytes = await object?.Body?.transformToByteArray();
      return bytes === undefined ? undefined : Buffer.from(bytes);
    } catch {
      return undefined;
    }
  }

  async stop(): Promise<void> {
    const cloud = this.#process;
    if (cloud === undefined || cloud.exitCode !== null) return;
    cloud.kill('SIGTERM');
    await once(cloud, 'exit');
  }
}
