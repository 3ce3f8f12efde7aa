/** Reads the source of a copy, which `x-amz-copy-source` names, and copies its bytes. */
import { createHash } from 'node:crypto';
import { type FileHandle, open } from 'node:fs/promises';
import { type ChecksumAlgorithm, startChecksum } from './checksum';
import { S3Error } from './errors';
import type { Content, StoredObject } from './object-store';
import { type Call, requireAllowed } from './operation';

/** The source of a copy. */
export interface CopySource {
  readonly bucket: string;
  readonly object: StoredObject;
  /** The body, open; the caller closes it. */
  readonly file: FileHandle;
}

/**
 * Opens the object that a request copies from.
 *
 * @throws S3Error InvalidArgument, NotImplemented, AccessDenied, NoSuchBucket, NoSuchKey
 */
export async function copySource(call: Call): Promise<CopySource> {
  const [, bucket, key] = /^\/?([^/]+)\/(.+)$/s.exec(decoded(call.request.header('x-amz-copy-source') ?? '')) ?? [];
  if (bucket === undefined || key === undefined) {
    throw new S3Error('InvalidArgument', 'Copy Source must mention the source bucket and key: sourcebucket/sourcekey');
  }
  requireAllowed(call, 's3:GetObject', bucket, key);
  const found = await call.objects.open(bucket, key);
  if (found === undefined) {
    requireAllowed(call, 's3:ListBucket', bucket, key);
    throw new S3Error('NoSuchKey', undefined, { Key: key });
  }
  return { bucket, ...found };
}

function decoded(text: string): string {
  if (text.includes('?')) {
    throw new S3Error('NotImplemented', 'Versions are not implemented.', { Header: 'x-amz-copy-source' });
  }
  try {
    return decodeURIComponent(text);
  } catch {
    throw new S3Error('InvalidArgument', 'Copy Source is not valid percent-encoding.');
  }
}

/** Copies bytes `start` up to and without `end` of a source into a new file. */
export async function copyBody(
  source: CopySource,
  destination: string,
  algorithm: ChecksumAlgorithm | undefined,
  start = 0,
  end = source.object.size,
): Promise<Content> {
  const md5 = createHash('md5');
  const checksum = algorithm === undefined ? undefined : startChecksum(algorithm);
  const output = await open(destination, 'wx', 0o600);
  try {
    if (end > start) {
      for await (const bytes of source.file.createReadStream({ start, end: end - 1, autoClose: false })) {
        md5.update(bytes);
        checksum?.update(bytes);
        await output.writeFile(bytes);
      }
    }
  } finally {
    await output.close();
  }
  return {
    size: end - start,
    etag: md5.digest('hex'),
    ...(algorithm !== undefined &&
      checksum !== undefined && {
        checksum: { algorithm, value: checksum.digest().toString('base64'), type: 'FULL_OBJECT' },
      }),
  };
}
