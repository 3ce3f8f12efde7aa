import { PNG_SIGNATURE } from './png';

/** The kinds of files that are published, as their Content-Type. */
export type Kind = 'image/jpeg' | 'image/png' | 'video/mp4';

const BY_EXTENSION: Readonly<Record<string, Kind>> = {
  '.jpg': 'image/jpeg',
  '.jpeg': 'image/jpeg',
  '.png': 'image/png',
  '.mp4': 'video/mp4',
};

/**
 * Types of the first box of an MP4 file, after four bytes of length: "ftyp" by ISO 14496-12, 4.3; QuickTime and some
 * cameras begin with others. The uploader on the Pi has the same list (tasks/lib/upload/complete.ts).
 */
const OPENING_BOXES: ReadonlySet<string> = new Set(['ftyp', 'styp', 'moov', 'mdat', 'free', 'skip', 'wide', 'pnot']);

/** The kind that a key's extension claims; undefined for any other extension. */
export function claimedKind(key: string): Kind | undefined {
  return BY_EXTENSION[/\.[^./]*$/.exec(key)?.[0].toLowerCase() ?? ''];
}

/** The kind that a file's first bytes show; `undefined` if it is none of ours. */
export function shownKind(file: Buffer): Kind | undefined {
  if (file[0] === 0xff && file[1] === 0xd8 && file[2] === 0xff) return 'image/jpeg';
  if (file.subarray(0, PNG_SIGNATURE.length).equals(PNG_SIGNATURE)) return 'image/png';
  if (OPENING_BOXES.has(file.toString('latin1', 4, 8))) return 'video/mp4';
  return undefined;
}
