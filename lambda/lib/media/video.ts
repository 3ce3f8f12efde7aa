/**
 * Checks that a file really is a video. An MP4 file is a row of boxes (ISO 14496-12): `moov` has the tracks and the
 * tables of where each frame is, `mdat` the frames; a fragmented file has a `moof` with its own tables before each
 * `mdat`. The tables are checked against the file: there must be a video with a width, a height and a duration, and its
 * frames must be inside the file. Frames are not decoded, which would take a codec.
 *
 * A file that was cut off is published as far as a player can play it: whole fragments, or the frames that `moov` lists
 * and the file has.
 */
import { type TopBox, TopBoxes } from './boxes';
import type { Fault } from './fault';
import { Corrupt, NoIndex, NoVideo, TooManyPixels, TooSmall, TrailingBytes, Truncated } from './refused';
import { extentOf, fragmentDefaults, fragmentOf, SampleBudget, type Track, tracksOf } from './sample-tables';
import { MOST_TRAILING_BYTES, SMALLEST_SIDE } from './shape';
import { checkCounts } from './table-counts';

/** A video that can be played, at least in part. */
export interface Video {
  /** Of the first video track, in pixels. */
  width: number;
  height: number;
  /** Duration of the part that is there, in ms. */
  duration: number;
  /** Codec of the first video track: for H.264 as RFC 6381 writes it (`avc1.42001e`), otherwise four letters. */
  codec: string;
  /** Bytes after the last box. */
  trailing: number;
  faults: Fault[];
}

/** Boxes at the top of a file (ISO 14496-12, table 1): such a box that is incomplete was cut off. */
const TOP_LEVEL = /^(ftyp|styp|moov|moof|mdat|mfra|meta|sidx|free|skip|wide|uuid|pnot)$/;

/** Checks an MP4 file as a container while its bytes pass by: `push` each piece, then call `result`. */
export class VideoCheck {
  readonly #top = new TopBoxes();

  /**
   * Reads the next piece of the file.
   *
   * @throws TooComplex
   */
  push(chunk: Buffer): void {
    this.#top.push(chunk);
  }

  /**
   * Judges the whole file. Call this at its end.
   *
   * @throws Truncated, Corrupt, NoVideo, NoIndex, TooComplex, TooManyPixels, TooSmall or TrailingBytes
   */
  result(maxPixels: number): Video {
    this.#top.end();
    const { boxes, length } = this.#top;
    const last = boxes.at(-1);
    const isCut = last !== undefined && last.start + last.size > length && TOP_LEVEL.test(last.type);
    const movie = boxes.find(({ type, content }) => type === 'moov' && content)?.content;
    if (!movie) throw this.#withoutMovie(isCut);
    for (const { content } of boxes) if (content) checkCounts(content);
    const { track, duration, isPartial, hasFrames } = measure(movie, boxes, length, isCut);
    if (!hasFrames && (isCut || isPartial)) {
      throw new Truncated(`The video is cut off: none of its frames is wholly in its ${length} bytes.`);
    }
    if (!track || !(track.width > 0 && track.height > 0 && duration > 0)) {
      throw new NoVideo('The file is an MP4 container, but has no video track with a width, a height and a duration.');
    }
    const { width, height, codec } = track;
    checkSides(width, height, maxPixels);
    const trailing = length - endOfBoxes(boxes, isCut, this.#top);
    if (trailing > MOST_TRAILING_BYTES) {
      throw new TrailingBytes(`${trailing} bytes follow the end of the video; ${MOST_TRAILING_BYTES} are allowed.`);
    }
    return { width, height, duration, codec, trailing, faults: isCut || isPartial ? ['CutOff'] : [] };
  }

  #withoutMovie(isCut: boolean): Error {
    const types = new Set(this.#top.boxes.map(({ type }) => type));
    // A picture in such a container (AVIF, HEIC) has its tables in "meta".
    if (types.has('mdat') && !types.has('meta')) {
      return new NoIndex('The recording was cut off before its index ("moov") was written; no player can play it.');
    }
    if (isCut) return new Truncated('The video is cut off before its tables.');
    return new NoVideo('The file is an MP4 container without a "moov" box: it holds no video.');
  }
}

function checkSides(width: number, height: number, maxPixels: number): void {
  if (width * height > maxPixels) {
    throw new TooManyPixels(`The video is ${width} x ${height}; ${maxPixels} pixels are allowed.`);
  }
  if (Math.min(width, height) < SMALLEST_SIDE) {
    throw new TooSmall(`The video is ${width} x ${height}; each side must have ${SMALLEST_SIDE} pixels or more.`);
  }
}

/** Offset of the end of the bytes that belong to the video. */
function endOfBoxes(boxes: readonly TopBox[], isCut: boolean, { length, garbageFrom = length }: TopBoxes): number {
  if (isCut) return length;
  const last = boxes.at(-1);
  return last && last.start + last.size > length ? last.start : garbageFrom;
}

/**
 * Measures the part of the first video track that is there.
 *
 * @throws Corrupt or TooComplex
 */
function measure(movie: Buffer, boxes: readonly TopBox[], length: number, isCut: boolean) {
  const budget = new SampleBudget();
  const tracks = tracksOf(movie);
  const track: Track | undefined = tracks.find(({ isVideo }) => isVideo);
  let units = 0;
  let isPartial = false;
  let hasFrames = false;
  for (const one of tracks) {
    const { claimed, samples, whole, duration } = extentOf(one, length, budget);
    if (claimed > length && !isCut) {
      throw new Corrupt(`The video claims frames of ${claimed} bytes; the whole file has ${length}.`);
    }
    if (whole < samples) isPartial = true;
    if (one !== track) continue;
    units += duration;
    hasFrames = whole > 0;
  }
  const defaults = fragmentDefaults(movie);
  for (const { type, content, start } of boxes) {
    if (type !== 'moof' || !content) continue;
    const { end, durations } = fragmentOf(content, start, defaults, budget);
    // A player stops at the first fragment that is incomplete. The others are read all the same, because they count as
    // samples.
    isPartial ||= end > length;
    const lasts = track ? durations.get(track.id) : undefined;
    if (lasts === undefined || isPartial) continue;
    units += lasts;
    hasFrames = true;
  }
  if (track && track.timescale === 0) throw new Corrupt('The video has no unit of time.');
  return { track, duration: track ? Math.round((units / track.timescale) * 1000) : 0, isPartial, hasFrames };
}
