/**
 * How the machinery writes a recording (kerberos-io/machinery, src/kerberos/machinery/io/IoVideo.cpp). Nothing is
 * renamed, and no player shows a recording before it is finished.
 *
 * - Any camera but the Pi's own: OpenCV's writer makes an MP4 under its final name. Frame follows frame; at the end
 *   FFmpeg puts in how long they are, and then the index.
 * - The Pi's camera encodes by itself: the raw stream goes to another directory, flushed at each frame. At the end it
 *   gets a symbolic link, and whoever looks for those turns it into an MP4, some seconds later and never during a
 *   recording.
 */
import { type FileHandle, open, readdir, readFile, readlink, symlink, unlink } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { H264Encoder, type Yuv } from './h264';
import { indexOf, MDAT_AT, OPENING, sample, type Track } from './mp4';

/** Ms between two key frames. */
const KEY_EVERY = 2000;
/** Ms between two writes that belong together: a reader may see the file in between. */
const PAUSE = 20;
const START_CODE = Buffer.from([0, 0, 0, 1]);
/** `nal_unit_type` of the NAL units that a film consists of. */
const UNIT = { key: 5, sps: 7, pps: 8 } as const;

/** A film's size in pixels, multiples of 16, and its frames in a second. */
export interface FilmFormat {
  readonly width: number;
  readonly height: number;
  readonly framesPerSecond: number;
}

/** A recording that goes on. */
export interface Recording {
  write(frame: Yuv): Promise<void>;
  /** Resolves when the file that was recorded has its last byte; with its path, if that is the event. */
  finish(): Promise<string | undefined>;
}

/** Frames as NAL units, one after the other. */
class Film {
  readonly encoder: H264Encoder;
  readonly #keyEvery: number;
  #frames = 0;

  constructor({ width, height, framesPerSecond }: FilmFormat) {
    this.encoder = new H264Encoder(width, height);
    this.#keyEvery = Math.round((framesPerSecond * KEY_EVERY) / 1000);
  }

  encode(frame: Yuv): Buffer {
    return this.encoder.encode(frame, this.#frames++ % this.#keyEvery === 0);
  }
}

/** Records as OpenCV does, into the MP4 at `path`. */
export async function recordWithOpenCv(path: string, format: FilmFormat): Promise<Recording> {
  const film = new Film(format);
  const file = await openMp4(path);
  const units: Buffer[] = [];
  return {
    write: async (frame) => {
      const unit = film.encode(frame);
      units.push(unit);
      await file.write(sample(unit));
    },
    finish: async () => {
      await finishMp4(file, { ...format, ...film.encoder, ...tableOf(units) });
      return path;
    },
  };
}

/** Records as the Pi's camera does, into the raw stream at `path`. The link to it lies in `symbols`. */
export async function recordOnBoard(path: string, symbols: string, format: FilmFormat): Promise<Recording> {
  const film = new Film(format);
  const { sps, pps } = film.encoder;
  const file = await open(path, 'w');
  await file.write(Buffer.concat([START_CODE, sps, START_CODE, pps]));
  return {
    write: async (frame) => void (await file.write(Buffer.concat([START_CODE, film.encode(frame)]))),
    finish: async () => {
      await symlink(path, join(symbols, basename(path)));
      await file.close();
      return undefined;
    },
  };
}

/**
 * Turns the raw streams that are linked to in `symbols` into MP4s in `directory`, as `ffmpeg -c copy` does, until
 * `isBusy`. Tells the path of each when it is finished.
 */
export async function convert(
  symbols: string,
  directory: string,
  format: FilmFormat,
  { isBusy, finished }: { isBusy: () => boolean; finished: (path: string) => Promise<void> },
): Promise<void> {
  for (const link of (await readdir(symbols)).filter((name) => name.endsWith('.h264')).sort()) {
    if (isBusy()) return;
    const raw = await readlink(join(symbols, link));
    const units = unitsOf(await readFile(raw));
    const path = join(directory, link.replace(/\.h264$/, '.mp4'));
    const sps = units.find((unit) => typeOf(unit) === UNIT.sps);
    const pps = units.find((unit) => typeOf(unit) === UNIT.pps);
    const frames = units.filter((unit) => unit !== sps && unit !== pps);
    if (sps !== undefined && pps !== undefined) {
      const file = await openMp4(path);
      for (const unit of frames) await file.write(sample(unit));
      await finishMp4(file, { ...format, sps, pps, ...tableOf(frames) });
      await finished(path);
    }
    await unlink(join(symbols, link));
    await unlink(raw);
  }
}

/** A whole film at once. */
export function filmOf(frames: readonly Yuv[], format: FilmFormat): Buffer {
  const film = new Film(format);
  const units = frames.map((frame) => film.encode(frame));
  const samples = Buffer.concat(units.map(sample));
  const opening = Buffer.from(OPENING);
  opening.writeUInt32BE(samples.length + 8, MDAT_AT);
  return Buffer.concat([opening, samples, indexOf({ ...format, ...film.encoder, ...tableOf(units) })]);
}

async function openMp4(path: string): Promise<FileHandle> {
  const file = await open(path, 'w');
  await file.write(OPENING);
  return file;
}

/** First how long the frames are, then the index behind them. */
async function finishMp4(file: FileHandle, track: Track): Promise<void> {
  const length = Buffer.alloc(4);
  const frames = track.sizes.reduce((sum, size) => sum + size, 0);
  length.writeUInt32BE(frames + 8);
  await file.write(length, 0, length.length, MDAT_AT);
  await wait(PAUSE);
  const index = indexOf(track);
  const half = index.length >> 1;
  await file.write(index, 0, half, OPENING.length + frames);
  await wait(PAUSE);
  await file.write(index, half, index.length - half, OPENING.length + frames + half);
  await file.close();
}

function tableOf(units: readonly Buffer[]): Pick<Track, 'sizes' | 'keys'> {
  return {
    sizes: units.map(({ length }) => length + 4),
    keys: units.flatMap((unit, at) => (typeOf(unit) === UNIT.key ? [at + 1] : [])),
  };
}

/** The NAL units of a raw stream. */
function unitsOf(stream: Buffer): Buffer[] {
  const units: Buffer[] = [];
  for (let at = stream.indexOf(START_CODE); at >= 0; ) {
    const next = stream.indexOf(START_CODE, at + 4);
    units.push(stream.subarray(at + 4, next < 0 ? stream.length : next));
    at = next;
  }
  return units;
}

function typeOf(unit: Buffer): number {
  return (unit[0] ?? 0) & 31;
}
