import { decode, type Upright } from './image';
import { claimedKind, type Kind, shownKind } from './kind';
import { Empty, NotAnImage, TooLarge, UnknownKind, WrongExtension } from './refused';
import { checkVideo } from './video';

/** What was found in an upload that is what it says it is. */
export interface Inspected {
  kind: Kind;
  /** In pixels; of the upright picture. */
  width: number;
  height: number;
  /** Of a video, in milliseconds. */
  duration?: number;
  /** How many bytes follow the end of the picture or video. */
  trailing: number;
  /** The decoded picture; absent for videos. */
  upright?: Upright;
}

/** What its name and size already say. Throws UnknownKind, Empty or TooLarge. */
export function checkBeforeDownload(key: string, size: number, maxBytes: number): void {
  if (!claimedKind(key)) throw new UnknownKind('The name does not end in .jpg, .jpeg, .png or .mp4.');
  if (size === 0) throw new Empty('The file is empty.');
  if (size > maxBytes) throw new TooLarge(`The file has ${size} bytes; ${maxBytes} are allowed.`);
}

/** Looks at the whole file. Throws a Refused that says what is wrong with it (see refused.ts). */
export async function inspect(file: Buffer, key: string, maxPixels: number): Promise<Inspected> {
  const kind = shownKind(file);
  if (!kind) throw new NotAnImage('The file is neither JPEG nor PNG nor MP4: its first bytes are of something else.');
  if (kind !== claimedKind(key)) throw new WrongExtension(`The file is ${kind}, but its name says otherwise.`);
  if (kind === 'video/mp4') return { kind, ...checkVideo(file, maxPixels) };
  return { kind, ...(await decode(file, kind, maxPixels)) };
}
