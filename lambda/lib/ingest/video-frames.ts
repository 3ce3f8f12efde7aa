/**
 * What is shown of a video before it is played: frames across it, one of them as its poster, all of them side by side in
 * one small strip, and larger those that are the poster or show a face. The faces are looked for in the same frames.
 *
 * FFmpeg reads the video from a file, as it jumps to and fro in it: the upload is brought there for the time being.
 */
import { createWriteStream } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import type { S3Client } from '@aws-sdk/client-s3';
import sharp from 'sharp';
import type { Box, Face, FaceEngine } from '../faces/engine';
import { distinctLabels, type Label, type LabelEngine } from '../labels/engine';
import { type Frame, framesOf, momentsOf } from '../media/frames';
import { thumbnail, type Upright } from '../media/image';
import type { EventFace, EventFilm, PublishedEvent } from '../table/event-item';
import { openUpload } from './bucket';
import type { People } from './people';

/** Width of one frame in the strip, in pixels. */
const STRIP_WIDTH = 160;

/** A frame with the faces in it. */
export interface FilmFrame {
  /** In milliseconds from the start. */
  at: number;
  /** In pixels of the video. */
  faces: Face[];
}

/** What is kept of a video's frames. */
export interface Film {
  frames: FilmFrame[];
  /** What is on them beside faces; undefined where nobody has looked. */
  labels: Label[] | undefined;
  /** Which frame is the poster. */
  poster: number;
  /** Of the upright video, in pixels, and a JPEG of the poster, as wide as other thumbnails. */
  shown: { width: number; height: number; thumbnail: Buffer };
  /** Further JPEGs, by what their keys end in. */
  files: Readonly<Record<string, Buffer>>;
}

/** What of an upload is looked at. */
interface Video {
  bucket: string;
  key: string;
  etag: string;
  /** As its tables say, in pixels. */
  width: number;
  height: number;
  /** In milliseconds. */
  duration?: number | undefined;
}

/** What looks at frames; undefined what is off. */
interface Engines {
  faces: FaceEngine | undefined;
  labels: LabelEngine | undefined;
}

/** Labels are looked for in so many frames, evenly across the video. */
const LABELLED_FRAMES = 3;

/** Decodes frames of an uploaded video; undefined when none can be, or when the upload has changed. */
export async function filmOf(s3: S3Client, engines: Engines, video: Video): Promise<Film | undefined> {
  const directory = await mkdtemp(join(tmpdir(), 'kerberos-video-'));
  try {
    const path = join(directory, 'video');
    const opened = await openUpload(s3, video.bucket, video.key);
    if (opened?.etag !== video.etag) {
      opened?.close();
      return undefined;
    }
    await pipeline(opened.pieces, createWriteStream(path));
    const frames = await framesOf({ path, moments: momentsOf(video.duration ?? 0) });
    return await filmFrom(frames, engines, video);
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
}

async function filmFrom(decoded: readonly Frame[], engines: Engines, video: Video): Promise<Film | undefined> {
  const [first] = decoded;
  if (!first) return undefined;
  const { width, height } = upright(video, first.picture);
  const frames: FilmFrame[] = [];
  for (const { at, picture } of decoded) {
    const faces = engines.faces ? await engines.faces.detect(picture) : [];
    frames.push({ at, faces: faces.map((face) => ({ ...face, box: scaled(face.box, width / picture.width) })) });
  }
  const poster = posterOf(frames);
  const files: Record<string, Buffer> = { '.frames.jpg': await strip(decoded.map(({ picture }) => picture)) };
  for (const [i, { picture }] of decoded.entries()) {
    if (i === poster || frames[i]?.faces.length) files[`.frame-${i}.jpg`] = await jpeg(picture);
  }
  const shown = decoded[poster] ?? first;
  const labels = await labelsOf(engines.labels, decoded);
  return { frames, labels, poster, shown: { width, height, thumbnail: await thumbnail(shown.picture) }, files };
}

/** What of a film its event's item says. */
export function framesKept({ frames, poster }: Film): EventFilm {
  return { moments: frames.map(({ at }) => at), poster };
}

/**
 * Who is on a video: each person once, by the frame that tells it best. `picture` names event and content, as for
 * a picture; each frame is one of its own, so that the same person may be on all of them.
 */
export async function peopleOf(
  people: People | undefined,
  account: string,
  picture: string,
  { frames }: Film,
): Promise<Pick<PublishedEvent, 'faces' | 'facesAside'>> {
  const best = new Map<string, EventFace>();
  let aside = 0;
  for (const [frame, { faces }] of frames.entries()) {
    if (!people || faces.length === 0) continue;
    const recognised = await people.recognise(account, `${picture}f${frame}`, faces);
    aside += recognised.aside;
    for (const face of recognised.faces) {
      const before = best.get(face.person);
      if (!before || isBetter(face, before)) best.set(face.person, { ...face, frame });
    }
  }
  return { faces: [...best.values()], facesAside: aside || undefined };
}

async function labelsOf(engine: LabelEngine | undefined, frames: readonly Frame[]): Promise<Label[] | undefined> {
  if (!engine) return undefined;
  const step = Math.max(1, Math.floor(frames.length / LABELLED_FRAMES));
  const found: Label[] = [];
  for (const { picture } of frames.filter((_, i) => i % step === step >> 1).slice(0, LABELLED_FRAMES)) {
    found.push(...(await engine.detect(picture)));
  }
  return distinctLabels(found);
}

function isBetter(face: EventFace, than: EventFace): boolean {
  return face.sure === than.sure ? face.score > than.score : face.sure;
}

/** The tables tell the sides before the video is turned upright; its frames are turned. */
function upright({ width, height }: Video, frame: Upright): { width: number; height: number } {
  return width > height === frame.width > frame.height ? { width, height } : { width: height, height: width };
}

function scaled(box: Box, by: number): Box {
  const [x1, y1, x2, y2] = box;
  return [Math.round(x1 * by), Math.round(y1 * by), Math.round(x2 * by), Math.round(y2 * by)];
}

/** The frame with the most faces; where there are none, the one in the middle. */
function posterOf(frames: readonly FilmFrame[]): number {
  const most = Math.max(...frames.map(({ faces }) => faces.length));
  return most === 0 ? Math.floor(frames.length / 2) : frames.findIndex(({ faces }) => faces.length === most);
}

/** All frames side by side, from the first on the left. */
async function strip(pictures: readonly Upright[]): Promise<Buffer> {
  const [{ width, height } = { width: 1, height: 1 }] = pictures;
  const side = { width: STRIP_WIDTH, height: Math.max(1, Math.round((STRIP_WIDTH * height) / width)) };
  const small = await Promise.all(
    pictures.map((picture) =>
      raw(picture)
        .resize({ ...side, fit: 'fill' })
        .raw()
        .toBuffer(),
    ),
  );
  const create = { width: side.width * small.length, height: side.height, channels: 3 as const, background: 'black' };
  return await sharp({ create })
    .composite(small.map((input, i) => ({ input, raw: { ...side, channels: 3 }, left: i * side.width, top: 0 })))
    .jpeg({ quality: 60 })
    .toBuffer();
}

async function jpeg(picture: Upright): Promise<Buffer> {
  return await raw(picture).jpeg({ quality: 80 }).toBuffer();
}

function raw({ data, width, height }: Upright) {
  return sharp(data, { raw: { width, height, channels: 3 } });
}
