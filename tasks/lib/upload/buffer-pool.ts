/**
 * Buffers that are used again, picture after picture. One that is made anew for each lies around until V8 collects it,
 * which it does after some 60 MB: more than all the rest of this program takes.
 */

/** Larger ones are rare, and not kept. */
const LARGEST = 512 * 1024;
/** Sizes are rounded up to whole multiples of so many bytes: pictures of one camera are about as large. */
const STEP = 64 * 1024;
/** As many as may be in use at a time under the usual settings, and some more. */
const MOST = 8;

export class BufferPool {
  readonly #free: Buffer[] = [];

  /** `size` bytes, with anything in them. */
  take(size: number): Buffer {
    const at = this.#free.findIndex((each) => each.length >= size);
    const [buffer] = at < 0 ? [] : this.#free.splice(at, 1);
    return (buffer ?? Buffer.allocUnsafeSlow(Math.ceil(size / STEP) * STEP)).subarray(0, size);
  }

  /** What was taken is not used any more, by anybody. */
  give({ buffer }: Buffer): void {
    if (this.#free.length < MOST && buffer.byteLength <= LARGEST) this.#free.push(Buffer.from(buffer));
  }
}
