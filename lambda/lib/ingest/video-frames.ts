/**
 * Makes the previews of a video: frames across it, one of them as its poster, all of them side by side in a small
 * strip, and larger copies of the poster and of frames with faces. Faces are looked for in the same frames.
 *
 * FFmpeg seeks in the video, so the upload is copied to a temporary file.
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

/** A frame, and the faces on it. */
export interface FilmFrame {
  /** In ms from the start of the video. */
  at: number;
  /** In pixels of the video. */
  faces: Face[];
}

/** What is kept of a video's frames. */
export interface Film {
  frames: FilmFrame[];
  /** The labels of the frames; `undefined` where no engine has looked. */
  labels: Label[] | undefined;
  /** Index of the frame that is the poster. */
  poster: number;
  /** Size of the upright video, in pixels, and a JPEG of the poster, as wide as other thumbnails. */
  shown: { width: number; height: number; thumbnail: Buffer };
  /** More JPEGs, by the ending of their keys. */
  files: Readonly<Record<string, Buffer>>;
}

/** The uploaded video. */
interface Video {
  bucket: string;
  key: string;
  etag: string;
  /** In pixels, as the video's tables have it. */
  width: number;
  height: number;
  /** In ms. */
  duration?: number | undefined;
}

/** The engines; undefined for one that is off. */
interface Engines {
  faces: FaceEngine | undefined;
  labels: LabelEngine | undefined;
}

/** Labels are looked for in 3 frames, evenly across the video. */
const LABELLED_FRAMES = 3;

/** Decodes frames of an uploaded video; `undefined` when no frame can be decoded, or the upload has changed. */
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

/** The part of a film that its event's item keeps. */
export function framesKept({ frames, poster }: Film): EventFilm {
  return { moments: frames.map(({ at }) => at), poster };
}

/**
 * The persons on a video: each once, with the frame that shows the person best. `picture` identifies event and content,
 * as for a picture. Each frame counts as a picture, so that the same person may be on all of them.
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

/** The tables have the size before the video is turned upright; its frames are turned. */
function upright({ width, height }: Video, frame: Upright): { width: number; height: number } {
  return width > height === frame.width > frame.height ? { width, height } : { width: height, height: width };
}

function scaled(box: Box, by: number): Box {
  const [x1, y1, x2, y2] = box;
  return [Math.round(x1 * by), Math.round(y1 * by), Math.round(x2 * by), Math.round(y2 * by)];
}

/** The index of the frame with the most faces; without faces, of the middle frame. */
function posterOf(frames: readonly FilmFrame[]): number {
  const most = Math.max(...frames.map(({ faces }) => faces.length));
  return most === 0 ? Math.floor(frames.length / 2) : frames.findIndex(({ faces }) => faces.length === most);
}

/** All frames side by side, the first on the left, as a JPEG. */
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
