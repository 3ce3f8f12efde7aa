/**
 * The reasons why an upload is not published. A refusal is a fact about the uploaded object, for its owner to read: it is
 * recorded, and nothing is retried, because the same object would be refused again. Every other error is the cloud's own
 * (S3 or DynamoDB does not answer, a bug): it is thrown, and the notification is delivered again.
 */
export abstract class Refused extends Error {
  /** The reason's name in the table, in the logs and as a metric's dimension: the name of the class. */
  get reason(): string {
    return this.constructor.name;
  }
}

/** Its name does not end in .jpg, .jpeg, .png or .mp4. */
export class UnknownKind extends Refused {}

/** The licence of its account is suspended. */
export class Suspended extends Refused {}

/** It lies outside every account's folder. */
export class NoAccount extends Refused {}

/** It has no bytes. */
export class Empty extends Refused {}

/** It has more bytes than MAX_BYTES, or, as a video, than MAX_VIDEO_BYTES. */
export class TooLarge extends Refused {}

/** Its first bytes are those of no picture and no video that we publish. */
export class NotAnImage extends Refused {}

/** It is a picture or a video, but of another kind than its name says. */
export class WrongExtension extends Refused {}

/** It ends before its picture or video does. */
export class Truncated extends Refused {}

/** The decoder finds errors in it, or its tables contradict each other. */
export class Corrupt extends Refused {}

/** It has more pixels than MAX_PIXELS. */
export class TooManyPixels extends Refused {}

/** One of its sides is shorter than 32 pixels. */
export class TooSmall extends Refused {}

/** More follows the end of the picture than a camera leaves there. */
export class TrailingBytes extends Refused {}

/** It is an MP4 file in which no video with a width, a height and a duration is found. */
export class NoVideo extends Refused {}

/** It is a recording that was cut off before its index was written; no player can play it. */
export class NoIndex extends Refused {}

/** To decode it takes more time or memory than any camera's picture does. */
export class TooComplex extends Refused {}

/** It makes the decoder crash. */
export class Unreadable extends Refused {}

/** The device stored it so that it cannot be read: in an archive's storage class, or encrypted with a key of its own. */
export class Locked extends Refused {}

/** The account has as many cameras as it may have, and this upload names another one. */
export class TooManyInstances extends Refused {}

/** What the process that decodes pictures may say, by name. */
const OF_PICTURES = { Truncated, Corrupt, TooManyPixels, TooSmall, TrailingBytes, TooComplex };

/** A refusal of a picture under the name that another process gave it; undefined where that is the name of none. */
export function refusalNamed(reason: string, message: string): Refused | undefined {
  const [, Found] = Object.entries(OF_PICTURES).find(([name]) => name === reason) ?? [];
  return Found && new Found(message);
}
