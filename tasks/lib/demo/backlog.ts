/** What waits in the capture directories when the demo begins, as if nobody had uploaded it for days. */
import { readFile, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { decode, encode } from 'jpeg-js';
import { DEFAULT_FILE_FORMAT } from '../event-name';
import { eventNameOf } from '../machinery/machinery';
import { filmOf } from '../machinery/recording';
import { jpegOf, type Moment, pixelsOf, yuvOf } from '../machinery/scene';
import type { DemoInstance } from './instance';

/** Pictures of the one camera, and films of the other. */
const PICTURES = 24;
const FILMS = 3;
/** Ms between two visits: ten hours, so that they are at all times of day. */
const VISIT_EVERY = 36_000_000;
const PICTURE = { width: 640, height: 480 };
const FILM = { width: 320, height: 240, framesPerSecond: 10 };
/** Of a film in the backlog. */
const FRAMES = 10;
const QUALITY = 75;
/** A photograph of somebody, in the public domain. */
const VISITOR = join(__dirname, '..', '..', '..', 'test', 'fixtures', 'astronaut.jpg');

/** Leaves the backlog of both cameras, until `signal` aborts. How many files it is. */
export async function leaveBacklog(instance: DemoInstance, signal: AbortSignal): Promise<number> {
  const left =
    instance.name === 'frontdoor' ? await leavePictures(instance, signal) : await leaveFilms(instance, signal);
  return signal.aborted ? left : left + (await leaveVisitor(instance));
}

/** Somebody crosses in four pictures, then nobody for ten hours. */
async function leavePictures(instance: DemoInstance, signal: AbortSignal): Promise<number> {
  for (let index = 0; index < PICTURES; index++) {
    if (signal.aborted) return index;
    const time = visitAt(Math.floor((PICTURES - 1 - index) / 4), (3 - (index % 4)) * 2000);
    const moment = momentAt(instance, time, (index % 4) / 4, PICTURE);
    await leave(instance, jpegOf(moment), time, moment);
  }
  return PICTURES;
}

async function leaveFilms(instance: DemoInstance, signal: AbortSignal): Promise<number> {
  for (let index = 0; index < FILMS; index++) {
    if (signal.aborted) return index;
    const time = visitAt(index, 0);
    const moments = Array.from({ length: FRAMES }, (_, at) => momentAt(instance, time, at / FRAMES, FILM));
    const frames = moments.map((moment) => yuvOf({ ...moment, data: pixelsOf(moment) }));
    await leave(instance, filmOf(frames, FILM), time, momentAt(instance, time, 0, FILM));
  }
  return FILMS;
}

/**
 * At the front door two pictures of a visitor, the photograph and the same darker, as at dusk, and one that is no use
 * to anybody, of 16 x 16 pixels, which the cloud refuses. In the garden a film of the visitor, and a picture from when
 * that camera still hung on its side: the cloud takes a face that lies for somebody else, so its owner has two persons
 * to merge.
 */
async function leaveVisitor(instance: DemoInstance): Promise<number> {
  const photograph = await readFile(VISITOR);
  const seen = decode(photograph);
  const { width, height, data } = seen;
  const jpeg = (pixels: Pixels) => encode(pixels, QUALITY).data;
  const dusk = data.map((value, index) => (index % 4 === 3 ? value : value * 0.7));
  const useless = { width: 16, height: 16, data: Buffer.alloc(16 * 16 * 4, 99) };
  const files =
    instance.name === 'frontdoor'
      ? [photograph, jpeg({ width, height, data: dusk }), jpeg(useless)]
      : [filmOf(Array(FRAMES).fill(yuvOf(seen)), { ...FILM, width, height }), jpeg(turned(seen))];
  for (const [index, bytes] of files.entries()) {
    const time = new Date(Date.now() - (files.length - index) * 60_000);
    await leave(instance, bytes, time, momentAt(instance, time, 0, { width, height }));
  }
  return files.length;
}

/** RGBA, row by row. */
interface Pixels {
  readonly width: number;
  readonly height: number;
  readonly data: Uint8Array;
}

/** A picture that was turned by a quarter. */
function turned({ width, height, data }: Pixels): Pixels {
  const result = Buffer.alloc(data.length);
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      const from = (y * width + x) * 4;
      result.set(data.subarray(from, from + 4), (x * height + height - 1 - y) * 4);
    }
  }
  return { width: height, height: width, data: result };
}

function visitAt(visit: number, before: number): Date {
  return new Date(Date.now() - 600_000 - visit * VISIT_EVERY - before);
}

function momentAt(
  { name }: DemoInstance,
  time: Date,
  progress: number,
  { width, height }: { width: number; height: number },
): Moment {
  return { width, height, progress, time, isFrontDoor: name === 'frontdoor' };
}

async function leave({ capture, name }: DemoInstance, bytes: Uint8Array, time: Date, moment: Moment): Promise<void> {
  const isFilm = Buffer.from(bytes.subarray(4, 8)).toString('latin1') === 'ftyp';
  const format = isFilm ? DEFAULT_FILE_FORMAT.replace(/jpg$/, 'mp4') : DEFAULT_FILE_FORMAT;
  const path = join(capture, eventNameOf(format, { ...moment, instance: name }));
  await writeFile(path, bytes);
  await utimes(path, time, time);
}
