/** Operations of multipart uploads. */
import { receiveText, requireLength } from './body';
import { algorithmNamed, type Checksum } from './checksum';
import { requireCopySource } from './conditions';
import { copyBody, copySource } from './copy';
import { S3Error } from './errors';
import { MAX_PART_NUMBER, type NamedPart, type Upload } from './multipart-store';
import { checksumHeaders, describe, quoted } from './object-headers';
import {
  checksumElements,
  commitSteps,
  MAX_XML_BYTES,
  receiveFile,
  requireWritable,
  withIncoming,
} from './object-operations';
import type { Description } from './object-store';
import { type Call, type Reply, requireAllowed, xmlReply, xmlTime } from './operation';
import { children, childText, fromXml, toXml } from './xml';

const MAX_LISTED_PARTS = 1000;

/** POST /bucket/key?uploads */
export async function createMultipartUpload(call: Call, bucket: string, key: string): Promise<Reply> {
  requireWritable(call, bucket, key);
  const description = describe(call.request);
  await call.limits.admitUpload(bucket, key);
  const upload = await call.uploads.create(bucket, key, description, wantedChecksum(call));
  const headers = upload.checksum && {
    'x-amz-checksum-algorithm': upload.checksum.algorithm,
    'x-amz-checksum-type': upload.checksum.type,
  };
  return xmlReply(
    toXml('InitiateMultipartUploadResult', { Bucket: bucket, Key: key, UploadId: upload.id }),
    headers ?? {},
  );
}

function wantedChecksum(call: Call): Upload['checksum'] | undefined {
  const name = call.request.header('x-amz-checksum-algorithm');
  if (name === undefined) return undefined;
  const algorithm = algorithmNamed(name);
  if (algorithm === undefined)
    throw new S3Error('InvalidRequest', `Checksum algorithm provided is unsupported: ${name}`);
  const asked = call.request.header('x-amz-checksum-type')?.toUpperCase();
  const type: Checksum['type'] =
    (asked ?? (algorithm === 'CRC64NVME' ? 'FULL_OBJECT' : 'COMPOSITE')) === 'FULL_OBJECT'
      ? 'FULL_OBJECT'
      : 'COMPOSITE';
  if (type === 'FULL_OBJECT' ? algorithm.startsWith('SHA') : algorithm === 'CRC64NVME') {
    throw new S3Error('InvalidRequest', `The ${type} checksum type cannot be used with the ${algorithm} algorithm.`);
  }
  return { algorithm, type };
}

/** PUT /bucket/key?partNumber&uploadId, with the part's bytes or with x-amz-copy-source */
export async function uploadPart(call: Call, bucket: string, key: string): Promise<Reply> {
  requireAllowed(call, 's3:PutObject', bucket, key);
  const upload = uploadOf(call, bucket, key);
  const number = partNumber(call.request.parameter('partNumber'));
  if (call.request.header('x-amz-copy-source') !== undefined) return copyPart(call, upload, number);
  const bytes = requireLength(call.request, call.payload);
  return withIncoming(call, { bucket, key, bytes }, async (incoming) => {
    const content = await receiveFile(call, incoming, upload.checksum?.algorithm);
    const part = await call.uploads.putPart(upload, number, incoming, content);
    return { status: 200, headers: { etag: quoted(part.etag), ...partChecksumHeader(content.checksum) } };
  });
}

async function copyPart(call: Call, upload: Upload, number: number): Promise<Reply> {
  const source = await copySource(call);
  try {
    requireCopySource(call.request.header, source.object);
    const range = call.request.header('x-amz-copy-source-range') ?? `bytes=0-${source.object.size - 1}`;
    const [, from, to] = /^bytes=(\d{1,15})-(\d{1,15})$/.exec(range) ?? [];
    const [start, end] = [Number(from), Number(to) + 1];
    if (!(start < end && end <= source.object.size)) {
      throw new S3Error(
        'InvalidArgument',
        `Range specified is not valid for source object of size: ${source.object.size}`,
      );
    }
    const { bucket, key } = upload;
    return await withIncoming(call, { bucket, key, bytes: end - start }, async (incoming) => {
      const content = await copyBody(source, incoming, upload.checksum?.algorithm, start, end);
      const part = await call.uploads.putPart(upload, number, incoming, content);
      const result = {
        LastModified: xmlTime(part.lastModified),
        ETag: quoted(part.etag),
        ...checksumElements(content),
      };
      return xmlReply(toXml('CopyPartResult', result));
    });
  } finally {
    await source.file.close();
  }
}

/** POST /bucket/key?uploadId */
export async function completeMultipartUpload(call: Call, bucket: string, key: string): Promise<Reply> {
  const condition = requireWritable(call, bucket, key);
  const upload = uploadOf(call, bucket, key);
  // The checksum headers of this request are about the future object, not about this body.
  const promised = upload.checksum && call.request.header(`x-amz-checksum-${upload.checksum.algorithm.toLowerCase()}`);
  const body = await receiveText(withoutChecksums(call), call.payload, MAX_XML_BYTES);
  const named = namedParts(body, upload);
  condition(call.objects.info(bucket, key));
  // Until the parts are deleted, their bytes exist twice.
  const bytes = (await call.uploads.parts(upload)).reduce((sum, { size }) => sum + size, 0);
  return withIncoming(call, { bucket, key, bytes }, async (incoming) => {
    const content = await call.uploads.join(upload, named, incoming);
    if (promised !== undefined && promised !== content.checksum?.value) {
      throw new S3Error('BadDigest', `The ${upload.checksum?.algorithm} you specified did not match what we received.`);
    }
    const steps = commitSteps(call, 'ObjectCreated:CompleteMultipartUpload', bucket, condition);
    const object = await call.objects.commit(bucket, key, incoming, content, descriptionOf(upload), steps);
    await call.uploads.remove(upload);
    const result = {
      Location: `http://${call.request.header('host')}/${bucket}/${key}`,
      Bucket: bucket,
      Key: key,
      ETag: quoted(object.etag),
      ...checksumElements(content),
    };
    return xmlReply(toXml('CompleteMultipartUploadResult', result));
  });
}

function descriptionOf({ headers, metadata, tags }: Upload): Description {
  return { headers, metadata, tags };
}

function withoutChecksums(call: Call): Call['request'] {
  const { request } = call;
  return {
    ...request,
    header: (name) => (/^x-amz-(checksum-|sdk-checksum-)/.test(name) ? undefined : request.header(name)),
  };
}

function namedParts(body: string, upload: Upload): NamedPart[] {
  const parts = children(fromXml(body, 'CompleteMultipartUpload'), 'Part').map((part): NamedPart => {
    const etag = childText(part, 'ETag')?.trim().replace(/^"|"$/g, '');
    const checksum = upload.checksum && childText(part, `Checksum${upload.checksum.algorithm}`);
    if (etag === undefined) throw new S3Error('MalformedXML');
    return { number: partNumber(childText(part, 'PartNumber')), etag, ...(checksum !== undefined && { checksum }) };
  });
  if (parts.length === 0) throw new S3Error('MalformedXML');
  return parts;
}

/** DELETE /bucket/key?uploadId */
export async function abortMultipartUpload(call: Call, bucket: string, key: string): Promise<Reply> {
  requireAllowed(call, 's3:AbortMultipartUpload', bucket, key);
  await call.uploads.remove(uploadOf(call, bucket, key));
  return { status: 204 };
}

/** GET /bucket/key?uploadId */
export async function listParts(call: Call, bucket: string, key: string): Promise<Reply> {
  requireAllowed(call, 's3:ListMultipartUploadParts', bucket, key);
  const upload = uploadOf(call, bucket, key);
  const marker = Number(call.request.parameter('part-number-marker') ?? 0);
  const limit = Math.min(Number(call.request.parameter('max-parts') ?? MAX_LISTED_PARTS), MAX_LISTED_PARTS);
  const rest = (await call.uploads.parts(upload)).filter((part) => part.number > marker);
  const parts = rest.slice(0, limit);
  return xmlReply(
    toXml('ListPartsResult', {
      Bucket: bucket,
      Key: key,
      UploadId: upload.id,
      PartNumberMarker: marker,
      NextPartNumberMarker: parts.at(-1)?.number ?? 0,
      MaxParts: limit,
      IsTruncated: rest.length > parts.length,
      StorageClass: 'STANDARD',
      ChecksumAlgorithm: upload.checksum?.algorithm,
      ChecksumType: upload.checksum?.type,
      Part: parts.map((part) => ({
        PartNumber: part.number,
        LastModified: xmlTime(part.lastModified),
        ETag: quoted(part.etag),
        Size: part.size,
        ...(part.checksum && { [`Checksum${part.checksum.algorithm}`]: part.checksum.value }),
      })),
    }),
  );
}

function uploadOf(call: Call, bucket: string, key: string): Upload {
  return call.uploads.get(bucket, key, call.request.parameter('uploadId') ?? '');
}

function partNumber(text: string | undefined): number {
  const number = /^\d{1,5}$/.test(text ?? '') ? Number(text) : 0;
  if (number < 1 || number > MAX_PART_NUMBER) {
    throw new S3Error('InvalidArgument', `Part number must be an integer between 1 and ${MAX_PART_NUMBER}, inclusive`);
  }
  return number;
}

function partChecksumHeader(checksum: Checksum | undefined): Record<string, string> {
  const { 'x-amz-checksum-type': _type, ...headers } = checksumHeaders(checksum);
  return headers;
}
