/** The headers that describe an object: they come from the request that stores it, and are returned with it. */
import { type ChecksumAlgorithm, checksumHeader } from './checksum';
import { S3Error } from './errors';
import type { Description, StoredObject } from './object-store';
import type { S3Request } from './request';
import { tagsOfHeader } from './tags';

const KEPT = [
  'cache-control',
  'content-disposition',
  'content-encoding',
  'content-language',
  'content-type',
  'expires',
] as const;
const METADATA = 'x-amz-meta-';
/** S3's limit for all names and values of user metadata together, in bytes. */
const MAX_METADATA_BYTES = 2048;

/** Headers that are refused, because they would have no effect here. */
const REFUSED = [
  'x-amz-website-redirect-location',
  'x-amz-object-lock-mode',
  'x-amz-object-lock-retain-until-date',
  'x-amz-object-lock-legal-hold',
  'x-amz-server-side-encryption-customer-algorithm',
  'x-amz-write-offset-bytes',
];

/**
 * @throws S3Error InvalidArgument if the value cannot be a header's
 */
export function requireHeaderValue(name: string, value: string): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: a line feed in a value would begin a header of its own
  if (/[\u0000-\u0008\u000a-\u001f\u007f]|[^\u0000-\u00ff]/.test(value)) {
    throw new S3Error('InvalidArgument', `Header ${name} contains characters that a header cannot hold`);
  }
  return value;
}

/**
 * The description of an object, from the headers of a request.
 *
 * @throws S3Error NotImplemented, InvalidArgument, InvalidTag, MetadataTooLarge
 */
export function describe(request: S3Request): Description {
  for (const name of REFUSED) {
    if (request.header(name) !== undefined) throw new S3Error('NotImplemented', undefined, { Header: name });
  }
  const headers: Record<string, string> = {};
  for (const name of KEPT) {
    const value = request.header(name);
    if (value !== undefined) headers[name] = requireHeaderValue(name, value);
  }
  // `aws-chunked` describes the transfer, not the object.
  const encoding = (headers['content-encoding'] ?? '')
    .split(',')
    .map((coding) => coding.trim())
    .filter((coding) => coding !== '' && coding !== 'aws-chunked');
  delete headers['content-encoding'];
  if (encoding.length > 0) headers['content-encoding'] = encoding.join(',');

  const metadata: Record<string, string> = {};
  let bytes = 0;
  for (const header of request.headerNames) {
    const name = header.slice(METADATA.length);
    if (!header.startsWith(METADATA) || name === '') continue;
    if (!/^[!#$%&'*+.^_`|~0-9a-z-]+$/.test(name)) {
      throw new S3Error('InvalidArgument', `Not a name of user metadata: ${JSON.stringify(name)}`);
    }
    metadata[name] = requireHeaderValue(header, request.header(header) ?? '');
    bytes += name.length + metadata[name].length;
  }
  if (bytes > MAX_METADATA_BYTES) throw new S3Error('MetadataTooLarge');
  const tagging = request.header('x-amz-tagging');
  const tags = tagging === undefined ? undefined : tagsOfHeader(tagging);
  return { headers, metadata, ...(tags && { tags }) };
}

/** The headers of an object, except its length. */
export function objectHeaders(object: StoredObject, withChecksum: boolean): Record<string, string> {
  const headers: Record<string, string> = {
    'content-type': 'binary/octet-stream',
    ...object.headers,
    'last-modified': new Date(object.lastModified).toUTCString(),
    etag: quoted(object.etag),
    'accept-ranges': 'bytes',
    ...(withChecksum && checksumHeaders(object.checksum)),
  };
  for (const [name, value] of Object.entries(object.metadata)) headers[METADATA + name] = value;
  return headers;
}

/** The headers that tell a checksum. */
export function checksumHeaders(
  checksum: { readonly algorithm: ChecksumAlgorithm; readonly value: string; readonly type: string } | undefined,
): Record<string, string> {
  return checksum === undefined
    ? {}
    : { [checksumHeader(checksum.algorithm)]: checksum.value, 'x-amz-checksum-type': checksum.type };
}

/** An ETag in its double quotes, as in headers and XML. */
export function quoted(etag: string): string {
  return `"${etag}"`;
}
