/**
 * Checks the shape of XML documents before they are parsed. S3's clients send elements a few levels deep with short
 * texts, without type declarations, comments or CDATA. The parser takes quadratic time for some other documents, and
 * throws for deep ones, so a client could stop the server with one document. This check reads each character once.
 */

/** Most levels of elements; S3's deepest document has four. */
const MOST_DEPTH = 8;
/** Most characters from `<` to `>`, attributes included. */
const MOST_TAG = 1024;
/** Most characters between two tags: a key of 1,024 bytes, written as references, is shorter. */
const MOST_TEXT = 16 * 1024;
/** Most tags, opening and closing: 10,000 parts with checksums have fewer. */
const MOST_TAGS = 120_000;

/** Whether a document has that shape. It may still be invalid XML. */
export function isPlain(text: string): boolean {
  // `<?xml version="1.0"?>` may come first.
  const start = /^\ufeff?\s{0,100}(?:<\?xml[^<>]{0,200}\?>)?/.exec(text)?.[0].length ?? 0;
  let depth = 0;
  let end = start;
  for (let tags = 0; ; tags++) {
    const begin = text.indexOf('<', end);
    if ((begin < 0 ? text.length : begin) - end > MOST_TEXT) return false;
    if (begin < 0) return depth === 0;
    const next = text[begin + 1];
    if (tags === MOST_TAGS || next === '!' || next === '?') return false;
    end = text.indexOf('>', begin) + 1;
    if (end === 0 || end - begin > MOST_TAG) return false;
    if (next === '/') depth -= 1;
    else if (text[end - 2] !== '/') depth += 1;
    if (depth < 0 || depth > MOST_DEPTH) return false;
  }
}
