/** Operations on an object's tags. The rights to store tags with an object are checked in object-operations.ts. */
import { receiveText } from './body';
import { S3Error } from './errors';
import { MAX_XML_BYTES, requireNullVersion } from './object-operations';
import { type Call, type Reply, requireAllowed, xmlReply } from './operation';
import { type Tags, tagsOfXml, tagsToXml } from './tags';

/**
 * GET /bucket/key?tagging
 *
 * @throws S3Error AccessDenied, NoSuchKey, NoSuchBucket
 */
export function getObjectTagging(call: Call, bucket: string, key: string): Reply {
  requireAllowed(call, 's3:GetObjectTagging', bucket, key);
  const object = call.objects.info(bucket, key);
  if (object === undefined) throw missing(call, bucket, key);
  return xmlReply(tagsToXml(object.tags));
}

/**
 * PUT /bucket/key?tagging, or with `versionId=null`, too
 *
 * @throws S3Error AccessDenied, InvalidArgument, MalformedXML, InvalidTag, NoSuchKey, NoSuchBucket
 */
export async function putObjectTagging(call: Call, bucket: string, key: string): Promise<Reply> {
  requireAllowed(call, 's3:PutObjectTagging', bucket, key);
  const version = call.request.parameter('versionId');
  if (version !== undefined) requireNullVersion('versionId', version);
  const tags = tagsOfXml(await receiveText(call.request, call.payload, MAX_XML_BYTES));
  return setTags(call, bucket, key, tags, 200);
}

/**
 * DELETE /bucket/key?tagging
 *
 * @throws S3Error AccessDenied, NoSuchKey, NoSuchBucket
 */
export async function deleteObjectTagging(call: Call, bucket: string, key: string): Promise<Reply> {
  requireAllowed(call, 's3:DeleteObjectTagging', bucket, key);
  return setTags(call, bucket, key, undefined, 204);
}

async function setTags(
  call: Call,
  bucket: string,
  key: string,
  tags: Tags | undefined,
  status: number,
): Promise<Reply> {
  if (!(await call.objects.setTags(bucket, key, tags))) throw missing(call, bucket, key);
  return { status };
}

/**
 * The error for a missing object. A caller who may not list must not learn what exists.
 *
 * @throws S3Error AccessDenied
 */
function missing(call: Call, bucket: string, key: string): S3Error {
  requireAllowed(call, 's3:ListBucket', bucket, key);
  return new S3Error('NoSuchKey', undefined, { Key: key });
}
