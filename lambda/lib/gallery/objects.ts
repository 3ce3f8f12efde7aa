import {
  DeleteObjectCommand,
  DeleteObjectsCommand,
  ListObjectVersionsCommand,
  type ListObjectVersionsCommandOutput,
  type S3Client,
  S3ServiceException,
} from '@aws-sdk/client-s3';

/**
 * Deletes everything under a prefix (which ends with `/`) with all its versions and delete markers: nothing can bring it
 * back. Two requests for each thousand of them.
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

/** Deletes one object, if it has the ETag (when one is given); one that is not there is deleted already. */
export async function deleteObject(s3: S3Client, Bucket: string, Key: string, IfMatch?: string): Promise<void> {
  try {
    await s3.send(new DeleteObjectCommand({ Bucket, Key, IfMatch }));
  } catch (error) {
    const name = error instanceof S3ServiceException ? error.name : undefined;
    if (IfMatch === undefined || (name !== 'PreconditionFailed' && name !== 'NoSuchKey')) throw error;
  }
}
