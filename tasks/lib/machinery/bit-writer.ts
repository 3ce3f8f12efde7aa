/** Writes the bits of an H.264 NAL unit, most significant bit first (ITU-T H.264, 7.2 and 9.1). */
export class BitWriter {
  readonly #whole: Buffer[] = [];
  #bytes: number[] = [];
  #byte = 0;
  #bits = 0;

  /** `count` bits (32 at most) of `value`. */
  bits(value: number, count: number): this {
    for (let at = count - 1; at >= 0; at--) {
      this.#byte = (this.#byte << 1) | ((value >>> at) & 1);
      if (++this.#bits === 8) this.#flush();
    }
    return this;
  }

  /** An unsigned number as an Exp-Golomb code: u leading zeros, then `value + 1` in u + 1 bits. */
  ue(value: number): this {
    const length = 32 - Math.clz32(value + 1);
    return this.bits(0, length - 1).bits(value + 1, length);
  }

  /** Whole bytes, at the next byte's beginning; zeros fill the byte before it. */
  aligned(bytes: Buffer): this {
    if (this.#bits > 0) this.bits(0, 8 - this.#bits);
    this.#whole.push(Buffer.from(this.#bytes), bytes);
    this.#bytes = [];
    return this;
  }

  /** All of it, with the stop bit behind it. */
  end(): Buffer {
    this.bits(1, 1);
    if (this.#bits > 0) this.bits(0, 8 - this.#bits);
    return Buffer.concat([...this.#whole, Buffer.from(this.#bytes)]);
  }

  #flush(): void {
    this.#bytes.push(this.#byte);
    this.#byte = 0;
    this.#bits = 0;
  }
}
