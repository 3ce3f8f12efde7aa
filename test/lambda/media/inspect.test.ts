import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect } from 'chai';
import { thumbnail } from '../../../lambda/lib/media/image';
import { checkBeforeDownload, type Inspected, inspect } from '../../../lambda/lib/media/inspect';
import { Refused } from '../../../lambda/lib/media/refused';
import { sharp } from '../../../lambda/test-packages';
import * as corpus from './corpus';

const MAX_PIXELS = 24_000_000;

/** 'ok', or the name of the refusal. */
async function verdict(file: Buffer, key = 'jane/a.jpg'): Promise<string> {
  try {
    await inspect(file, key, MAX_PIXELS);
    return 'ok';
  } catch (error) {
    if (error instanceof Refused) return error.reason;
    throw error;
  }
}

function early(key: string, size: number): string {
  try {
    checkBeforeDownload(key, size, 1000);
    return 'ok';
  } catch (error) {
    return error instanceof Refused ? error.reason : String(error);
  }
}

async function upright(file: Buffer, key = 'jane/a.jpg'): Promise<Inspected & Required<Pick<Inspected, 'upright'>>> {
  const found = await inspect(file, key, MAX_PIXELS);
  if (!found.upright) throw new Error(`No pixels of ${key}`);
  return { ...found, upright: found.upright };
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
      'a JPEG without its last two bytes': ['Truncated', (file) => file.subarray(0, -2)],
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
      expect((await inspect(padded, 'jane/a.jpg', MAX_PIXELS)).trailing).to.equal(512);
      expect((await inspect(good, 'jane/a.jpg', MAX_PIXELS)).trailing).to.equal(0);
      const page = Buffer.concat([goodPng, Buffer.from('<html>')]);
      expect((await inspect(page, 'jane/a.png', MAX_PIXELS)).trailing).to.equal(6);
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
      expect((await inspect(outer, 'jane/a.jpg', MAX_PIXELS)).trailing).to.equal(0);
      expect(await verdict(outer.subarray(0, app.length + 100))).to.equal('Truncated');
    });
  });

  describe('videos', () => {
    it('one with its tables at the end, and a fragmented one, with sides and duration', async () => {
      for (const file of [corpus.mp4(640, 360, 50), corpus.fragmentedMp4(640, 360, 50)]) {
        const found = await inspect(file, 'jane/a.mp4', MAX_PIXELS);
        expect(found).to.deep.equal({ kind: 'video/mp4', width: 640, height: 360, duration: 2000, trailing: 0 });
      }
    });

    it('one that is cut off anywhere is refused', async () => {
      for (const file of [corpus.mp4(), corpus.fragmentedMp4()]) {
        for (const share of [0.01, 0.3, 0.6, 0.999]) {
          expect(await verdict(file.subarray(0, file.length * share), 'jane/a.mp4'), String(share)).to.equal(
            'Truncated',
          );
        }
      }
    });

    it('one whose frames lie behind its end is refused', async () => {
      const file = corpus.mp4();
      const chunk = file.indexOf('stco') + 12;
      file.writeUInt32BE(file.length, chunk);
      expect(await verdict(file, 'jane/a.mp4')).to.equal('Truncated');
    });

    it('one without pictures, without frames, or of no size is refused', async () => {
      expect(await verdict(corpus.mp4(640, 480, 25, 'soun'), 'jane/a.mp4')).to.equal('NoVideo');
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
      const small = await thumbnail((await upright(await tagged.jpeg().toBuffer())).upright);
      const metadata = await sharp(small).metadata();
      expect(metadata.format).to.equal('jpeg');
      expect([metadata.width, metadata.height]).to.deep.equal([320, 180]);
      expect([metadata.exif, metadata.icc, metadata.xmp]).to.deep.equal([undefined, undefined, undefined]);
      expect(small.includes('Secret')).to.equal(false);
    });

    it('is not enlarged', async () => {
      const metadata = await sharp(await thumbnail((await upright(await corpus.jpeg(64, 48))).upright)).metadata();
      expect([metadata.width, metadata.height]).to.deep.equal([64, 48]);
    });

    it('looks like the picture: same mean colour, orientation applied', async () => {
      const red = { create: { width: 400, height: 300, channels: 3 as const, background: '#c02010' } };
      const [mean] = (await sharp(await thumbnail((await upright(await sharp(red).jpeg().toBuffer())).upright)).stats())
        .channels;
      expect(mean?.mean).to.be.closeTo(192, 3);
    });
  });
});
