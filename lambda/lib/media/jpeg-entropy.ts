/**
 * Finds where the entropy-coded data of a sequential JPEG's restart segments really end. Some cameras leave bytes
 * between the last unit of a segment and the next restart marker; a decoder skips them with a warning, and a strict
 * decoder refuses the file. To find those bytes, the Huffman codes are read (ITU-T T.81, annex F), but no pixels.
 */
import { isSequential, type Jpeg, type Scan, type Segment } from './jpeg';

/**
 * The segments of each scan, without the bytes after their last unit. `undefined` where the file is no sequential JPEG
 * with restart markers, or where a segment has too few units.
 */
export function trimmedSegments(jpeg: Jpeg): Segment[][] | undefined {
  if (!isSequential(jpeg)) return undefined;
  const trimmed: Segment[][] = [];
  for (const scan of jpeg.scans) {
    const reader = scanReader(jpeg, scan);
    if (!reader) return undefined;
    const segments: Segment[] = [];
    for (const [i, segment] of scan.segments.entries()) {
      const end = i === scan.segments.length - 1 ? segment.end : endOfUnits(jpeg.file, segment, reader);
      if (end === undefined) return undefined;
      segments.push({ start: segment.start, end });
    }
    trimmed.push(segments);
  }
  return trimmed;
}

/** Whether the scans of a sequential JPEG with restart markers have as many segments as their pixels need. */
export function hasAllSegments(jpeg: Jpeg): boolean {
  return jpeg.scans.every((scan) => {
    const reader = scanReader(jpeg, scan);
    return !reader || scan.segments.length >= Math.ceil(unitsOf(jpeg, scan) / reader.interval);
  });
}

/** The number of units of a scan (T.81, A.2): a unit is one block, or the blocks of all components. */
function unitsOf({ file, frame }: Jpeg, { header }: Scan): number {
  const [height, width] = [file.readUInt16BE(frame + 5), file.readUInt16BE(frame + 7)];
  const factors = new Map<number | undefined, readonly [number, number]>();
  for (let i = 0; i < (file[frame + 9] ?? 0); i++) {
    const both = file[frame + 11 + i * 3] ?? 0x11;
    factors.set(file[frame + 10 + i * 3], [both >> 4, both & 15]);
  }
  const most = (which: 0 | 1) => Math.max(1, ...[...factors.values()].map((both) => both[which]));
  const [across, down] = [most(0), most(1)];
  const [own = [1, 1]] = [factors.get(file[header + 5])];
  const [x, y] = file[header + 4] === 1 ? [own[0] / across, own[1] / down] : [1 / across, 1 / down];
  return Math.ceil((width * x) / 8) * Math.ceil((height * y) / 8);
}

/** Codes by length and value: `table[length][code]`, one byte for each. */
type HuffmanTable = readonly ReadonlyMap<number, number>[];

interface ScanReader {
  /** Units (MCUs) between two restart markers. */
  interval: number;
  /** The tables of the blocks of one unit, in their order. */
  blocks: { dc: HuffmanTable; ac: HuffmanTable }[];
}

function scanReader({ file, frame, needed }: Jpeg, { header }: Scan): ScanReader | undefined {
  const tables = new Map<number, HuffmanTable>();
  let interval = 0;
  for (const { start, end } of needed) {
    if (start > header) break;
    for (let at = start; at + 4 <= end; at += 2 + file.readUInt16BE(at + 2)) {
      const segment = file.subarray(at + 4, at + 2 + file.readUInt16BE(at + 2));
      if (file[at + 1] === 0xdd && segment.length >= 2) interval = segment.readUInt16BE(0);
      if (file[at + 1] === 0xc4) readTables(segment, tables);
    }
  }
  const sampling = new Map<number | undefined, number>();
  for (let i = 0; i < (file[frame + 9] ?? 0); i++) {
    const factors = file[frame + 11 + i * 3] ?? 0;
    sampling.set(file[frame + 10 + i * 3], (factors >> 4) * (factors & 15));
  }
  const components = file[header + 4] ?? 0;
  const blocks: ScanReader['blocks'] = [];
  for (let i = 0; i < components; i++) {
    const selected = file[header + 6 + i * 2] ?? 0;
    const dc = tables.get(selected >> 4);
    const ac = tables.get(0x10 + (selected & 15));
    if (!dc || !ac) return undefined;
    // A scan of one component has one block to a unit (T.81, A.2.2).
    const count = components === 1 ? 1 : (sampling.get(file[header + 5 + i * 2]) ?? 1);
    for (let block = 0; block < count; block++) blocks.push({ dc, ac });
  }
  return interval === 0 ? undefined : { interval, blocks };
}

/** Reads a DHT segment (T.81, B.2.4.2): class and number, sixteen counts by length, and the values. */
function readTables(segment: Buffer, tables: Map<number, HuffmanTable>): void {
  for (let at = 0; at + 17 <= segment.length; ) {
    const table: Map<number, number>[] = [new Map()];
    let value = at + 17;
    let code = 0;
    for (let length = 1; length <= 16; length++) {
      const codes = new Map<number, number>();
      for (let i = 0; i < (segment[at + length] ?? 0); i++) codes.set(code++, segment[value++] ?? 0);
      table.push(codes);
      code *= 2;
    }
    tables.set(segment[at] ?? 0, table);
    at = value;
  }
}

/** Offset of the end of the segment's last unit; `undefined` if the segment has too few units. */
function endOfUnits(file: Buffer, { start, end }: Segment, { interval, blocks }: ScanReader): number | undefined {
  const bits = new Bits(file, start, end);
  for (let unit = 0; unit < interval; unit++) {
    for (const { dc, ac } of blocks) if (!skipBlock(bits, dc, ac)) return undefined;
  }
  return bits.at;
}

/**
 * Skips one block (T.81, F.2.2): the difference of the first coefficient, then runs of zeros and the other 63.
 *
 * @returns false if the data ends before.
 */
function skipBlock(bits: Bits, dc: HuffmanTable, ac: HuffmanTable): boolean {
  const size = bits.code(dc);
  if (size === undefined || !bits.skip(size)) return false;
  for (let k = 1; k < 64; k++) {
    const run = bits.code(ac);
    if (run === undefined || !bits.skip(run & 15)) return false;
    if ((run & 15) === 0 && run >> 4 !== 15) break;
    k += run >> 4;
  }
  return true;
}

/** Reads bits of entropy-coded data, in which FF is followed by a 00 that is no data. */
class Bits {
  readonly #file: Buffer;
  readonly #end: number;
  /** Offset of the next byte; every byte before it was read, at least in part. */
  at: number;
  #byte = 0;
  #left = 0;

  constructor(file: Buffer, start: number, end: number) {
    this.#file = file;
    this.at = start;
    this.#end = end;
  }

  /** The value of the next code; `undefined` at the end, and for a code that is in no table. */
  code(table: HuffmanTable): number | undefined {
    let code = 0;
    for (let length = 1; length <= 16; length++) {
      const bit = this.#next();
      if (bit === undefined) return undefined;
      code = code * 2 + bit;
      const value = table[length]?.get(code);
      if (value !== undefined) return value;
    }
    return undefined;
  }

  skip(count: number): boolean {
    for (let i = 0; i < count; i++) if (this.#next() === undefined) return false;
    return true;
  }

  #next(): number | undefined {
    if (this.#left === 0) {
      if (this.at >= this.#end) return undefined;
      this.#byte = this.#file[this.at] ?? 0;
      this.at += this.#byte === 0xff ? 2 : 1;
      this.#left = 8;
    }
    this.#left -= 1;
    return (this.#byte >> this.#left) & 1;
  }
}
