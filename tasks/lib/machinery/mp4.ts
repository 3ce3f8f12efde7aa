/**
 * The MP4 that FFmpeg's muxer writes for one H.264 track: `ftyp`, `free`, the frames in `mdat`, and at the end the
 * index, `moov` (ISO/IEC 14496-12).
 */

/** What the index has to know of a film. */
export interface Track {
  /** In pixels. */
  readonly width: number;
  readonly height: number;
  readonly framesPerSecond: number;
  /** NAL units. */
  readonly sps: Buffer;
  readonly pps: Buffer;
  /** Sizes of the frames in bytes, in their order, one behind the other. */
  readonly sizes: readonly number[];
  /** Which of them are key frames, from 1 on. */
  readonly keys: readonly number[];
}

/** What stands before the frames: the length of `mdat`, its last 8 bytes' first 4, is 0 until the film is finished. */
export const OPENING = Buffer.concat([
  box('ftyp', Buffer.from('isom'), u32(512), Buffer.from('isomiso2avc1mp41')),
  box('free'),
  Buffer.concat([u32(0), Buffer.from('mdat')]),
]);
/** Where the length of `mdat` stands. */
export const MDAT_AT = OPENING.length - 8;

const TIMESCALE = 12_800;
const IDENTITY = [0x10000, 0, 0, 0, 0x10000, 0, 0, 0, 0x40000000];
/** Units of time in a second for the movie as a whole: milliseconds. */
const MOVIE_TIMESCALE = 1000;
const UNDETERMINED_LANGUAGE = 0x55c4;

/** A NAL unit as it lies in `mdat`: its length, then itself. */
export function sample(unit: Buffer): Buffer {
  return Buffer.concat([u32(unit.length), unit]);
}

/** The index of a film whose frames begin behind `OPENING`. */
export function indexOf(track: Track): Buffer {
  const { width, height, framesPerSecond, sizes } = track;
  const perFrame = Math.round(TIMESCALE / framesPerSecond);
  const duration = Math.round((sizes.length * MOVIE_TIMESCALE) / framesPerSecond);
  const matrix = u32(...IDENTITY);
  const header = box(
    'mvhd',
    u32(0, 0, 0, MOVIE_TIMESCALE, duration, 0x10000),
    u16(0x100, 0),
    u32(0, 0),
    matrix,
    u32(0, 0, 0, 0, 0, 0, 2),
  );
  const trackHeader = box(
    'tkhd',
    u32(3, 0, 0, 1, 0, duration, 0, 0),
    u16(0, 0, 0, 0),
    matrix,
    u32(width * 0x10000, height * 0x10000),
  );
  const mediaHeader = box('mdhd', u32(0, 0, 0, TIMESCALE, sizes.length * perFrame), u16(UNDETERMINED_LANGUAGE, 0));
  const handler = box('hdlr', u32(0, 0), Buffer.from('vide'), u32(0, 0, 0), Buffer.from('VideoHandler\0'));
  const data = box('dinf', box('dref', u32(0, 1), box('url ', u32(1))));
  const information = box('minf', box('vmhd', u32(1, 0, 0)), data, tablesOf(track, perFrame));
  return box('moov', header, box('trak', trackHeader, box('mdia', mediaHeader, handler, information)));
}

function tablesOf({ width, height, sps, pps, sizes, keys }: Track, perFrame: number): Buffer {
  const configuration = box(
    'avcC',
    Buffer.concat([Buffer.from([1]), sps.subarray(1, 4), Buffer.from([0xff, 0xe1])]),
    u16(sps.length),
    sps,
    Buffer.from([1]),
    u16(pps.length),
    pps,
  );
  const entry = box(
    'avc1',
    Buffer.concat([u32(0), u16(0, 1), u32(0, 0, 0, 0), u16(width, height)]),
    u32(0x480000, 0x480000, 0),
    Buffer.concat([u16(1), Buffer.alloc(32), u16(24, 0xffff)]),
    configuration,
  );
  return box(
    'stbl',
    box('stsd', u32(0, 1), entry),
    box('stts', u32(0, 1, sizes.length, perFrame)),
    box('stss', u32(0, keys.length, ...keys)),
    box('stsc', u32(0, 1, 1, sizes.length, 1)),
    box('stsz', u32(0, 0, sizes.length, ...sizes)),
    box('stco', u32(0, 1, OPENING.length)),
  );
}

function box(type: string, ...content: readonly Buffer[]): Buffer {
  const length = content.reduce((sum, { length }) => sum + length, 8);
  return Buffer.concat([u32(length), Buffer.from(type, 'latin1'), ...content]);
}

function u32(...values: readonly number[]): Buffer {
  const bytes = Buffer.alloc(values.length * 4);
  for (const [at, value] of values.entries()) bytes.writeUInt32BE(value, at * 4);
  return bytes;
}

function u16(...values: readonly number[]): Buffer {
  const bytes = Buffer.alloc(values.length * 2);
  for (const [at, value] of values.entries()) bytes.writeUInt16BE(value, at * 2);
  return bytes;
}
