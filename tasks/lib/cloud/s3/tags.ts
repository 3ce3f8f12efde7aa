/**
 * An object's tags: up to ten names with a value each, which policies and lifecycles can refer to. They come in a
 * header as a query (`retention=30&place=garden`), or as XML.
 * docs.aws.amazon.com/AmazonS3/latest/userguide/object-tagging.html
 */
import { S3Error } from './errors';
import { children, childText, fromXml, toXml } from './xml';

/** Tags by name. */
export type Tags = Readonly<Record<string, string>>;

const MOST_TAGS = 10;
const MOST_NAME = 128;
const MOST_VALUE = 256;
/** Letters, spaces and digits of any script, and some signs. */
const ALLOWED = /^[\p{L}\p{Z}\p{N}+\-=._:/@]*$/u;

/**
 * The tags in `x-amz-tagging`; `undefined` if it is empty.
 *
 * @throws S3Error InvalidArgument, InvalidTag, BadRequest
 */
export function tagsOfHeader(header: string): Tags | undefined {
  const pairs = header
    .split('&')
    .filter((pair) => pair !== '')
    .map((pair): [string, string] => {
      const [name = '', ...value] = pair.split('=');
      return [formDecode(name), formDecode(value.join('='))];
    });
  if (new Set(pairs.map(([name]) => name)).size < pairs.length) throw malformedHeader();
  return validTags(pairs);
}

/**
 * The tags in a `<Tagging>` document; `undefined` if there are none.
 *
 * @throws S3Error MalformedXML, InvalidTag, BadRequest
 */
export function tagsOfXml(text: string): Tags | undefined {
  const [set] = children(fromXml(text, 'Tagging'), 'TagSet');
  const pairs = children(set ?? {}, 'Tag').map((tag): [string, string] => {
    const [name, value] = [childText(tag, 'Key'), childText(tag, 'Value')];
    if (name === undefined || value === undefined) throw new S3Error('MalformedXML');
    return [name, value];
  });
  if (new Set(pairs.map(([name]) => name)).size < pairs.length) {
    throw new S3Error('InvalidTag', 'Cannot provide multiple Tags with the same key');
  }
  return validTags(pairs);
}

/** The document with an object's tags. */
export function tagsToXml(tags: Tags = {}): string {
  const set = Object.entries(tags).map(([name, value]) => ({ Key: name, Value: value }));
  return toXml('Tagging', { TagSet: { Tag: set } });
}

function validTags(pairs: readonly (readonly [string, string])[]): Tags | undefined {
  if (pairs.length > MOST_TAGS) throw new S3Error('BadRequest', `Object tags cannot be greater than ${MOST_TAGS}`);
  for (const [name, value] of pairs) {
    if (name === '' || name.length > MOST_NAME || !ALLOWED.test(name)) {
      throw new S3Error('InvalidTag', 'The TagKey you have provided is invalid', { TagKey: name });
    }
    if (value.length > MOST_VALUE || !ALLOWED.test(value)) {
      throw new S3Error('InvalidTag', 'The TagValue you have provided is invalid', { TagValue: value });
    }
  }
  return pairs.length === 0 ? undefined : Object.fromEntries(pairs);
}

function formDecode(text: string): string {
  try {
    return decodeURIComponent(text.replaceAll('+', ' '));
  } catch {
    throw malformedHeader();
  }
}

function malformedHeader(): S3Error {
  return new S3Error(
    'InvalidArgument',
    "The header 'x-amz-tagging' shall be encoded as UTF-8 then URLEncoded URL query parameters without tag name duplicates.",
  );
}
