/**
 * Is it really a video? An MP4 file is a row of boxes (ISO 14496-12): `ftyp` first, `moov` with the tracks and a table of
 * where each frame lies, `mdat` with the frames. mp4box reads the tables; here they are held against the file: a video
 * with a width, a height and a duration, and every frame inside the file. Frames are not decoded: that takes a codec.
 */
import { createFile, MP4BoxBuffer } from 'mp4box';
import { MOST_TRAILING_BYTES, SMALLEST_SIDE } from './image';
import { Corrupt, NoVideo, TooManyPixels, TooSmall, TrailingBytes, Truncated } from './refused';

export interface Video {
  /** Of the first video track, in pixels. */
  width: number;
  height: number;
  /** In milliseconds. */
  duration: number;
  /** How many bytes follow the last box. */
  trailing: number;
}

/** Boxes that stand at the top of a file (ISO 14496-12, table 1): one of them that is not whole was cut off. */
const TOP_LEVEL = /^(ftyp|styp|moov|moof|mdat|mfra|meta|sidx|free|skip|wide|uuid)$/;

/** Checks an MP4 file as a container. Throws Truncated, Corrupt, NoVideo, TooManyPixels, TooSmall or TrailingBytes. */
export function checkVideo(file: Buffer, maxPixels: number): Video {
  const { end, hasMovie } = wholeBoxes(file);
  if (!hasMovie) throw new NoVideo('The file is an MP4 container without a "moov" box: it holds no video.');
  const { width, height, duration, framesEnd } = firstVideo(file.subarray(0, end));
  if (framesEnd > end) {
    throw new Truncated(`The video is cut off: its frames reach to byte ${framesEnd}, the file to ${file.length}.`);
  }
  if (width * height > maxPixels) {
    throw new TooManyPixels(`The video is ${width} x ${height}; ${maxPixels} pixels are allowed.`);
  }
  if (Math.min(width, height) < SMALLEST_SIDE) {
    throw new TooSmall(`The video is ${width} x ${height}; each side must have ${SMALLEST_SIDE} pixels or more.`);
  }
  const trailing = file.length - end;
  if (trailing > MOST_TRAILING_BYTES) {
    throw new TrailingBytes(`${trailing} bytes follow the end of the video; ${MOST_TRAILING_BYTES} are allowed.`);
  }
  return { width, height, duration, trailing };
}

/** Where the last box ends that lies wholly in the file, and whether `moov` is among them. */
function wholeBoxes(file: Buffer): { end: number; hasMovie: boolean } {
  let end = 0;
  let hasMovie = false;
  while (end + 8 <= file.length) {
    const next = end + boxSize(file, end);
    const type = file.toString('latin1', end + 4, end + 8);
    if (next > file.length) {
      if (TOP_LEVEL.test(type)) throw new Truncated(`The video is cut off inside its "${type}" box.`);
      break;
    }
    if (type === 'moov') hasMovie = true;
    end = next;
  }
  return { end, hasMovie };
}

/** Size 0 reaches to the end of the file, size 1 is followed by a size of eight bytes (ISO 14496-12, 4.2). */
function boxSize(file: Buffer, at: number): number {
  const size = file.readUInt32BE(at);
  if (size === 0) return file.length - at;
  if (size !== 1) return size < 8 ? Number.POSITIVE_INFINITY : size;
  if (at + 16 > file.length) return Number.POSITIVE_INFINITY;
  const large = Number(file.readBigUInt64BE(at + 8));
  return large < 16 ? Number.POSITIVE_INFINITY : large;
}

function firstVideo(file: Buffer): { width: number; height: number; duration: number; framesEnd: number } {
  const container = createFile();
  try {
    const bytes = new Uint8Array(file);
    container.appendBuffer(MP4BoxBuffer.fromArrayBuffer(bytes.buffer, 0), true);
    container.flush();
    const { tracks } = container.getInfo();
    const video = tracks.find((track) => track.type === 'video');
    const framesEnd = Math.max(
      0,
      ...tracks.map((track) =>
        container.getTrackSamplesInfo(track.id).reduce((far, sample) => Math.max(far, sample.offset + sample.size), 0),
      ),
    );
    if (video?.video && video.nb_samples > 0) {
      const { width, height } = video.video;
      const duration = Math.round((video.samples_duration / video.timescale) * 1000);
      if (width > 0 && height > 0 && duration > 0) return { width, height, duration, framesEnd };
    }
  } catch (error) {
    throw new Corrupt(`The video's tables cannot be read: ${error instanceof Error ? error.message : String(error)}`);
  }
  throw new NoVideo('The file is an MP4 container, but has no video track with a width, a height and a duration.');
}
