/**
 * The two CRCs of S3 that Node.js lacks. Both are of the usual reflected, table-driven kind; the 64-bit CRC keeps its
 * register in two 32-bit halves, because BigInt arithmetic is some forty times slower. Polynomials and check values:
 * reveng.sourceforge.io/crc-catalogue (CRC-32/ISCSI, CRC-64/NVME).
 */

const CRC32C_POLYNOMIAL = 0x82f63b78;
const CRC64NVME_POLYNOMIAL = 0x9a6c9329ac4bc9b5n;

const crc32cTable = new Int32Array(256);
const crc64High = new Int32Array(256);
const crc64Low = new Int32Array(256);
for (let byte = 0; byte < 256; byte++) {
  let crc = byte;
  let wide = BigInt(byte);
  for (let bit = 0; bit < 8; bit++) {
    crc = crc & 1 ? (crc >>> 1) ^ CRC32C_POLYNOMIAL : crc >>> 1;
    wide = wide & 1n ? (wide >> 1n) ^ CRC64NVME_POLYNOMIAL : wide >> 1n;
  }
  crc32cTable[byte] = crc;
  crc64High[byte] = Number(BigInt.asIntN(32, wide >> 32n));
  crc64Low[byte] = Number(BigInt.asIntN(32, wide));
}

/** CRC-32C of `bytes`, continued from `crc`, the value of the bytes before them. */
export function crc32c(bytes: Uint8Array, crc = 0): number {
  let register = ~crc;
  for (const byte of bytes) register = (register >>> 8) ^ (crc32cTable[(register ^ byte) & 0xff] ?? 0);
  return ~register >>> 0;
}

/** A running CRC-64/NVME. */
export class Crc64Nvme {
  #high = -1;
  #low = -1;

  update(bytes: Uint8Array): void {
    let high = this.#high;
    let low = this.#low;
    for (const byte of bytes) {
      const index = (low ^ byte) & 0xff;
      low = ((low >>> 8) | (high << 24)) ^ (crc64Low[index] ?? 0);
      high = (high >>> 8) ^ (crc64High[index] ?? 0);
    }
    this.#high = high;
    this.#low = low;
  }

  /** Eight bytes, most significant first. */
  digest(): Buffer {
    const out = Buffer.alloc(8);
    out.writeInt32BE(~this.#high, 0);
    out.writeInt32BE(~this.#low, 4);
    return out;
  }
}
