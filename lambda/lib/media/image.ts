/**
 * Is it really a picture? Only a full decode tells, and only a strict one: reading the header accepts a file that was cut
 * in half, and a lenient decoder paints the missing half grey. So every picture is decoded once, here, with `failOn:
 * 'warning'`; the thumbnail and the face engine work on the pixels of that same decode.
 *
 * libvips, which sharp drives, can load some thirty formats. All but JPEG and PNG from memory are blocked for the whole
 * process, so that an SVG or a TIFF never reaches its parser, whatever it is called.
 */
import sharp from 'sharp';
import { endOfJpeg, endOfPng } from './image-end';
import { Corrupt, TooManyPixels, TooSmall, TrailingBytes, Truncated } from './refused';

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

export interface Image {
  /** Of the upright picture, in pixels. */
  width: number;
  height: number;
  /** How many bytes follow the end of the picture. */
  trailing: number;
  upright: Upright;
}

/** A picture narrower than this shows nothing, and is smaller than the smallest face we look for. */
export const SMALLEST_SIDE = 32;

/** Cameras pad files to whole sectors and some add a few kilobytes of their own; more is something else. */
export const MOST_TRAILING_BYTES = 16 * 1024;

/** How wide thumbnails are, in pixels; narrower pictures are not enlarged. */
export const THUMBNAIL_WIDTH = 320;

/**
 * Decodes a JPEG or PNG file completely. Throws Truncated, TrailingBytes, TooManyPixels, TooSmall or Corrupt.
 * @param file the whole file
 * @param kind what its first bytes show it to be
 * @param maxPixels pictures with more pixels are refused before they are decoded
 */
export async function decode(file: Buffer, kind: 'image/jpeg' | 'image/png', maxPixels: number): Promise<Image> {
  const end = kind === 'image/jpeg' ? endOfJpeg(file) : endOfPng(file);
  if (end === undefined) {
    throw new Truncated(`The picture is cut off: its ${file.length} bytes end before the picture does.`);
  }
  const trailing = file.length - end;
  if (trailing > MOST_TRAILING_BYTES) {
    throw new TrailingBytes(`${trailing} bytes follow the end of the picture; ${MOST_TRAILING_BYTES} are allowed.`);
  }
  await checkSides(file, maxPixels);
  const upright = await pixels(file, maxPixels);
  return { width: upright.width, height: upright.height, trailing, upright };
}

/** The upright picture as a JPEG of THUMBNAIL_WIDTH, without metadata: the camera's place and serial number stay out. */
export async function thumbnail(upright: Upright): Promise<Buffer> {
  const { data, width, height } = upright;
  return await sharp(data, { raw: { width, height, channels: 3 } })
    .resize({ width: THUMBNAIL_WIDTH, withoutEnlargement: true })
    .jpeg({ quality: 75 })
    .toBuffer();
}

async function checkSides(file: Buffer, maxPixels: number): Promise<void> {
  const { width, height } = await orCorrupt(sharp(file, { limitInputPixels: false }).metadata());
  if (width * height > maxPixels) {
    throw new TooManyPixels(`The picture is ${width} x ${height}; ${maxPixels} pixels are allowed.`);
  }
  if (Math.min(width, height) < SMALLEST_SIDE) {
    throw new TooSmall(`The picture is ${width} x ${height}; each side must have ${SMALLEST_SIDE} pixels or more.`);
  }
}

async function pixels(file: Buffer, maxPixels: number): Promise<Upright> {
  const { data, info } = await orCorrupt(
    sharp(file, { failOn: 'warning', limitInputPixels: maxPixels })
      .autoOrient()
      .flatten()
      .toColourspace('srgb')
      .raw({ depth: 'uchar' })
      .toBuffer({ resolveWithObject: true }),
  );
  if (info.channels !== 3) throw new Error(`sharp decoded to ${info.channels} channels where 3 were asked for.`);
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
