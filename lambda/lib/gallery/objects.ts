import {
  DeleteObjectCommand,
  DeleteObjectsCommand,
  ListObjectVersionsCommand,
  type ListObjectVersionsCommandOutput,
  PutObjectTaggingCommand,
  type S3Client,
  S3ServiceException,
} from '@aws-sdk/client-s3';
import { RETENTION_TAG } from '../table/retention';

/**
 * Deletes everything under a prefix (which ends with `/`) with all versions and delete markers, permanently. Two
 * requests for each thousand.
 *
 * @throws Error if S3 does not delete one.
 */
export async function deleteAllVersions(s3: S3Client, Bucket: string, Prefix: string): Promise<void> {
  let page: ListObjectVersionsCommandOutput | undefined;
  do {
    page = await s3.send(
      new ListObjectVersionsCommand({
        Bucket,
        Prefix,
        KeyMarker: page?.NextKeyMarker,
        VersionIdMarker: page?.NextVersionIdMarker,
      }),
    );
    const found = [...(page.Versions ?? []), ...(page.DeleteMarkers ?? [])];
    const Objects = found.flatMap(({ Key, VersionId }) => (Key === undefined ? [] : [{ Key, VersionId }]));
    if (Objects.length === 0) continue;
    const { Errors = [] } = await s3.send(new DeleteObjectsCommand({ Bucket, Delete: { Objects, Quiet: true } }));
    const [failed] = Errors;
    if (failed) throw new Error(`S3 did not delete ${failed.Key}: ${failed.Code} ${failed.Message}`);
  } while (page.IsTruncated);
}

/** Deletes an object, if it has the ETag `IfMatch` (if given). A missing object is no error. */
export async function deleteObject(s3: S3Client, Bucket: string, Key: string, IfMatch?: string): Promise<void> {
  try {
    await s3.send(new DeleteObjectCommand({ Bucket, Key, IfMatch }));
  } catch (error) {
    const name = error instanceof S3ServiceException ? error.name : undefined;
    if (IfMatch === undefined || (name !== 'PreconditionFailed' && name !== 'NoSuchKey')) throw error;
  }
}

/** Tags the current objects under a prefix (which ends with `/`) for the bucket's lifecycle. */
export async function tagCurrentVersions(
  s3: S3Client,
  Bucket: string,
  Prefix: string,
  retention: string,
): Promise<void> {
  const Tagging = { TagSet: [{ Key: RETENTION_TAG, Value: retention }] };
  // An event has a handful of objects.
  const { Versions = [] } = await s3.send(new ListObjectVersionsCommand({ Bucket, Prefix }));
  const current = Versions.filter(({ IsLatest }) => IsLatest === true);
  await Promise.all(current.map(({ Key }) => s3.send(new PutObjectTaggingCommand({ Bucket, Key, Tagging }))));
}
