/**
 * What a document of S3's clients looks like: elements a few levels deep with short texts, and no declarations of types,
 * comments or CDATA. The parser takes quadratic time for some others, and throws at deep ones, so that whoever may send a
 * document could stop the server with one. This looks at each character once.
 */

/** Levels of elements; S3's deepest document has four. */
const MOST_DEPTH = 8;
/** Characters from `<` to `>`, attributes included. */
const MOST_TAG = 1024;
/** Characters between two tags: a key of 1024 bytes, each of them written as a reference, is shorter. */
const MOST_TEXT = 16 * 1024;
/** Opening and closing ones: 10,000 parts with checksums have fewer. */
const MOST_TAGS = 120_000;

/** Whether a document has that shape; it need not be well-formed otherwise. */
export function isPlain(text: string): boolean {
  // A declaration, `<?xml version="1.0"?>`, may come first.
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
