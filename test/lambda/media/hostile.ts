/**
 * Files that are made to cost the cloud time, memory or a picture of somebody else, each with what must become of it. All
 * are small, made on the spot, and the same at every run; `npm run attack` sends them as a device.
 */
import { box, fragmentedMp4, jpeg, jpegOf, type Mp4Parts, mp4, png, scene, u16, u32, zeros } from './corpus';

/** A hostile file, and what must become of it. */
export interface HostileFile {
  name: string;
  /** `.jpg`, `.png` or `.mp4`: what the file's name must end in to reach the code that it is made for. */
  extension: string;
  file: Buffer;
  /** `ok` where it is harmless once it is read with care; otherwise the reasons for which it may be refused. */
  becomes: readonly string[];
}

/** All of them: 40 videos and 16 pictures, 8 MB in all. */
export async function hostileFiles(): Promise<HostileFile[]> {
  return [...hostileVideos(), ...(await hostilePictures())];
}

/** Videos whose tables claim what is not there. */
export function hostileVideos(): HostileFile[] {
  const video = (name: string, file: Buffer, ...becomes: string[]): HostileFile => ({
    ...{ name, extension: '.mp4', file },
    becomes: becomes.length > 0 ? becomes : ['Corrupt', 'TooComplex', 'NoVideo', 'Truncated'],
  });
  const table = (type: string, ...content: Buffer[]) => video(`${type}: claims`, withTables(box(type, ...content)));
  const counts = [1_000_000, 10_000_000, 0x7fffffff, 0xffffffff];
  return [
    // One size for all samples takes no bytes in the table.
    ...counts.map((count) =>
      video(`stsz: ${count} of one size`, withTables(box('stsz', u32(0), u32(400), u32(count)))),
    ),
    ...counts.map((count) => video(`stsz: ${count} of size 0`, withTables(box('stsz', u32(0), u32(0), u32(count))))),
    ...counts.map((count) => video(`trun: ${count} samples`, withFragments(run(0, u32(count))))),
    ...counts.map((count) =>
      video(`trun: ${count} samples with durations`, withFragments(run(0x301, u32(count), u32(0)))),
    ),
    video('trun: 100 runs of 1,000,000', withFragments(...Array.from({ length: 100 }, () => run(0, u32(1_000_000))))),
    table('stz2', u32(0), u32(4), u32(0xffffffff)),
    table('stz2', u32(0), u32(7), u32(10)),
    table('stts', u32(0), u32(0xffffffff)),
    table('ctts', u32(0), u32(0xffffffff)),
    table('stsc', u32(0), u32(0xffffffff)),
    table('stco', u32(0), u32(0xffffffff)),
    table('co64', u32(0), u32(0x10000000), u32(0)),
    table('stss', u32(0), u32(0xffffffff)),
    table('stsd', u32(0), u32(0xffffffff)),
    table('sidx', u32(0), zeros(18), u16(0xffff)),
    video('elst: claims', withMovie(box('trak', box('edts', box('elst', u32(0), u32(0xffffffff)))))),
    video(
      'a run of 4,000 million samples in a chunk',
      withTables(box('stsc', u32(0), u32(1), u32(1), u32(0xffffffff), u32(1))),
      'ok',
    ),
    video(
      'stts: 4,000 million samples of 4,000 million units',
      withTables(box('stts', u32(0), u32(1), u32(0xffffffff), u32(0xffffffff))),
      'ok',
      'Corrupt',
      'TooComplex',
    ),
    video('boxes in boxes, 1,000 deep', withMovie(nested(1000))),
    video('a box of size 0 in a track', withMovie(box('trak', u32(0), Buffer.from('mdia'))), 'ok'),
    video(
      'a box of a size of 64 bits',
      withMovie(Buffer.concat([u32(1), Buffer.from('trak'), u32(0xffffffff), u32(0xffffffff)])),
      'ok',
    ),
    video('a box smaller than its header', withMovie(Buffer.concat([u32(4), Buffer.from('trak')])), 'ok'),
    video('100,000 empty tracks', withMovie(Buffer.concat(Array.from({ length: 100_000 }, () => box('trak')))), 'ok'),
    video('60,000 boxes at the top', Buffer.concat([mp4(), ...Array.from({ length: 60_000 }, () => box('free'))])),
    video('9 MB of tables', withMovie(box('udta', zeros(9_000_000)))),
    video('tables that are nothing', Buffer.concat([box('ftyp', Buffer.from('isom'), u32(0)), box('moov')])),
    video('trun: 4,000 million samples of one byte', withFragmentsOf(1, run(0, u32(0xffffffff)))),
    video(
      'a fragment that is not whole, then 4,000 million samples',
      withFragments(run(0x200, u32(1), u32(0x7fffffff)), run(0, u32(0xffffffff))),
    ),
    video('a fragment before its movie', fragmentFirst(), 'ok', 'Corrupt'),
  ];
}

function fragmentFirst(): Buffer {
  const file = fragmentedMp4();
  const brand = file.readUInt32BE(0);
  return Buffer.concat([file.subarray(0, brand), box('moof', zeros(40)), file.subarray(brand)]);
}

function withTables(...tables: Buffer[]): Buffer {
  return mp4(640, 480, 25, { tables });
}

function withMovie(...movie: Buffer[]): Buffer {
  return mp4(640, 480, 25, { movie });
}

/** A movie without samples of its own, and one `moof` for each run. */
function withFragments(...runs: Buffer[]): Buffer {
  return withFragmentsOf(0, ...runs);
}

/** The same; samples have so many bytes where their run does not say it. */
function withFragmentsOf(size: number, ...runs: Buffer[]): Buffer {
  const defaults = box('mvex', box('trex', u32(0), u32(1), u32(1), u32(1), u32(0), u32(0)));
  const fragments = runs.map((one) => box('moof', box('traf', box('tfhd', u32(0x20010), u32(1), u32(size)), one)));
  const parts: Mp4Parts = { movie: [defaults], behind: fragments };
  return mp4(640, 480, 0, parts);
}

function run(flags: number, ...content: Buffer[]): Buffer {
  return box('trun', u32(flags), ...content);
}

function nested(depth: number): Buffer {
  let inner = box('mdia');
  for (let i = 0; i < depth; i++) inner = box('mdia', inner);
  return box('trak', inner);
}

/** Pictures that keep a decoder busy, or break what comes behind it. */
export async function hostilePictures(): Promise<HostileFile[]> {
  const small = await jpeg(320, 240);
  const plain = await png(64, 64);
  const one =
    (extension: string) =>
    (name: string, file: Buffer, ...becomes: string[]): HostileFile => ({ name, extension, file, becomes });
  const [ofJpeg, ofPng] = [one('.jpg'), one('.png')];
  return [
    ofJpeg('progressive, the same scan 880 times', progressive(6000, 4000, 880), 'TooComplex'),
    ofJpeg('progressive, the same scan 20,000 times', progressive(6000, 4000, 20_000), 'TooComplex'),
    ofJpeg('progressive, the same scan 60,000 times', progressive(6000, 4000, 60_000), 'TooComplex'),
    ofJpeg('EXIF directory of 5,000 entries that point at it', withExif(small, selfReferring(5000)), 'ok'),
    ofJpeg(
      'EXIF directory that points behind its end',
      withExif(small, Buffer.from('MM\0*\xff\xff\xff\xf0', 'latin1')),
      'ok',
    ),
    ofJpeg(
      'a million restart markers',
      jpegOf(0xc0, [0, 63, 0], Buffer.alloc(2_000_000, Buffer.from([0xff, 0xd0])), u16(1)),
      'TooComplex',
      'Corrupt',
    ),
    ofJpeg(
      'a million empty segments',
      Buffer.concat([
        small.subarray(0, 2),
        Buffer.alloc(4_000_000, Buffer.from([0xff, 0xe5, 0, 2])),
        small.subarray(2),
      ]),
      'ok',
    ),
    ofJpeg('a colour profile of noise', withProfile(small), 'ok', 'Corrupt'),
    ofPng('EXIF directory of 5,000 entries that point at it', withChunk(plain, 'eXIf', selfReferring(5000)), 'ok'),
    ofPng('100,000 texts', withChunk(plain, 'tEXt', Buffer.from('a\0b'), 100_000), 'ok'),
    ofPng(
      '320 x 65,536',
      await scene(320, 65_536 / 64)
        .resize(320, 65_536, { kernel: 'nearest', fit: 'fill' })
        .png()
        .toBuffer(),
      'ok',
    ),
    ofPng(
      '32 x 65,535',
      await scene(32, 64).resize(32, 65_535, { kernel: 'nearest', fit: 'fill' }).png().toBuffer(),
      'ok',
    ),
    ofPng('one that claims 30,000 x 30,000', claimingSides(plain, 30_000), 'TooManyPixels', 'Corrupt'),
    ofPng('one that claims no side', claimingSides(plain, 0), 'Corrupt', 'TooSmall'),
  ];
}

/** A progressive JPEG of one component whose scan of the first detail, all blank, comes many times. */
export function progressive(width: number, height: number, scans: number): Buffer {
  const first = jpegOf(0xc2, [0, 0, 0], Buffer.alloc(0));
  const frame = first.indexOf(Buffer.from([0xff, 0xc2]));
  u16(height).copy(first, frame + 5);
  u16(width).copy(first, frame + 7);
  // A zero for each block is the code of "no step".
  const blocks = Math.ceil((Math.ceil(width / 8) * Math.ceil(height / 8)) / 8);
  // Runs of 32,767 blank blocks: code 0 of a table that has only that, and fifteen more bits.
  const table = Buffer.from([0xff, 0xc4, 0, 20, 0x10, 1, ...Array(15).fill(0), 0xe0]);
  const runs = Math.ceil((blocks * 8) / 32_767);
  const again = Buffer.concat([
    Buffer.from([0xff, 0xda, 0, 8, 1, 1, 0, 1, 5, 0]),
    Buffer.concat(Array.from({ length: runs }, () => Buffer.from([0x7f, 0xfe]))),
  ]);
  const header = first.subarray(0, -2);
  return Buffer.concat([
    header,
    Buffer.alloc(blocks),
    table,
    ...Array.from({ length: scans }, () => again),
    first.subarray(-2),
  ]);
}

/** A TIFF directory of which each entry says that another directory lies where this one begins. */
export function selfReferring(entries: number): Buffer {
  const entry = Buffer.concat([u16(0x8769), u16(4), u32(1), u32(8)]);
  return Buffer.concat([
    Buffer.from('MM\0*', 'latin1'),
    u32(8),
    u16(entries),
    ...Array.from({ length: entries }, () => entry),
    u32(8),
  ]);
}

function withExif(file: Buffer, tiff: Buffer): Buffer {
  const content = Buffer.concat([Buffer.from('Exif\0\0', 'latin1'), tiff]);
  return Buffer.concat([
    file.subarray(0, 2),
    Buffer.from([0xff, 0xe1]),
    u16(content.length + 2),
    content,
    file.subarray(2),
  ]);
}

function withProfile(file: Buffer): Buffer {
  const noise = Buffer.from(Array.from({ length: 60_000 }, (_, i) => (i * i * 31 + i * 7) & 0xff));
  noise.writeUInt32BE(noise.length, 0);
  noise.write('acsp', 36, 'latin1');
  const content = Buffer.concat([Buffer.from('ICC_PROFILE\0\x01\x01', 'latin1'), noise]);
  return Buffer.concat([
    file.subarray(0, 2),
    Buffer.from([0xff, 0xe2]),
    u16(content.length + 2),
    content,
    file.subarray(2),
  ]);
}

/** Chunks behind the PNG's header; their checksums are wrong, which nobody should find out. */
function withChunk(file: Buffer, type: string, data: Buffer, times = 1): Buffer {
  const chunk = Buffer.concat([u32(data.length), Buffer.from(type, 'latin1'), data, u32(0)]);
  return Buffer.concat([file.subarray(0, 33), ...Array.from({ length: times }, () => chunk), file.subarray(33)]);
}

function claimingSides(file: Buffer, side: number): Buffer {
  const claim = Buffer.from(file);
  claim.writeUInt32BE(side, 16);
  claim.writeUInt32BE(side, 20);
  return claim;
}
