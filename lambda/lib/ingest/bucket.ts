import {
  CopyObjectCommand,
  GetObjectCommand,
  NoSuchKey,
  PutObjectCommand,
  type S3Client,
  S3ServiceException,
} from '@aws-sdk/client-s3';
import type { Kind } from '../media/kind';
import { TooLarge } from '../media/refused';
import { safeName } from '../media/safe-name';
import type { RetentionDays } from '../table/account-item';
import { RETENTION_TAG } from '../table/retention';

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
 * metadata, the Content-Type of what it is, a name to be saved under, and a tag that says for how many days it is kept. Returns false when the object has changed or
 * is gone.
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
        Metadata: Object.fromEntries(Object.entries(from.metadata).map(([name, value]) => [name, ascii(value)])),
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

/** As devices should have sent it: a header has printable ASCII; the rest is percent-encoded. */
function ascii(value: string): string {
  return value.replace(/[^\x20-\x7e]/gu, encodeURIComponent);
}

/** Stores a thumbnail, for as long as its picture. The same bytes may be stored again. */
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

/** The bucket's lifecycle goes by this. */
function tagging(days: RetentionDays): string {
  return `${RETENTION_TAG}=${days}`;
}
