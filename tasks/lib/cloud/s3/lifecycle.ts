/**
 * When objects of a bucket expire, and the sweep that deletes those that have. As in S3, a rule is about the objects whose
 * keys begin with a prefix, or that carry a tag; their time is their last change plus so many days, and then the next
 * midnight UTC. Where several rules are about an object, the earliest counts. An expired object may be there until the
 * next sweep.
 * docs.aws.amazon.com/AmazonS3/latest/userguide/intro-lifecycle-rules.html
 */
import { setImmediate } from 'node:timers/promises';
import type { ObjectInfo } from './key-index';
import type { UploadStore } from './multipart-store';
import type { ObjectStore } from './object-store';

export interface ExpirationRule {
  /** Left out, all keys. */
  readonly prefix?: string;
  /** Left out, whatever tags there are. */
  readonly tag?: { readonly key: string; readonly value: string };
  /** From an object's last change, 1 or more. */
  readonly days: number;
}

export interface Lifecycle {
  readonly expiration: readonly ExpirationRule[];
  /** Multipart uploads that are not completed so many days after they began are forgotten; left out, never. */
  readonly abortUploadsAfterDays?: number;
}

const DAY = 86_400_000;
/** So many deletions without a pause for requests. */
const SLICE = 50;

/** When an object expires, in milliseconds since 1970; undefined: never. */
export function expiryOf({ expiration }: Lifecycle, object: ObjectInfo): number | undefined {
  const days = expiration
    .filter(({ prefix = '' }) => object.key.startsWith(prefix))
    .filter(({ tag }) => tag === undefined || object.tags?.[tag.key] === tag.value)
    .map((rule) => rule.days);
  return days.length === 0 ? undefined : midnightAfter(object.lastModified, Math.min(...days));
}

/**
 * Deletes what has expired in a bucket.
 * @param now milliseconds since 1970
 * @param removed is told each key, after it went
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
    // Replaced, or tagged anew, in such a pause: it has another time.
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
