/** Pictures and videos, good and bad, made on the spot: each kind of file that may turn up in the uploads bucket. */
import { deflateSync } from 'node:zlib';
import { mp4box, sharp } from '../../../lambda/test-packages';

/** Pixels that do not compress to nothing: a slope with noise on it, the same at every run. */
export function scene(width: number, height: number, seed = 1): ReturnType<typeof sharp> {
  const data = Buffer.alloc(width * height * 3);
  let state = seed;
  for (let i = 0; i < data.length; i++) {
    state = (state * 1103515245 + 12345) % 2147483648;
    data[i] = Math.floor((i / data.length) * 180) + (Math.floor(state / 65536) % 64);
  }
  return sharp(data, { raw: { width, height, channels: 3 } });
}

/** A camera's picture. Another seed makes another picture. */
export async function jpeg(width = 640, height = 480, seed = 1): Promise<Buffer> {
  return await scene(width, height, seed).jpeg().toBuffer();
}

export async function png(width = 320, height = 240): Promise<Buffer> {
  return await scene(width, height).png().toBuffer();
}

/** One colour, so that very many pixels make a small file. */
export async function vastPng(side: number): Promise<Buffer> {
  const create = { width: side, height: side, channels: 3 as const, background: 'grey' };
  return await sharp({ create, limitInputPixels: false }).png().toBuffer();
}

/** The same file with `bytes` written over it from `share` (0 to 1) of its length on. */
export function overwritten(file: Buffer, share: number, bytes: Buffer): Buffer {
  const copy = Buffer.from(file);
  bytes.copy(copy, Math.floor(file.length * share));
  return copy;
}

/**
 * A grey JPEG of 256 x 256 with a restart marker behind each row of blocks, by the few codes that it takes: a step of the
 * brightness at each block, and no detail. `segments` are its rows, for a test to spoil.
 */
export function restartJpeg(change: (segments: Buffer[]) => Buffer[] = (segments) => segments): Buffer {
  const rows = change(Array.from({ length: 32 }, (_, row): Buffer => restartSegment(row)));
  const scan = rows.flatMap((row, i) => (i === 0 ? [row] : [Buffer.from([0xff, 0xd0 + ((i - 1) % 8)]), row]));
  return jpegOf(0xc0, [0, 63, 0], Buffer.concat(scan), u16(32));
}

/** Marker and content of a JPEG segment, with its length. */
function segment(code: number, ...content: Buffer[]): Buffer {
  const bytes = Buffer.concat(content);
  return Buffer.concat([Buffer.from([0xff, code]), u16(bytes.length + 2), bytes]);
}

/** A grey JPEG of 256 x 256 around a scan. DC sizes 0 and 4 have the codes 0 and 10, the end of a block has 0. */
export function jpegOf(frame: number, parameters: number[], scan: Buffer, interval?: Buffer): Buffer {
  const table = (id: number, lengths: number[], values: number[]) =>
    segment(0xc4, Buffer.from([id, ...lengths, ...Array(16 - lengths.length).fill(0), ...values]));
  return Buffer.concat([
    Buffer.from([0xff, 0xd8]),
    segment(0xdb, Buffer.from([0]), Buffer.alloc(64, 8)),
    segment(frame, Buffer.from([8, 1, 0, 1, 0, 1, 1, 0x11, 0])),
    table(0x00, [1, 1], [0, 4]),
    table(0x10, [1], [0]),
    ...(interval ? [segment(0xdd, interval)] : []),
    segment(0xda, Buffer.from([1, 1, 0, ...parameters])),
    scan,
    Buffer.from([0xff, 0xd9]),
  ]);
}

/** 32 blocks, each a bit brighter or darker than the one before. */
function restartSegment(row: number): Buffer {
  // Code 10, four bits of the difference (15 up, or 0000 for 15 down), code 0.
  const bits = Array.from({ length: 32 }, (_, block) => ((block + row) % 4 < 2 ? '1011110' : '1000000')).join('');
  const bytes = (bits.match(/.{8}/g) ?? []).map((byte) => Number.parseInt(byte, 2));
  return Buffer.from(bytes.flatMap((byte) => (byte === 0xff ? [0xff, 0] : [byte])));
}

/** A PNG whose first data chunk carries a wrong checksum. */
export function withBadChecksum(file: Buffer): Buffer {
  const copy = Buffer.from(file);
  const at = copy.indexOf('IDAT') + 4 + copy.readUInt32BE(copy.indexOf('IDAT') - 4);
  copy.writeUInt32BE((copy.readUInt32BE(at) ^ 1) >>> 0, at);
  return copy;
}

/** A JPEG whose frame header claims other sides than its scan has. */
export function claiming(file: Buffer, width: number, height: number): Buffer {
  const copy = Buffer.from(file);
  const frame = copy.indexOf(Buffer.from([0xff, 0xc0]));
  copy.writeUInt16BE(height, frame + 5);
  copy.writeUInt16BE(width, frame + 7);
  return copy;
}

/** A JPEG cut after its start-of-scan header. */
export function headerOnly(file: Buffer): Buffer {
  return file.subarray(0, file.indexOf(Buffer.from([0xff, 0xda])) + 14);
}

/** The files that look like a picture from far away and are none. */
export async function impostors(): Promise<Record<string, Buffer>> {
  const small = scene(64, 64);
  return {
    html: Buffer.from('<!doctype html><script>alert(1)</script>'),
    pdf: Buffer.from('%PDF-1.7\n1 0 obj << >> endobj\n'),
    'svg with an external entity': Buffer.from(
      '<?xml version="1.0"?><!DOCTYPE svg [<!ENTITY x SYSTEM "file:///etc/passwd">]>' +
        '<svg xmlns="http://www.w3.org/2000/svg" width="64" height="64"><text>&x;</text></svg>',
    ),
    gif: await small.clone().gif().toBuffer(),
    webp: await small.clone().webp().toBuffer(),
    avif: await small.clone().avif({ effort: 0 }).toBuffer(),
    tiff: await small.clone().tiff().toBuffer(),
    'compressed bytes': deflateSync(Buffer.alloc(1000, 'x')),
  };
}

/** A fragmented video of 25 frames a second; what the frames hold is noise, as nothing here decodes them. */
export function fragmentedMp4(width = 640, height = 480, frames = 25): Buffer {
  const file = mp4box.createFile();
  const avcDecoderConfigRecord = new Uint8Array([1, 0x42, 0, 0x1e, 0xff, 0xe0, 0]).buffer;
  const track = file.addTrack({ width, height, timescale: 25, type: 'avc1', avcDecoderConfigRecord }) ?? 0;
  for (let i = 0; i < frames; i++) {
    file.addSample(track, new Uint8Array(400).fill(i), { duration: 1, dts: i, cts: i, is_sync: i === 0 });
  }
  const stream = file.getBuffer();
  return Buffer.from(stream.buffer.slice(0, stream.byteLength));
}

/** What a video may have beside its usual boxes. */
export interface Mp4Parts {
  /** Of the first track: `vide` or `soun`. */
  handler?: string;
  /** More boxes in `stbl`, or others in the place of the usual ones of their type. */
  tables?: Buffer[];
  /** More boxes in `moov`, and behind it. */
  movie?: Buffer[];
  behind?: Buffer[];
}

/** A video as cameras write it: `ftyp`, then the frames, and the tables at the end. */
export function mp4(width = 640, height = 480, frames = 25, parts: Mp4Parts = {}): Buffer {
  const { handler = 'vide', tables = [], movie = [], behind = [] } = parts;
  const typeOf = (table: Buffer) => table.toString('latin1', 4, 8);
  const unlessGiven = (table: Buffer) => (tables.some((given) => typeOf(given) === typeOf(table)) ? [] : [table]);
  const brand = box('ftyp', Buffer.from('isom'), u32(512), Buffer.from('isomavc1'));
  const media = box('mdat', Buffer.alloc(frames * 400, 7));
  const matrix = Buffer.concat([0x10000, 0, 0, 0, 0x10000, 0, 0, 0, 0x40000000].map(u32));
  const avcC = box('avcC', Buffer.from([1, 0x42, 0, 0x1e, 0xff, 0xe0, 0]));
  const entry = box('avc1', zeros(6), u16(1), zeros(16), u16(width), u16(height), zeros(50), avcC);
  const table = box(
    'stbl',
    box('stsd', u32(0), u32(1), handler === 'vide' ? entry : box('mp4a', zeros(6), u16(1), zeros(20))),
    ...unlessGiven(box('stts', u32(0), u32(1), u32(frames), u32(1))),
    ...unlessGiven(box('stsc', u32(0), u32(1), u32(1), u32(frames), u32(1))),
    ...unlessGiven(box('stsz', u32(0), u32(400), u32(frames))),
    ...unlessGiven(box('stco', u32(0), u32(1), u32(brand.length + 8))),
    ...tables,
  );
  const information = box('minf', box('vmhd', u32(1), zeros(8)), table);
  const mediaHeader = box('mdhd', u32(0), zeros(8), u32(25), u32(frames), u32(0));
  const handlerBox = box('hdlr', u32(0), zeros(4), Buffer.from(handler), zeros(13));
  const trackHeader = box(
    'tkhd',
    u32(3),
    zeros(8),
    u32(1),
    zeros(4),
    u32(frames),
    zeros(16),
    matrix,
    u32(width << 16),
    u32(height << 16),
  );
  const track = box('trak', trackHeader, box('mdia', mediaHeader, handlerBox, information));
  const movieHeader = box('mvhd', u32(0), zeros(8), u32(25), u32(frames), zeros(16), matrix, zeros(24), u32(2));
  return Buffer.concat([brand, media, box('moov', movieHeader, track, ...movie), ...behind]);
}

/** A box of an MP4 file. */
export function box(type: string, ...parts: Buffer[]): Buffer {
  const content = Buffer.concat(parts);
  return Buffer.concat([u32(content.length + 8), Buffer.from(type), content]);
}

/** Four bytes, the greatest first. */
export function u32(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(value >>> 0);
  return bytes;
}

/** Two bytes, the greater first. */
export function u16(value: number): Buffer {
  return u32(value).subarray(2);
}

/** Bytes of zero. */
export function zeros(length: number): Buffer {
  return Buffer.alloc(length);
}
