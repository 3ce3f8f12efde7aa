/** Reads and inspects an upload. A video is checked while its bytes pass by; a picture is held in memory once. */
import { createHash, type Hash } from 'node:crypto';
import { checkBeforeDownload, checkOpening, type Inspected } from '../media/inspect';
import type { Inspector } from '../media/inspector';
import { VideoCheck } from '../media/video';
import type { Settings } from '../settings';
import type { OpenUpload, Upload } from './bucket';

/** What the inspection needs. */
export interface Inspecting {
  settings: Pick<Settings, 'maxBytes' | 'maxVideoBytes' | 'maxPixels'>;
  inspector: Inspector;
  /** Undefined when faces are off. Without faces and labels, the pixels are not needed. */
  faces: object | undefined;
  labels: object | undefined;
}

/**
 * Reads and inspects an upload.
 *
 * @param key its extension claims the kind
 * @param checkFirst runs before the bytes are read
 * @throws Refused if the upload is refused.
 * @throws any error of the connection to S3, or of `checkFirst`.
 */
export async function inspectUpload(
  opened: OpenUpload,
  key: string,
  { settings, inspector, faces, labels }: Inspecting,
  checkFirst: () => Promise<void> = async () => {},
): Promise<{ object: Upload; found: Inspected }> {
  const { etag, metadata, size } = opened;
  try {
    // If the object was replaced, its size differs from the notification's.
    const kind = checkBeforeDownload(key, size, settings);
    await checkFirst();
    const hash = createHash('sha256');
    const { maxPixels } = settings;
    if (kind === 'video/mp4') {
      const video = await readVideo(opened.pieces, hash);
      const found = { kind, ...video.result(maxPixels) };
      return { object: { etag, metadata, size, sha256: hash.digest('hex') }, found };
    }
    const file = await readAll(opened.pieces, hash);
    checkOpening(file, kind);
    const found = await inspector.inspect({ file, kind, maxPixels, wantsPixels: (faces ?? labels) !== undefined });
    return { object: { etag, metadata, size, sha256: hash.digest('hex') }, found };
  } finally {
    opened.close();
  }
}

async function readVideo(pieces: AsyncIterable<Buffer>, hash: Hash): Promise<VideoCheck> {
  const video = new VideoCheck();
  let opening: Buffer | undefined = Buffer.alloc(0);
  for await (const piece of pieces) {
    hash.update(piece);
    video.push(piece);
    if (opening === undefined) continue;
    opening = Buffer.concat([opening, piece]);
    if (opening.length < 8) continue;
    checkOpening(opening, 'video/mp4');
    opening = undefined;
  }
  if (opening !== undefined) checkOpening(opening, 'video/mp4');
  return video;
}

async function readAll(pieces: AsyncIterable<Buffer>, hash: Hash): Promise<Buffer> {
  const all: Buffer[] = [];
  for await (const piece of pieces) {
    hash.update(piece);
    all.push(piece);
  }
  return Buffer.concat(all);
}
