/**
 * An H.264 encoder that is just good enough to film a scene with: every player plays what it writes, and it needs
 * nothing but Node.
 *
 * A macroblock, 16 x 16 pixels, is either what it was in the frame before (`P_Skip`, a fraction of a bit) or its plain
 * samples (`I_PCM`, 384 bytes). A key frame has the samples of all macroblocks. So a still scene in which somebody
 * moves needs about as many bits as a good encoder's moving one. Baseline profile. (ITU-T H.264, 7.3)
 */
import { BitWriter } from './bit-writer';

/** Planar YCbCr 4:2:0. No sample may be below 16, as in any video. */
export interface Yuv {
  /** In pixels; multiples of 16. */
  readonly width: number;
  readonly height: number;
  readonly y: Uint8Array;
  /** Half as wide and half as high as `y`. */
  readonly cb: Uint8Array;
  readonly cr: Uint8Array;
}

const BASELINE = 66;
/** Constraints that make it Constrained Baseline. */
const CONSTRAINTS = 0xc0;
const LEVEL = 31;
/** Bits of `frame_num`. */
const FRAME_NUMBER_BITS = 8;
/** `nal_ref_idc` and `nal_unit_type` of each kind of NAL unit. */
const NAL = { sps: 0x67, pps: 0x68, key: 0x65, other: 0x41 } as const;
/** `mb_type` of I_PCM in a key frame, and in another. */
const I_PCM = { key: 25, other: 30 } as const;

/** Encodes frames of one size. */
export class H264Encoder {
  /** Sequence and picture parameter sets, as NAL units without start codes. */
  readonly sps: Buffer;
  readonly pps: Buffer;
  readonly #columns: number;
  readonly #rows: number;
  #before: Yuv | undefined;
  #frameNumber = 0;
  #keyFrames = 0;

  constructor(width: number, height: number) {
    this.#columns = width / 16;
    this.#rows = height / 16;
    const sps = new BitWriter().bits(BASELINE, 8).bits(CONSTRAINTS, 8).bits(LEVEL, 8).ue(0);
    // Output in the order of decoding, one reference frame, frames without fields, no cropping and no more.
    sps
      .ue(FRAME_NUMBER_BITS - 4)
      .ue(2)
      .ue(1)
      .bits(0, 1);
    sps
      .ue(this.#columns - 1)
      .ue(this.#rows - 1)
      .bits(0b1100, 4);
    this.sps = nal(NAL.sps, sps);
    const pps = new BitWriter().ue(0).ue(0).bits(0, 2).ue(0).ue(0).ue(0).bits(0, 3);
    // Quantisers as they are; each slice says whether edges are smoothed.
    this.pps = nal(NAL.pps, pps.ue(0).ue(0).ue(0).bits(0b100, 3));
  }

  /** The NAL unit of the next frame. The first one is a key frame whatever `isKey` says. */
  encode(frame: Yuv, isKey: boolean): Buffer {
    const before = isKey ? undefined : this.#before;
    this.#before = frame;
    this.#frameNumber = before === undefined ? 0 : (this.#frameNumber + 1) % 2 ** FRAME_NUMBER_BITS;
    return before === undefined ? this.#key(frame) : this.#other(frame, before);
  }

  #key(frame: Yuv): Buffer {
    const slice = new BitWriter().ue(0).ue(7).ue(0).bits(0, FRAME_NUMBER_BITS);
    slice
      .ue(this.#keyFrames++ % 2)
      .bits(0, 2)
      .ue(0)
      .ue(1);
    for (let at = 0; at < this.#columns * this.#rows; at++) slice.ue(I_PCM.key).aligned(this.#samples(frame, at));
    return nal(NAL.key, slice);
  }

  #other(frame: Yuv, before: Yuv): Buffer {
    const slice = new BitWriter().ue(0).ue(5).ue(0).bits(this.#frameNumber, FRAME_NUMBER_BITS);
    slice.bits(0, 3).ue(0).ue(1);
    let skipped = 0;
    for (let at = 0; at < this.#columns * this.#rows; at++) {
      const samples = this.#samples(frame, at);
      if (samples.equals(this.#samples(before, at))) {
        skipped++;
        continue;
      }
      slice.ue(skipped).ue(I_PCM.other).aligned(samples);
      skipped = 0;
    }
    if (skipped > 0) slice.ue(skipped);
    return nal(NAL.other, slice);
  }

  /** The samples of one macroblock: 16 rows of luma, then 8 of each chroma. */
  #samples({ width, y, cb, cr }: Yuv, macroblock: number): Buffer {
    const samples = Buffer.alloc(384);
    const left = (macroblock % this.#columns) * 16;
    const top = Math.floor(macroblock / this.#columns) * 16;
    for (let row = 0; row < 16; row++) {
      const from = (top + row) * width + left;
      samples.set(y.subarray(from, from + 16), row * 16);
    }
    for (const [plane, to] of [
      [cb, 256],
      [cr, 320],
    ] as const) {
      for (let row = 0; row < 8; row++) {
        const from = ((top / 2 + row) * width) / 2 + left / 2;
        samples.set(plane.subarray(from, from + 8), to + row * 8);
      }
    }
    return samples;
  }
}

/** A NAL unit: its header, and its bits, among which nothing may look like a start code (7.4.1). */
function nal(header: number, bits: BitWriter): Buffer {
  const body = bits.end();
  const parts: Buffer[] = [Buffer.from([header])];
  let from = 0;
  for (let at = body.indexOf('\0\0'); at >= 0; at = body.indexOf('\0\0', at)) {
    at += 2;
    if ((body[at] ?? 4) > 3) continue;
    parts.push(body.subarray(from, at), Buffer.from([3]));
    from = at;
  }
  parts.push(body.subarray(from));
  return Buffer.concat(parts);
}
