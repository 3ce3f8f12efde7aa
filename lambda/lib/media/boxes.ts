/**
 * The boxes of an MP4 file (ISO 14496-12, 4.2): each has a size, four letters, and content, which may be boxes again.
 * The top level is read while the file's bytes pass by. Only the tables (`moov` and `moof`) are kept; frames are not.
 */
import { TooComplex } from './refused';

/** Most bytes of tables that are kept of one file. An hour of 25 frames a second, with sound, has 2 MB. */
export const MOST_TABLE_BYTES = 8 * 1024 * 1024;

/** Most boxes at the top of one file. Ten minutes with a fragment for each frame have 30,000. */
export const MOST_TOP_BOXES = 50_000;

/** A box at the top of a file. */
export interface TopBox {
  type: string;
  /** Offset of the box in the file. */
  start: number;
  /** Of `moov` and `moof`, once read completely: the bytes after the header. */
  size: number;
  /** Of `moov` and `moof`, once all of it was read: what follows the header. */
  content?: Buffer;
}

/** Types of boxes whose content is kept. */
const KEPT = new Set(['moov', 'moof']);

/** Reads the top level of a file from its bytes, piece by piece. */
export class TopBoxes {
  readonly boxes: TopBox[] = [];
  /** Bytes of the file read so far. */
  length = 0;
  /** Offset of the first bytes that are no box. */
  #garbage: number | undefined;
  #header = Buffer.alloc(0);
  #left = 0;
  #content: Buffer[] = [];
  #kept = 0;

  /**
   * Reads the next piece of the file.
   *
   * @throws TooComplex if the file has too many boxes or too large tables.
   */
  push(chunk: Buffer): void {
    for (let at = 0; at < chunk.length && this.#garbage === undefined; ) {
      if (this.#left > 0) at += this.#read(chunk.subarray(at));
      else at += this.#begin(chunk.subarray(at), this.length + at);
    }
    this.length += chunk.length;
  }

  /** Offset of the bytes that belong to no box; `undefined` if there are none. */
  get garbageFrom(): number | undefined {
    // An incomplete header is no box either.
    return this.#garbage ?? (this.#header.length > 0 ? this.length - this.#header.length : undefined);
  }

  /**
   * Reads content of the last box.
   *
   * @returns the number of bytes read.
   */
  #read(bytes: Buffer): number {
    const taken = bytes.subarray(0, Math.min(bytes.length, this.#left));
    this.#left -= taken.length;
    const box = this.boxes.at(-1);
    if (!box || !KEPT.has(box.type)) return taken.length;
    this.#kept += taken.length;
    if (this.#kept > MOST_TABLE_BYTES) {
      throw new TooComplex(`The video has more than ${MOST_TABLE_BYTES} bytes of tables.`);
    }
    // Copied, because the caller may reuse the piece.
    this.#content.push(Buffer.from(taken));
    if (this.#left === 0) this.#finish(box);
    return taken.length;
  }

  #finish(box: TopBox): void {
    box.content = Buffer.concat(this.#content);
    this.#content = [];
  }

  /**
   * Reads a header.
   *
   * @returns the number of bytes that belong to it.
   */
  #begin(bytes: Buffer, at: number): number {
    const had = this.#header.length;
    const header = Buffer.concat([this.#header, bytes.subarray(0, 16 - had)]);
    const isLarge = header.length >= 4 && header.readUInt32BE(0) === 1;
    const headerSize = isLarge ? 16 : 8;
    if (header.length < headerSize) {
      this.#header = header;
      return header.length - had;
    }
    this.#header = Buffer.alloc(0);
    const start = at - had;
    const said = isLarge ? Number(header.readBigUInt64BE(8)) : header.readUInt32BE(0);
    // Size 0 reaches to the end of the file.
    const size = said === 0 && !isLarge ? Number.POSITIVE_INFINITY : said;
    if (size < headerSize) {
      this.#garbage = start;
      return bytes.length;
    }
    const box: TopBox = { type: header.toString('latin1', 4, 8), start, size };
    this.boxes.push(box);
    if (this.boxes.length > MOST_TOP_BOXES) {
      throw new TooComplex(`The video has more than ${MOST_TOP_BOXES} boxes at its top.`);
    }
    this.#left = size - headerSize;
    this.#content = [];
    if (this.#left === 0 && KEPT.has(box.type)) this.#finish(box);
    return headerSize - had;
  }

  /** Call this at the end of the file: a box without a size ends there. */
  end(): void {
    const box = this.boxes.at(-1);
    if (box?.size !== Number.POSITIVE_INFINITY) return;
    box.size = this.length - box.start;
    if (KEPT.has(box.type)) this.#finish(box);
    this.#left = 0;
  }
}

/** A box inside another box. `content` is a part of the other box's buffer. */
export interface Box {
  type: string;
  content: Buffer;
}

/** Yields the boxes in a box's content. Bytes after the last whole box are ignored. */
export function* childrenOf(content: Buffer): Generator<Box> {
  for (let at = 0; at + 8 <= content.length; ) {
    const said = content.readUInt32BE(at);
    if (said === 1 && at + 16 > content.length) return;
    const headerSize = said === 1 ? 16 : 8;
    const large = said === 1 ? Number(content.readBigUInt64BE(at + 8)) : said;
    const size = said === 0 ? content.length - at : large;
    if (size < headerSize || at + size > content.length) return;
    yield { type: content.toString('latin1', at + 4, at + 8), content: content.subarray(at + headerSize, at + size) };
    at += size;
  }
}

/** Follows a path of box types, taking the first box of each type; `undefined` where a type is missing. */
export function boxAt(content: Buffer, ...path: readonly string[]): Buffer | undefined {
  let found: Buffer | undefined = content;
  for (const type of path) {
    if (!found) return undefined;
    let next: Buffer | undefined;
    for (const child of childrenOf(found)) {
      if (child.type === type) {
        next = child.content;
        break;
      }
    }
    found = next;
  }
  return found;
}
