import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, mkdtemp, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { encode } from 'jpeg-js';
import { devicePolicy } from '../tasks/lib/cloud/iam/device-policy';
import { policyOf } from '../tasks/lib/cloud/iam/policy-document';
import { owner } from '../tasks/lib/cloud/s3/policy';
import { type S3Server, startS3 } from '../tasks/lib/cloud/s3/server';
import { type InstanceSettings, type Subscription, writeConfiguration } from '../tasks/lib/machinery/configuration';
import { until } from './until';

export const ROOT = join(__dirname, '..');
export const BUCKET = 'uploads';
export const FOLDER = 'jane';
export const OWNER = { accessKeyId: 'OWNERKEY', secretAccessKey: 'owner/secret+=' };
export const DEVICE = { accessKeyId: 'DEVICEKEY', secretAccessKey: 'device/secret+=' };

export const SUBSCRIPTION: Subscription = {
  bucket: BUCKET,
  folder: FOLDER,
  publicKey: DEVICE.accessKeyId,
  privateKey: DEVICE.secretAccessKey,
};

export const NO_SUBSCRIPTION: Subscription = { bucket: '', folder: '', publicKey: '', privateKey: '' };

/** A Kerberos instance in a temporary folder, as an image of that generation has it. */
export class Instance {
  readonly root: string;
  readonly generation: '1.x' | '2.x';
  readonly config: string;
  readonly state: string;
  capture: string;
  /** Where videos are, if that is another directory; written by `subscribe`. */
  videos: string | undefined;
  /** The layout of file names; written by `subscribe`. */
  format = 'timestamp_microseconds_instanceName_regionCoordinates_numberOfChanges_token.jpg';
  /** What else its owner has set; written by `subscribe`. */
  chosen: Partial<InstanceSettings> = {};

  private constructor(root: string, generation: '1.x' | '2.x') {
    this.root = root;
    this.generation = generation;
    this.config = join(root, 'config');
    this.state = join(root, 'state');
    this.capture = join(root, 'capture');
  }

  static async make(generation: '1.x' | '2.x' = '2.x', subscription: Subscription = SUBSCRIPTION): Promise<Instance> {
    const instance = new Instance(await mkdtemp(join(tmpdir(), 'kerberos-')), generation);
    await mkdir(instance.capture);
    await instance.subscribe(subscription);
    return instance;
  }

  /** Writes the configuration with other keys. */
  async subscribe(subscription: Subscription): Promise<void> {
    const { capture, videos, format, chosen } = this;
    const release = this.generation === '1.x' ? '1.1.0' : '2.8.0';
    const settings = { release, name: 'frontdoor', capture, videos, format, subscription, ...chosen } as const;
    await writeConfiguration(this.config, settings);
  }

  /** A picture that the camera finished at once. */
  async picture(name: string, bytes: Buffer = jpeg(name)): Promise<Buffer> {
    await writeFile(join(this.capture, `.${name}.part`), bytes);
    await rename(join(this.capture, `.${name}.part`), join(this.capture, name));
    return bytes;
  }

  remove(): Promise<void> {
    return rm(this.root, { recursive: true, force: true });
  }
}

/** `1429700000_6-123456_frontdoor_200-200-400-400_24_579.jpg`, one second later for each `index`. */
export function eventName(index: number, extension = 'jpg'): string {
  return `${1_429_700_000 + index}_6-123456_frontdoor_200-200-400-400_24_${100 + (index % 900)}.${extension}`;
}

const jpegs = new Map<number, Buffer>();

/** A real JPEG of 32 by 24 pixels; another one for another seed (of 64). */
export function jpeg(seed: string | number = 0): Buffer {
  const number = [...String(seed)].reduce((sum, letter) => (sum * 31 + letter.charCodeAt(0)) % 64, 7);
  const made = jpegs.get(number);
  if (made !== undefined) return made;
  const data = Buffer.alloc(32 * 24 * 4);
  for (let at = 0; at < data.length; at++) data[at] = (at * (number + 3)) % 256;
  const picture = Buffer.from(encode({ width: 32, height: 24, data }, 80).data);
  jpegs.set(number, picture);
  return picture;
}

/** The local S3 with the bucket, its owner's and the device's key pair. */
export async function startBucket(
  directory: string,
  options: { port?: number; now?: () => number } = {},
): Promise<S3Server> {
  const s3 = await startS3({
    directory,
    keyPairs: [
      { ...OWNER, policy: owner },
      { ...DEVICE, policy: policyOf(devicePolicy(BUCKET, FOLDER)) },
    ],
    ...options,
  });
  await s3.createBucket(BUCKET);
  return s3;
}

/** What the bucket has under an event's name. */
export async function stored(s3: S3Server, name: string, folder = FOLDER): Promise<Buffer | undefined> {
  const object = await s3.objects.get(BUCKET, folder === '' ? name : `${folder}/${name}`);
  // Replaced between the two: what it was then is no longer there.
  return object && readFile(object.path).catch(() => undefined);
}

/** A real grunt process. */
export class Grunt {
  readonly process: ChildProcess;
  output = '';

  /** `through`: a program and its arguments that start it. */
  constructor(args: readonly string[], env: Record<string, string>, through: readonly string[] = []) {
    const { PATH = '', HOME = '' } = process.env;
    const [program = process.execPath, ...before] = [...through, process.execPath];
    this.process = spawn(
      program,
      [
        ...before,
        join(ROOT, 'node_modules', 'grunt', 'bin', 'grunt'),
        '--gruntfile',
        join(ROOT, 'Gruntfile.js'),
        '--no-color',
        ...args,
      ],
      { cwd: tmpdir(), env: { PATH, HOME, ...env }, stdio: ['ignore', 'pipe', 'pipe'] },
    );
    const listen = (data: Buffer) => {
      this.output += data;
    };
    this.process.stdout?.on('data', listen);
    this.process.stderr?.on('data', listen);
  }

  /** `grunt sync` on an instance, as its unit starts it. */
  static sync(
    instance: Instance,
    s3: { endpoint: string },
    args: readonly string[] = [],
    env: Record<string, string> = {},
    through: readonly string[] = [],
  ): Grunt {
    const settings = {
      KERBEROS_CONFIG: instance.config,
      SYNC_STATE: instance.state,
      AWS_ENDPOINT_URL: s3.endpoint,
      // Tests count what is in the bucket, and some take longer than its first sign of life.
      SYNC_SIGN_OF_LIFE: 'off',
      ...env,
    };
    return new Grunt(['sync', '--force', '--verbose', ...args], settings, through);
  }

  /** Its exit code, or the signal that ended it. */
  async ended(): Promise<number | string> {
    const { exitCode, signalCode } = this.process;
    if (exitCode !== null) return exitCode;
    if (signalCode !== null) return signalCode;
    const [code, signal] = await once(this.process, 'exit');
    // Its last words may still be in the pipe, which a child of its own may keep open.
    const { stdout } = this.process;
    if (stdout && !stdout.readableEnded) await Promise.race([once(stdout, 'end'), wait(500)]);
    return code ?? signal;
  }

  /** Ends it in the orderly way. */
  async stop(): Promise<number | string> {
    this.process.kill('SIGTERM');
    return this.ended();
  }

  async kill(): Promise<void> {
    this.process.kill('SIGKILL');
    await this.ended();
  }

  says(text: string | RegExp, timeout?: number): Promise<void> {
    const has = () => (typeof text === 'string' ? this.output.includes(text) : text.test(this.output));
    return until(has, () => `grunt says ${text}; it said:\n${this.output}`, timeout);
  }
}
