/**
 * Reads the one thing that is needed of a picture's EXIF, its orientation, and hands only a minimal EXIF block with
 * that number to the decoder: a directory of thousands of entries that point at each other costs a full EXIF reader
 * many seconds.
 */

/** Bytes before the TIFF block in a JPEG's APP1 segment (EXIF 2.32, 4.7.2). */
export const EXIF_HEADER = Buffer.from('Exif\0\0', 'latin1');

const ORIENTATION = 0x0112;
const SHORT = 3;
const ENTRY_BYTES = 12;

/**
 * The orientation, 1 to 8, in the first directory of a TIFF block; 1 (upright) where there is none. Reads each entry of
 * that directory once, and no other directory.
 */
export function orientationOf(tiff: Buffer): number {
  if (tiff.length < 8) return 1;
  const order = tiff.toString('latin1', 0, 2);
  if (order !== 'II' && order !== 'MM') return 1;
  const u16 = (at: number) => (order === 'II' ? tiff.readUInt16LE(at) : tiff.readUInt16BE(at));
  const directory = order === 'II' ? tiff.readUInt32LE(4) : tiff.readUInt32BE(4);
  if (directory + 2 > tiff.length) return 1;
  const entries = Math.min(u16(directory), Math.floor((tiff.length - directory - 2) / ENTRY_BYTES));
  for (let i = 0; i < entries; i++) {
    const at = directory + 2 + i * ENTRY_BYTES;
    if (u16(at) !== ORIENTATION || u16(at + 2) !== SHORT) continue;
    const value = u16(at + 8);
    return value >= 1 && value <= 8 ? value : 1;
  }
  return 1;
}

/** A TIFF block with this orientation and nothing else. */
export function minimalTiff(orientation: number): Buffer {
  const tiff = Buffer.alloc(26);
  tiff.write('MM\0*', 'latin1');
  tiff.writeUInt32BE(8, 4); // where the directory begins
  tiff.writeUInt16BE(1, 8); // its number of entries
  tiff.writeUInt16BE(ORIENTATION, 10);
  tiff.writeUInt16BE(SHORT, 12);
  tiff.writeUInt32BE(1, 14); // number of values
  tiff.writeUInt16BE(orientation, 18);
  return tiff;
}
