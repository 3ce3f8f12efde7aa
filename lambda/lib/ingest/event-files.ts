/** Writes the files of an event in the production bucket: the upload itself, its thumbnail, and frames of a video. */
import type { Inspected } from '../media/inspect';
import { extensionOf } from '../media/safe-name';
import type { RetentionDays } from '../table/account-item';
import { filmKey, type PublishedEvent, readEvent } from '../table/event-item';
import { keepPointers } from '../table/kept-item';
import { copyUpload, tagKept, type Upload, writeThumbnail } from './bucket';
import type { Cloud } from './cloud';
import type { Origin } from './event';
import type { ObjectCreated } from './notification';
import type { Film } from './video-frames';

/** The result of the inspection, with the frames of a video. */
export interface Found extends Inspected {
  film?: Film;
}

/** The frames of a video; `undefined` for a picture, and for a video of which no frame can be decoded. */
export async function filmOfVideo(
  { s3, faces, labels, film }: Cloud,
  { bucket, key }: ObjectCreated,
  { etag }: Upload,
  { kind, width, height, duration }: Inspected,
): Promise<Film | undefined> {
  if (kind !== 'video/mp4') return undefined;
  return await film(
    s3,
    { faces: faces?.engine, labels: labels?.engine },
    { bucket, key, etag, width, height, duration },
  );
}

/** The keys of an event's files in the production bucket, and the SHA-256 of the upload (hexadecimal). */
export interface Files {
  key: string;
  thumbnailKey: string | undefined;
  sha256: string;
}

/**
 * Writes picture, thumbnail and frames; their time of storage starts now, also when they are written again.
 *
 * @returns `undefined` if the upload has changed.
 */
export async function writeFiles(
  { settings, s3 }: Cloud,
  upload: ObjectCreated,
  { account, fileName, id }: Pick<Origin, 'account' | 'fileName' | 'id'>,
  object: Upload,
  { kind, thumbnail, film }: Found,
  retentionDays: RetentionDays,
): Promise<Files | undefined> {
  const { sha256 } = object;
  const bucket = settings.productionBucket;
  const stem = `${account}/${id}/${sha256}`;
  const key = `${stem}${extensionOf(kind)}`;
  const copied = await copyUpload(s3, { ...upload, ...object }, { bucket, key, kind, fileName, retentionDays });
  if (!copied) return undefined;
  if (!thumbnail) return { key, thumbnailKey: undefined, sha256 };
  const thumbnailKey = `${stem}.thumbnail.jpg`;
  await writeThumbnail(s3, { bucket, key: thumbnailKey, retentionDays }, thumbnail);
  for (const [ending, file] of Object.entries(film?.files ?? {})) {
    await writeThumbnail(s3, { bucket, key: `${stem}${ending}`, retentionDays }, file);
  }
  return { key, thumbnailKey, sha256 };
}

/**
 * Completes the files of an event that its owner keeps for ever: restores the tag of files that were just written, and
 * keeps the entries that make the event findable.
 */
export async function leaveKept(
  { settings, s3, table }: Cloud,
  { account, id, key, thumbnailKey }: PublishedEvent,
  film: Film | undefined,
): Promise<void> {
  const now = await readEvent(table, account, id);
  if (now?.state !== 'published' || !now.event.kept) return;
  const frames = Object.keys(film?.files ?? {}).map((ending) => filmKey(key, ending));
  for (const one of [key, thumbnailKey, ...frames]) {
    if (one !== undefined) await tagKept(s3, settings.productionBucket, one);
  }
  await keepPointers(table, now.event);
}
