/**
 * Conditions a request can make on the object it is about: `If-Match` and its relatives (RFC 9110, section 13), the
 * same on the source of a copy, and on what a write would replace.
 */
import { S3Error } from './errors';
import type { ObjectInfo } from './key-index';

type Header = (name: string) => string | undefined;

function failed(condition: string): S3Error {
  return new S3Error('PreconditionFailed', undefined, { Condition: condition });
}

/** Whether a list of entity tags, quoted or not, holds this one. */
function includesTag(list: string, etag: string): boolean {
  return list.split(',').some((tag) => {
    const bare = tag.trim().replace(/^(?:W\/)?"?|"$/g, '');
    return bare === '*' || bare === etag;
  });
}

function seconds(date: string | undefined): number {
  return date === undefined ? Number.NaN : Date.parse(date);
}

/**
 * Whether a read may go on: `false` means 304 Not Modified.
 * @throws S3Error PreconditionFailed
 */
export function mayRead(header: Header, object: ObjectInfo): boolean {
  const match = header('if-match');
  const noneMatch = header('if-none-match');
  if (match !== undefined && !includesTag(match, object.etag)) throw failed('If-Match');
  if (match === undefined && object.lastModified > seconds(header('if-unmodified-since'))) {
    throw failed('If-Unmodified-Since');
  }
  if (noneMatch !== undefined) return !includesTag(noneMatch, object.etag);
  return !(object.lastModified <= seconds(header('if-modified-since')));
}

/**
 * @throws S3Error PreconditionFailed if the source of a copy does not meet the request's conditions
 */
export function requireCopySource(header: Header, source: ObjectInfo): void {
  if (!mayRead((name) => header(`x-amz-copy-source-${name}`), source)) {
    throw failed('x-amz-copy-source-If-None-Match');
  }
}

/**
 * The condition of a write on the object that it replaces.
 *
 * @returns a function that throws S3Error PreconditionFailed or NoSuchKey if the condition is not met.
 * @throws S3Error NotImplemented at once if S3 has no such condition.
 */
export function writeCondition(header: Header): (current: ObjectInfo | undefined) => void {
  const match = header('if-match');
  const noneMatch = header('if-none-match');
  if (noneMatch !== undefined && noneMatch !== '*') {
    throw new S3Error('NotImplemented', 'If-None-Match of a write can only be *', { Header: 'If-None-Match' });
  }
  return (current) => {
    if (noneMatch !== undefined && current !== undefined) throw failed('If-None-Match');
    if (match === undefined) return;
    if (current === undefined) throw new S3Error('NoSuchKey');
    if (!includesTag(match, current.etag)) throw failed('If-Match');
  };
}
