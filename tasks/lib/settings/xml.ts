/**
 * Reads an XML file of the Kerberos configuration, however it was saved.
 *
 * The web interface rewrites its files in place while we run, so a file may be seen empty or cut short. That is
 * distinguished from an invalid file, and means to read again soon. The machinery ignores the encoding, but people edit
 * these files with editors that do not write UTF-8, so the declared encoding is used; if the bytes contradict it (an
 * editor that saved in another encoding), the bytes count.
 */
import { XMLParser, XMLValidator } from 'fast-xml-parser';
import { codeOf, messageOf } from '../error-code';
import { readForeignFile } from '../foreign-file';
import { tidy } from './fact';

/** The result of reading a file. */
export type Document =
  | { readonly state: 'absent' }
  /** `note`: what the owner should know about how it was read. */
  | { readonly state: 'read'; readonly root: unknown; readonly note?: string }
  /** Empty, or without its end: it is being written, or a power cut left it so. */
  | { readonly state: 'cut' }
  | { readonly state: 'invalid'; readonly problem: string };

/** Largest file that is read, in bytes; the longest configuration of a release has 4 KB. Limits the cost of reading. */
const MOST_BYTES = 256 * 1024;
/** Longest quotation of a parser's message, in characters. */
const MOST_TOLD = 160;

// Keys may look like numbers or booleans ("00123", "true"), so every value stays text.
const parser = new XMLParser({ ignoreAttributes: true, parseTagValue: false, trimValues: true, htmlEntities: true });

/** Reads a file. Never rejects because of what is on the disk. */
export async function readDocument(path: string): Promise<Document> {
  let bytes: Buffer;
  try {
    bytes = await readForeignFile(path, { largest: MOST_BYTES });
  } catch (error) {
    const code = codeOf(error);
    if (code === 'ENOENT') return { state: 'absent' };
    if (code === 'EACCES') {
      return { state: 'invalid', problem: `${path} may not be read by this user: run as root, or chmod o+r ${path}` };
    }
    if (code === 'EFBIG') {
      return { state: 'invalid', problem: `${path} is no configuration: it has more than ${MOST_BYTES / 1024} KB.` };
    }
    return { state: 'invalid', problem: `${path} cannot be read: ${messageOf(error)}` };
  }
  // The shortest document is `<a/>`. Fewer bytes may be half a byte order mark.
  if (bytes.length < 4) return { state: 'cut' };
  const decoded = decode(bytes);
  if ('unknown' in decoded) {
    return {
      state: 'invalid',
      problem: `${path} says that its encoding is "${decoded.unknown}", which is not known here: save it as UTF-8.`,
    };
  }
  const text = decoded.text.replace(/^\ufeff/, '').trim();
  if (isCut(text)) return { state: 'cut' };
  const verdict = XMLValidator.validate(text);
  if (verdict !== true) {
    return {
      state: 'invalid',
      problem: `${path} is no valid XML, line ${verdict.err.line}: ${short(verdict.err.msg)} Save the settings again in the web interface, or mend the file.`,
    };
  }
  try {
    const root: unknown = parser.parse(text);
    return { state: 'read', root, ...(decoded.note === undefined ? {} : { note: `${path} ${decoded.note}` }) };
  } catch (error) {
    return { state: 'invalid', problem: `${path} is no valid XML: ${short(messageOf(error))}` };
  }
}

/**
 * The text of an element, by the names on the path to it; of several elements with one name the first counts, as in the
 * machinery.
 */
export function textAt(root: unknown, path: readonly string[]): string | undefined {
  let node = first(root);
  for (const name of path) node = first(child(node, name));
  if (typeof node !== 'string') node = child(node, '#text');
  return typeof node === 'string' ? tidy(node) : undefined;
}

function child(node: unknown, name: string): unknown {
  return typeof node === 'object' && node !== null ? new Map(Object.entries(node)).get(name) : undefined;
}

function first(node: unknown): unknown {
  return Array.isArray(node) ? node[0] : node;
}

/** The text, perhaps with a note about its encoding; or the name of an encoding that Node.js does not know. */
type Decoded = { readonly text: string; readonly note?: string } | { readonly unknown: string };

/** Encodings with one byte a character: almost any bytes are valid in them, so validity proves nothing. */
const SINGLE_BYTE = /^(windows-125\d|windows-874|iso-8859-\d+|koi8-[ru]|macintosh|x-mac-cyrillic|ibm866)$/;

function decode(bytes: Buffer): Decoded {
  const wide = wideEncoding(bytes);
  if (wide !== undefined) return { text: new TextDecoder(wide).decode(bytes, { stream: true }) };
  const declared = /^(?:\xef\xbb\xbf)?\s*<\?xml\s[^>]*?encoding\s*=\s*["']([^"']{1,40})["']/.exec(
    bytes.toString('latin1', 0, 256),
  )?.[1];
  const decoder = decoderOf(declared ?? 'utf-8');
  if (decoder === undefined) return { unknown: declared ?? '' };
  const utf8 = tryDecode(bytes, 'utf-8');
  // If the bytes can be read without knowing that they are UTF-16, that declaration is wrong: some programs always
  // write it.
  if (decoder.encoding === 'utf-8' || decoder.encoding.startsWith('utf-16')) {
    if (utf8 !== undefined) return { text: utf8 };
    return {
      text: new TextDecoder('windows-1252').decode(bytes),
      note: `${declared === undefined ? 'names no encoding, and is' : `says that it is ${declared}, and is`} not UTF-8: it is read as windows-1252. Save it as UTF-8.`,
    };
  }
  if (SINGLE_BYTE.test(decoder.encoding) && utf8 !== undefined && bytes.some((byte) => byte > 0x7f)) {
    return { text: utf8, note: `says that it is ${declared}, but is UTF-8, and is read as that. Mend its first line.` };
  }
  return { text: decoder.decode(bytes) };
}

/** UTF-16 shows by its byte order mark, or by the zero beside the first `<`. */
function wideEncoding(bytes: Buffer): string | undefined {
  const [a, b] = bytes;
  if ((a === 0xff && b === 0xfe) || (a === 0x3c && b === 0)) return 'utf-16le';
  if ((a === 0xfe && b === 0xff) || (a === 0 && b === 0x3c)) return 'utf-16be';
  return undefined;
}

function decoderOf(label: string) {
  try {
    return new TextDecoder(label);
  } catch {
    return undefined;
  }
}

/**
 * `undefined` if the bytes are invalid in the encoding. The last character may be cut, because the file may be being
 * written.
 */
function tryDecode(bytes: Buffer, encoding: string): string | undefined {
  try {
    return new TextDecoder(encoding, { fatal: true }).decode(bytes, { stream: true });
  } catch {
    return undefined;
  }
}

// Whether a document is cut short: empty (a power cut leaves NULs in place of what was not on disk yet), or markup
// whose root has no end tag.
function isCut(text: string): boolean {
  const body = without(without(text.replaceAll('\0', ''), '<!--', '-->'), '<?', '?>').trim();
  if (body === '') return true;
  if (!body.startsWith('<')) return false;
  const root = /^<([^\s/>!?]+)/.exec(body)?.[1];
  if (root === undefined) return !body.endsWith('>');
  if (/^<[^<>]*\/>/.test(body)) return false;
  const end = body.lastIndexOf(`</${root}`);
  return end < 0 || !/^\s*>/.test(body.slice(end + root.length + 2));
}

/** The text without the parts from `begin` to `end`. Takes linear time, whatever the text. */
function without(text: string, begin: string, end: string): string {
  let kept = '';
  for (let at = 0; ; ) {
    const from = text.indexOf(begin, at);
    const to = from < 0 ? -1 : text.indexOf(end, from + begin.length);
    if (to < 0) return kept + text.slice(at);
    kept += text.slice(at, from);
    at = to + end.length;
  }
}

function short(text: string): string {
  const line = text.replace(/\s+/g, ' ');
  return line.length > MOST_TOLD ? `${line.slice(0, MOST_TOLD)}…` : line;
}
