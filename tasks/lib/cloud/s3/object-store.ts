/**
 * Buckets and objects on disk.
 *
 *     DIR/buckets/<bucket>/<hh>/<hash>.json        one object: its key, size, ETag, headers, metadata, name of its body
 *     DIR/buckets/<bucket>/<hh>/<hash>.<id>        its body
 *     DIR/incoming/                                what is being received; emptied at start
 *
 * <hash> is the SHA-256 of the key and <hh> its first two digits, so a key may be any text: `..`, two slashes, a
 * thousand bytes, two keys that differ in case on a disk where names do not. A body never changes once it is there; the
 * object becomes visible when its .json is renamed into place, in one step, and readers of the body before it keep
 * their open file. A kill between the two renames leaves a body that no .json names: it is deleted at the next start.
 * All commits happen in one process and without a pause between the look at a condition and the rename, so of twenty
 * writers with `If-None-Match: *` one wins. Lists come from an index in memory, read at start (about two seconds for
 * 100,000 objects).
 */
import { createHash, randomBytes } from 'node:crypto';
import { mkdirSync, readdirSync, readFileSync, renameSync, rmSync, unlinkSync } from 'node:fs';
import { type FileHandle, open, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { messageOf } from '../../error-code';
import { isRecord } from '../../record';
import { isMissing } from '../disk/missing';
import { putAside } from '../disk/put-aside';
import { flush } from '../disk/replace-file';
import type { Checksum } from './checksum';
import { S3Error } from './errors';
import { KeyIndex, type ObjectInfo, type Page, type PageRequest, type Usage } from './key-index';
import type { Tags } from './tags';

/** What a client tells of an object beside its bytes. */
export interface Description {
  /** Content-Type, Cache-Control and the like, by lower-case name. */
  readonly headers: Readonly<Record<string, string>>;
  /** User metadata, without `x-amz-meta-`. */
  readonly metadata: Readonly<Record<string, string>>;
  /** Left out if there are none. */
  readonly tags?: Tags | undefined;
}

/** What is known of received bytes. */
export interface Content {
  readonly size: number;
  readonly etag: string;
  readonly checksum?: Checksum | undefined;
}

/** Steps of a commit. */
export interface CommitSteps {
  /** Receives the object that is replaced; what it throws prevents the commit. */
  condition(current: ObjectInfo | undefined): void;
  /**
   * Receives the new object just before readers can see it, in the order in which objects replace each other. What it
   * throws prevents the commit, so that no object exists without an event.
   */
  announce(object: ObjectInfo): void;
}

/** An object with all that is known of it. */
export interface StoredObject extends ObjectInfo, Description {
  readonly checksum?: Checksum;
  /** The file that holds the body. */
  readonly path: string;
}

/** An object in the index. */
interface Entry extends ObjectInfo {
  readonly body: string;
}

interface Bucket {
  readonly name: string;
  readonly created: number;
  readonly index: KeyIndex<Entry>;
}

const HEX_PAIRS = Array.from({ length: 256 }, (_, byte) => byte.toString(16).padStart(2, '0'));

/** The buckets and objects in one directory. */
export class ObjectStore {
  #directory: string;
  #now: () => number;
  #buckets = new Map<string, Bucket>();

  private constructor(directory: string, now: () => number) {
    this.#directory = directory;
    this.#now = now;
  }

  /**
   * Opens the store in a directory, which is made if needed, for its owner only. Only one process may have it open.
   * Damaged descriptions are put aside.
   * @param warn receives for a person which objects are damaged
   */
  static async open(
    directory: string,
    now: () => number,
    warn: (text: string) => void = (text) => process.emitWarning(text),
  ): Promise<ObjectStore> {
    const store = new ObjectStore(directory, now);
    rmSync(join(directory, 'incoming'), { recursive: true, force: true });
    for (const name of ['incoming', 'buckets']) mkdirSync(join(directory, name), { recursive: true, mode: 0o700 });
    for (const name of readdirSync(join(directory, 'buckets'))) {
      const bucket = join(directory, 'buckets', name);
      const found = await stat(bucket);
      if (!found.isDirectory()) continue;
      for (const pair of HEX_PAIRS) mkdirSync(join(bucket, pair), { recursive: true });
      const damaged = join(directory, 'damaged', name);
      const index = new KeyIndex(HEX_PAIRS.flatMap((pair) => readEntries(join(bucket, pair), damaged, warn)));
      store.#buckets.set(name, { name, created: found.birthtimeMs, index });
    }
    return store;
  }

  /** All buckets, by name. */
  buckets(): readonly { readonly name: string; readonly created: number }[] {
    return [...this.#buckets.values()].sort((a, b) => (a.name < b.name ? -1 : 1));
  }

  hasBucket(name: string): boolean {
    return this.#buckets.has(name);
  }

  /** Makes a bucket, unless it exists. @throws S3Error InvalidBucketName */
  createBucket(name: string): void {
    if (!/^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$/.test(name) || name.includes('..')) {
      throw new S3Error('InvalidBucketName', undefined, { BucketName: name });
    }
    for (const pair of HEX_PAIRS) mkdirSync(join(this.#directory, 'buckets', name, pair), { recursive: true });
    if (!this.#buckets.has(name)) {
      this.#buckets.set(name, { name, created: this.#now(), index: new KeyIndex() });
    }
  }

  /** What lists show of an object; `undefined` if there is none. @throws S3Error NoSuchBucket */
  info(bucket: string, key: string): ObjectInfo | undefined {
    return this.#bucket(bucket).index.get(key);
  }

  /**
   * An object with all that is known of it; `undefined` if there is none.
   * @throws S3Error NoSuchBucket
   */
  async get(bucket: string, key: string): Promise<StoredObject | undefined> {
    for (;;) {
      const entry = this.#bucket(bucket).index.get(key);
      if (entry === undefined) return undefined;
      const file = this.#file(bucket, key);
      try {
        const stored = parseSidecar(await readFile(`${file}.json`, 'utf8'));
        return { ...stored, path: `${file}.${stored.body}` };
      } catch (error) {
        // Deleted meanwhile: look again. Anything else is a damaged disk.
        if (!isMissing(error) || this.#bucket(bucket).index.get(key) === entry) throw error;
      }
    }
  }

  /**
   * As `get`, with the body open: its reader reads one object, however often it is overwritten. The caller closes the
   * file.
   */
  async open(bucket: string, key: string): Promise<{ object: StoredObject; file: FileHandle } | undefined> {
    for (;;) {
      const object = await this.get(bucket, key);
      if (object === undefined) return undefined;
      try {
        return { object, file: await open(object.path) };
      } catch (error) {
        const current = this.#bucket(bucket).index.get(key);
        if (!isMissing(error) || object.path === `${this.#file(bucket, key)}.${current?.body}`) throw error;
      }
    }
  }

  /**
   * A page of a bucket's objects in the order of their keys' UTF-8 bytes; all without a limit.
   * @throws S3Error NoSuchBucket
   */
  list(bucket: string, page: PageRequest = {}): Page<ObjectInfo> {
    return this.#bucket(bucket).index.page(page);
  }

  /** The path of a new file for received bytes. What stays there is deleted at the next start. */
  incomingPath(): string {
    return join(this.#directory, 'incoming', randomBytes(12).toString('hex'));
  }

  /**
   * Makes received bytes an object, in one step for every reader. It outlives a power cut once this resolves.
   * @param incoming their file, from `incomingPath`, which is moved
   * @throws S3Error NoSuchBucket, and what the steps throw
   */
  async commit(
    bucket: string,
    key: string,
    incoming: string,
    content: Content,
    description: Description,
    { condition, announce }: CommitSteps,
  ): Promise<ObjectInfo> {
    const { headers, metadata, tags } = description;
    const lastModified = Math.floor(this.#now() / 1000) * 1000;
    const body = randomBytes(8).toString('hex');
    const entry: Entry = { key, size: content.size, etag: content.etag, lastModified, body, ...(tags && { tags }) };
    const sidecar = { ...entry, headers, metadata, ...(content.checksum && { checksum: content.checksum }) };
    const file = this.#file(bucket, key);
    try {
      const described = writeFile(`${incoming}.json`, JSON.stringify(sidecar), { flush: true });
      await Promise.all([described, flush(incoming)]);

      // Synchronous from here on: what the condition saw holds until the object exists.
      const { index } = this.#bucket(bucket);
      const current = index.get(key);
      condition(current);
      announce(entry);
      renameSync(incoming, `${file}.${body}`);
      renameSync(`${incoming}.json`, `${file}.json`);
      index.set(entry);
      if (current !== undefined) rmSync(`${file}.${current.body}`, { force: true });
    } catch (error) {
      await rm(`${incoming}.json`, { force: true });
      throw error;
    }
    // Without it a power cut can undo a rename.
    await flush(dirname(file));
    return entry;
  }

  /**
   * Changes an object's tags in one step for every reader. Outlives a power cut once this resolves.
   * @returns false if there is no such object.
   * @throws S3Error NoSuchBucket
   */
  async setTags(bucket: string, key: string, tags: Tags | undefined): Promise<boolean> {
    for (;;) {
      const { index } = this.#bucket(bucket);
      const current = index.get(key);
      const object = await this.get(bucket, key);
      if (current === undefined || object === undefined) return false;
      const { path: _path, tags: _tags, ...rest } = object;
      const sidecar = { ...rest, ...(tags && { tags }) };
      const { tags: _before, ...bare } = current;
      const temporary = `${this.incomingPath()}.json`;
      try {
        await writeFile(temporary, JSON.stringify(sidecar), { flush: true });
        // Changed meanwhile: again with the present object.
        if (index.get(key) !== current) continue;
        const file = this.#file(bucket, key);
        renameSync(temporary, `${file}.json`);
        index.set({ ...bare, ...(tags && { tags }) });
        await flush(dirname(file));
        return true;
      } finally {
        await rm(temporary, { force: true });
      }
    }
  }

  /** Deletes an object. @returns whether it existed. @throws S3Error NoSuchBucket */
  remove(bucket: string, key: string): boolean {
    const { index } = this.#bucket(bucket);
    const current = index.get(key);
    if (current === undefined) return false;
    const file = this.#file(bucket, key);
    // Its files may have been deleted by hand.
    rmSync(`${file}.json`, { force: true });
    index.delete(key);
    rmSync(`${file}.${current.body}`, { force: true });
    return true;
  }

  /** How much the objects of an account take in all buckets. */
  usage(account: string): Usage {
    const usages = [...this.#buckets.values()].map(({ index }) => index.usage(account));
    return {
      bytes: usages.reduce((sum, { bytes }) => sum + bytes, 0),
      objects: usages.reduce((sum, { objects }) => sum + objects, 0),
    };
  }

  #bucket(name: string): Bucket {
    const bucket = this.#buckets.get(name);
    if (bucket === undefined) throw new S3Error('NoSuchBucket', undefined, { BucketName: name });
    return bucket;
  }

  /** The path of an object's files, up to the dot. */
  #file(bucket: string, key: string): string {
    const hash = createHash('sha256').update(key).digest('hex');
    return join(this.#directory, 'buckets', bucket, hash.slice(0, 2), hash);
  }
}

/**
 * The objects of one of the 256 directories. Deletes bodies without a description; puts descriptions without a body
 * aside.
 */
function readEntries(directory: string, damaged: string, warn: (text: string) => void): Entry[] {
  const names = new Set(
    readdirSync(directory, { withFileTypes: true }).flatMap((entry) => (entry.isFile() ? [entry.name] : [])),
  );
  const entries: Entry[] = [];
  const lost = new Set<string>();
  for (const name of names) {
    if (!name.endsWith('.json')) continue;
    names.delete(name);
    const file = join(directory, name);
    try {
      const { key, size, etag, lastModified, body, tags } = parseSidecar(readFileSync(file, 'utf8'));
      if (!names.delete(name.replace(/json$/, body))) throw new Error('its body is missing');
      entries.push({ key, size, etag, lastModified, body, ...(tags && { tags }) });
    } catch (error) {
      lost.add(name.replace(/json$/, ''));
      warn(`The object of ${file} is lost (${messageOf(error)}). Its files are now in ${damaged}.`);
      putAside(file, damaged);
    }
  }
  for (const orphan of names) {
    const file = join(directory, orphan);
    // The body of a damaged description may be all that is left of a picture.
    if (lost.has(orphan.replace(/[^.]*$/, ''))) putAside(file, damaged);
    else unlinkSync(file);
  }
  return entries;
}

type Sidecar = Entry & Description & { readonly checksum?: Checksum };

function parseSidecar(text: string): Sidecar {
  const value: unknown = JSON.parse(text);
  if (!isSidecar(value)) throw new Error('not the description of an object');
  return value;
}

function isSidecar(value: unknown): value is Sidecar {
  if (!isRecord(value)) return false;
  const { key, size, etag, lastModified, body, headers, metadata } = value;
  return (
    [key, etag, body].every((text) => typeof text === 'string') &&
    [size, lastModified].every((number) => Number.isFinite(number)) &&
    isRecord(headers) &&
    isRecord(metadata)
  );
}
