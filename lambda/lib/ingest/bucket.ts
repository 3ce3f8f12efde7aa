import { Readable } from 'node:stream';
import {
  CopyObjectCommand,
  GetObjectCommand,
  InvalidObjectState,
  NoSuchKey,
  PutObjectCommand,
  PutObjectTaggingCommand,
  type S3Client,
  S3ServiceException,
} from '@aws-sdk/client-s3';
import type { Kind } from '../media/kind';
import { Locked } from '../media/refused';
import { safeName } from '../media/safe-name';
import type { RetentionDays } from '../table/account-item';
import { KEPT, RETENTION_TAG } from '../table/retention';

/** An uploaded object, opened for reading. */
export interface OpenUpload {
  /** With its double quotes, as S3 sends it. */
  etag: string;
  /** The user metadata from the device, by name without `x-amz-meta-`. */
  metadata: Record<string, string>;
  /** In bytes. */
  size: number;
  /** The bytes in pieces. Read them to the end, or call `close`. */
  pieces: AsyncIterable<Buffer>;
  /** Stops reading. */
  close(): void;
}

/** An uploaded object whose bytes were read to the end. */
export interface Upload extends Pick<OpenUpload, 'etag' | 'metadata' | 'size'> {
  /** SHA-256 of the bytes, in hexadecimal. */
  sha256: string;
}

/**
 * Opens an object for reading; `undefined` when it is gone.
 *
 * @throws Locked if the device stored it so that nobody else can read it.
 * @throws any other error of S3.
 */
export async function openUpload(s3: S3Client, Bucket: string, Key: string): Promise<OpenUpload | undefined> {
  try {
    const object = await s3.send(new GetObjectCommand({ Bucket, Key }));
    const body = object.Body;
    if (!(body instanceof Readable)) throw new Error(`S3 answered ${Bucket}/${Key} without a stream of bytes.`);
    return {
      etag: object.ETag ?? '',
      metadata: object.Metadata ?? {},
      size: object.ContentLength ?? 0,
      pieces: body,
      close: () => void body.destroy(),
    };
  } catch (error) {
    if (error instanceof NoSuchKey) return undefined;
    throw lockedOr(error);
  }
}

/** A `Locked` if S3 has the object but cannot return it; any other error unchanged. */
function lockedOr(error: unknown): unknown {
  if (error instanceof InvalidObjectState) {
    return new Locked('The device stored the file in the storage class of an archive, from which it cannot be read.');
  }
  // S3 asks for the device's own key (SSE-C).
  if (error instanceof S3ServiceException && error.name === 'InvalidRequest' && /encrypt/i.test(error.message)) {
    return new Locked('The device encrypted the file with a key of its own; without that key it cannot be read.');
  }
  return error;
}

/**
 * Copies an object byte for byte inside S3, if it still has the ETag. The copy gets the device's metadata, the
 * Content-Type of its kind, a name for saving it, and a tag with the number of days that it is kept.
 *
 * @returns false if the object has changed or is gone.
 * @throws any other error of S3.
 */
export async function copyUpload(
  s3: S3Client,
  from: { bucket: string; key: string; etag: string; metadata: Record<string, string> },
  to: { bucket: string; key: string; kind: Kind; fileName: string; retentionDays: RetentionDays },
): Promise<boolean> {
  try {
    await s3.send(
      new CopyObjectCommand({
        CopySource: `${from.bucket}/${from.key.split('/').map(encodeURIComponent).join('/')}`,
        CopySourceIfMatch: from.etag,
        Bucket: to.bucket,
        Key: to.key,
        MetadataDirective: 'REPLACE',
        Metadata: storable(from.metadata),
        ContentType: to.kind,
        ContentDisposition: `inline; filename="${safeName(to.fileName, to.kind)}"`,
        TaggingDirective: 'REPLACE',
        Tagging: tagging(to.retentionDays),
      }),
    );
    return true;
  } catch (error) {
    if (error instanceof S3ServiceException && (error.name === 'PreconditionFailed' || error.name === 'NoSuchKey')) {
      return false;
    }
    throw error;
  }
}

/** S3's limit for the names and values of user metadata together, in bytes. */
const MOST_METADATA_BYTES = 2048;

/**
 * User metadata in the form that S3 accepts: values in printable ASCII, other characters percent-encoded. Fields that
 * no longer fit are left out, and so is the name `__proto__`; the table has everything that is shown.
 */
function storable(metadata: Readonly<Record<string, string>>): Record<string, string> {
  const kept: Record<string, string> = {};
  let left = MOST_METADATA_BYTES;
  for (const [name, said] of Object.entries(metadata)) {
    const value = said.replace(/[^\x20-\x7e]/gu, encodeURIComponent);
    const bytes = name.length + value.length;
    if (bytes > left || name === '__proto__') continue;
    kept[name] = value;
    left -= bytes;
  }
  return kept;
}

/** Stores a thumbnail for as long as its picture. May be repeated with the same bytes. */
export async function writeThumbnail(
  s3: S3Client,
  { bucket, key, retentionDays }: { bucket: string; key: string; retentionDays: RetentionDays },
  body: Buffer,
): Promise<void> {
  await s3.send(
    new PutObjectCommand({
      Bucket: bucket,
      Key: key,
      Body: body,
      ContentType: 'image/jpeg',
      ContentDisposition: 'inline',
      Tagging: tagging(retentionDays),
    }),
  );
}

/** Exempts a published object from the bucket's lifecycle rules. */
export async function tagKept(s3: S3Client, Bucket: string, Key: string): Promise<void> {
  const Tagging = { TagSet: [{ Key: RETENTION_TAG, Value: KEPT }] };
  await s3.send(new PutObjectTaggingCommand({ Bucket, Key, Tagging }));
}

/** The tag that the bucket's lifecycle rules match. */
function tagging(days: RetentionDays): string {
  return `${RETENTION_TAG}=${days}`;
}
