/**
 * S3's two percent-encodings of keys: one in what is signed, the other in events and in lists with `encoding-type=url`.
 */

/** Percent-encoding of SigV4: everything but `A-Z a-z 0-9 - _ . ~`, with capitals (and `/` where it separates). */
export function uriEncode(text: string, keepSlashes = false): string {
  const encoded = encodeURIComponent(text).replace(/[!'()*]/g, (c) => `%${c.charCodeAt(0).toString(16).toUpperCase()}`);
  return keepSlashes ? encoded.replaceAll('%2F', '/') : encoded;
}

/** Form encoding as S3 uses it for keys in events and lists: a space becomes `+`, a `/` stays. */
export function formEncode(key: string): string {
  return uriEncode(key, true).replaceAll('%20', '+').replaceAll('%2A', '*').replaceAll('~', '%7E');
}

/** Decodes a key that `formEncode` encoded. */
export function formDecode(text: string): string {
  return decodeURIComponent(text.replaceAll('+', '%20'));
}
