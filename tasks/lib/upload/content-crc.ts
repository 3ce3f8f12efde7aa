import { crc32 } from 'node:zlib';
import type { Content } from '../bucket/content';

/** Bytes read at a time. */
const CHUNK = 1024 * 1024;

/**
 * The CRC-32 of the first `length` bytes, as a signed 32-bit integer (which V8 stores without an extra object).
 *
 * @throws what `content.read` throws.
 */
export async function crcOf(content: Content, length = content.size): Promise<number> {
  let crc = 0;
  for (let at = 0; at < length; at += CHUNK) crc = crc32(await content.read(at, Math.min(CHUNK, length - at)), crc);
  return crc | 0;
}

/** Passes reads on to a content, and has its CRC-32 once the whole content was read in order. */
export class CountedContent implements Content {
  readonly size: number;
  readonly #content: Content;
  #read = 0;
  #crc = 0;

  constructor(content: Content) {
    this.#content = content;
    this.size = content.size;
  }

  /** CRC-32 of the whole content, as a signed 32-bit integer; `undefined` where it was not read whole and in order. */
  get crc(): number | undefined {
    return this.#read === this.size ? this.#crc | 0 : undefined;
  }

  async read(offset: number, length: number): Promise<Buffer> {
    const bytes = await this.#content.read(offset, length);
    if (offset === this.#read) {
      this.#crc = crc32(bytes, this.#crc);
      this.#read += bytes.length;
    }
    return bytes;
  }
}
