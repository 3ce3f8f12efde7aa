/** Operations on one object (and the deletion of many). */
import { open, rm } from 'node:fs/promises';
import { MAX_PUT_BYTES, receiveBody, receiveText, requireLength } from './body';
import { algorithmNamed, type ChecksumAlgorithm } from './checksum';
import { mayRead, requireCopySource, writeCondition } from './conditions';
import { type CopySource, copyBody, copySource } from './copy';
import { S3Error } from './errors';
import type { EventName } from './notifications';
import { checksumHeaders, describe, objectHeaders, quoted, requireHeaderValue } from './object-headers';
import type { CommitSteps, Content, Description, StoredObject } from './object-store';
import { type Call, type Reply, requireAllowed, xmlReply, xmlTime } from './operation';
import { type Action, allows } from './policy';
import type { S3Request } from './request';
import { type Tags, tagsOfHeader } from './tags';
import { children, childText, fromXml, toXml, type XmlElement } from './xml';

/** Longest XML of a request, in bytes: 10,000 parts with checksums fit. */
export const MAX_XML_BYTES = 4 * 1024 ** 2;
const MAX_DELETED_KEYS = 1000;

/** S3's id for the only version of an object in a bucket without versions. */
export const NULL_VERSION = 'null';

/** Headers that a reader may override in a signed request. */
const OVERRIDES = [
  'cache-control',
  'content-disposition',
  'content-encoding',
  'content-language',
  'content-type',
  'expires',
];

/** PUT /bucket/key */
export async function putObject(call: Call, bucket: string, key: string): Promise<Reply> {
  const condition = requireWritable(call, bucket, key);
  const description = describe(call.request);
  const bytes = requireLength(call.request, call.payload);
  condition(call.objects.info(bucket, key));
  return withIncoming(call, { bucket, key, bytes }, async (incoming) => {
    const content = await receiveFile(call, incoming);
    const steps = commitSteps(call, 'ObjectCreated:Put', bucket, condition);
    const object = await call.objects.commit(bucket, key, incoming, content, description, steps);
    return { status: 200, headers: { etag: quoted(object.etag), ...checksumHeaders(content.checksum) } };
  });
}

/** PUT /bucket/key with x-amz-copy-source */
export async function copyObject(call: Call, bucket: string, key: string): Promise<Reply> {
  const { request } = call;
  const condition = requireWritable(call, bucket, key);
  const directive = directiveOf(request, 'metadata');
  const source = await copySource(call);
  try {
    requireCopySource(request.header, source.object);
    if (directive === 'COPY' && source.bucket === bucket && source.object.key === key) {
      throw new S3Error(
        'InvalidRequest',
        "This copy request is illegal because it is trying to copy an object to itself without changing the object's metadata, storage class, website redirect location or encryption attributes.",
      );
    }
    if (source.object.size > MAX_PUT_BYTES) {
      throw new S3Error('InvalidRequest', 'The specified copy source is larger than the maximum allowable size');
    }
    const { headers, metadata }: Description = directive === 'REPLACE' ? describe(request) : source.object;
    const tags = copiedTags(call, source, bucket, key);
    const algorithm = algorithmNamed(request.header('x-amz-checksum-algorithm')) ?? source.object.checksum?.algorithm;
    return await withIncoming(call, { bucket, key, bytes: source.object.size }, async (incoming) => {
      const content = await copyBody(source, incoming, algorithm);
      const steps = commitSteps(call, 'ObjectCreated:Copy', bucket, condition);
      const object = await call.objects.commit(bucket, key, incoming, content, { headers, metadata, tags }, steps);
      const result = {
        LastModified: xmlTime(object.lastModified),
        ETag: quoted(object.etag),
        ...checksumElements(content),
      };
      return xmlReply(toXml('CopyObjectResult', result));
    });
  } finally {
    await source.file.close();
  }
}

/** Whether a copy keeps the source's description (or tags), or takes those of the request. */
function directiveOf(request: S3Request, of: 'metadata' | 'tagging'): 'COPY' | 'REPLACE' {
  const directive = request.header(`x-amz-${of}-directive`)?.toUpperCase() ?? 'COPY';
  if (directive === 'COPY' || directive === 'REPLACE') return directive;
  throw new S3Error('InvalidArgument', `Unknown ${of} directive.`);
}

/** The tags of a copy. To keep them, the caller must be allowed to read them at the source and to set them here. */
function copiedTags(call: Call, source: CopySource, bucket: string, key: string): Tags | undefined {
  if (directiveOf(call.request, 'tagging') === 'REPLACE')
    return tagsOfHeader(call.request.header('x-amz-tagging') ?? '');
  const { tags } = source.object;
  if (tags !== undefined) {
    requireAllowed(call, 's3:GetObjectTagging', source.bucket, source.object.key);
    requireAllowed(call, 's3:PutObjectTagging', bucket, key);
  }
  return tags;
}

/** GET and HEAD /bucket/key */
export async function getObject(call: Call, bucket: string, key: string): Promise<Reply> {
  const { request } = call;
  requireAllowed(call, 's3:GetObject', bucket, key);
  const found = await call.objects.open(bucket, key);
  if (found === undefined) {
    // A caller who may not list must not learn what exists.
    requireAllowed(call, 's3:ListBucket', bucket, key);
    throw new S3Error('NoSuchKey', undefined, { Key: key });
  }
  const { object, file } = found;
  try {
    const headers = objectHeaders(object, request.header('x-amz-checksum-mode')?.toUpperCase() === 'ENABLED');
    const tagCount = Object.keys(object.tags ?? {}).length;
    if (tagCount > 0 && allows(call.keyPair.policy, 's3:GetObjectTagging', bucket, key)) {
      headers['x-amz-tagging-count'] = String(tagCount);
    }
    for (const name of OVERRIDES) {
      const value = request.parameter(`response-${name}`);
      if (value !== undefined) headers[name] = requireHeaderValue(name, value);
    }
    if (!mayRead(request.header, object)) {
      await file.close();
      const { etag = '', 'last-modified': modified = '' } = headers;
      return { status: 304, headers: { etag, 'last-modified': modified } };
    }
    const range = requestedRange(call, object);
    const { start, end } = range ?? { start: 0, end: object.size };
    headers['content-length'] = String(end - start);
    if (range !== undefined) {
      headers['content-range'] = `bytes ${start}-${end - 1}/${object.size}`;
      // It is of the whole object, and clients would compare it with the part that they receive.
      for (const name of Object.keys(headers)) if (name.startsWith('x-amz-checksum-')) delete headers[name];
    }
    return { status: range === undefined ? 200 : 206, headers, body: { file, start, end } };
  } catch (error) {
    await file.close();
    throw error;
  }
}

/** DELETE /bucket/key, or with `versionId=null`. Succeeds even if there is no such object. */
export function deleteObject(call: Call, bucket: string, key: string): Reply {
  const version = call.request.parameter('versionId');
  requireAllowed(call, deleting(version), bucket, key);
  if (version !== undefined) requireNullVersion('versionId', version);
  const match = call.request.header('if-match');
  const current = call.objects.info(bucket, key);
  if (match !== undefined && current !== undefined) writeCondition(call.request.header)(current);
  remove(call, bucket, key);
  return { status: 204, ...(version !== undefined && { headers: { 'x-amz-version-id': version } }) };
}

/**
 * @throws S3Error InvalidArgument for a version id that a bucket without versions cannot have
 */
export function requireNullVersion(parameter: string, version: string): void {
  if (version === NULL_VERSION) return;
  throw new S3Error('InvalidArgument', 'Invalid version id specified', {
    ArgumentName: parameter,
    ArgumentValue: version,
  });
}

/** Deleting a named version has an action of its own. */
function deleting(version: string | undefined): Action {
  return version === undefined ? 's3:DeleteObject' : 's3:DeleteObjectVersion';
}

/** POST /bucket?delete */
export async function deleteObjects(call: Call, bucket: string): Promise<Reply> {
  const { request } = call;
  if (
    !['content-md5', ...request.headerNames.filter((name) => name.startsWith('x-amz-checksum-'))].some(request.header)
  ) {
    if (request.header('x-amz-trailer') === undefined) {
      throw new S3Error('InvalidRequest', 'Missing required header for this request: Content-MD5');
    }
  }
  const wanted = fromXml(await receiveText(request, call.payload, MAX_XML_BYTES), 'Delete');
  const objects = children(wanted, 'Object');
  if (objects.length === 0 || objects.length > MAX_DELETED_KEYS) throw new S3Error('MalformedXML');
  const quiet = childText(wanted, 'Quiet') === 'true';
  const deleted: XmlElement[] = [];
  const errors: XmlElement[] = [];
  for (const object of objects) {
    const [key, version] = [childText(object, 'Key'), childText(object, 'VersionId')];
    if (key === undefined || key === '') throw new S3Error('MalformedXML');
    const named = { Key: key, VersionId: version };
    if (!allows(call.keyPair.policy, deleting(version), bucket, key)) {
      errors.push({ ...named, Code: 'AccessDenied', Message: 'Access Denied' });
    } else if (version !== undefined && version !== NULL_VERSION) {
      errors.push({ ...named, Code: 'NoSuchVersion', Message: 'The specified version does not exist.' });
    } else {
      remove(call, bucket, key);
      deleted.push(named);
    }
  }
  return xmlReply(toXml('DeleteResult', { Deleted: quiet ? [] : deleted, Error: errors }));
}

function remove(call: Call, bucket: string, key: string): void {
  if (call.objects.remove(bucket, key)) call.tell('ObjectRemoved:Delete', bucket, key);
}

/**
 * Checks that the caller may write this key.
 *
 * @returns the request's condition on the object that it replaces.
 * @throws S3Error AccessDenied, NotImplemented
 */
export function requireWritable(call: Call, bucket: string, key: string): ReturnType<typeof writeCondition> {
  requireAllowed(call, 's3:PutObject', bucket, key);
  // If-Match tells whether an object has a certain content, which amounts to reading.
  if (call.request.header('if-match') !== undefined) requireAllowed(call, 's3:GetObject', bucket, key);
  if (call.request.header('x-amz-tagging') !== undefined) requireAllowed(call, 's3:PutObjectTagging', bucket, key);
  return writeCondition(call.request.header);
}

/** The steps of a commit under the request's condition, which is announced as this event. */
export function commitSteps(
  call: Call,
  eventName: EventName,
  bucket: string,
  condition: CommitSteps['condition'],
): CommitSteps {
  return { condition, announce: (object) => call.tell(eventName, bucket, object.key, object) };
}

/** Receives the body into a new file. */
export async function receiveFile(call: Call, incoming: string, compute?: ChecksumAlgorithm): Promise<Content> {
  const file = await open(incoming, 'wx', 0o600);
  try {
    const write = (bytes: Buffer) => file.writeFile(bytes);
    const { size, md5, checksum } = await receiveBody(call.request, call.payload, MAX_PUT_BYTES, write, compute);
    return { size, etag: md5, checksum };
  } finally {
    await file.close();
  }
}

/** The object that is about to be received, and its size in bytes. */
export interface Expected {
  readonly bucket: string;
  readonly key: string;
  readonly bytes: number;
}

/**
 * Calls `work` with the path of a new file, if there is room for the bytes. If it fails, the file is deleted.
 *
 * @throws S3Error as Limits.admit does
 * @throws what `work` throws
 */
export async function withIncoming(
  call: Call,
  { bucket, key, bytes }: Expected,
  work: (path: string) => Promise<Reply>,
): Promise<Reply> {
  const admitted = await call.limits.admit(bucket, key, bytes);
  const path = call.objects.incomingPath();
  try {
    return await work(path);
  } catch (error) {
    await rm(path, { force: true });
    throw error;
  } finally {
    admitted();
  }
}

/** The elements of a result that hold a checksum. */
export function checksumElements(content: Content): Record<string, string> {
  const { checksum } = content;
  return checksum === undefined
    ? {}
    : { [`Checksum${checksum.algorithm}`]: checksum.value, ChecksumType: checksum.type };
}

/**
 * The bytes that a request wants of an object (`end` excluded); `undefined`: all. As in S3, several ranges or an
 * invalid range mean all.
 *
 * @throws S3Error InvalidRange if the range begins after the end.
 */
function requestedRange(call: Call, object: StoredObject): { start: number; end: number } | undefined {
  const text = call.request.header('range');
  const match = /^bytes=(\d{0,15})-(\d{0,15})$/.exec(text ?? '');
  if (match === null || text === undefined) return undefined;
  const ifRange = call.request.header('if-range');
  if (ifRange !== undefined && ifRange !== quoted(object.etag)) return undefined;
  const [, from = '', to = ''] = match;
  if (from === '' && to === '') return undefined;
  if (from !== '' && to !== '' && Number(to) < Number(from)) return undefined;
  const start = from === '' ? Math.max(0, object.size - Number(to)) : Number(from);
  const end = from === '' || to === '' ? object.size : Math.min(object.size, Number(to) + 1);
  if (start >= end) {
    throw new S3Error('InvalidRange', undefined, { RangeRequested: text, ActualObjectSize: String(object.size) });
  }
  return { start, end };
}
