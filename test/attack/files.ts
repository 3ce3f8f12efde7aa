/**
 * Files that are made to exhaust whoever opens them. Each must be settled: published or refused, and told, while the cloud
 * goes on. What claims more pixels than are allowed must be refused.
 */
import { deflateSync } from 'node:zlib';
import * as corpus from '../lambda/media/corpus';
import { sign } from '../lib/cloud/support';
import { type Attempt, type Category, Unanswered } from './attempt';
import type { Estates } from './page';
import type { Random } from './random';
import type { Target } from './target';

type Verdict = 'refused' | 'either';

/** Uploads a file and looks what becomes of it. */
function uploaded(
  target: Target,
  { home }: Estates,
  name: string,
  what: string,
  file: () => Promise<Buffer> | Buffer,
  verdict: Verdict,
): Attempt {
  return {
    what,
    run: async () => {
      const key = `home/${name}`;
      await target.upload(home.device, key, await file());
      const outcome = await target.outcomeOf(key);
      if (outcome === undefined) throw new Unanswered('it was neither published nor refused');
      if (outcome === 'dead letter') return 'it could not be looked at';
      return outcome === 'ok' && verdict === 'refused' ? 'it was published' : undefined;
    },
  };
}

/** That pictures of the others are published meanwhile. */
export function control(target: Target, { john }: Estates, ending: string): () => Promise<boolean> {
  let count = 0;
  return async () => {
    count += 1;
    const name = `142980000${count}_6-000000_door_1-1-2-2_1_${count}.${ending}.jpg`;
    await target.upload(john.device, `john/${name}`, await corpus.jpeg(64, 48, count));
    await target.says(new RegExp(`published john/${name}`));
    return target.isRunning && !target.hasDeadLetters;
  };
}

/** A PNG whose parts say whatever is wanted; their checksums are right. */
function png(chunks: readonly (readonly [type: string, content: Buffer])[]): Buffer {
  const parts = chunks.map(([type, content]) => {
    const body = Buffer.concat([Buffer.from(type, 'latin1'), content]);
    return Buffer.concat([corpus.u32(content.length), body, corpus.u32(crc32(body))]);
  });
  return Buffer.concat([Buffer.from('89504e470d0a1a0a', 'hex'), ...parts]);
}

/** Bit by bit: these files are small. */
function crc32(bytes: Buffer): number {
  let crc = 0xffffffff;
  for (const byte of bytes) {
    crc ^= byte;
    for (let bit = 0; bit < 8; bit++) crc = (crc >>> 1) ^ (crc & 1 ? 0xedb88320 : 0);
  }
  return (crc ^ 0xffffffff) >>> 0;
}

function header(width: number, height: number, depth = 8, color = 0, interlaced = 0): Buffer {
  return Buffer.concat([corpus.u32(width), corpus.u32(height), Buffer.from([depth, color, 0, 0, interlaced])]);
}

const END: readonly [string, Buffer] = ['IEND', Buffer.alloc(0)];

/** PNG files that are small, and say that they are vast. */
export function pngBombs(target: Target, estates: Estates): Category {
  const zeros = deflateSync(Buffer.alloc(30_000_000));
  const vast = (width: number, height: number, depth = 8, color = 0, interlaced = 0) =>
    png([['IHDR', header(width, height, depth, color, interlaced)], ['IDAT', zeros], END]);
  const small = (...more: (readonly [string, Buffer])[]) =>
    png([['IHDR', header(1, 1)], ...more, ['IDAT', deflateSync(Buffer.alloc(2))], END]);
  const text = (type: string, before: string, bytes: Buffer): readonly [string, Buffer] => [
    type,
    Buffer.concat([Buffer.from(before, 'latin1'), bytes]),
  ];
  const bombs: readonly (readonly [string, () => Buffer, Verdict])[] = [
    ['the most that it can say', () => vast(0x7fffffff, 0x7fffffff), 'refused'],
    ['more than it can say', () => vast(0xffffffff, 0xffffffff), 'refused'],
    ['one line without end', () => vast(0x7fffffff, 1), 'refused'],
    ['one column without end', () => vast(1, 0x7fffffff), 'refused'],
    ['a hundred thousand square', () => vast(100_000, 100_000), 'refused'],
    ['thirty thousand square', () => vast(30_000, 30_000), 'refused'],
    ['five thousand square', () => vast(5000, 5000), 'refused'],
    ['sixteen bits and four channels', () => vast(20_000, 20_000, 16, 6), 'refused'],
    ['one bit', () => vast(100_000, 100_000, 1), 'refused'],
    ['interlaced', () => vast(30_000, 30_000, 8, 0, 1), 'refused'],
    ['a palette', () => vast(30_000, 30_000, 8, 3), 'refused'],
    ['no width', () => vast(0, 10), 'refused'],
    ['no height', () => vast(10, 0), 'refused'],
    ['more bytes than pixels', () => png([['IHDR', header(1, 1)], ['IDAT', zeros], END]), 'either'],
    ['a compressed text', () => small(text('zTXt', 'a\0\0', zeros)), 'either'],
    ['a compressed international text', () => small(text('iTXt', 'a\0\x01\0\0\0', zeros)), 'either'],
    ['a compressed profile', () => small(text('iCCP', 'a\0\0', zeros)), 'either'],
    [
      'fifty thousand texts',
      () => small(...Array.from({ length: 50_000 }, () => text('tEXt', 'a\0b', Buffer.alloc(0)))),
      'either',
    ],
    [
      'fifty thousand pieces',
      () =>
        png([
          ['IHDR', header(1, 1)],
          ...Array.from({ length: 50_000 }, (): readonly [string, Buffer] => ['IDAT', Buffer.alloc(0)]),
          END,
        ]),
      'either',
    ],
    [
      'a part longer than the file',
      () => Buffer.concat([small().subarray(0, 33), corpus.u32(0x7fffffff), Buffer.from('IDAT')]),
      'either',
    ],
  ];
  return {
    name: 'PNG bombs',
    least: 19,
    attempts: bombs.map(([what, file, verdict], at) => {
      const name = `14298000${String(at).padStart(2, '0')}_6-000000_door_1-1-2-2_1_1.png`;
      return uploaded(target, estates, name, what, file, verdict);
    }),
    control: control(target, estates, 'png'),
  };
}

/** MP4 files whose boxes claim what is not there. */
export function mp4Shapes(target: Target, estates: Estates, random: Random): Category {
  const whole = corpus.mp4(64, 48, 5);
  const types = [
    'ftyp',
    'moov',
    'mvhd',
    'trak',
    'tkhd',
    'mdia',
    'mdhd',
    'hdlr',
    'minf',
    'stbl',
    'stsd',
    'stts',
    'stsc',
    'stsz',
    'stco',
    'mdat',
  ];
  const at = (type: string) => whole.indexOf(type, 0, 'latin1');
  const changed = (change: (copy: Buffer) => void) => () => {
    const copy = Buffer.from(whole);
    change(copy);
    return copy;
  };
  const present = types.filter((type) => at(type) > 0);
  const shapes: (readonly [string, () => Buffer])[] = [
    ...present.flatMap((type) =>
      [0, 1, 7, 0x7fffffff, 0xffffffff].map((size): readonly [string, () => Buffer] => [
        `${type} of ${size} bytes`,
        changed((copy) => copy.writeUInt32BE(size, at(type) - 4)),
      ]),
    ),
    ...['stts', 'stsc', 'stsz', 'stco', 'stsd']
      .filter((type) => at(type) > 0)
      .flatMap((type) =>
        [0xffffffff, 10_000_000, 0x7fffffff].map((count): readonly [string, () => Buffer] => [
          `${type} with ${count} entries`,
          // stsz has a common size before its count.
          changed((copy) => copy.writeUInt32BE(count, at(type) + (type === 'stsz' ? 12 : 8))),
        ]),
      ),
    ...[0xffffffff, 10_000_000].map((count): readonly [string, () => Buffer] => [
      `a fragment with ${count} samples`,
      () => {
        const file = corpus.fragmentedMp4(64, 48, 5);
        file.writeUInt32BE(count, file.indexOf('trun', 0, 'latin1') + 8);
        return file;
      },
    ]),
    [
      'a hundred levels',
      () => {
        let nested: Buffer = Buffer.alloc(0);
        for (let level = 0; level < 100; level++) nested = corpus.box('moov', nested);
        return Buffer.concat([whole.subarray(0, whole.readUInt32BE(0)), nested]);
      },
    ],
    [
      'a hundred thousand boxes',
      () => Buffer.concat([whole, ...Array.from({ length: 100_000 }, () => corpus.box('free'))]),
    ],
    ...Array.from({ length: 6 }, (_, turn): readonly [string, () => Buffer] => [
      `bytes changed by chance ${turn}`,
      changed((copy) => {
        for (let i = 0; i < 12; i++) copy[random.below(copy.length)] = random.below(256);
      }),
    ]),
  ];
  return {
    name: 'MP4 shapes',
    least: 45,
    attempts: shapes.map(([what, file], number) => {
      const name = `14299000${String(number).padStart(3, '0')}_6-000000_door_1-1-2-2_1_1.mp4`;
      return uploaded(target, estates, name, what, file, 'either');
    }),
    control: control(target, estates, 'mp4'),
  };
}

/** Documents that a device can send to complete an upload: none may take a second of the server, or fail in it. */
export function xmlShapes(target: Target, { home }: Estates): Category {
  const root = 'CompleteMultipartUpload';
  const shapes: Readonly<Record<string, string>> = {
    'beginnings of comments': '<!--'.repeat(250_000),
    'beginnings of comments in it': `<${root}>${'<!--'.repeat(250_000)}`,
    'whole comments': `<${root}>${'<!---->'.repeat(150_000)}</${root}>`,
    'spaces in a text': `<${root}>${' '.repeat(400_000)}</${root}>`,
    'spaces in a tag': `<${root}${' '.repeat(400_000)}></${root}>`,
    'spaces in a tag without end': `<${root}${' '.repeat(400_000)}`,
    'spaces before it': `${' '.repeat(400_000)}<${root}/>`,
    'line feeds behind it': `<${root}/>${'\n'.repeat(400_000)}x`,
    'a hundred thousand attributes': `<${root} ${'a="1" '.repeat(100_000)}/>`,
    'an attribute of a megabyte': `<${root} a="${'x'.repeat(1_000_000)}"/>`,
    'a hundred thousand levels': `<${root}>${'<a>'.repeat(100_000)}${'</a>'.repeat(100_000)}</${root}>`,
    'a hundred levels': `<${root}>${'<a>'.repeat(100)}${'</a>'.repeat(100)}</${root}>`,
    'more ends than beginnings': `<${root}>${'</a>'.repeat(100_000)}`,
    'beginnings of CDATA': `<${root}>${'<![CDATA['.repeat(100_000)}`,
    'entities of entities': `<!DOCTYPE d [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;">]><${root}>${'&b;'.repeat(1000)}</${root}>`,
    'an entity that is a file': `<!DOCTYPE d [<!ENTITY a SYSTEM "file:///etc/passwd">]><${root}><Part>&a;</Part></${root}>`,
    'processing instructions': `${'<?a ?>'.repeat(100_000)}<${root}/>`,
    'references without end': `<${root}>&#${'0'.repeat(1_000_000)}</${root}>`,
    ampersands: `<${root}>${'&amp;'.repeat(200_000)}</${root}>`,
    'a name of objects themselves': `<${root}><__proto__><Part/></__proto__></${root}>`,
    nothing: '',
    'bytes that are no text': '\u0000\u0001\u0002',
  };
  const path = '/uploads/home/attack-xml.mp4';
  const begin = async () => {
    const signed = await sign(target.s3, { method: 'POST', path: `${path}?uploads` }, { credentials: home.device });
    return /<UploadId>(\w+)</.exec((await target.bucket(signed)).body.toString())?.[1] ?? '';
  };
  let upload: Promise<string> | undefined;
  const complete = async (body: string) => {
    upload ??= begin();
    const request = { method: 'POST', path: `${path}?uploadId=${await upload}`, body };
    return target.bucket(await sign(target.s3, request, { credentials: home.device }));
  };
  return {
    name: 'XML shapes',
    least: 19,
    attempts: Object.entries(shapes).map(
      ([what, body]): Attempt => ({
        what,
        run: async () => {
          const { status, code } = await complete(body);
          return status === 400 && code === 'MalformedXML' ? undefined : `${status} ${code}`;
        },
      }),
    ),
    // A document as it should be is understood: there is no such part.
    control: async () => {
      const part = '<Part><PartNumber>1</PartNumber><ETag>x</ETag></Part>';
      return (await complete(`<${root}>${part}</${root}>`)).code === 'InvalidPart';
    },
    aftermath: async () => {
      const start = performance.now();
      await complete('<a/>');
      const took = performance.now() - start;
      // Shared machines are slow, but not for half a minute.
      return took < 30_000 ? undefined : `the next one was answered after ${Math.round(took)} ms`;
    },
  };
}
