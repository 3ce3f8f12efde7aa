import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect } from 'chai';
import { checkBeforeDownload, type Inspected } from '../../../lambda/lib/media/inspect';
// Blocks in this process what the decoding one blocks.
import '../../../lambda/lib/media/image';
import { Refused } from '../../../lambda/lib/media/refused';
import { sharp } from '../../../lambda/test-packages';
import * as corpus from './corpus';
import { inspected, verdict } from './verdict';

function early(key: string, size: number): string {
  try {
    checkBeforeDownload(key, size, { maxBytes: 1000, maxVideoBytes: 2000 });
    return 'ok';
  } catch (error) {
    return error instanceof Refused ? error.reason : String(error);
  }
}

async function upright(file: Buffer): Promise<Inspected & Required<Pick<Inspected, 'upright' | 'thumbnail'>>> {
  const found = await inspected(file);
  if (!found.upright || !found.thumbnail) throw new Error('No pixels');
  return { ...found, upright: found.upright, thumbnail: found.thumbnail };
}

describe('lambda: is it a picture?', () => {
  let good: Buffer;
  let goodPng: Buffer;

  before(async () => {
    good = await corpus.jpeg();
    goodPng = await corpus.png();
  });

  describe('what a camera may write is accepted', () => {
    const picture = (): ReturnType<typeof corpus.scene> => corpus.scene(640, 480);
    const cases: Record<string, () => Promise<Buffer>> = {
      'a JPEG': async () => good,
      'a progressive JPEG': () => picture().jpeg({ progressive: true }).toBuffer(),
      'a grey JPEG': () => picture().greyscale().jpeg().toBuffer(),
      'a CMYK JPEG': () => picture().toColourspace('cmyk').jpeg().toBuffer(),
      'a JPEG rotated by EXIF': () => picture().withMetadata({ orientation: 6 }).jpeg().toBuffer(),
      'a photograph': () => readFile(join(__dirname, '..', '..', 'fixtures', 'astronaut.jpg')),
    };
    for (const [name, make] of Object.entries(cases)) {
      it(name, async () => expect(await verdict(await make())).to.equal('ok'));
    }

    it('a PNG, of 8 and of 16 bits, and with transparency', async () => {
      const deep = await picture().toColourspace('rgb16').png().toBuffer();
      const clear = await picture().ensureAlpha(0.5).png().toBuffer();
      for (const file of [goodPng, deep, clear]) expect(await verdict(file, 'jane/a.png')).to.equal('ok');
    });

    it('a picture at the pixel limit', async () => {
      expect(await verdict(await corpus.vastPng(4898), 'jane/a.png')).to.equal('ok');
    });
  });

  describe('what is cut off or broken is refused', () => {
    const cases: Record<string, [string, (file: Buffer) => Buffer]> = {
      'half a JPEG': ['Truncated', (file) => file.subarray(0, file.length / 2)],
      'nine tenths of a JPEG': ['Truncated', (file) => file.subarray(0, file.length * 0.9)],
      'a JPEG without its last three bytes': ['Truncated', (file) => file.subarray(0, -3)],
      'the header of a JPEG': ['Truncated', corpus.headerOnly],
      'four bytes of a JPEG': ['Truncated', (file) => file.subarray(0, 4)],
      'half a JPEG that was given an end': [
        'Corrupt',
        (file) => Buffer.concat([file.subarray(0, file.length / 2), file.subarray(-2)]),
      ],
      'a JPEG with a hole in its scan': [
        'Corrupt',
        (file) => Buffer.concat([file.subarray(0, file.length * 0.5), file.subarray(file.length * 0.6)]),
      ],
      // Not every such hole shows: zeros may happen to be pixels to a decoder. This one does.
      'a JPEG with 4,000 zero bytes in its scan': [
        'Corrupt',
        (file) => corpus.overwritten(file, 0.5, Buffer.alloc(4000)),
      ],
      'a JPEG that claims more rows than it has': ['Corrupt', (file) => corpus.claiming(file, 4000, 4000)],
    };
    for (const [name, [reason, broken]] of Object.entries(cases)) {
      it(name, async () => expect(await verdict(broken(good))).to.equal(reason));
    }

    it('half a PNG, and a PNG with a wrong checksum', async () => {
      expect(await verdict(goodPng.subarray(0, goodPng.length / 2), 'a/a.png')).to.equal('Truncated');
      expect(await verdict(corpus.withBadChecksum(goodPng), 'a/a.png')).to.equal('Corrupt');
    });
  });

  describe('what every browser shows whole is published, and marked', () => {
    it('a JPEG without its end, also one that is filled up with zeros', async () => {
      expect(await verdict(good.subarray(0, -2))).to.equal('ok: NoEnd');
      expect(await verdict(Buffer.concat([good.subarray(0, -2), corpus.zeros(512)]))).to.equal('ok: NoEnd');
      const progressive = await corpus.scene(640, 480).jpeg({ progressive: true }).toBuffer();
      expect(await verdict(progressive.subarray(0, -2))).to.equal('ok: NoEnd');
    });

    it('a PNG without its end', async () => {
      expect(await verdict(goodPng.subarray(0, -12), 'a/a.png')).to.equal('ok: NoEnd');
      expect(await verdict(goodPng.subarray(0, -5), 'a/a.png')).to.equal('ok: NoEnd');
      expect(await verdict(goodPng.subarray(0, -13), 'a/a.png')).to.equal('Truncated');
    });

    it('a picture with 64 KB of zeros behind it', async () => {
      expect(await verdict(Buffer.concat([good, corpus.zeros(65_536)]))).to.equal('ok: Padding');
    });

    it('a JPEG with bytes that mean nothing between its segments, or before its restart markers', async () => {
      const scan = good.indexOf(Buffer.from([0xff, 0xda]));
      const between = Buffer.concat([good.subarray(0, scan), Buffer.from('camera'), good.subarray(scan)]);
      expect(await verdict(between)).to.equal('ok: ExtraBytes');
      expect(await verdict(corpus.restartJpeg())).to.equal('ok');
      const extra = corpus.restartJpeg((rows) => rows.map((row) => Buffer.concat([row, Buffer.alloc(12, 0x5a)])));
      expect(await verdict(extra)).to.equal('ok: ExtraBytes');
    });

    it('a JPEG whose restart markers are numbered wrongly', async () => {
      const file = corpus.restartJpeg();
      const fifth = file.indexOf(Buffer.from([0xff, 0xd5]));
      file[fifth + 1] = 0xd6;
      expect(await verdict(file)).to.equal('ok: RestartOrder');
    });

    it('but not one that lacks its last rows, by however little, and however its blocks are made', async () => {
      for (const chromaSubsampling of ['4:4:4', '4:2:0']) {
        for (const [width, height] of [
          [640, 480],
          [648, 1080],
          [321, 243],
        ] as const) {
          const file = await corpus.scene(width, height).jpeg({ chromaSubsampling }).toBuffer();
          for (const missing of [40, 400]) {
            const cut = file.subarray(0, -2 - missing);
            const what = `${missing} bytes of ${width} x ${height}, ${chromaSubsampling}`;
            expect(await verdict(cut), what).to.equal('Truncated');
            expect(await verdict(Buffer.concat([cut, file.subarray(-2)])), what).to.equal('Corrupt');
          }
        }
      }
    });

    it('a JPEG whose scan header says what is impossible for its kind', async () => {
      const header = good.indexOf(Buffer.from([0xff, 0xda]));
      const spoiled = Buffer.from(good);
      spoiled[header + 2 + spoiled.readUInt16BE(header + 2) - 2] = 0;
      expect(await verdict(spoiled)).to.equal('ok: ScanParameters');
    });

    it('but not a JPEG in which a row is missing, whole or in part, whatever else is wrong with it', async () => {
      const lacking: Record<string, Buffer> = {
        'a row': corpus.restartJpeg((rows) => rows.toSpliced(7, 1)),
        'the last row': corpus.restartJpeg((rows) => rows.slice(0, -1)),
        'half of the last row': corpus.restartJpeg((rows) =>
          rows.with(31, (rows[31] ?? Buffer.alloc(0)).subarray(0, 14)),
        ),
        'half a row': corpus.restartJpeg((rows) => rows.with(7, (rows[7] ?? Buffer.alloc(0)).subarray(0, 14))),
        'half a row among extra bytes': corpus.restartJpeg((rows) =>
          rows
            .map((row): Buffer => Buffer.concat([row, Buffer.alloc(12, 0x5a)]))
            .with(7, (rows[7] ?? Buffer.alloc(0)).subarray(0, 14)),
        ),
      };
      for (const [what, file] of Object.entries(lacking)) {
        expect(await verdict(file), what).to.equal('Corrupt');
        expect(await verdict(file.subarray(0, -2)), `${what}, and the end`).to.equal('Truncated');
      }
    });
  });

  describe('what is too big or too small is refused', () => {
    it('a PNG of 6,000 x 6,000, before it is decoded', async () => {
      const vast = await corpus.vastPng(6000);
      const started = process.hrtime.bigint();
      expect(await verdict(vast, 'jane/a.png')).to.equal('TooManyPixels');
      expect(Number(process.hrtime.bigint() - started) / 1e6).to.be.below(200);
    });

    it('a PNG whose header claims 30,000 x 30,000', async () => {
      const claim = Buffer.from(goodPng);
      claim.writeUInt32BE(30_000, 16);
      claim.writeUInt32BE(30_000, 20);
      expect(await verdict(claim, 'jane/a.png')).to.be.oneOf(['TooManyPixels', 'Corrupt']);
    });

    it('a picture with a side under 32 pixels', async () => {
      expect(await verdict(await corpus.jpeg(640, 31))).to.equal('TooSmall');
      expect(await verdict(await corpus.jpeg(32, 32))).to.equal('ok');
    });

    it('an empty file and one over the limit, by their size alone', () => {
      expect(early('jane/a.jpg', 0)).to.equal('Empty');
      expect(early('jane/a.jpg', 1000)).to.equal('ok');
      expect(early('jane/a.jpg', 1001)).to.equal('TooLarge');
    });
  });

  describe('what is something else is refused, whatever it is called', () => {
    it('a page, a document, a drawing, other picture formats', async () => {
      for (const [name, file] of Object.entries(await corpus.impostors())) {
        expect(await verdict(file), name).to.equal(name === 'avif' ? 'WrongExtension' : 'NotAnImage');
        expect(await verdict(file, 'jane/a.png'), name).to.equal(name === 'avif' ? 'WrongExtension' : 'NotAnImage');
      }
    });

    it('a picture or a video under the name of another kind', async () => {
      expect(await verdict(goodPng, 'jane/a.jpg')).to.equal('WrongExtension');
      expect(await verdict(good, 'jane/a.mp4')).to.equal('WrongExtension');
      expect(await verdict(corpus.mp4(), 'jane/a.jpg')).to.equal('WrongExtension');
      expect(await verdict(good, 'jane/a.JPEG')).to.equal('ok');
    });

    it('a name of no kind that cameras write', () => {
      for (const key of ['jane/a.h264', 'jane/a.html', 'jane/jpg', 'jane.jpg/a', 'jane/a.svg']) {
        expect(early(key, 10), key).to.equal('UnknownKind');
      }
    });

    it('a file of another format never reaches its parser: the loaders are blocked for the process', async () => {
      for (const [name, file] of Object.entries(await corpus.impostors())) {
        const reached = await sharp(file)
          .metadata()
          .then(
            () => true,
            () => false,
          );
        expect(reached, name).to.equal(false);
      }
    });
  });

  describe('what follows the end of the picture', () => {
    it('is noted when it is little', async () => {
      const padded = Buffer.concat([good, Buffer.alloc(512)]);
      expect((await inspected(padded, 'jane/a.jpg')).trailing).to.equal(512);
      expect((await inspected(good, 'jane/a.jpg')).trailing).to.equal(0);
      const page = Buffer.concat([goodPng, Buffer.from('<html>')]);
      expect((await inspected(page, 'jane/a.png')).trailing).to.equal(6);
    });

    it('is refused when it is much: a ZIP archive behind a picture', async () => {
      const zip = Buffer.concat([Buffer.from('PK\x03\x04'), Buffer.alloc(20_000)]);
      expect(await verdict(Buffer.concat([good, zip]))).to.equal('TrailingBytes');
      expect(await verdict(Buffer.concat([goodPng, zip]), 'jane/a.png')).to.equal('TrailingBytes');
      expect(await verdict(Buffer.concat([corpus.mp4(), zip]), 'jane/a.mp4')).to.equal('TrailingBytes');
    });

    it('an end of image inside the metadata is not the end of the picture', async () => {
      const inner = await corpus.jpeg(64, 64);
      const app = Buffer.concat([Buffer.from([0xff, 0xe5, 0, 0]), inner]);
      app.writeUInt16BE(inner.length + 2, 2);
      const outer = Buffer.concat([good.subarray(0, 2), app, good.subarray(2)]);
      expect((await inspected(outer, 'jane/a.jpg')).trailing).to.equal(0);
      expect(await verdict(outer.subarray(0, app.length + 100))).to.equal('Truncated');
    });
  });

  describe('videos', () => {
    it('one with its tables at the end, and a fragmented one, with sides and duration', async () => {
      for (const file of [corpus.mp4(640, 360, 50), corpus.fragmentedMp4(640, 360, 50)]) {
        const found = await inspected(file, 'jane/a.mp4');
        const codec = 'avc1.42001e';
        const shape = { kind: 'video/mp4', codec, width: 640, height: 360, duration: 2000, trailing: 0, faults: [] };
        expect(found).to.deep.equal(shape);
      }
    });

    it('one that was cut off before its tables were written is refused: there is nothing to play it by', async () => {
      const file = corpus.mp4();
      for (const share of [0.01, 0.3, 0.6, 0.999]) {
        expect(await verdict(file.subarray(0, file.length * share), 'jane/a.mp4'), String(share)).to.equal('NoIndex');
      }
      expect(await verdict(file.subarray(0, 20), 'jane/a.mp4')).to.equal('Truncated');
    });

    it('a fragmented one that was cut off is published with the duration of its whole fragments, and a mark', async () => {
      const file = corpus.fragmentedMp4(640, 360, 50);
      for (const [share, duration] of [
        [0.6, 1160],
        [0.9, 1800],
        [0.999, 1960],
      ] as const) {
        const found = await inspected(file.subarray(0, file.length * share), 'jane/a.mp4');
        expect(found.faults).to.deep.equal(['CutOff']);
        expect(found.duration).to.be.closeTo(duration, 60);
      }
      const firstFragment = file.indexOf('moof') - 4;
      expect(await verdict(file.subarray(0, firstFragment + 50), 'jane/a.mp4')).to.equal('Truncated');
    });

    it('one with its tables at its beginning is published as far as its frames go', async () => {
      const whole = corpus.mp4();
      const tables = whole.indexOf('moov') - 4;
      const brand = whole.subarray(0, whole.indexOf('mdat') - 4);
      const file = Buffer.concat([whole.subarray(tables), whole.subarray(brand.length, tables)]);
      file.writeUInt32BE(whole.length - tables + 8, file.indexOf('stco') + 12);
      expect(await verdict(file, 'jane/a.mp4')).to.equal('ok');
      const found = await inspected(file.subarray(0, file.length - 10 * 400), 'jane/a.mp4');
      expect(found).to.deep.include({ duration: 600, faults: ['CutOff'] });
      expect(await verdict(file.subarray(0, whole.length - tables + 100), 'jane/a.mp4')).to.equal('Truncated');
    });

    it('its boxes are found wherever the pieces end in which it comes', async () => {
      for (const file of [corpus.mp4(640, 360, 3), corpus.fragmentedMp4(640, 360, 3)]) {
        for (const bytes of [1, 3, 7, 16, 100]) expect(await verdict(file, 'jane/a.mp4', bytes)).to.equal('ok');
      }
    });

    it('one that begins with another box than "ftyp" is a video too', async () => {
      const file = corpus.mp4();
      const rest = file.subarray(file.indexOf('mdat') - 4);
      const filler = corpus.box('free', corpus.zeros(file.length - rest.length - 8));
      expect(await verdict(Buffer.concat([filler, rest]), 'jane/a.mp4')).to.equal('ok');
    });

    it('one whose frames lie behind its end is refused', async () => {
      const file = corpus.mp4();
      const chunk = file.indexOf('stco') + 12;
      file.writeUInt32BE(file.length, chunk);
      expect(await verdict(file, 'jane/a.mp4')).to.equal('Truncated');
    });

    it('one without pictures, without frames, or of no size is refused', async () => {
      expect(await verdict(corpus.mp4(640, 480, 25, { handler: 'soun' }), 'jane/a.mp4')).to.equal('NoVideo');
      expect(await verdict(corpus.mp4(640, 480, 0), 'jane/a.mp4')).to.equal('NoVideo');
      expect(await verdict(corpus.mp4(16, 16), 'jane/a.mp4')).to.equal('TooSmall');
      expect(await verdict(corpus.mp4(8000, 4000), 'jane/a.mp4')).to.equal('TooManyPixels');
    });

    it('an AVIF picture called .mp4 is refused', async () => {
      const { avif } = await corpus.impostors();
      expect(await verdict(avif ?? Buffer.alloc(0), 'jane/a.mp4')).to.equal('NoVideo');
    });
  });

  describe('the upright picture and its thumbnail', () => {
    it('is turned as EXIF says, and so are width and height', async () => {
      const turned = await corpus.scene(640, 480).withMetadata({ orientation: 6 }).jpeg().toBuffer();
      const { width, height, upright: pixels } = await upright(turned);
      expect([width, height, pixels.width, pixels.height]).to.deep.equal([480, 640, 480, 640]);
      expect(pixels.data.length).to.equal(480 * 640 * 3);
    });

    it('is 320 pixels wide, a JPEG, and carries no metadata', async () => {
      const tagged = corpus.scene(1280, 720).withExif({ IFD0: { Make: 'Secret', Model: 'Serial' } });
      const small = (await upright(await tagged.jpeg().toBuffer())).thumbnail;
      const metadata = await sharp(small).metadata();
      expect(metadata.format).to.equal('jpeg');
      expect([metadata.width, metadata.height]).to.deep.equal([320, 180]);
      expect([metadata.exif, metadata.icc, metadata.xmp]).to.deep.equal([undefined, undefined, undefined]);
      expect(small.includes('Secret')).to.equal(false);
    });

    it('is not enlarged', async () => {
      const metadata = await sharp((await upright(await corpus.jpeg(64, 48))).thumbnail).metadata();
      expect([metadata.width, metadata.height]).to.deep.equal([64, 48]);
    });

    it('looks like the picture: same mean colour, orientation applied', async () => {
      const red = { create: { width: 400, height: 300, channels: 3 as const, background: '#c02010' } };
      const [mean] = (await sharp((await upright(await sharp(red).jpeg().toBuffer())).thumbnail).stats()).channels;
      expect(mean?.mean).to.be.closeTo(192, 3);
    });
  });
});
