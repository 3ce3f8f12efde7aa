/**
 * A reason why an upload is not published. A refusal is a fact about the uploaded object, for its owner to read: it is
 * recorded and not retried, because the same object would be refused again. Any other error is the cloud's own (S3 or
 * DynamoDB does not answer, a bug): it is thrown, and the notification is delivered again.
 */
export abstract class Refused extends Error {
  /** The name of the class: names the reason in the table, in the logs, and as a metric's dimension. */
  get reason(): string {
    return this.constructor.name;
  }
}

/** The name does not end in .jpg, .jpeg, .png or .mp4. */
export class UnknownKind extends Refused {}

/** The licence of the account is suspended. */
export class Suspended extends Refused {}

/** The upload is outside every account's folder. */
export class NoAccount extends Refused {}

/** The file is empty. */
export class Empty extends Refused {}

/** The file has more bytes than MAX_BYTES, or for a video, than MAX_VIDEO_BYTES. */
export class TooLarge extends Refused {}

/** The first bytes are those of no picture and no video that is published. */
export class NotAnImage extends Refused {}

/** The file is of another kind than its name says. */
export class WrongExtension extends Refused {}

/** The file ends before its picture or video does. */
export class Truncated extends Refused {}

/** The decoder finds errors, or the tables contradict each other. */
export class Corrupt extends Refused {}

/** The picture has more pixels than MAX_PIXELS. */
export class TooManyPixels extends Refused {}

/** A side is shorter than 32 pixels. */
export class TooSmall extends Refused {}

/** More bytes follow the end of the picture than a camera leaves there. */
export class TrailingBytes extends Refused {}

/** The MP4 file has no video with a width, a height and a duration. */
export class NoVideo extends Refused {}

/** The recording was cut off before its index was written, so no player can play it. */
export class NoIndex extends Refused {}

/** Decoding takes more time or memory than for any camera's picture. */
export class TooComplex extends Refused {}

/** The file crashes the decoder. */
export class Unreadable extends Refused {}

/**
 * The device stored the file so that it cannot be read: in an archive's storage class, or encrypted with its own key.
 */
export class Locked extends Refused {}

/** The account has as many cameras as it may have, and this upload names another one. */
export class TooManyInstances extends Refused {}

/** The refusals that the decoding process may report, by name. */
const OF_PICTURES = { Truncated, Corrupt, TooManyPixels, TooSmall, TrailingBytes, TooComplex };

/** The refusal that another process named; `undefined` for an unknown name. */
export function refusalNamed(reason: string, message: string): Refused | undefined {
  const [, Found] = Object.entries(OF_PICTURES).find(([name]) => name === reason) ?? [];
  return Found && new Found(message);
}
