/**
 * Where a picture ends in its file. A decoder stops at the end of the picture and never looks at what follows, so a web
 * page or an archive behind a good picture passes it unseen; and some decoders fill up what is missing in grey.
 * Walking the file's own structure finds both. Only lengths and markers are read: the pixels are the decoder's to check.
 */

/** The first bytes of a PNG file (PNG specification, 5.2). */
export const PNG_SIGNATURE = Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]);

/**
 * The offset just behind the JPEG's end-of-image marker, or undefined when the file ends, or its structure breaks, before
 * one. By ITU-T T.81, B.1.1: markers are 0xFF and a code; most carry a length; entropy-coded data follows a start of
 * scan, and in it 0xFF 0x00 is data and 0xFF 0xD0 to 0xFF 0xD7 are restarts.
 */
export function endOfJpeg(file: Buffer): number | undefined {
  if (file[0] !== 0xff || file[1] !== 0xd8) return undefined;
  let at = 2;
  while (at + 1 < file.length) {
    if (file[at] !== 0xff) return undefined;
    const code = file[at + 1];
    if (code === 0xff) {
      at += 1; // a fill byte
    } else if (code === 0xd9) {
      return at + 2;
    } else {
      if (at + 4 > file.length) return undefined;
      const length = file.readUInt16BE(at + 2);
      if (length < 2) return undefined;
      at += 2 + length;
      if (code === 0xda) at = endOfScan(file, at);
    }
  }
  return undefined;
}

function endOfScan(file: Buffer, from: number): number {
  let at = from;
  for (;;) {
    at = file.indexOf(0xff, at);
    if (at < 0) return file.length;
    const code = file[at + 1];
    if (code === 0xff) at += 1;
    else if (code === 0x00 || (code !== undefined && code >= 0xd0 && code <= 0xd7)) at += 2;
    else return at;
  }
}

/**
 * The offset just behind the PNG's IEND chunk, or undefined when the file ends before one. A chunk is a length, four
 * letters, its data and a checksum (PNG specification, 5.3).
 */
export function endOfPng(file: Buffer): number | undefined {
  if (!file.subarray(0, 8).equals(PNG_SIGNATURE)) return undefined;
  let at = 8;
  while (at + 12 <= file.length) {
    const next = at + 12 + file.readUInt32BE(at);
    if (next > file.length) return undefined;
    if (file.toString('latin1', at + 4, at + 8) === 'IEND') return next;
    at = next;
  }
  return undefined;
}
