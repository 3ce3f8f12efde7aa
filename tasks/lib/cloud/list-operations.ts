/** Lists: of buckets, of a bucket's objects (both versions of the call), and what clients ask of a bucket before. */

import { receiveText } from './body';
import { quoted } from './description';
import { formEncode } from './encoding';
import { S3Error } from './errors';
import { MAX_XML_BYTES } from './object-operations';
import { type Call, type Reply, requireAllowed, xmlReply, xmlTime } from './operation';
import { toXml, type XmlElement } from './xml';

/** Most keys of one page. */
const MAX_KEYS = 1000;

/** GET / */
export function listBuckets(call: Call): Reply {
  requireAllowed(call, 's3:ListAllMyBuckets', '', '');
  const buckets = call.objects
    .buckets()
    .map(({ name, created }) => ({ Name: name, CreationDate: xmlTime(created), BucketRegion: call.region }));
  const content = { Owner: { ID: 'owner', DisplayName: 'owner' }, Buckets: { Bucket: buckets } };
  return xmlReply(toXml('ListAllMyBucketsResult', content));
}

/** PUT /bucket */
export async function createBucket(call: Call, bucket: string): Promise<Reply> {
  requireAllowed(call, 's3:CreateBucket', bucket, '');
  await receiveText(call.request, call.payload, MAX_XML_BYTES);
  if (call.objects.hasBucket(bucket)) {
    throw new S3Error('BucketAlreadyOwnedByYou', undefined, { BucketName: bucket });
  }
  call.objects.createBucket(bucket);
  return { status: 200, headers: { location: `/${bucket}` } };
}

/** HEAD /bucket */
export function headBucket(call: Call, bucket: string): Reply {
  requireAllowed(call, 's3:ListBucket', bucket, '');
  return { status: 200, headers: { 'x-amz-bucket-region': call.region } };
}

/** GET /bucket?location */
export function getBucketLocation(call: Call, bucket: string): Reply {
  requireAllowed(call, 's3:GetBucketLocation', bucket, '');
  return xmlReply(toXml('LocationConstraint', { '#text': call.region === 'us-east-1' ? '' : call.region }));
}

/** GET /bucket?list-type=2, and GET /bucket */
export function listObjects(call: Call, bucket: string): Reply {
  const { request } = call;
  const version2 = request.parameter('list-type') === '2';
  const prefix = request.parameter('prefix') ?? '';
  requireAllowed(call, 's3:ListBucket', bucket, prefix);

  const encodingType = request.parameter('encoding-type');
  if (encodingType !== undefined && encodingType !== 'url') {
    throw new S3Error('InvalidArgument', 'Invalid Encoding Method specified in Request');
  }
  const encode = encodingType === 'url' ? formEncode : (text: string) => text;
  const maxKeys = readMaxKeys(request.parameter('max-keys'));
  const delimiter = request.parameter('delimiter') ?? '';
  const token = request.parameter('continuation-token');
  const startAfter = request.parameter(version2 ? 'start-after' : 'marker') ?? '';
  const after = version2 && token !== undefined ? readToken(token) : startAfter;
  const page = call.objects.list(bucket, { prefix, delimiter, after, limit: maxKeys });

  const withOwner = !version2 || request.parameter('fetch-owner') === 'true';
  const common: XmlElement = {
    Name: bucket,
    Prefix: encode(prefix),
    Delimiter: delimiter === '' ? undefined : encode(delimiter),
    MaxKeys: maxKeys,
    EncodingType: encodingType,
    IsTruncated: page.next !== undefined,
    Contents: page.objects.map((object) => ({
      Key: encode(object.key),
      LastModified: xmlTime(object.lastModified),
      ETag: quoted(object.etag),
      Size: object.size,
      Owner: withOwner ? { ID: 'owner', DisplayName: 'owner' } : undefined,
      StorageClass: 'STANDARD',
    })),
    CommonPrefixes: page.commonPrefixes.map((text) => ({ Prefix: encode(text) })),
  };
  const paging: XmlElement = version2
    ? {
        KeyCount: page.objects.length + page.commonPrefixes.length,
        ContinuationToken: token,
        NextContinuationToken: page.next === undefined ? undefined : writeToken(page.next),
        StartAfter: startAfter === '' ? undefined : encode(startAfter),
      }
    : {
        Marker: encode(startAfter),
        // Without a delimiter S3 leaves it to the client to go on from the last key.
        NextMarker: page.next === undefined || delimiter === '' ? undefined : encode(page.next),
      };
  return xmlReply(toXml('ListBucketResult', { ...common, ...paging }), { 'x-amz-bucket-region': call.region });
}

function readMaxKeys(text: string | undefined): number {
  if (text === undefined) return MAX_KEYS;
  if (!/^\d{1,10}$/.test(text)) {
    throw new S3Error('InvalidArgument', 'Provided max-keys not an integer or within integer range', {
      ArgumentName: 'max-keys',
      ArgumentValue: text,
    });
  }
  return Math.min(Number(text), MAX_KEYS);
}

function writeToken(last: string): string {
  return Buffer.from(`1 ${last}`).toString('base64');
}

function readToken(token: string): string {
  const text = Buffer.from(token, 'base64').toString();
  if (!text.startsWith('1 ')) {
    throw new S3Error('InvalidArgument', 'The continuation token provided is incorrect', {
      ArgumentName: 'continuation-token',
    });
  }
  return text.slice(2);
}
