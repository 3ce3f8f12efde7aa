/**
 * Is it really a picture? Only a full decode tells, and only a strict one: reading the header accepts a file that was cut
 * in half, and a lenient decoder paints the missing half grey. So every picture is decoded once, here, with `failOn:
 * 'warning'`; the thumbnail and the face engine work on the pixels of that same decode. What the decoder gets is a clean
 * copy (jpeg.ts, png.ts), from which harmless faults are gone; so whatever it still complains about is missing rows.
 *
 * libvips, which sharp drives, can load some thirty formats. All but JPEG and PNG from memory are blocked for the whole
 * process, so that an SVG or a TIFF never reaches its parser, whatever it is called.
 *
 * This runs in a process of its own (inspector.ts), because a file may be made to take minutes or to crash the decoder.
 */
import sharp from 'sharp';
import type { Fault } from './fault';
import { cleanCopy, hasAllComponents, isSequential, type Jpeg, readJpeg, type Segment } from './jpeg';
import { hasAllSegments, trimmedSegments } from './jpeg-entropy';
import { readPng } from './png';
import { Corrupt, TooManyPixels, TooSmall, TrailingBytes, Truncated } from './refused';
import { MOST_TRAILING_BYTES, SMALLEST_SIDE } from './shape';

sharp.block({ operation: ['VipsForeignLoad'] });
sharp.unblock({ operation: ['VipsForeignLoadJpegBuffer', 'VipsForeignLoadPngBuffer'] });
// Every picture is another one: a cache would only grow.
sharp.cache(false);

/** Pixels as a viewer sees them: EXIF orientation applied, sRGB, three bytes each, row by row. */
export interface Upright {
  data: Buffer;
  width: number;
  height: number;
}

/** A picture of which all rows are there. */
export interface Image {
  /** Of the upright picture, in pixels. */
  width: number;
  height: number;
  /** How many bytes follow the end of the picture. */
  trailing: number;
  /** Harmless ones, in no order. */
  faults: Fault[];
  upright: Upright;
}

/** How wide thumbnails are, in pixels; narrower pictures are not enlarged. */
export const THUMBNAIL_WIDTH = 320;

/** A thumbnail is at most four times as high as it is wide; a JPEG can have 65,535 rows. */
const THUMBNAIL_HEIGHT = 4 * THUMBNAIL_WIDTH;

/**
 * Decodes a JPEG or PNG file completely.
 * @param file the whole file
 * @param kind what its first bytes show it to be
 * @param maxPixels pictures with more pixels are refused before they are decoded
 * @throws Truncated, TrailingBytes, TooComplex, TooManyPixels, TooSmall or Corrupt
 */
export async function decode(file: Buffer, kind: 'image/jpeg' | 'image/png', maxPixels: number): Promise<Image> {
  const { end, faults, pixels } = await (kind === 'image/jpeg' ? decodeJpeg : decodePng)(file, maxPixels);
  const trailing = end === undefined ? 0 : file.length - end;
  if (end !== undefined && trailing > MOST_TRAILING_BYTES) {
    if (!isPadding(file, end)) {
      throw new TrailingBytes(`${trailing} bytes follow the end of the picture; ${MOST_TRAILING_BYTES} are allowed.`);
    }
    faults.add('Padding');
  }
  return { width: pixels.width, height: pixels.height, trailing, faults: [...faults], upright: pixels };
}

interface Decoded {
  end: number | undefined;
  faults: Set<Fault>;
  pixels: Upright;
}

async function decodePng(file: Buffer, maxPixels: number): Promise<Decoded> {
  const { clean, end, faults } = readPng(file);
  const pixels = await orTruncated(end, file, () => strictPixels(clean, maxPixels));
  return { end, faults, pixels };
}

async function decodeJpeg(file: Buffer, maxPixels: number): Promise<Decoded> {
  const jpeg = readJpeg(file);
  const { end, faults } = jpeg;
  if (end === undefined && !hasAllComponents(jpeg)) throw cutOff(file);
  const pixels = await orTruncated(end, file, () => jpegPixels(jpeg, maxPixels));
  return { end, faults, pixels };
}

async function jpegPixels(jpeg: Jpeg, maxPixels: number): Promise<Upright> {
  try {
    return await wholePixels(jpeg, maxPixels);
  } catch (error) {
    const trimmed = error instanceof Corrupt ? trimmedSegments(jpeg) : undefined;
    if (!trimmed) throw error;
    const pixels = await wholePixels(jpeg, maxPixels, trimmed);
    jpeg.faults.add('ExtraBytes');
    return pixels;
  }
}

/** What no entropy-coded data of a picture would go on with. */
const NOISE = Buffer.from(Array.from({ length: 256 }, (_, i) => (i * 73 + 41) % 251));

/**
 * libvips looks for the decoder's warnings before it reads each eight lines, so it never sees those of the last eight:
 * whether these are there is found out here. A decoder that lacks data paints grey; with noise behind the data it paints
 * noise. Where all data is there, what follows makes no difference.
 */
async function wholePixels(jpeg: Jpeg, maxPixels: number, trimmed?: Segment[][]): Promise<Upright> {
  const pixels = await strictPixels(cleanCopy(jpeg, { trimmed }), maxPixels);
  // All scans of a progressive picture are read before its first line.
  if (!isSequential(jpeg)) return pixels;
  const isWhole = hasAllSegments(jpeg) && (!hasFlatCorner(pixels) || (await isSameWithNoise()));
  if (!isWhole) throw new Corrupt('The picture cannot be decoded: its last rows are missing.');
  return pixels;

  async function isSameWithNoise(): Promise<boolean> {
    const noisy = cleanCopy(jpeg, { trimmed, behind: NOISE });
    return pixels.data.equals((await decoded(noisy, 'none', maxPixels)).data);
  }
}

/** Whether one of the corners has only one colour: one of them is where the file's last block is, however it is turned. */
function hasFlatCorner({ data, width, height }: Upright): boolean {
  // As much of the last block as is surely inside the picture.
  const side = Math.min(width % 8 || 8, height % 8 || 8);
  const isFlat = (left: number, top: number): boolean => {
    const first = (top * width + left) * 3;
    for (let y = top; y < top + side; y++) {
      const row = (y * width + left) * 3;
      for (let i = 0; i < side * 3; i++) if (data[row + i] !== data[first + (i % 3)]) return false;
    }
    return true;
  };
  return [0, width - side].some((left) => [0, height - side].some((top) => isFlat(left, top)));
}

/** A file without an end that cannot be decoded lacks more than its end. */
async function orTruncated(end: number | undefined, file: Buffer, decoding: () => Promise<Upright>): Promise<Upright> {
  try {
    return await decoding();
  } catch (error) {
    throw end === undefined && error instanceof Corrupt ? cutOff(file) : error;
  }
}

function cutOff(file: Buffer): Truncated {
  return new Truncated(`The picture is cut off: its ${file.length} bytes end before the picture does.`);
}

function isPadding(file: Buffer, from: number): boolean {
  const first = file[from];
  for (let at = from; at < file.length; at++) if (file[at] !== first) return false;
  return true;
}

/** The upright picture as a JPEG of THUMBNAIL_WIDTH, without metadata: the camera's place and serial number stay out. */
export async function thumbnail(upright: Upright): Promise<Buffer> {
  const { data, width, height } = upright;
  return await sharp(data, { raw: { width, height, channels: 3 } })
    .resize({ width: THUMBNAIL_WIDTH, height: THUMBNAIL_HEIGHT, fit: 'inside', withoutEnlargement: true })
    .jpeg({ quality: 75 })
    .toBuffer();
}

async function strictPixels(file: Buffer, maxPixels: number): Promise<Upright> {
  const { width, height } = await orCorrupt(sharp(file, { limitInputPixels: false }).metadata());
  if (width * height > maxPixels) {
    throw new TooManyPixels(`The picture is ${width} x ${height}; ${maxPixels} pixels are allowed.`);
  }
  if (Math.min(width, height) < SMALLEST_SIDE) {
    throw new TooSmall(`The picture is ${width} x ${height}; each side must have ${SMALLEST_SIDE} pixels or more.`);
  }
  return await decoded(file, 'warning', maxPixels);
}

async function decoded(file: Buffer, failOn: 'none' | 'warning', limitInputPixels: number): Promise<Upright> {
  const { data, info } = await orCorrupt(
    sharp(file, { failOn, limitInputPixels })
      .autoOrient()
      .flatten()
      .toColourspace('srgb')
      .raw({ depth: 'uchar' })
      .toBuffer({ resolveWithObject: true }),
  );
  if (info.channels !== 3) throw new Corrupt(`The picture decodes to ${info.channels} channels of colour.`);
  return { data, width: info.width, height: info.height };
}

/** sharp reports what it finds wrong with a file as plain Errors, with libvips' lines as the message. */
async function orCorrupt<T>(decoding: Promise<T>): Promise<T> {
  try {
    return await decoding;
  } catch (error) {
    const said = error instanceof Error ? error.message : String(error);
    throw new Corrupt(`The picture cannot be decoded: ${said.replace(/\s+/g, ' ').trim().slice(0, 200)}`);
  }
}
