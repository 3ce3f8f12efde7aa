/**
 * What must hold at every moment, and not at the end alone: an object of the bucket has the bytes of a file that was
 * complete at some time, it never changes, and it never goes.
 */
import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { setTimeout as wait } from 'node:timers/promises';
import type { S3Server } from '../../tasks/lib/cloud/s3/server';
import { BUCKET, FOLDER } from '../kerberos';

/** Between two looks at the whole bucket, in ms. */
const EVERY = 250;

/** An event in the bucket. */
export interface Stored {
  /** Without its folder. */
  readonly name: string;
  readonly hash: string;
}

/** Looks at a bucket again and again, and notes what was wrong at any time. */
export class Watch {
  readonly #s3: S3Server;
  /** Hashes of all contents that a complete file has had. */
  readonly #ever: ReadonlySet<string>;
  /** Hashes of stored files by path: such a file never changes. */
  readonly #hashes = new Map<string, string>();
  /** Hashes of objects as they were first seen, by name. */
  readonly #seen = new Map<string, string>();
  readonly #torn = new Set<string>();
  readonly #broken = new Set<string>();
  readonly #watching: Promise<void>;
  #isOver = false;

  constructor(s3: S3Server, ever: ReadonlySet<string>) {
    this.#s3 = s3;
    this.#ever = ever;
    this.#watching = this.#watch();
  }

  /** Names of objects that had, at any time, bytes that no complete file ever had. */
  get torn(): readonly string[] {
    return [...this.#torn];
  }

  /** What was wrong at any time, each a sentence. */
  get broken(): readonly string[] {
    return [...this.#broken];
  }

  /** Notes something else that must never be. */
  note(what: string): void {
    this.#broken.add(what);
  }

  /** The events that are in the bucket now. */
  async look(): Promise<Stored[]> {
    const found: Stored[] = [];
    for (const { key } of this.#s3.objects.list(BUCKET, {}).objects) {
      const name = key.slice(FOLDER.length + 1);
      if (!name.endsWith('.jpg')) continue;
      const object = await this.#s3.objects.get(BUCKET, key);
      if (object) found.push({ name, hash: await this.#hashOf(object.path) });
    }
    const names = new Set(found.map(({ name }) => name));
    for (const { name, hash } of found) {
      if (!this.#ever.has(hash)) this.#torn.add(name);
      if ((this.#seen.get(name) ?? hash) !== hash) this.note(`${name} has other bytes than before`);
      this.#seen.set(name, hash);
    }
    for (const name of this.#seen.keys()) if (!names.has(name)) this.note(`${name} is gone from the bucket`);
    return found;
  }

  async end(): Promise<void> {
    this.#isOver = true;
    await this.#watching;
  }

  async #watch(): Promise<void> {
    while (!this.#isOver) {
      // A file that is replaced between its list and its reading is looked at the next time.
      await this.look().catch(() => {});
      await wait(EVERY);
    }
  }

  async #hashOf(path: string): Promise<string> {
    const known = this.#hashes.get(path);
    if (known !== undefined) return known;
    const hash = createHash('sha256')
      .update(await readFile(path))
      .digest('hex');
    this.#hashes.set(path, hash);
    return hash;
  }
}
