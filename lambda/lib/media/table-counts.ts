/**
 * Checks every count in an MP4's tables against the bytes that are there. A table tells how many entries it has; a
 * reader that believes a table of four bytes with four thousand million entries runs out of memory. So all counts are
 * checked before anything, here or in a library, reads a table.
 */
import { childrenOf } from './boxes';
import { Corrupt, TooComplex } from './refused';

/** Most samples (frames, pieces of sound) of one file: eleven hours at 25 frames a second. */
export const MOST_SAMPLES = 1_000_000;

/** Boxes that hold boxes. */
const CONTAINERS = new Set(['trak', 'mdia', 'minf', 'stbl', 'edts', 'mvex', 'traf', 'dinf', 'udta']);
/** Deepest level of boxes; the deepest that exists is `moov/trak/mdia/minf/stbl`. */
const DEEPEST = 6;

/** Tables whose entries have one size: bytes between version and flags and the count, and bytes of an entry. */
const TABLES: Readonly<Record<string, { before: number; entry: number }>> = {
  stts: { before: 0, entry: 8 },
  ctts: { before: 0, entry: 8 },
  stsc: { before: 0, entry: 12 },
  stco: { before: 0, entry: 4 },
  co64: { before: 0, entry: 8 },
  stss: { before: 0, entry: 4 },
  stps: { before: 0, entry: 4 },
  // An entry is a box of its own.
  stsd: { before: 0, entry: 8 },
  dref: { before: 0, entry: 8 },
  saio: { before: 0, entry: 4 },
  subs: { before: 0, entry: 6 },
};

/**
 * Checks the counts of all tables in the content of a `moov` or `moof`.
 * @throws Corrupt where a table claims more entries than its bytes hold; TooComplex where boxes lie too deep
 */
export function checkCounts(content: Buffer, depth = 0): void {
  if (depth > DEEPEST) throw new TooComplex(`The video's boxes lie more than ${DEEPEST} deep.`);
  for (const { type, content: table } of childrenOf(content)) {
    if (CONTAINERS.has(type)) checkCounts(table, depth + 1);
    else checkTable(type, table);
  }
}

function checkTable(type: string, table: Buffer): void {
  const known = TABLES[type];
  if (known) holdCount(type, table, 4 + known.before, known.entry);
  else if (type === 'stsz') checkSizes(table);
  else if (type === 'stz2') checkCompactSizes(table);
  else if (type === 'trun')
    holdCount(type, table, 4, entryBytesOfRun(flagsOf(table)), headerBytesOfRun(flagsOf(table)));
  else if (type === 'elst') holdCount(type, table, 4, table[0] === 1 ? 20 : 12);
  else if (type === 'sidx') checkIndex(table);
}

/** The flags of a table: three bytes after the version (ISO 14496-12, 4.2). */
function flagsOf(table: Buffer): number {
  return table.length < 4 ? 0 : table.readUIntBE(1, 3);
}

/**
 * Checks that a table holds the entries that the count at `at` claims. `entry` and `header` in bytes.
 *
 * @throws Corrupt
 */
function holdCount(type: string, table: Buffer, at: number, entry: number, header = 0): void {
  if (at + 4 > table.length) throw new Corrupt(`The video's "${type}" table is cut off.`);
  const count = table.readUInt32BE(at);
  const there = table.length - at - 4 - header;
  if (count * entry > there) {
    throw new Corrupt(`The video's "${type}" table claims ${count} entries; its ${table.length} bytes hold fewer.`);
  }
}

/** `stsz`: one size for all samples, or a table of sizes (ISO 14496-12, 8.7.3.2). */
function checkSizes(table: Buffer): void {
  if (table.length < 12) throw new Corrupt(`The video's "stsz" table is cut off.`);
  holdCount('stsz', table, 8, table.readUInt32BE(4) === 0 ? 4 : 0);
}

/** `stz2`: sizes of 4, 8 or 16 bits (8.7.3.3). */
function checkCompactSizes(table: Buffer): void {
  const bits = table[7];
  if (bits !== 4 && bits !== 8 && bits !== 16)
    throw new Corrupt('The video\'s "stz2" table has no size of its fields.');
  holdCount('stz2', table, 8, bits / 8);
}

/** `sidx`: a count of two bytes behind 20 bytes, or 28 in version 1; an entry has 12 (8.16.3). */
function checkIndex(table: Buffer): void {
  const at = table[0] === 1 ? 30 : 22;
  if (at + 2 > table.length) throw new Corrupt('The video\'s "sidx" table is cut off.');
  if (table.readUInt16BE(at) * 12 > table.length - at - 2) {
    throw new Corrupt(`The video's "sidx" table claims ${table.readUInt16BE(at)} entries; it holds fewer.`);
  }
}

/** Bytes of one entry of `trun`, by its flags (8.8.8): duration, size, flags, and offset of composition. */
export function entryBytesOfRun(flags: number): number {
  return [0x100, 0x200, 0x400, 0x800].reduce((sum, flag) => sum + (flags & flag ? 4 : 0), 0);
}

/** Bytes of `trun` between its count and its entries. */
export function headerBytesOfRun(flags: number): number {
  return (flags & 1 ? 4 : 0) + (flags & 4 ? 4 : 0);
}
