/**
 * What one round has: a bucket, a line to it, a Kerberos instance whose camera writes, and a real `grunt sync`. The camera
 * keeps a record of every file that was complete at some time, and that record is what the bucket is held against.
 */
import { createHash } from 'node:crypto';
import { mkdtemp, open, readdir, rename, rm, unlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, join, parse } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import type { S3Server } from '../../tasks/lib/cloud/s3/server';
import { BUCKET, Grunt, Instance, jpeg, startBucket } from '../kerberos';
import { Line } from './line';
import type { Random } from './random';
import { Watch } from './watch';

/** How a camera, or a program that stands for one, brings a file into its directory. */
const WAYS = ['in place', 'in pieces', 'renamed', 'preallocated'] as const;

/** A process that was killed this long (ms) before may have had no time to write down what was confirmed. */
const NO_TIME_TO_WRITE = 1_000;

/** What a round found. */
export interface Findings {
  readonly written: number;
  readonly inBucket: number;
  readonly lost: readonly string[];
  readonly twice: readonly string[];
  /** Objects whose bytes no complete file ever had. */
  readonly torn: readonly string[];
  /** What must hold at every moment and did not, each a sentence. */
  readonly broken: readonly string[];
  /** From the end of the fault until everything was there, in seconds; undefined when it never was. */
  readonly secondsUntilWhole: number | undefined;
  /** What the processes said of everything that went wrong. */
  readonly story: string;
}

export class World {
  readonly s3: S3Server;
  readonly line: Line;
  readonly instance: Instance;
  readonly random: Random;
  /** What must hold at every moment. */
  readonly watch: Watch;
  readonly #data: string;
  /** Names of complete files, and the hashes of all contents that each has had. */
  readonly #complete = new Map<string, Set<string>>();
  /** Hashes of all contents that a file had, or was about to have. */
  readonly #ever = new Set<string>();
  /** Files that a fault has taken away before anybody could have uploaded them. */
  readonly #excused = new Set<string>();
  readonly #grunts: Grunt[] = [];
  readonly #kills: number[] = [];
  #written = 0;
  #time = 1_766_000_000;
  /** Called at the end, the last one first: what a fault has mounted goes again. */
  readonly atEnd: (() => void)[] = [];
  /** Set by faults that start the process in another way: environment, and the program that starts it. */
  env: Record<string, string> = {};
  through: readonly string[] = [];

  private constructor(s3: S3Server, line: Line, instance: Instance, data: string, random: Random) {
    this.s3 = s3;
    this.line = line;
    this.instance = instance;
    this.#data = data;
    this.random = random;
    this.watch = new Watch(s3, this.#ever);
  }

  static async make(random: Random): Promise<World> {
    const data = await mkdtemp(join(tmpdir(), 'torture-'));
    const s3 = await startBucket(data);
    const line = await Line.start(s3.endpoint);
    return new World(s3, line, await Instance.make(), data, random);
  }

  get grunt(): Grunt | undefined {
    return this.#grunts.at(-1);
  }

  start(): Grunt {
    const grunt = Grunt.sync(this.instance, this.line, [], this.env, this.through);
    this.#grunts.push(grunt);
    return grunt;
  }

  /** Ends the process at once, as a power cut does. */
  async kill(): Promise<void> {
    this.#kills.push(performance.now());
    await this.grunt?.kill();
  }

  /** The camera saw something: a new picture, complete when this resolves. */
  async see(): Promise<string> {
    const { random } = this;
    this.#time += random.between(0, 2);
    const name = `${this.#time}_6-${random.between(1, 999_999)}_frontdoor_200-200-400-400_24_${100 + (this.#written % 900)}.jpg`;
    await this.write(name, this.picture(), random.one(WAYS));
    return name;
  }

  /** A picture like no other: a real one with noise in a comment. */
  picture(size = this.random.between(1, 40) * 1_000): Buffer {
    const plain = jpeg(0);
    const comments: Buffer[] = [];
    for (let left = size; left > 0; left -= 60_000) {
      const noise = this.random.bytes(Math.min(left, 60_000));
      const head = Buffer.from([0xff, 0xfe, 0, 0]);
      head.writeUInt16BE(noise.length + 2, 2);
      comments.push(head, noise);
    }
    return Buffer.concat([plain.subarray(0, 2), ...comments, plain.subarray(2)]);
  }

  /** Remembers a file that somebody else writes: from now on it may come, and in the end it must be in the bucket. */
  expect(name: string, bytes: Buffer): void {
    this.#remember(name, bytes);
  }

  /** Writes a file in one of the ways, and remembers it once it is complete. */
  async write(name: string, bytes: Buffer, way: (typeof WAYS)[number]): Promise<void> {
    const path = join(this.instance.capture, name);
    this.#remember(name, bytes);
    try {
      if (way === 'renamed') {
        await writeFile(`${path}.part`, bytes);
        await rename(`${path}.part`, path);
      } else if (way === 'in place') {
        await writeFile(path, bytes);
      } else {
        const file = await open(path, 'w');
        try {
          if (way === 'preallocated') await file.truncate(bytes.length);
          const pieces = this.random.between(2, 5);
          for (let i = 0; i < pieces; i++) {
            const from = Math.floor((bytes.length * i) / pieces);
            const to = Math.floor((bytes.length * (i + 1)) / pieces);
            await file.write(bytes.subarray(from, to), 0, to - from, from);
            await wait(this.random.between(1, 40));
          }
        } finally {
          await file.close();
        }
      }
    } catch (error) {
      // The directory is not there just now, or the disk is full: the camera has lost this one, not we.
      this.#complete.delete(name);
      this.#written--;
      if (!(error instanceof Error && 'code' in error)) throw error;
    }
  }

  /** From now on these files are nobody's fault: they were taken away. */
  excuse(names: Iterable<string>): void {
    for (const name of names) this.#excused.add(name);
  }

  /** Deletes a file as the clean-up of the machinery does. */
  async delete(name: string): Promise<void> {
    this.excuse([name]);
    await unlink(join(this.instance.capture, name)).catch(() => {});
  }

  /** Waits until everything is in the bucket, and tells what is not. */
  async findings(patience: number): Promise<Findings> {
    const begun = performance.now();
    let lost = await this.#missing();
    while (lost.length > 0 && performance.now() - begun < patience) {
      await wait(100);
      lost = await this.#missing();
    }
    const seconds = (performance.now() - begun) / 1000;
    await this.watch.look();
    const { torn, broken } = this.watch;
    const twice = this.#twice();
    const wrong = [...lost, ...twice, ...torn];
    const lines = this.#grunts.flatMap(({ output }) => output.split('\n'));
    const about = lines.filter((line) => wrong.some((name) => line.includes(name)));
    return {
      written: this.#written,
      inBucket: this.s3.objects.list(BUCKET, {}).objects.length,
      lost,
      twice,
      torn,
      broken,
      secondsUntilWhole: lost.length === 0 ? seconds : undefined,
      story: wrong.length + broken.length === 0 ? '' : [...broken, ...about, '…', ...lines.slice(-30)].join('\n'),
    };
  }

  async end(): Promise<void> {
    for (const grunt of this.#grunts) await grunt.kill();
    await this.watch.end();
    await this.line.close();
    await this.s3.close();
    for (const undo of this.atEnd.reverse()) undo();
    await this.instance.remove();
    await rm(this.#data, { recursive: true, force: true });
  }

  async names(): Promise<string[]> {
    return (await readdir(this.instance.capture).catch(() => [])).filter((name) => name.endsWith('.jpg'));
  }

  #remember(name: string, bytes: Buffer): void {
    const hashes = this.#complete.get(name) ?? new Set();
    hashes.add(sha256(bytes));
    this.#ever.add(sha256(bytes));
    this.#complete.set(name, hashes);
    this.#written++;
  }

  /** A second content of a name may have a key of its own, which begins like the name. */
  async #missing(): Promise<string[]> {
    const objects = await this.watch.look();
    const isThere = (name: string, hash: string) =>
      objects.some((object) => object.hash === hash && object.name.startsWith(parse(name).name));
    return [...this.#complete]
      .filter(([name, hashes]) => !this.#excused.has(name) && ![...hashes].every((hash) => isThere(name, hash)))
      .map(([name]) => name);
  }

  #twice(): string[] {
    const names: string[] = [];
    for (const [name, times] of this.line.confirmations) {
      const again = times.slice(1).some((_, i) => {
        const before = times[i] ?? 0;
        return !this.#kills.some((kill) => kill >= before && kill - before < NO_TIME_TO_WRITE);
      });
      if (again) names.push(basename(name.split(' ')[0] ?? ''));
    }
    return names;
  }
}

function sha256(bytes: Buffer): string {
  return createHash('sha256').update(bytes).digest('hex');
}
