import {
  CopyObjectCommand,
  GetObjectCommand,
  NoSuchKey,
  PutObjectCommand,
  type S3Client,
  S3ServiceException,
} from '@aws-sdk/client-s3';
import { claimedKind, type Kind } from './kind';
import { TooLarge } from './refused';

/** An uploaded object, read whole. */
export interface Upload {
  body: Buffer;
  /** Of exactly these bytes, with S3's quotes around it. */
  etag: string;
  /** What the device said of it, without `x-amz-meta-`. */
  metadata: Record<string, string>;
}

/**
 * Reads an object. Returns undefined when it is gone. Throws TooLarge, before its bytes are downloaded, when it has more
 * than `maxBytes`.
 */
export async function readUpload(
  s3: S3Client,
  Bucket: string,
  Key: string,
  maxBytes: number,
): Promise<Upload | undefined> {
  try {
    const object = await s3.send(new GetObjectCommand({ Bucket, Key }));
    const size = object.ContentLength ?? 0;
    if (size > maxBytes) {
      // Nobody reads it any further: the connection is closed instead.
      object.Body?.transformToWebStream().cancel();
      throw new TooLarge(`The file has ${size} bytes; ${maxBytes} are allowed.`);
    }
    const body = Buffer.from((await object.Body?.transformToByteArray()) ?? []);
    return { body, etag: object.ETag ?? '', metadata: object.Metadata ?? {} };
  } catch (error) {
    if (error instanceof NoSuchKey) return undefined;
    throw error;
  }
}

/**
 * Copies an object byte for byte inside S3, on the condition that it still has the ETag. The copy gets the device's
 * metadata, the Content-Type of what it is, and a name to be saved under. Returns false when the object has changed or
 * is gone.
 */
export async function copyUpload(
  s3: S3Client,
  from: { bucket: string; key: string; etag: string; metadata: Record<string, string> },
  to: { bucket: string; key: string; kind: Kind; fileName: string },
): Promise<boolean> {
  try {
    await s3.send(
      new CopyObjectCommand({
        CopySource: `${from.bucket}/${from.key.split('/').map(encodeURIComponent).join('/')}`,
        CopySourceIfMatch: from.etag,
        Bucket: to.bucket,
        Key: to.key,
        MetadataDirective: 'REPLACE',
        Metadata: from.metadata,
        ContentType: to.kind,
        ContentDisposition: `inline; filename="${safeName(to.fileName, to.kind)}"`,
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

/** Stores a thumbnail. The same bytes may be stored again. */
export async function writeThumbnail(s3: S3Client, Bucket: string, Key: string, body: Buffer): Promise<void> {
  await s3.send(
    new PutObjectCommand({ Bucket, Key, Body: body, ContentType: 'image/jpeg', ContentDisposition: 'inline' }),
  );
}

const EXTENSION: Readonly<Record<Kind, string>> = { 'image/jpeg': '.jpg', 'image/png': '.png', 'video/mp4': '.mp4' };

/** The usual extension of a kind. */
export function extensionOf(kind: Kind): string {
  return EXTENSION[kind];
}

/**
 * A file name for a header, from a name that a device chose: letters, digits, `-`, `_` and `.` stay, the rest becomes `_`;
 * no leading dot, the extension of what it is, 120 letters at most.
 */
export function safeName(fileName: string, kind: Kind): string {
  const last = fileName.slice(fileName.lastIndexOf('/') + 1);
  const stem = claimedKind(last) ? last.slice(0, last.lastIndexOf('.')) : last;
  const safe = stem
    .replace(/[^A-Za-z0-9._-]/g, '_')
    .replace(/^\.+/, '_')
    .slice(0, 116);
  return `${safe || 'event'}${extensionOf(kind)}`;
}
