import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import type { S3Server } from '../../tasks/lib/cloud/s3/server';
import { FaultyProxy } from '../faulty-proxy';
import { BUCKET, DEVICE, Grunt, Instance, startBucket, stored } from '../kerberos';
import { until } from '../until';

interface Parts {
  /** Where the bucket keeps its objects. */
  readonly data: string;
  s3: S3Server;
  /** A line to the bucket. */
  readonly line: FaultyProxy;
  instance: Instance;
}

/** What each test of `grunt sync` has anew: an instance, a bucket, a line between them, and the processes it started. */
export class Scene {
  #parts: Parts | undefined;
  grunts: Grunt[] = [];

  async begin(): Promise<void> {
    const data = await mkdtemp(join(tmpdir(), 's3-'));
    const s3 = await startBucket(data);
    this.#parts = { data, s3, line: await FaultyProxy.start(s3.endpoint), instance: await Instance.make() };
    this.grunts = [];
  }

  /** Ends everything, and looks at what the processes have said. */
  async end(): Promise<void> {
    for (const grunt of this.grunts) {
      await grunt.kill();
      expect(grunt.output, 'a secret is printed').not.to.include(DEVICE.secretAccessKey);
      expect(grunt.output, 'a warning of Node or a library').not.to.match(/\(node:\d+\)|Warning: (?!Task "&")/);
    }
    await this.line.close();
    await this.s3.close();
    await this.instance.remove();
    await rm(this.data, { recursive: true });
  }

  get data(): string {
    return this.#now.data;
  }

  get line(): FaultyProxy {
    return this.#now.line;
  }

  get instance(): Instance {
    return this.#now.instance;
  }

  set instance(instance: Instance) {
    this.#now.instance = instance;
  }

  get s3(): S3Server {
    return this.#now.s3;
  }

  set s3(s3: S3Server) {
    this.#now.s3 = s3;
  }

  /** Starts `grunt sync` on the instance; it is ended after the test. */
  readonly run = (
    args: readonly string[] = [],
    env: Record<string, string> = {},
    to: { endpoint: string } = this.s3,
  ): Grunt => {
    const grunt = Grunt.sync(this.instance, to, args, env);
    this.grunts.push(grunt);
    return grunt;
  };

  readonly isStored = async (name: string, bytes: Buffer): Promise<boolean> =>
    (await stored(this.s3, name))?.equals(bytes) ?? false;

  /** Resolves when the bucket has the event with just these bytes. */
  readonly arrives = (name: string, bytes: Buffer, timeout?: number): Promise<void> =>
    until(
      () => this.isStored(name, bytes),
      () => `${name} is in the bucket; grunt said:\n${this.grunts.at(-1)?.output}`,
      timeout,
    );

  /** Resolves when the line has seen the first byte of the event's PUT. */
  readonly isInFlight = (name: string): Promise<void> =>
    until(
      () => this.line.requests.some((request) => request.startsWith('PUT') && request.includes(name)),
      `${name} is in flight`,
    );

  /** How many objects the bucket has. */
  readonly count = async (): Promise<number> => this.s3.objects.list(BUCKET, {}).objects.length;

  get #now(): Parts {
    if (this.#parts === undefined) throw new Error('no test has begun');
    return this.#parts;
  }
}

/** A scene that begins and ends with each test of the suite that calls this. */
export function useScene(): Scene {
  const scene = new Scene();
  beforeEach(() => scene.begin());
  afterEach(() => scene.end());
  return scene;
}
