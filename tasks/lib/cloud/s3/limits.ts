/**
 * Limits what uploads take of the machine. A device's key is on the card of a camera, and whoever has it could fill the
 * disk, and so stop the database, the page and all other accounts. So incoming bytes are counted before they are
 * received:
 *
 * - Part of the disk is kept free (`reserve`). Uploads are refused below it, so that the page, deletions and the
 *   database go on; what the functions make of existing uploads may use half of it. (`ServiceUnavailable`)
 * - An account, the first segment of a key, has a quota of bytes, of objects and of multipart uploads.
 *   (`QuotaExceeded`, as Ceph's gateway says it)
 * - The number of uploads that wait for publishing is limited. (`SlowDown`)
 */
import { statfs } from 'node:fs/promises';
import { S3Error } from './errors';
import { accountOf } from './key-index';
import type { UploadStore } from './multipart-store';
import type { ObjectStore } from './object-store';

/** The most that one account may have in all buckets together. */
export interface Quota {
  readonly bytes: number;
  /** Objects, and parts of unfinished uploads. */
  readonly objects: number;
  /** Unfinished multipart uploads. */
  readonly uploads: number;
}

/** The disk of the data. */
export interface Space {
  /** Bytes that uploads must leave free. */
  readonly reserve: number;
  /** Returns the free bytes. */
  free(): Promise<number>;
}

/** Options of `Limits`. */
export interface LimitsOptions {
  /** Buckets that devices write into, with the quota of each account there. */
  readonly quotas: ReadonlyMap<string, Quota>;
  readonly space: Space;
  /** Whether a bucket with a quota accepts another object of an account: false while too many wait. */
  readonly mayWait?: (account: string) => boolean;
}

const MIB = 1024 ** 2;
/** With fewer free inodes the disk counts as full: each object takes two. */
const LEAST_INODES = 2000;

/** The space of a directory's disk. A twentieth is kept free: at least 32 MiB, at most 1 GiB. */
export async function spaceOf(directory: string): Promise<Space & { readonly total: number }> {
  const { blocks, bsize } = await statfs(directory);
  const total = blocks * bsize;
  return {
    total,
    reserve: Math.min(1024 * MIB, Math.max(32 * MIB, total / 20)),
    free: async () => {
      const now = await statfs(directory);
      // If `files` is 0, the file system makes inodes as needed.
      return now.files > 0 && now.ffree < LEAST_INODES ? 0 : now.bavail * now.bsize;
    },
  };
}

/** Bytes that are being received. */
interface Incoming {
  readonly account: string;
  readonly bytes: number;
}

/** Decides whether bytes may come in. */
export class Limits {
  readonly #options: LimitsOptions;
  readonly #objects: ObjectStore;
  readonly #uploads: UploadStore;
  readonly #incoming = new Set<Incoming>();

  constructor(options: LimitsOptions, objects: ObjectStore, uploads: UploadStore) {
    this.#options = options;
    this.#objects = objects;
    this.#uploads = uploads;
  }

  /**
   * Admits bytes of an object or a part, and counts them as taken.
   *
   * @returns a function that ends the counting.
   * @throws S3Error ServiceUnavailable, QuotaExceeded, SlowDown
   */
  async admit(bucket: string, key: string, bytes: number): Promise<() => void> {
    const account = accountOf(key);
    const quota = this.#options.quotas.get(bucket);
    if (quota && this.#options.mayWait?.(account) === false) {
      throw new S3Error('SlowDown', 'Too many uploads of this account wait to be looked at. Try again later.');
    }
    const incoming = { account, bytes };
    this.#incoming.add(incoming);
    try {
      if (quota) this.#requireQuota(quota, account);
      await this.#requireSpace(quota !== undefined);
    } catch (error) {
      this.#incoming.delete(incoming);
      throw error;
    }
    return () => void this.#incoming.delete(incoming);
  }

  /**
   * Admits another multipart upload.
   *
   * @throws S3Error ServiceUnavailable, QuotaExceeded
   */
  async admitUpload(bucket: string, key: string): Promise<void> {
    const quota = this.#options.quotas.get(bucket);
    const account = accountOf(key);
    if (quota && this.#uploads.usage(account).uploads >= quota.uploads) {
      throw exceeded(account, `${quota.uploads} multipart uploads that were not completed`);
    }
    await this.#requireSpace(quota !== undefined);
  }

  /** Includes the bytes that are being received. */
  #requireQuota(quota: Quota, account: string): void {
    const stored = this.#objects.usage(account);
    const parts = this.#uploads.usage(account);
    const incoming = [...this.#incoming].filter((each) => each.account === account);
    const bytes = stored.bytes + parts.bytes + incoming.reduce((sum, each) => sum + each.bytes, 0);
    if (bytes > quota.bytes) throw exceeded(account, `${quota.bytes} bytes`);
    if (stored.objects + parts.parts + incoming.length > quota.objects) {
      throw exceeded(account, `${quota.objects} objects`);
    }
  }

  async #requireSpace(isUpload: boolean): Promise<void> {
    const { space } = this.#options;
    const free = await space.free();
    const incoming = [...this.#incoming].reduce((sum, { bytes }) => sum + bytes, 0);
    if (free - incoming >= (isUpload ? space.reserve : space.reserve / 2)) return;
    throw new S3Error('ServiceUnavailable', FULL);
  }
}

/** The message when the disk is full. */
export const FULL = 'The disk of this cloud is full. Nothing is lost: upload it again when there is room.';

function exceeded(account: string, what: string): S3Error {
  return new S3Error('QuotaExceeded', `The account "${account}" may have ${what}. Delete some, or ask for more.`);
}
