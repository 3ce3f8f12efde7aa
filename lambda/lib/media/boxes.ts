/**
 * The boxes of an MP4 file (ISO 14496-12, 4.2): each has a size, four letters, and content, which may be boxes again.
 * The top level is read while the file's bytes pass by. Only `moov` and `moof`, the tables, are kept; frames are not.
 */
import { TooComplex } from './refused';

/** Bytes of tables that are kept of one file. An hour of 25 frames a second, with sound, has 2 MB. */
export const MOST_TABLE_BYTES = 8 * 1024 * 1024;

/** Boxes at the top of one file. Ten minutes, with a fragment of its own for each frame, have 30,000. */
export const MOST_TOP_BOXES = 50_000;

/** A box at the top of a file. */
export interface TopBox {
  type: string;
  /** Offset of the box in the file. */
  start: number;
  /** With its header; to the end of the file where it says so. In bytes. */
  size: number;
  /** Of `moov` and `moof`, once all of it was read: what follows the header. */
  content?: Buffer;
}

/** Boxes whose content is kept. */
const KEPT = new Set(['moov', 'moof']);

/** Reads a file's top level, given its bytes piece by piece. */
export class TopBoxes {
  readonly boxes: TopBox[] = [];
  /** How many bytes of the file were read. */
  length = 0;
  /** Where bytes begin that are no box. */
  #garbage: number | undefined;
  #header = Buffer.alloc(0);
  #left = 0;
  #content: Buffer[] = [];
  #kept = 0;

  /** @throws TooComplex */
  push(chunk: Buffer): void {
    for (let at = 0; at < chunk.length && this.#garbage === undefined; ) {
      if (this.#left > 0) at += this.#read(chunk.subarray(at));
      else at += this.#begin(chunk.subarray(at), this.length + at);
    }
    this.length += chunk.length;
  }

  /** The offset behind the last byte that belongs to a box, or to the whole file's end. */
  get garbageFrom(): number | undefined {
    // A header that is not whole is no box either.
    return this.#garbage ?? (this.#header.length > 0 ? this.length - this.#header.length : undefined);
  }

  /** Reads content of the last box; returns how many bytes. */
  #read(bytes: Buffer): number {
    const taken = bytes.subarray(0, Math.min(bytes.length, this.#left));
    this.#left -= taken.length;
    const box = this.boxes.at(-1);
    if (!box || !KEPT.has(box.type)) return taken.length;
    this.#kept += taken.length;
    if (this.#kept > MOST_TABLE_BYTES) {
      throw new TooComplex(`The video has more than ${MOST_TABLE_BYTES} bytes of tables.`);
    }
    // The piece belongs to whoever reads the file.
    this.#content.push(Buffer.from(taken));
    if (this.#left === 0) this.#finish(box);
    return taken.length;
  }

  #finish(box: TopBox): void {
    box.content = Buffer.concat(this.#content);
    this.#content = [];
  }

  /** Reads a header; returns how many of the bytes belong to it. */
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

  /** To be called at the end of the file: a box without a size ends there. */
  end(): void {
    const box = this.boxes.at(-1);
    if (box?.size !== Number.POSITIVE_INFINITY) return;
    box.size = this.length - box.start;
    if (KEPT.has(box.type)) this.#finish(box);
    this.#left = 0;
  }
}

/** A box inside another one: where its content lies in the buffer that holds it. */
export interface Box {
  type: string;
  content: Buffer;
}

/** The boxes in a box's content. What is left behind the last whole one is nobody's. */
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

/** The first box of a type on a path of types; undefined where there is none. */
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
