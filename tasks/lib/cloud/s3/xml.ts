import { XMLBuilder, XMLParser, XMLValidator } from 'fast-xml-parser';
import { isRecord } from '../../record';
import { S3Error } from './errors';
import { isPlain } from './xml-shape';

const NAMESPACE = 'http://s3.amazonaws.com/doc/2006-03-01/';

/** The value of an element: a text, child elements by name, or several of these. */
export type XmlValue = string | number | boolean | XmlElement | readonly XmlValue[] | undefined;
/** The children of an element, by name. */
export interface XmlElement {
  readonly [name: string]: XmlValue;
}

const builder = new XMLBuilder({ ignoreAttributes: false, attributeNamePrefix: '@', processEntities: false });
const parser = new XMLParser({
  ignoreAttributes: true,
  parseTagValue: false,
  trimValues: false,
  htmlEntities: true,
  removeNSPrefix: true,
});

// biome-ignore lint/suspicious/noControlCharactersInRegex: these are exactly the ones that need a reference
const NEEDS_REFERENCE = /[&<>"\u0000-\u001f\u007f]/g;
const NAMED: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;' };

/** Escapes text as S3 does: control characters become references (`&#xD;`), because XML 1.0 parsers may refuse them. */
function escapeText(text: string): string {
  return text.replace(NEEDS_REFERENCE, (c) => NAMED[c] ?? `&#x${c.charCodeAt(0).toString(16).toUpperCase()};`);
}

function escaped(value: XmlValue): unknown {
  if (Array.isArray(value)) return value.map(escaped);
  return isElement(value) ? escapedElement(value) : escapeText(String(value));
}

function escapedElement(element: XmlElement): Record<string, unknown> {
  const present = Object.entries(element).filter(([, child]) => child !== undefined);
  return Object.fromEntries(present.map(([name, child]) => [name, escaped(child)]));
}

function isElement(value: XmlValue): value is XmlElement {
  return typeof value === 'object' && !Array.isArray(value);
}

/**
 * An XML document, by default in S3's namespace ('': in none). Elements that are `undefined` are left out, arrays
 * repeat their element.
 */
export function toXml(root: string, content: XmlElement, namespace = NAMESPACE): string {
  const attributes = namespace === '' ? {} : { '@xmlns': namespace };
  const document = builder.build({ [root]: { ...attributes, ...escapedElement(content) } });
  return `<?xml version="1.0" encoding="UTF-8"?>\n${document}`;
}

/** References to characters that XML 1.0 forbids: the parser would drop them, and so change a key. */
const FORBIDDEN_REFERENCE = /&#(?:0*(?:[0-8]|1[124-9]|2[0-9]|3[01])|x0*(?:[0-8bcef]|1[0-9a-f]));/i;

/**
 * Parses a document. Every value is a string, an object, or an array of these where an element repeats.
 *
 * @returns the content of the root element.
 * @throws S3Error MalformedXML
 */
export function fromXml(text: string, root: string): Record<string, unknown> {
  // In this order: a document that is not plain may take the parser hours.
  if (!isPlain(text) || XMLValidator.validate(text) !== true || FORBIDDEN_REFERENCE.test(text)) {
    throw new S3Error('MalformedXML');
  }
  const document = parse(text);
  const content = isRecord(document) ? document[root] : undefined;
  if (content === '') return {};
  if (!isRecord(content)) throw new S3Error('MalformedXML');
  return content;
}

/**
 * @throws S3Error MalformedXML if the parser refuses a name, such as `__proto__`
 */
function parse(text: string): unknown {
  try {
    return parser.parse(text);
  } catch {
    throw new S3Error('MalformedXML');
  }
}

/** The children of this name: none, one or many. */
export function children(parent: Record<string, unknown>, name: string): Record<string, unknown>[] {
  const value = parent[name];
  const list: unknown[] = Array.isArray(value) ? value : value === undefined ? [] : [value];
  return list.filter(isRecord);
}

/** The text of a child element; `undefined` if there is none. */
export function childText(parent: Record<string, unknown>, name: string): string | undefined {
  const value = parent[name];
  return typeof value === 'string' ? value : undefined;
}
