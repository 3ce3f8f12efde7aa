/**
 * Reads the structure of a JPEG file without decoding a pixel: its segments, its scans, and its end (ITU-T T.81, annex
 * B).
 *
 * A decoder reads a *clean copy* of the file, which holds only what the pixels need. So the decoder never sees an EXIF
 * directory, and harmless faults are gone: meaningless bytes, restart markers in the wrong order, impossible scan
 * parameters, a missing end. A strict decode of the clean copy then tells whether all rows are there.
 */
import { EXIF_HEADER, minimalTiff, orientationOf } from './exif';
import type { Fault } from './fault';
import { TooComplex, Truncated } from './refused';

/**
 * Most scans of a progressive JPEG, which is decoded once per scan. Encoders write about ten (libjpeg's own
 * progression); a file with thousands is made to keep a processor busy.
 */
export const MOST_SCANS = 100;

/** Most restart markers; the largest allowed picture with one after each block has fewer. Each takes memory here. */
const MOST_RESTARTS = 400_000;

/** Entropy-coded data between two markers, as offsets in the file. */
export interface Segment {
  start: number;
  /** Offset of the next marker. */
  end: number;
}

/** One scan: its header and its restart segments. */
export interface Scan {
  /** Offset of its SOS marker. */
  header: number;
  /** Offset of the first entropy-coded byte. */
  data: number;
  segments: Segment[];
  end: number;
}

/** A JPEG's structure. */
export interface Jpeg {
  file: Buffer;
  /** Offset of the frame header's marker, SOF0 to SOF15. */
  frame: number;
  scans: Scan[];
  /** The segments that the decoder needs beside the scans, in the file's order, from marker to end. */
  needed: Segment[];
  /** EXIF orientation, 1 to 8. */
  orientation: number;
  /** Offset after the end-of-image marker; `undefined` where there is none. */
  end: number | undefined;
  faults: Set<Fault>;
}

/**
 * Reads the structure of a JPEG file.
 *
 * @throws Truncated if the file ends before its first scan.
 * @throws TooComplex if it has too many scans or restart markers.
 */
export function readJpeg(file: Buffer): Jpeg {
  const jpeg: Jpeg = { file, frame: 0, scans: [], needed: [], orientation: 1, end: undefined, faults: new Set() };
  let at = 2;
  for (;;) {
    const marker = nextMarker(file, at);
    if (marker === undefined) break;
    if (!isFill(file, at, marker)) jpeg.faults.add('ExtraBytes');
    const code = file[marker + 1] ?? 0;
    if (code === 0xd9) {
      jpeg.end = marker + 2;
      break;
    }
    if (marker + 4 > file.length) break;
    const next = marker + 2 + file.readUInt16BE(marker + 2);
    if (next > file.length || next < marker + 4) break;
    if (code === 0xda) {
      const scan = readScan(file, marker, next);
      jpeg.scans.push(scan);
      if (jpeg.scans.length > MOST_SCANS) {
        throw new TooComplex(`The picture is made of more than ${MOST_SCANS} scans, one over the other.`);
      }
      at = scan.end;
    } else {
      readSegment(jpeg, code, marker, next);
      at = next;
    }
  }
  if (jpeg.scans.length === 0 || jpeg.frame === 0) {
    throw new Truncated(`The picture is cut off: its ${file.length} bytes end before its pixels begin.`);
  }
  if (jpeg.end === undefined) jpeg.faults.add('NoEnd');
  return jpeg;
}

/** The offset of the next marker that can stand between segments; undefined at the end of the file. */
function nextMarker(file: Buffer, from: number): number | undefined {
  for (let at = file.indexOf(0xff, from); at >= 0 && at + 1 < file.length; at = file.indexOf(0xff, at + 1)) {
    const code = file[at + 1] ?? 0;
    // 00 and 01 are no markers, FF is fill, and restart markers belong to a scan.
    if (code > 0x01 && code !== 0xff && !isRestart(code)) return at;
  }
  return undefined;
}

/** Whether only fill bytes stand before a marker: any number of FF (T.81, B.1.1.2). */
function isFill(file: Buffer, from: number, to: number): boolean {
  for (let at = from; at < to; at++) if (file[at] !== 0xff) return false;
  return true;
}

function isRestart(code: number): boolean {
  return code >= 0xd0 && code <= 0xd7;
}

function readSegment(jpeg: Jpeg, code: number, start: number, end: number): void {
  const { file } = jpeg;
  const says = (offset: number, text: string) =>
    file.toString('latin1', start + offset, Math.min(end, start + offset + text.length)) === text;
  const isFrame = code >= 0xc0 && code <= 0xcf && code !== 0xc4 && code !== 0xc8 && code !== 0xcc;
  if (isFrame && jpeg.frame === 0) jpeg.frame = start;
  const isTable = code === 0xc4 || code === 0xcc || code === 0xdb || code === 0xdd;
  const isJfif = code === 0xe0 && says(4, 'JFIF\0');
  const isProfile = code === 0xe2 && says(4, 'ICC_PROFILE\0');
  // Adobe's segment tells how the colours are coded.
  const isAdobe = code === 0xee && says(4, 'Adobe');
  // The decoder judges a second SOI or frame.
  const isOther = code === 0xd8 || (code >= 0xdc && code <= 0xdf);
  if (isFrame || isTable || isJfif || isProfile || isAdobe || isOther) {
    const last = jpeg.needed.at(-1);
    if (last?.end === start) last.end = end;
    else jpeg.needed.push({ start, end });
  } else if (code === 0xe1 && says(4, EXIF_HEADER.toString('latin1')) && jpeg.orientation === 1) {
    jpeg.orientation = orientationOf(file.subarray(start + 10, end));
  }
}

/** Reads past the entropy-coded data of a scan, in which FF 00 is data and FF D0 to FF D7 are restart markers. */
function readScan(file: Buffer, header: number, data: number): Scan {
  const segments: Segment[] = [];
  let start = data;
  let at = data;
  for (;;) {
    at = file.indexOf(0xff, at);
    const code = at < 0 ? undefined : file[at + 1];
    if (code === undefined) {
      segments.push({ start, end: file.length });
      return { header, data, segments, end: file.length };
    }
    if (code === 0xff) {
      at += 1;
    } else if (code === 0x00) {
      at += 2;
    } else if (isRestart(code)) {
      segments.push({ start, end: at });
      if (segments.length > MOST_RESTARTS) {
        throw new TooComplex(`The picture has more than ${MOST_RESTARTS} restart markers.`);
      }
      at += 2;
      start = at;
    } else {
      segments.push({ start, end: at });
      return { header, data, segments, end: at };
    }
  }
}

/** How a clean copy differs from the file. */
export interface CopyOptions {
  /** Other ends for the segments of each scan (jpeg-entropy.ts), by the scan's index. */
  trimmed?: readonly Segment[][] | undefined;
  /** Bytes after the last scan, where a decoder should not read any more. */
  behind?: Buffer;
}

/** The clean copy for the decoder. Adds the faults that it corrects to `jpeg.faults`. */
export function cleanCopy(jpeg: Jpeg, { trimmed, behind = Buffer.alloc(0) }: CopyOptions = {}): Buffer {
  const { file, scans, needed, orientation, faults } = jpeg;
  const pieces: Buffer[] = [Buffer.from([0xff, 0xd8])];
  if (orientation !== 1) {
    const exif = Buffer.concat([EXIF_HEADER, minimalTiff(orientation)]);
    pieces.push(Buffer.from([0xff, 0xe1, 0, exif.length + 2]), exif);
  }
  const between = needed.values();
  let waiting = between.next();
  for (const [index, scan] of scans.entries()) {
    for (; !waiting.done && waiting.value.start < scan.header; waiting = between.next()) {
      pieces.push(file.subarray(waiting.value.start, waiting.value.end));
    }
    pieces.push(scanHeader(jpeg, scan));
    const segments = trimmed?.[index] ?? scan.segments;
    if (trimmed === undefined && isInOrder(file, scan)) {
      pieces.push(file.subarray(scan.data, scan.end));
      continue;
    }
    for (const [i, { start, end }] of segments.entries()) {
      if (i > 0) pieces.push(Buffer.from([0xff, 0xd0 + ((i - 1) % 8)]));
      pieces.push(file.subarray(start, end));
    }
    if (!isInOrder(file, scan)) faults.add('RestartOrder');
  }
  pieces.push(behind, Buffer.from([0xff, 0xd9]));
  return Buffer.concat(pieces);
}

function isInOrder(file: Buffer, { segments }: Scan): boolean {
  return segments.slice(0, -1).every(({ end }, i) => file[end + 1] === 0xd0 + (i % 8));
}

/** Whether the frame is coded in one pass with Huffman codes: baseline or extended sequential (SOF0, SOF1). */
export function isSequential({ file, frame }: Jpeg): boolean {
  const code = file[frame + 1];
  return code === 0xc0 || code === 0xc1;
}

/**
 * The header of a scan with correct parameters. A sequential scan covers all coefficients at full precision; some
 * cameras write zeros there, which decoders ignore.
 */
function scanHeader(jpeg: Jpeg, { header, data }: Scan): Buffer {
  const copy = Buffer.from(jpeg.file.subarray(header, data));
  if (!isSequential(jpeg) || copy.length < 7) return copy;
  const parameters = Buffer.from([0, 63, 0]);
  if (copy.subarray(-3).equals(parameters)) return copy;
  parameters.copy(copy, copy.length - 3);
  jpeg.faults.add('ScanParameters');
  return copy;
}

/** Whether each of the frame's components has a scan: a cut file may have scans of the first component only. */
export function hasAllComponents({ file, frame, scans }: Jpeg): boolean {
  const components = file[frame + 9] ?? 0;
  const scanned = new Set<number | undefined>();
  for (const { header } of scans) {
    for (let i = 0; i < (file[header + 4] ?? 0); i++) scanned.add(file[header + 5 + i * 2]);
  }
  return scanned.size >= components;
}
