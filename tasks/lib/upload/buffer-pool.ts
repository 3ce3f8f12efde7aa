/**
 * Reuses buffers from picture to picture. A new buffer for each would stay in memory until V8 collects it, which it
 * does late, since the bytes of a buffer lie outside of its heap.
 */

/** Largest buffer that is kept, in bytes; larger ones are rare. */
const LARGEST = 512 * 1024;
/** Sizes are rounded up to multiples of this, in bytes, because pictures of one camera have similar sizes. */
const STEP = 64 * 1024;
/** Most free buffers that are kept: somewhat more than the usual settings use at a time. */
const MOST = 8;

/** Lends buffers and takes them back. */
export class BufferPool {
  readonly #free: Buffer[] = [];

  /** A buffer of `size` bytes with arbitrary content. */
  take(size: number): Buffer {
    const at = this.#free.findIndex((each) => each.length >= size);
    const [buffer] = at < 0 ? [] : this.#free.splice(at, 1);
    return (buffer ?? Buffer.allocUnsafeSlow(Math.ceil(size / STEP) * STEP)).subarray(0, size);
  }

  /** Gives back a buffer from `take`, which must not be used any more. */
  give({ buffer }: Buffer): void {
    if (this.#free.length < MOST && buffer.byteLength <= LARGEST) this.#free.push(Buffer.from(buffer));
  }
}
