/** Checks an upload's name, size and first bytes. Its pixels are checked in image.ts, in a separate process. */
import type { Fault } from './fault';
import type { Upright } from './image';
import { claimedKind, type Kind, shownKind } from './kind';
import { Empty, NotAnImage, TooLarge, UnknownKind, WrongExtension } from './refused';

/** What was found in an upload that is what its name says. */
export interface Inspected {
  kind: Kind;
  /** Of the upright picture or video, in pixels. */
  width: number;
  height: number;
  /** Duration of the part of a video that is there, in ms. */
  duration?: number;
  /** Codec of a video: `avc1.42001e`, or the four letters of another codec. */
  codec?: string;
  /** Bytes after the end of the picture or video. */
  trailing: number;
  /** Harmless faults of the file. */
  faults: readonly Fault[];
  /** The decoded picture, if faces or labels are looked for; absent for videos. */
  upright?: Upright;
  /** A JPEG of the picture, 320 pixels wide; absent for videos without a decodable frame. */
  thumbnail?: Buffer;
}

/** The largest sizes of an upload. */
export interface SizeLimits {
  /** Of a picture, in bytes. */
  maxBytes: number;
  /** Of a video, in bytes. */
  maxVideoBytes: number;
}

/**
 * Checks an upload's name and size.
 *
 * @returns the kind that its extension claims.
 * @throws UnknownKind, Empty or TooLarge
 */
export function checkBeforeDownload(key: string, size: number, limits: SizeLimits): Kind {
  const kind = claimedKind(key);
  if (!kind) throw new UnknownKind('The name does not end in .jpg, .jpeg, .png or .mp4.');
  if (size === 0) throw new Empty('The file is empty.');
  const most = kind === 'video/mp4' ? limits.maxVideoBytes : limits.maxBytes;
  if (size > most) throw new TooLarge(`The file has ${size} bytes; ${most} are allowed.`);
  return kind;
}

/**
 * Checks that a file's first bytes are those of the kind that its name claims.
 *
 * @param opening eight bytes or more, or the whole file
 * @throws NotAnImage or WrongExtension
 */
export function checkOpening(opening: Buffer, claimed: Kind): void {
  const kind = shownKind(opening);
  if (!kind) throw new NotAnImage('The file is neither JPEG nor PNG nor MP4: its first bytes are of something else.');
  if (kind !== claimed) throw new WrongExtension(`The file is ${kind}, but its name says otherwise.`);
}
