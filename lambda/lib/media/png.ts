/**
 * Reads the structure of a PNG file: a row of chunks, each a length, four letters, its data and a checksum (PNG
 * specification, 5.3). The decoder gets a clean copy with the chunks that the pixels need: no text (which may unpack to
 * gigabytes), no further frames, and only the orientation of EXIF.
 */
import { crc32 } from 'node:zlib';
import { minimalTiff, orientationOf } from './exif';
import type { Fault } from './fault';

/** The first bytes of a PNG file (PNG specification, 5.2). */
export const PNG_SIGNATURE = Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]);

/** Chunks that decide what the pixels look like (PNG specification, 11.2 and 11.3). */
const NEEDED = new Set(['IHDR', 'PLTE', 'IDAT', 'tRNS', 'gAMA', 'cHRM', 'sRGB', 'iCCP', 'sBIT']);

/** A PNG's structure. */
export interface Png {
  /** The clean copy for the decoder. */
  clean: Buffer;
  /** Offset after the IEND chunk; `undefined` where there is none. */
  end: number | undefined;
  faults: Set<Fault>;
}

/** Reads the structure of a PNG file. */
export function readPng(file: Buffer): Png {
  const needed: { start: number; end: number }[] = [];
  let orientation = 1;
  let end: number | undefined;
  for (let at = PNG_SIGNATURE.length; at + 12 <= file.length; ) {
    const next = at + 12 + file.readUInt32BE(at);
    if (next > file.length) break;
    const type = file.toString('latin1', at + 4, at + 8);
    if (type === 'IEND') {
      end = next;
      break;
    }
    if (type === 'eXIf') orientation = orientationOf(file.subarray(at + 8, next - 4));
    if (NEEDED.has(type)) {
      const last = needed.at(-1);
      if (last?.end === at) last.end = next;
      else needed.push({ start: at, end: next });
    }
    at = next;
  }
  const pieces = needed.map((piece) => file.subarray(piece.start, piece.end));
  const turned = orientation === 1 ? [] : [chunk('eXIf', minimalTiff(orientation))];
  // IHDR comes first. EXIF may stand anywhere after it, but a decoder wants it before the pixels.
  const header = pieces[0]?.subarray(0, 25) ?? Buffer.alloc(0);
  const rest = [pieces[0]?.subarray(25) ?? Buffer.alloc(0), ...pieces.slice(1)];
  return {
    clean: Buffer.concat([PNG_SIGNATURE, header, ...turned, ...rest, chunk('IEND', Buffer.alloc(0))]),
    end,
    faults: new Set(end === undefined ? (['NoEnd'] as const) : []),
  };
}

function chunk(type: string, data: Buffer): Buffer {
  const named = Buffer.concat([Buffer.from(type, 'latin1'), data]);
  const framed = Buffer.alloc(named.length + 8);
  framed.writeUInt32BE(data.length, 0);
  named.copy(framed, 4);
  framed.writeUInt32BE(crc32(named), named.length + 4);
  return framed;
}
