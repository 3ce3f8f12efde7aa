/**
 * Lists of buckets, of a bucket's objects (both versions of the call) and of their versions; and what clients ask about
 * a bucket before.
 */

import { receiveText } from './body';
import { formEncode } from './encoding';
import { S3Error } from './errors';
import { quoted } from './object-headers';
import { MAX_XML_BYTES, NULL_VERSION, requireNullVersion } from './object-operations';
import { type Call, type Reply, requireAllowed, xmlReply, xmlTime } from './operation';
import type { S3Request } from './request';
import { toXml, type XmlElement } from './xml';

/** Most keys of one page. */
const MAX_KEYS = 1000;

/** The owner of everything. */
const OWNER = { ID: 'owner', DisplayName: 'owner' };

/** GET / */
export function listBuckets(call: Call): Reply {
  requireAllowed(call, 's3:ListAllMyBuckets', '', '');
  const buckets = call.objects
    .buckets()
    .map(({ name, created }) => ({ Name: name, CreationDate: xmlTime(created), BucketRegion: call.region }));
  const content = { Owner: OWNER, Buckets: { Bucket: buckets } };
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

  const { encodingType, encode } = readEncoding(request);
  const maxKeys = readMaxKeys(request);
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
      Owner: withOwner ? OWNER : undefined,
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
        // Without a delimiter S3 leaves it to the client to continue after the last key.
        NextMarker: page.next === undefined || delimiter === '' ? undefined : encode(page.next),
      };
  return xmlReply(toXml('ListBucketResult', { ...common, ...paging }), { 'x-amz-bucket-region': call.region });
}

/**
 * GET /bucket?versions, of a bucket that keeps no versions: each object is its one and latest version, called `null`.
 * docs.aws.amazon.com/AmazonS3/latest/API/API_ListObjectVersions.html
 */
export function listObjectVersions(call: Call, bucket: string): Reply {
  const { request } = call;
  const prefix = request.parameter('prefix') ?? '';
  requireAllowed(call, 's3:ListBucketVersions', bucket, prefix);

  const { encodingType, encode } = readEncoding(request);
  const maxKeys = readMaxKeys(request);
  const delimiter = request.parameter('delimiter') ?? '';
  const keyMarker = request.parameter('key-marker') ?? '';
  const versionMarker = request.parameter('version-id-marker');
  if (versionMarker !== undefined) requireVersionMarker(keyMarker, versionMarker);
  const page = call.objects.list(bucket, { prefix, delimiter, after: keyMarker, limit: maxKeys });
  const endsWithObject = page.next !== undefined && page.next === page.objects.at(-1)?.key;
  const result = {
    Name: bucket,
    Prefix: encode(prefix),
    KeyMarker: encode(keyMarker),
    VersionIdMarker: versionMarker ?? '',
    NextKeyMarker: page.next === undefined ? undefined : encode(page.next),
    NextVersionIdMarker: endsWithObject ? NULL_VERSION : undefined,
    MaxKeys: maxKeys,
    Delimiter: delimiter === '' ? undefined : encode(delimiter),
    EncodingType: encodingType,
    IsTruncated: page.next !== undefined,
    Version: page.objects.map((object) => ({
      Key: encode(object.key),
      VersionId: NULL_VERSION,
      IsLatest: true,
      LastModified: xmlTime(object.lastModified),
      ETag: quoted(object.etag),
      Size: object.size,
      Owner: OWNER,
      StorageClass: 'STANDARD',
    })),
    CommonPrefixes: page.commonPrefixes.map((text) => ({ Prefix: encode(text) })),
  };
  return xmlReply(toXml('ListVersionsResult', result), { 'x-amz-bucket-region': call.region });
}

function requireVersionMarker(keyMarker: string, versionMarker: string): void {
  if (keyMarker === '') {
    throw new S3Error('InvalidArgument', 'A version-id marker cannot be specified without a key marker.', {
      ArgumentName: 'version-id-marker',
      ArgumentValue: versionMarker,
    });
  }
  requireNullVersion('version-id-marker', versionMarker);
}

function readEncoding(request: S3Request): { encodingType: string | undefined; encode: (text: string) => string } {
  const encodingType = request.parameter('encoding-type');
  if (encodingType !== undefined && encodingType !== 'url') {
    throw new S3Error('InvalidArgument', 'Invalid Encoding Method specified in Request');
  }
  return { encodingType, encode: encodingType === 'url' ? formEncode : (text) => text };
}

function readMaxKeys(request: S3Request): number {
  const text = request.parameter('max-keys');
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
