import { mkdtemp, open, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { crc32, deflateSync } from 'node:zlib';
import { expect } from 'chai';
import { decode, encode } from 'jpeg-js';
import { mayBeComplete, pictureCompleteness, TAIL_BYTES, videoCompleteness } from '../../../tasks/lib/upload/complete';

const bytes = (...values: (number | number[] | Buffer)[]): Buffer =>
  Buffer.concat(values.map((value) => (Buffer.isBuffer(value) ? value : Buffer.from([value].flat()))));

/** A JPEG of noise, which has many FF in its compressed data. The same call makes the same picture. */
function jpeg(width: number, height: number, quality = 80): Buffer {
  const data = Buffer.alloc(width * height * 4);
  let seed = 1;
  for (let at = 0; at < data.length; at++) {
    seed = (seed * 1103515245 + 12345) % 2 ** 31;
    data[at] = seed >> 16;
  }
  return Buffer.from(encode({ data, width, height }, quality).data);
}

function segment(marker: number, ...content: (number | number[] | Buffer)[]): Buffer {
  const body = bytes(...content);
  const length = Buffer.alloc(2);
  length.writeUInt16BE(body.length + 2);
  return bytes(0xff, marker, length, body);
}

/** A camera's picture: EXIF, and in it a thumbnail, which is a whole JPEG with an end of its own. */
function jpegWithThumbnail(): Buffer {
  const picture = jpeg(40, 30);
  return bytes(
    picture.subarray(0, 2),
    segment(0xe1, Buffer.from('Exif\0\0MM\0*\0\0\0\x08'), jpeg(16, 16)),
    picture.subarray(2),
  );
}

/** 16 by 16 grey pixels in two scans, one for the blocks' means and one for the rest: progressive, and decodable. */
function progressiveJpeg(): Buffer {
  const table = (id: number, counts: number[], symbols: number[]) =>
    segment(0xc4, id, [...counts, ...Array(16 - counts.length).fill(0)], symbols);
  return bytes(
    [0xff, 0xd8],
    segment(0xdb, 0, Array(64).fill(8)),
    segment(0xc2, 8, [0, 16, 0, 16], 1, [1, 0x11, 0]),
    table(0x00, [1, 1], [0, 7]),
    // The first block differs by 100 from nothing (1 0, then 1100100), the other three by nothing (0 each).
    segment(0xda, 1, [1, 0x00], [0, 0, 0x00]),
    [0b10110010, 0b00001111],
    table(0x10, [1], [0]),
    // The end of each of the four blocks.
    segment(0xda, 1, [1, 0x00], [1, 63, 0x00]),
    [0b00001111],
    [0xff, 0xd9],
  );
}

/** What the standard allows between markers: fill bytes, restarts, stuffed FF, a comment that looks like an end. */
function oddJpeg(): Buffer {
  return bytes(
    [0xff, 0xd8, 0xff, 0xff],
    segment(0xfe, [0xff, 0xd9, 0xff, 0xda]),
    segment(0xdd, [0, 4]),
    segment(0xda, [1, 1, 0, 0, 63, 0]),
    [1, 2, 0xff, 0x00, 3, 0xff, 0xd0, 4, 0xff, 0x00, 0xff, 0xd1, 5],
    [0xff, 0xff, 0xff, 0xd9],
  );
}

function png(width: number, height: number): Buffer {
  const chunk = (name: string, data: Buffer) => {
    const named = bytes(Buffer.from(name), data);
    const frame = Buffer.alloc(8);
    frame.writeUInt32BE(data.length, 0);
    frame.writeUInt32BE(crc32(named), 4);
    return bytes(frame.subarray(0, 4), named, frame.subarray(4));
  };
  const header = Buffer.alloc(13);
  header.writeUInt32BE(width, 0);
  header.writeUInt32BE(height, 4);
  header.set([8, 0, 0, 0, 0], 8);
  return bytes(
    [0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a],
    chunk('IHDR', header),
    chunk('tEXt', Buffer.from('Comment\0IEND')),
    chunk('IDAT', deflateSync(Buffer.alloc((width + 1) * height, 7))),
    chunk('IEND', Buffer.alloc(0)),
  );
}

function box(type: string, ...content: Buffer[]): Buffer {
  const body = bytes(...content);
  const header = Buffer.alloc(8);
  header.writeUInt32BE(body.length + 8);
  header.write(type, 4, 'latin1');
  return bytes(header, body);
}

function largeBox(type: string, body: Buffer): Buffer {
  const header = Buffer.alloc(16);
  header.writeUInt32BE(1);
  header.write(type, 4, 'latin1');
  header.writeBigUInt64BE(BigInt(body.length + 16), 8);
  return bytes(header, body);
}

function openBox(type: string, body: Buffer): Buffer {
  const whole = box(type, body);
  whole.writeUInt32BE(0);
  return whole;
}

const frames = Buffer.alloc(300, 0x55);
const ftyp = box('ftyp', Buffer.from('isom\0\0\x02\0isomiso2avc1mp41'));
const moov = box('moov', box('mvhd', Buffer.alloc(100)), box('trak', box('tkhd', Buffer.alloc(84))));
const fragmentedMoov = box('moov', box('mvhd', Buffer.alloc(100)), box('mvex', box('trex', Buffer.alloc(24))));

describe('complete', () => {
  const pictures: [string, 'jpeg' | 'png', Buffer][] = [
    ['a JPEG', 'jpeg', jpeg(40, 30)],
    ['a JPEG with a thumbnail', 'jpeg', jpegWithThumbnail()],
    ['a progressive JPEG', 'jpeg', progressiveJpeg()],
    ['a JPEG with all that the standard allows', 'jpeg', oddJpeg()],
    ['a PNG', 'png', png(20, 20)],
  ];

  it('the pictures of these tests are real ones', () => {
    expect(decode(progressiveJpeg())).to.include({ width: 16, height: 16 });
    expect(decode(jpegWithThumbnail())).to.include({ width: 40, height: 30 });
  });

  for (const [what, kind, picture] of pictures) {
    it(`${what} is complete`, () => {
      expect(pictureCompleteness(picture, kind)).to.deep.equal({ state: 'complete' });
      expect(mayBeComplete(picture.subarray(-TAIL_BYTES), kind)).to.equal(true);
    });

    it(`no beginning of ${what} is complete`, () => {
      for (let length = 0; length < picture.length; length++) {
        expect(pictureCompleteness(picture.subarray(0, length), kind).state, `${length} bytes`).to.equal('incomplete');
      }
    });

    it(`${what} with bytes after its end cannot be told`, () => {
      expect(pictureCompleteness(bytes(picture, 0), kind).state).to.equal('unknown');
    });

    it(`a look at the end of ${what} spares reading nearly all of its beginnings`, () => {
      let read = 0;
      for (let length = 0; length < picture.length; length++) {
        if (mayBeComplete(picture.subarray(Math.max(0, length - TAIL_BYTES), length), kind)) read++;
      }
      expect(read).to.be.at.most(2);
    });
  }

  const others: [string, 'jpeg' | 'png', Buffer][] = [
    ['a PNG named .jpg', 'jpeg', png(4, 4)],
    ['a JPEG named .png', 'png', jpeg(8, 8)],
    ['text', 'jpeg', Buffer.from('hello')],
    ['zeros, as a power cut leaves them', 'png', Buffer.alloc(100)],
    ['a JPEG whose segments are followed by no marker', 'jpeg', bytes([0xff, 0xd8], segment(0xe0, 1), 7, 7)],
    ['a JPEG with a segment that has no length', 'jpeg', bytes([0xff, 0xd8, 0xff, 0xe0, 0, 0, 0xff, 0xd9])],
  ];
  for (const [what, kind, content] of others) {
    it(`${what} cannot be told`, () => {
      expect(pictureCompleteness(content, kind)).to.deep.equal({ state: 'unknown' });
    });
  }

  it('a JPEG of a megabyte is walked in less than 10 ms', () => {
    const picture = jpeg(900, 800, 95);
    expect(picture.length).to.be.greaterThan(1_000_000);
    const times = Array.from({ length: 5 }, () => {
      const start = process.hrtime.bigint();
      expect(pictureCompleteness(picture, 'jpeg').state).to.equal('complete');
      return Number(process.hrtime.bigint() - start) / 1e6;
    });
    expect(Math.min(...times)).to.be.lessThan(10);
  }).timeout(60_000);

  describe('MP4', () => {
    let directory: string;
    before(async () => {
      directory = await mkdtemp(join(tmpdir(), 'complete-'));
    });
    after(() => rm(directory, { recursive: true }));

    /** What is said of a video, and of its beginnings: the file is cut shorter and shorter, down to `least` bytes. */
    async function states(video: Buffer, least = video.length): Promise<string[]> {
      const path = join(directory, 'video.mp4');
      await writeFile(path, video);
      const file = await open(path, 'r+');
      try {
        const found: string[] = [];
        for (let length = video.length; length >= least; length--) {
          await file.truncate(length);
          found.push((await videoCompleteness(file, length)).state);
        }
        return found;
      } finally {
        await file.close();
      }
    }

    const videos: [string, Buffer][] = [
      ['with its index at the end', bytes(ftyp, box('free'), box('mdat', frames), moov)],
      ['with its index first', bytes(ftyp, moov, box('mdat', frames))],
      ['with a 64-bit length', bytes(ftyp, largeBox('mdat', frames), moov)],
    ];
    for (const [what, video] of videos) {
      it(`a video ${what} is complete, and no beginning of it is`, async () => {
        const [whole, ...beginnings] = await states(video, 0);
        expect(whole).to.equal('complete');
        expect(beginnings).to.have.length(video.length);
        expect(new Set(beginnings)).to.deep.equal(new Set(['incomplete']));
      });
    }

    const told: [string, Buffer, string][] = [
      ['a video that is being written: mdat has no length yet', bytes(ftyp, openBox('mdat', frames)), 'incomplete'],
      ['frames up to the end of the file', bytes(ftyp, moov, openBox('mdat', frames)), 'unknown'],
      ['a video without frames', bytes(ftyp, moov), 'incomplete'],
      ['a fragmented video', bytes(ftyp, fragmentedMoov, box('moof'), box('mdat', frames)), 'unknown'],
      ['a fragmented video before its first fragment', bytes(ftyp, fragmentedMoov), 'unknown'],
      ['fragments without an announcement', bytes(ftyp, moov, box('moof'), box('mdat', frames)), 'unknown'],
      ['bytes after the last box', bytes(ftyp, moov, box('mdat', frames), Buffer.alloc(20)), 'unknown'],
      ['a JPEG named .mp4', jpeg(8, 8), 'unknown'],
      ['zeros, as a power cut leaves them', Buffer.alloc(64), 'unknown'],
    ];
    for (const [what, video, state] of told) {
      it(`${what}: ${state}`, async () => {
        expect(await states(video)).to.deep.equal([state]);
      });
    }
  });
});
