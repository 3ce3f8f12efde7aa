/** Finds the operation of a request. An operation that is missing here is refused by name, and never ignored. */
import { S3Error } from './errors';
import {
  createBucket,
  getBucketLocation,
  headBucket,
  listBuckets,
  listObjects,
  listObjectVersions,
} from './list-operations';
import {
  abortMultipartUpload,
  completeMultipartUpload,
  createMultipartUpload,
  listParts,
  uploadPart,
} from './multipart-operations';
import { copyObject, deleteObject, deleteObjects, getObject, putObject } from './object-operations';
import type { Call, Reply } from './operation';
import { deleteObjectTagging, getObjectTagging, putObjectTagging } from './tag-operations';

/**
 * All query parameters with which S3 makes a request another operation, so that none is taken for a plain GET or PUT.
 */
const SUBRESOURCES = new Set(
  'abac accelerate acl analytics append attributes cors delete encryption intelligent-tiering inventory legal-hold lifecycle location logging metadataConfiguration metadataTable metrics notification object-lock ownershipControls partNumber policy policyStatus publicAccessBlock renameObject replication requestPayment restore retention select session tagging torrent uploadId uploads versionId versioning versions website'.split(
    ' ',
  ),
);

/**
 * Performs the operation of a request.
 *
 * @throws S3Error NotImplemented, NoSuchBucket
 * @throws what the operation throws
 */
export async function route(call: Call): Promise<Reply> {
  const { request } = call;
  const { bucket, key, method } = request;
  const subresource = [...new Set(request.query.map(([name]) => name))]
    .filter((name) => SUBRESOURCES.has(name))
    .sort()
    .join(' ');
  const what =
    `${method} ${key !== undefined ? 'key' : bucket !== undefined ? 'bucket' : 'service'} ${subresource}`.trim();
  // Before the policy is checked, as at Amazon: a mistyped bucket name is reported as such.
  if (bucket !== undefined && what !== 'PUT bucket' && !call.objects.hasBucket(bucket)) {
    throw new S3Error('NoSuchBucket', undefined, { BucketName: bucket });
  }
  if (bucket === undefined) {
    if (what === 'GET service') return listBuckets(call);
  } else if (key === undefined) {
    switch (what) {
      case 'PUT bucket':
        return createBucket(call, bucket);
      case 'HEAD bucket':
        return headBucket(call, bucket);
      case 'GET bucket':
        return listObjects(call, bucket);
      case 'GET bucket versions':
        return listObjectVersions(call, bucket);
      case 'GET bucket location':
        return getBucketLocation(call, bucket);
      case 'POST bucket delete':
        return deleteObjects(call, bucket);
    }
  } else {
    switch (what) {
      case 'PUT key':
        return request.header('x-amz-copy-source') === undefined
          ? putObject(call, bucket, key)
          : copyObject(call, bucket, key);
      case 'GET key':
      case 'HEAD key':
        return getObject(call, bucket, key);
      case 'DELETE key':
      case 'DELETE key versionId':
        return deleteObject(call, bucket, key);
      case 'GET key tagging':
        return getObjectTagging(call, bucket, key);
      case 'PUT key tagging':
      case 'PUT key tagging versionId':
        return putObjectTagging(call, bucket, key);
      case 'DELETE key tagging':
        return deleteObjectTagging(call, bucket, key);
      case 'POST key uploads':
        return createMultipartUpload(call, bucket, key);
      case 'PUT key partNumber uploadId':
        return uploadPart(call, bucket, key);
      case 'POST key uploadId':
        return completeMultipartUpload(call, bucket, key);
      case 'DELETE key uploadId':
        return abortMultipartUpload(call, bucket, key);
      case 'GET key uploadId':
        return listParts(call, bucket, key);
    }
  }
  throw new S3Error('NotImplemented', `This server has no operation for: ${what}`);
}
