/**
 * Multipart uploads on disk: an object sent in parts of at least 5 MiB, in any order, each of them as often as it takes.
 *
 *     DIR/uploads/<upload id>/upload.json     key and description of the object to be
 *     DIR/uploads/<upload id>/<n>.json        part n: size, ETag, checksum, name of its body
 *     DIR/uploads/<upload id>/<n>.<id>        its body
 *
 * As with objects, a part is there once its .json is renamed into place. Completing joins the named parts into one file;
 * until it is committed nothing of the upload is visible to anybody. Aborting deletes the directory.
 */
import { createHash, randomBytes } from 'node:crypto';
import { mkdirSync } from 'node:fs';
import { open, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { isMissing } from '../disk/missing';
import { type Checksum, type ChecksumAlgorithm, startChecksum } from './checksum';
import { S3Error } from './errors';
import type { Content, Description } from './object-store';

export interface Upload extends Description {
  readonly id: string;
  readonly bucket: string;
  readonly key: string;
  /** Milliseconds since 1970. */
  readonly initiated: number;
  readonly checksum?: { readonly algorithm: ChecksumAlgorithm; readonly type: Checksum['type'] };
}

export interface Part {
  readonly number: number;
  readonly size: number;
  /** MD5 in hexadecimal. */
  readonly etag: string;
  readonly checksum?: Checksum;
  readonly lastModified: number;
  readonly body: string;
}

/** A part as the client names it when it completes. */
export interface NamedPart {
  readonly number: number;
  readonly etag: string;
  /** The part's checksum where the client repeats it. */
  readonly checksum?: string;
}

export const MAX_PART_NUMBER = 10_000;
/** Every part but the last. */
const MIN_PART_BYTES = 5 * 1024 ** 2;

export class UploadStore {
  #directory: string;
  #now: () => number;

  constructor(directory: string, now: () => number) {
    this.#directory = join(directory, 'uploads');
    this.#now = now;
    mkdirSync(this.#directory, { recursive: true, mode: 0o700 });
  }

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
    return upload;
  }

  /** @throws S3Error NoSuchUpload where there is none of this id for this bucket and key */
  async get(bucket: string, key: string, id: string): Promise<Upload> {
    // The id becomes part of a path.
    if (!/^[0-9a-f]{48}$/.test(id)) throw new S3Error('NoSuchUpload', undefined, { UploadId: id });
    const upload = await this.#read(id, 'upload', isUpload);
    if (upload?.bucket !== bucket || upload.key !== key) {
      throw new S3Error('NoSuchUpload', undefined, { UploadId: id });
    }
    return upload;
  }

  /** All uploads of a bucket that were neither completed nor aborted. */
  async list(bucket: string): Promise<readonly Upload[]> {
    const ids = await readdir(this.#directory);
    const uploads = await Promise.all(ids.map((id) => this.#read(id, 'upload', isUpload)));
    return uploads.filter((upload) => upload !== undefined).filter((upload) => upload.bucket === bucket);
  }

  /** Makes received bytes part `number`, in place of one that may be there. The file `incoming` is moved. */
  async putPart(upload: Upload, number: number, incoming: string, content: Content): Promise<Part> {
    const before = await this.#read(upload.id, String(number), isPart);
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
    if (before !== undefined) await rm(this.#body(upload, before), { force: true });
    return part;
  }

  /** All parts, by number. */
  async parts(upload: Upload): Promise<readonly Part[]> {
    const names = await readdir(join(this.#directory, upload.id));
    const numbers = names.flatMap((name) => /^(\d+)\.json$/.exec(name)?.[1] ?? []);
    const parts = await Promise.all(numbers.map((number) => this.#read(upload.id, number, isPart)));
    return parts.filter((part) => part !== undefined).sort((a, b) => a.number - b.number);
  }

  /**
   * Joins parts into the file `destination`.
   * @returns what the object will be: its ETag is the MD5 of the parts' MD5s, with their number behind a dash
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

  /** Forgets an upload and all its parts. */
  async remove(upload: Upload): Promise<void> {
    await rm(join(this.#directory, upload.id), { recursive: true, force: true });
  }

  #body(upload: Upload, part: Part): string {
    return join(this.#directory, upload.id, `${part.number}.${part.body}`);
  }

  async #write(id: string, name: string, value: Upload | Part): Promise<void> {
    const path = join(this.#directory, id, `${name}.json`);
    const temporary = join(this.#directory, id, `${randomBytes(8).toString('hex')}.new`);
    await writeFile(temporary, JSON.stringify(value));
    await rename(temporary, path);
  }

  async #read<T>(id: string, name: string, is: (value: unknown) => value is T): Promise<T | undefined> {
    try {
      const value: unknown = JSON.parse(await readFile(join(this.#directory, id, `${name}.json`), 'utf8'));
      return is(value) ? value : undefined;
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

/** The checksum of the parts' checksums, where every part has one. */
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
  return typeof value === 'object' && value !== null && 'bucket' in value && 'key' in value && 'initiated' in value;
}

function isPart(value: unknown): value is Part {
  return typeof value === 'object' && value !== null && 'number' in value && 'etag' in value && 'body' in value;
}
