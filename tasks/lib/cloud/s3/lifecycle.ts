/**
 * Lifecycles: when objects of a bucket expire, and the sweep that deletes expired objects. As in S3, a rule is about
 * objects whose keys begin with a prefix or that have a tag; they expire at the first midnight UTC that is at least the
 * rule's days after their last change. If several rules apply, the earliest counts. An expired object may stay until
 * the next sweep. docs.aws.amazon.com/AmazonS3/latest/userguide/intro-lifecycle-rules.html
 */
import { setImmediate } from 'node:timers/promises';
import type { ObjectInfo } from './key-index';
import type { UploadStore } from './multipart-store';
import type { ObjectStore } from './object-store';

/** When some objects expire. */
export interface ExpirationRule {
  /** Left out: all keys. */
  readonly prefix?: string;
  /** Left out: any tags. */
  readonly tag?: { readonly key: string; readonly value: string };
  /** Days after an object's last change, 1 or more. */
  readonly days: number;
}

/** The lifecycle of a bucket. */
export interface Lifecycle {
  readonly expiration: readonly ExpirationRule[];
  /** Days after which an unfinished multipart upload is removed; left out: never. */
  readonly abortUploadsAfterDays?: number;
}

const DAY = 86_400_000;
/** Deletions between two pauses for requests. */
const SLICE = 50;

/** When an object expires, in ms since 1970; `undefined`: never. */
export function expiryOf({ expiration }: Lifecycle, object: ObjectInfo): number | undefined {
  const days = expiration
    .filter(({ prefix = '' }) => object.key.startsWith(prefix))
    .filter(({ tag }) => tag === undefined || object.tags?.[tag.key] === tag.value)
    .map((rule) => rule.days);
  return days.length === 0 ? undefined : midnightAfter(object.lastModified, Math.min(...days));
}

/**
 * Deletes what has expired in a bucket.
 *
 * @param now ms since 1970
 * @param removed is called with each key, after its deletion
 */
export async function sweep(
  bucket: string,
  lifecycle: Lifecycle,
  stores: { readonly objects: ObjectStore; readonly uploads: UploadStore },
  now: number,
  removed: (key: string) => void,
): Promise<void> {
  const expired = stores.objects.list(bucket).objects.filter((object) => isOver(expiryOf(lifecycle, object), now));
  for (const [at, object] of expired.entries()) {
    if (at % SLICE === SLICE - 1) await setImmediate();
    // It was replaced or tagged during a pause, so its expiry has changed.
    if (stores.objects.info(bucket, object.key) !== object) continue;
    stores.objects.remove(bucket, object.key);
    removed(object.key);
  }
  const { abortUploadsAfterDays: days } = lifecycle;
  if (days === undefined) return;
  for (const upload of stores.uploads.list(bucket)) {
    if (isOver(midnightAfter(upload.initiated, days), now)) await stores.uploads.remove(upload);
  }
}

function midnightAfter(time: number, days: number): number {
  return Math.ceil((time + days * DAY) / DAY) * DAY;
}

function isOver(end: number | undefined, now: number): boolean {
  return end !== undefined && now >= end;
}
