/** What an upload is, by its name, its size and its bytes. Looks at no pixel: that is image.ts, in a process of its own. */
import type { Fault } from './fault';
import type { Upright } from './image';
import { claimedKind, type Kind, shownKind } from './kind';
import { Empty, NotAnImage, TooLarge, UnknownKind, WrongExtension } from './refused';

/** What was found in an upload that is what it says it is. */
export interface Inspected {
  kind: Kind;
  /** In pixels; of the upright picture. */
  width: number;
  height: number;
  /** Of a video, in milliseconds: of the part that is there. */
  duration?: number;
  /** Of a video: `avc1.42001e`, or the four letters of another codec. */
  codec?: string;
  /** How many bytes follow the end of the picture or video. */
  trailing: number;
  /** What is wrong with the file, and harms nobody who looks at it. */
  faults: readonly Fault[];
  /** The decoded picture, where faces are looked for; absent for videos. */
  upright?: Upright;
  /** A JPEG of the picture, 320 pixels wide; absent for videos of which no frame can be decoded. */
  thumbnail?: Buffer;
}

/** How large an upload may be. */
export interface SizeLimits {
  /** Of a picture, in bytes. */
  maxBytes: number;
  /** Of a video, in bytes. */
  maxVideoBytes: number;
}

/**
 * What its name and size already say. Returns the kind that its name claims.
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
 * Whether a file's first bytes are those of what its name claims.
 * @param opening eight bytes or more, or the whole file
 * @throws NotAnImage or WrongExtension
 */
export function checkOpening(opening: Buffer, claimed: Kind): void {
  const kind = shownKind(opening);
  if (!kind) throw new NotAnImage('The file is neither JPEG nor PNG nor MP4: its first bytes are of something else.');
  if (kind !== claimed) throw new WrongExtension(`The file is ${kind}, but its name says otherwise.`);
}
