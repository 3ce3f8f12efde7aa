/**
 * Checks that a file really is a picture, which only a full and strict decode can tell: reading the header accepts a
 * file that was cut in half, and a lenient decoder paints the missing half grey. So every picture is decoded once,
 * here, with `failOn: 'warning'`; the thumbnail and the face engine use the same pixels. The decoder gets a clean copy
 * (jpeg.ts, png.ts) without harmless faults, so any complaint that is left means missing rows.
 *
 * libvips, which sharp uses, can load some thirty formats. All but JPEG and PNG from memory are blocked for the whole
 * process, so that an SVG or a TIFF never reaches its parser, whatever its name.
 *
 * This runs in a separate process (inspector.ts), because a file may be made to take minutes or to crash the decoder.
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
// Every picture is different: a cache would only grow.
sharp.cache(false);

/** The pixels as a viewer sees them: EXIF orientation applied, sRGB, three bytes each, row by row. */
export interface Upright {
  data: Buffer;
  width: number;
  height: number;
}

/** A picture that has all its rows. */
export interface Image {
  /** Of the upright picture, in pixels. */
  width: number;
  height: number;
  /** Bytes after the end of the picture. */
  trailing: number;
  /** Harmless faults, in no order. */
  faults: Fault[];
  upright: Upright;
}

/** Width of thumbnails, in pixels; narrower pictures are not enlarged. */
export const THUMBNAIL_WIDTH = 320;

/** A thumbnail is at most four times as high as wide: a JPEG can have 65,535 rows. In pixels. */
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

/** Bytes that the entropy-coded data of no picture would continue with. */
const NOISE = Buffer.from(Array.from({ length: 256 }, (_, i) => (i * 73 + 41) % 251));

/**
 * Decodes a picture and makes sure that its last rows are there. libvips looks for the decoder's warnings before each
 * eight lines, and so never sees those of the last eight. A decoder that lacks data paints grey; with noise behind the
 * data it paints noise. Where all data is there, the bytes behind it make no difference.
 *
 * @throws Corrupt if rows are missing.
 */
async function wholePixels(jpeg: Jpeg, maxPixels: number, trimmed?: Segment[][]): Promise<Upright> {
  const pixels = await strictPixels(cleanCopy(jpeg, { trimmed }), maxPixels);
  // A progressive picture's scans are all read before its first line.
  if (!isSequential(jpeg)) return pixels;
  const isWhole = hasAllSegments(jpeg) && (!hasFlatCorner(pixels) || (await isSameWithNoise()));
  if (!isWhole) throw new Corrupt('The picture cannot be decoded: its last rows are missing.');
  return pixels;

  async function isSameWithNoise(): Promise<boolean> {
    const noisy = cleanCopy(jpeg, { trimmed, behind: NOISE });
    return pixels.data.equals((await decoded(noisy, 'none', maxPixels)).data);
  }
}

/**
 * Whether one of the corners has only one colour. One of the corners is in the file's last block, however it is turned.
 */
function hasFlatCorner({ data, width, height }: Upright): boolean {
  // The part of the last block that is certainly inside the picture, in pixels.
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

/** If a file without an end cannot be decoded, more than its end is missing: turns a `Corrupt` into a `Truncated`. */
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

/** The picture as a JPEG of `THUMBNAIL_WIDTH`. Without metadata: the camera's place and serial number stay private. */
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

/** Turns an error of sharp, which is a plain `Error` with libvips' lines as its message, into a `Corrupt`. */
async function orCorrupt<T>(decoding: Promise<T>): Promise<T> {
  try {
    return await decoding;
  } catch (error) {
    const said = error instanceof Error ? error.message : String(error);
    throw new Corrupt(`The picture cannot be decoded: ${said.replace(/\s+/g, ' ').trim().slice(0, 200)}`);
  }
}
