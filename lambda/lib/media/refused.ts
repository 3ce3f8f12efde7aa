/**
 * Why an upload is not published. A refusal is a fact about the uploaded object, for its owner to read: it is recorded,
 * and the same object would be refused again, so nothing is retried. Every other error is ours (S3 or DynamoDB is away,
 * a bug): it is thrown on, and the event is delivered again.
 */
export abstract class Refused extends Error {
  /** What the reason is called in the table, in the logs and as a metric's dimension: the name of the class. */
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

/** It has more bytes than MAX_BYTES. */
export class TooLarge extends Refused {}

/** Its first bytes are those of no picture and no video that we publish. */
export class NotAnImage extends Refused {}

/** It is a picture or a video, but of another kind than its name says. */
export class WrongExtension extends Refused {}

/** It ends before its picture or video does. */
export class Truncated extends Refused {}

/** The decoder finds errors in it. */
export class Corrupt extends Refused {}

/** It has more pixels than MAX_PIXELS. */
export class TooManyPixels extends Refused {}

/** One of its sides is shorter than 32 pixels. */
export class TooSmall extends Refused {}

/** More follows the end of the picture than a camera leaves there. */
export class TrailingBytes extends Refused {}

/** It is an MP4 file in which no video with a width, a height and a duration is found. */
export class NoVideo extends Refused {}
