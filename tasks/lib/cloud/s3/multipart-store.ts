/**
 * Multipart uploads on disk: an object is sent in parts of at least 5 MiB (the last may be smaller), in any order, and
 * a part that is sent again replaces the earlier one.
 *
 *     DIR/uploads/<upload id>/upload.json     key and description of the object to be
 *     DIR/uploads/<upload id>/<n>.json        part n: size, ETag, checksum, name of its body
 *     DIR/uploads/<upload id>/<n>.<id>        its body
 *
 * As with objects, a part exists once its .json is renamed into place. Completing joins the named parts into one file;
 * until that is committed, no client sees anything of the upload. Aborting deletes the directory.
 */
import { createHash, randomBytes } from 'node:crypto';
import { mkdirSync } from 'node:fs';
import { open, readdir, readFile, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { isRecord } from '../../record';
import { isMissing } from '../disk/missing';
import { putAside } from '../disk/put-aside';
import { replaceFile } from '../disk/replace-file';
import { type Checksum, type ChecksumAlgorithm, startChecksum } from './checksum';
import { S3Error } from './errors';
import { accountOf } from './key-index';
import type { Content, Description } from './object-store';

/** An unfinished multipart upload. */
export interface Upload extends Description {
  readonly id: string;
  readonly bucket: string;
  readonly key: string;
  /** When it began, in ms since 1970. */
  readonly initiated: number;
  readonly checksum?: { readonly algorithm: ChecksumAlgorithm; readonly type: Checksum['type'] };
}

/** A part of an upload. */
export interface Part {
  readonly number: number;
  readonly size: number;
  /** MD5 of the part, in hexadecimal. */
  readonly etag: string;
  readonly checksum?: Checksum;
  readonly lastModified: number;
  readonly body: string;
}

/** A part as the client names it when it completes an upload. */
export interface NamedPart {
  readonly number: number;
  readonly etag: string;
  /** The part's checksum, if the client repeats it. */
  readonly checksum?: string;
}

/** S3's highest part number. */
export const MAX_PART_NUMBER = 10_000;
/** Smallest size of every part but the last, in bytes. */
const MIN_PART_BYTES = 5 * 1024 ** 2;

/** What the unfinished uploads of an account take. */
export interface UploadUsage {
  readonly uploads: number;
  readonly parts: number;
  readonly bytes: number;
}

const NO_USAGE: UploadUsage = { uploads: 0, parts: 0, bytes: 0 };

/** The multipart uploads of all buckets. */
export class UploadStore {
  readonly #directory: string;
  readonly #now: () => number;
  readonly #uploads = new Map<string, { readonly upload: Upload; parts: number; bytes: number }>();
  /** By the first segment of keys. */
  readonly #usage = new Map<string, UploadUsage>();

  private constructor(directory: string, now: () => number) {
    this.#directory = directory;
    this.#now = now;
  }

  /**
   * Opens the store in a directory, which is made if needed. Uploads with a damaged description are put aside.
   *
   * @param warn receives for a person which uploads are damaged
   */
  static async open(directory: string, now: () => number, warn: (text: string) => void): Promise<UploadStore> {
    const store = new UploadStore(join(directory, 'uploads'), now);
    mkdirSync(store.#directory, { recursive: true, mode: 0o700 });
    // One after the other: there may be more than a process may have files open.
    for (const id of await readdir(store.#directory))
      await store.#load(id, join(directory, 'damaged', 'uploads'), warn);
    return store;
  }

  /** What the unfinished uploads of an account take. */
  usage(account: string): UploadUsage {
    return this.#usage.get(account) ?? NO_USAGE;
  }

  /** Begins an upload. */
  async create(
    bucket: string,
    key: string,
    description: Description,
    checksum: Upload['checksum'] | undefined,
  ): Promise<Upload> {
    const id = randomBytes(24).toString('hex');
    const upload: Upload = { id, bucket, key, ...description, initiated: this.#now(), ...(checksum && { checksum }) };
    mkdirSync(join(this.#directory, id), { mode: 0o700 });
    await this.#write(id, 'upload', upload);
    this.#uploads.set(id, { upload, parts: 0, bytes: 0 });
    this.#count(upload, { uploads: 1, parts: 0, bytes: 0 });
    return upload;
  }

  /**
   * An upload by its id.
   *
   * @throws S3Error NoSuchUpload if this bucket and key have no such upload.
   */
  get(bucket: string, key: string, id: string): Upload {
    const upload = this.#uploads.get(id)?.upload;
    if (upload?.bucket !== bucket || upload.key !== key) {
      throw new S3Error('NoSuchUpload', undefined, { UploadId: id });
    }
    return upload;
  }

  /** All unfinished uploads of a bucket. */
  list(bucket: string): readonly Upload[] {
    return [...this.#uploads.values()].map(({ upload }) => upload).filter((upload) => upload.bucket === bucket);
  }

  /**
   * Makes received bytes part `number`, which replaces an earlier part of that number. Moves the file `incoming`.
   *
   * @throws S3Error NoSuchUpload if the upload was aborted or completed meanwhile.
   */
  async putPart(upload: Upload, number: number, incoming: string, content: Content): Promise<Part> {
    const before = await this.#read(upload.id, String(number), isPart).catch(() => undefined);
    const part: Part = {
      number,
      size: content.size,
      etag: content.etag,
      ...(content.checksum && { checksum: content.checksum }),
      lastModified: this.#now(),
      body: randomBytes(8).toString('hex'),
    };
    try {
      await rename(incoming, this.#body(upload, part));
      await this.#write(upload.id, String(number), part);
    } catch (error) {
      // Aborted or completed meanwhile.
      if (isMissing(error)) throw new S3Error('NoSuchUpload', undefined, { UploadId: upload.id });
      throw error;
    }
    const entry = this.#uploads.get(upload.id);
    if (entry !== undefined) {
      const more = { uploads: 0, parts: before ? 0 : 1, bytes: part.size - (before?.size ?? 0) };
      entry.parts += more.parts;
      entry.bytes += more.bytes;
      this.#count(upload, more);
    }
    if (before !== undefined) await rm(this.#body(upload, before), { force: true });
    return part;
  }

  /** All parts, by number. */
  async parts(upload: Upload): Promise<readonly Part[]> {
    const names = await readdir(join(this.#directory, upload.id));
    const numbers = names.flatMap((name) => /^(\d+)\.json$/.exec(name)?.[1] ?? []);
    const parts: Part[] = [];
    for (const number of numbers) {
      // A part that cannot be read counts as missing: the client learns that when it completes the upload.
      const part = await this.#read(upload.id, number, isPart).catch(() => undefined);
      if (part !== undefined) parts.push(part);
    }
    return parts.sort((a, b) => a.number - b.number);
  }

  /**
   * Joins parts into the file `destination`.
   *
   * @returns the content of the object: its ETag is the MD5 of the parts' MD5s, a dash, and their number.
   * @throws S3Error InvalidPartOrder, InvalidPart, EntityTooSmall, NoSuchUpload
   */
  async join(upload: Upload, named: readonly NamedPart[], destination: string): Promise<Content> {
    const stored = new Map((await this.parts(upload)).map((part) => [part.number, part]));
    const parts = named.map((name, at) => {
      if (at > 0 && name.number <= (named[at - 1]?.number ?? 0)) throw new S3Error('InvalidPartOrder');
      const part = stored.get(name.number);
      if (part?.etag !== name.etag || (name.checksum !== undefined && name.checksum !== part.checksum?.value)) {
        throw new S3Error('InvalidPart', undefined, { PartNumber: String(name.number), UploadId: upload.id });
      }
      return part;
    });
    const small = parts.slice(0, -1).find((part) => part.size < MIN_PART_BYTES);
    if (small !== undefined) {
      throw new S3Error('EntityTooSmall', undefined, {
        PartNumber: String(small.number),
        ProposedSize: String(small.size),
        MinSizeAllowed: String(MIN_PART_BYTES),
      });
    }

    const { algorithm, type } = upload.checksum ?? {};
    const whole = algorithm !== undefined && type === 'FULL_OBJECT' ? startChecksum(algorithm) : undefined;
    const output = await open(destination, 'wx', 0o600);
    try {
      for (const part of parts) {
        const input = await open(this.#body(upload, part));
        for await (const bytes of input.createReadStream()) {
          whole?.update(bytes);
          await output.writeFile(bytes);
        }
      }
    } finally {
      await output.close();
    }
    const md5 = createHash('md5');
    for (const part of parts) md5.update(part.etag, 'hex');
    const checksum = whole === undefined ? composite(upload, parts) : fullObject(upload, whole.digest());
    return {
      size: parts.reduce((sum, part) => sum + part.size, 0),
      etag: `${md5.digest('hex')}-${parts.length}`,
      checksum,
    };
  }

  /** Removes an upload and all its parts. */
  async remove(upload: Upload): Promise<void> {
    const entry = this.#uploads.get(upload.id);
    if (entry && this.#uploads.delete(upload.id)) {
      this.#count(upload, { uploads: -1, parts: -entry.parts, bytes: -entry.bytes });
    }
    await rm(join(this.#directory, upload.id), { recursive: true, force: true });
  }

  #body(upload: Upload, part: Part): string {
    return join(this.#directory, upload.id, `${part.number}.${part.body}`);
  }

  /** Loads an upload of an earlier run. An upload without a description was being made when the process was killed. */
  async #load(id: string, damaged: string, warn: (text: string) => void): Promise<void> {
    // Anything else in the directory is not ours.
    if (!/^[0-9a-f]{48}$/.test(id)) return;
    const directory = join(this.#directory, id);
    const upload = await this.#read(id, 'upload', isUpload).catch(() => 'damaged' as const);
    if (upload === undefined) return await rm(directory, { recursive: true, force: true });
    if (upload === 'damaged' || upload.id !== id) {
      return warn(`The multipart upload ${id} is damaged, and is now ${putAside(directory, damaged)}.`);
    }
    const parts = await this.parts(upload);
    const usage = { parts: parts.length, bytes: parts.reduce((sum, { size }) => sum + size, 0) };
    this.#uploads.set(id, { upload, ...usage });
    this.#count(upload, { uploads: 1, ...usage });
  }

  #count({ key }: Upload, more: UploadUsage): void {
    const account = accountOf(key);
    const { uploads, parts, bytes } = this.usage(account);
    const now = { uploads: uploads + more.uploads, parts: parts + more.parts, bytes: bytes + more.bytes };
    if (now.uploads > 0) this.#usage.set(account, now);
    else this.#usage.delete(account);
  }

  async #write(id: string, name: string, value: Upload | Part): Promise<void> {
    await replaceFile(join(this.#directory, id, `${name}.json`), JSON.stringify(value));
  }

  /**
   * Reads a description; `undefined` if the file does not exist.
   *
   * @throws Error if the file is damaged.
   */
  async #read<T>(id: string, name: string, is: (value: unknown) => value is T): Promise<T | undefined> {
    try {
      const value: unknown = JSON.parse(await readFile(join(this.#directory, id, `${name}.json`), 'utf8'));
      if (is(value)) return value;
      throw new Error(`${name}.json of the multipart upload ${id} is damaged.`);
    } catch (error) {
      if (isMissing(error)) return undefined;
      throw error;
    }
  }
}

function fullObject(upload: Upload, digest: Buffer): Checksum | undefined {
  return (
    upload.checksum && { algorithm: upload.checksum.algorithm, value: digest.toString('base64'), type: 'FULL_OBJECT' }
  );
}

/** The checksum of the parts' checksums, if every part has one. */
function composite(upload: Upload, parts: readonly Part[]): Checksum | undefined {
  const algorithm = upload.checksum?.algorithm;
  if (algorithm === undefined) return undefined;
  const running = startChecksum(algorithm);
  for (const { checksum } of parts) {
    if (checksum?.algorithm !== algorithm) return undefined;
    running.update(Buffer.from(checksum.value, 'base64'));
  }
  return { algorithm, value: `${running.digest().toString('base64')}-${parts.length}`, type: 'COMPOSITE' };
}

function isUpload(value: unknown): value is Upload {
  if (!isRecord(value)) return false;
  const { id, bucket, key, initiated, headers, metadata } = value;
  return (
    [id, bucket, key].every((text) => typeof text === 'string') &&
    typeof initiated === 'number' &&
    isRecord(headers) &&
    isRecord(metadata)
  );
}

function isPart(value: unknown): value is Part {
  if (!isRecord(value)) return false;
  const { number, size, etag, body } = value;
  return [etag, body].every((text) => typeof text === 'string') && [number, size].every(Number.isFinite);
}
