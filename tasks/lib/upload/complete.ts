/**
 * Tells whether an event file is whole. The camera writes to the final name, slowly at times, so a file may be half
 * written. Each format has a recognisable end.
 *
 * - JPEG ends with the marker EOI (FFD9). Those two bytes also end the thumbnail that EXIF keeps inside a segment, so
 *   segments are skipped by their length, and only a marker outside of them counts. In the compressed data of a scan,
 *   FF is always followed by 00 (stuffed), a restart marker D0 to D7, or the marker that ends the scan. (ITU-T T.81, B)
 * - PNG is a row of chunks, each with its length, and ends with the chunk IEND. (ISO/IEC 15948, 5)
 * - MP4 is a row of boxes, each with its length, among them `moov` (the index) and `mdat` (the frames); writers put in
 *   the length of `mdat` and the index when they close the file. A fragmented MP4 looks whole after each fragment, and
 *   a box of length 0 goes on to the end of the file, so neither shows its end. (ISO/IEC 14496-12, 4.2 and 8.8)
 */
import type { FileHandle } from 'node:fs/promises';
import type { EventKind } from '../event';

/**
 * Whether a file is whole, by its format. `incomplete`: its end is missing. `unknown`: the format does not show its
 * end, and only write stability can tell.
 */
export type Completeness = { state: 'complete' } | { state: 'incomplete' } | { state: 'unknown' };

const COMPLETE: Completeness = { state: 'complete' };
const INCOMPLETE: Completeness = { state: 'incomplete' };
const UNKNOWN: Completeness = { state: 'unknown' };

const PNG_SIGNATURE = Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]);
/** An IEND chunk: no data, its name, and its checksum, which is always the same. */
const PNG_END = Buffer.from([0, 0, 0, 0, 0x49, 0x45, 0x4e, 0x44, 0xae, 0x42, 0x60, 0x82]);
/** Start and end of a JPEG. */
const SOI = 0xd8;
const EOI = 0xd9;
/** Start of a scan: its header is a segment, and compressed data follows. */
const SOS = 0xda;

/** How many of a file's last bytes `mayBeComplete` needs. */
export const TAIL_BYTES = PNG_END.length;

/**
 * Whether a file that ends in `tail` (its last `TAIL_BYTES`, or the whole of a smaller file) is worth reading whole.
 * `false` is certain for files that end as their format demands. For a file with bytes after its end it is also
 * `false`; such a file is uploaded once it is stable.
 */
export function mayBeComplete(tail: Buffer, kind: EventKind): boolean {
  switch (kind) {
    case 'jpeg':
      return tail.length >= 2 && tail.readUInt16BE(tail.length - 2) === 0xff00 + EOI;
    case 'png':
      return tail.subarray(-PNG_END.length).equals(PNG_END);
    case 'mp4':
      return true;
  }
}

/** Whether the content of a JPEG or PNG file is whole. */
export function pictureCompleteness(content: Buffer, kind: 'jpeg' | 'png'): Completeness {
  return kind === 'jpeg' ? jpegCompleteness(content) : pngCompleteness(content);
}

function jpegCompleteness(content: Buffer): Completeness {
  if (!begins(content, Buffer.from([0xff, SOI]))) return UNKNOWN;
  let at = 2;
  while (at < content.length) {
    if (content[at] !== 0xff) return UNKNOWN;
    // Any number of FF may stand before a marker.
    while (content[at] === 0xff) at++;
    const marker = content[at++];
    if (marker === undefined) return INCOMPLETE;
    if (marker === EOI) return at === content.length ? COMPLETE : UNKNOWN;
    if (marker === 0x00 || marker === SOI) return UNKNOWN;
    if (isRestart(marker) || marker === 0x01) continue;
    if (at + 2 > content.length) return INCOMPLETE;
    const length = content.readUInt16BE(at);
    if (length < 2) return UNKNOWN;
    at += length;
    if (marker === SOS) at = endOfScan(content, at);
  }
  return INCOMPLETE;
}

// The offset of the marker after a scan's compressed data; the content's length if there is none.
function endOfScan(content: Buffer, from: number): number {
  let at = from;
  while (at < content.length) {
    at = content.indexOf(0xff, at);
    if (at < 0) return content.length;
    const next = content[at + 1];
    if (next === undefined) return content.length;
    if (next === 0xff) at++;
    else if (next === 0x00 || isRestart(next)) at += 2;
    else return at;
  }
  return content.length;
}

function isRestart(marker: number): boolean {
  return marker >= 0xd0 && marker <= 0xd7;
}

function pngCompleteness(content: Buffer): Completeness {
  if (!begins(content, PNG_SIGNATURE)) return UNKNOWN;
  let at = PNG_SIGNATURE.length;
  // A chunk: the length of its data, its name, the data, a checksum.
  while (at + 12 <= content.length) {
    const end = at + 12 + content.readUInt32BE(at);
    if (content.toString('latin1', at + 4, at + 8) === 'IEND') {
      if (end > content.length) return INCOMPLETE;
      return end === content.length ? COMPLETE : UNKNOWN;
    }
    at = end;
  }
  return INCOMPLETE;
}

// A file that is shorter than its signature begins with it as far as it goes.
function begins(content: Buffer, signature: Buffer): boolean {
  const length = Math.min(content.length, signature.length);
  return content.subarray(0, length).equals(signature.subarray(0, length));
}

/**
 * Whether an MP4 of `size` bytes is whole, by the headers of its boxes: a few reads of 16 bytes, however long the film.
 *
 * @throws what `file.read` throws.
 */
export async function videoCompleteness(file: Pick<FileHandle, 'read'>, size: number): Promise<Completeness> {
  const found = new Set<string>();
  for (let at = 0; at < size; ) {
    const box = await readBox(file, at);
    if (at === 0 && size >= 8 && !OPENING_BOXES.has(box?.type ?? '')) return UNKNOWN;
    if (box === undefined) return INCOMPLETE;
    if (box.length === 0) return box.type === 'mdat' && !found.has('moov') ? INCOMPLETE : UNKNOWN;
    if (box.length < box.headerLength || !/^[\x20-\x7e\xa9]{4}$/.test(box.type)) return UNKNOWN;
    if (at + box.length > size) return INCOMPLETE;
    if (box.type === 'moof') return UNKNOWN;
    if (box.type === 'moov' && (await isFragmented(file, at + box.headerLength, at + box.length))) return UNKNOWN;
    found.add(box.type);
    at += box.length;
  }
  return found.has('moov') && found.has('mdat') ? COMPLETE : INCOMPLETE;
}

// The boxes that a file of this family may begin with.
const OPENING_BOXES: ReadonlySet<string> = new Set(['ftyp', 'moov', 'mdat', 'free', 'skip', 'wide', 'pnot', 'styp']);

interface Box {
  type: string;
  headerLength: number;
  /** In bytes, header included; 0: up to the end of the file. */
  length: number;
}

async function readBox(file: Pick<FileHandle, 'read'>, at: number): Promise<Box | undefined> {
  const header = Buffer.alloc(16);
  const { bytesRead } = await file.read(header, 0, header.length, at);
  if (bytesRead < 8) return undefined;
  const type = header.toString('latin1', 4, 8);
  const length = header.readUInt32BE(0);
  if (length !== 1) return { type, headerLength: 8, length };
  if (bytesRead < 16) return undefined;
  return { type, headerLength: 16, length: Number(header.readBigUInt64BE(8)) };
}

// `mvex` in the index announces that fragments follow.
async function isFragmented(file: Pick<FileHandle, 'read'>, from: number, to: number): Promise<boolean> {
  for (let at = from; at < to; ) {
    const box = await readBox(file, at);
    if (box === undefined || box.length < box.headerLength) return false;
    if (box.type === 'mvex') return true;
    at += box.length;
  }
  return false;
}
