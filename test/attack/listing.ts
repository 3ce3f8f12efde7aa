/** Ways into the bucket for a key that works: lists of others, URLs that it has signed, and bodies in signed chunks. */
import { createHash } from 'node:crypto';
import { presign, type RawRequest, type SignOptions, sign } from '../lib/cloud/support';
import type { Attempt, Category } from './attempt';
import type { Estates } from './page';
import { refused } from './refused';
import type { Target } from './target';

const OWN = '/uploads/home/attack';

/** A stolen key that works, asking for lists. */
export function lists(target: Target, { home }: Estates): Category {
  const prefixes = [
    undefined,
    '',
    '/',
    'h',
    'hom',
    'home',
    'j',
    'john',
    'john/',
    'john/1',
    'home2/',
    'HOME/',
    ' home/',
    '../',
    './home/',
    '/home/',
    'home\\',
    'home%2F',
    '\0',
    '*',
    'homé/',
    'home／',
    'john/../home/',
    '//',
  ];
  const queries: readonly ((prefix: string) => string)[] = [
    (prefix) => `list-type=2${prefix}`,
    (prefix) => `list-type=2&delimiter=%2F${prefix}`,
    (prefix) => `list-type=2&start-after=john%2F${prefix}`,
    (prefix) => `x=1${prefix}`,
    (prefix) => `marker=home%2F${prefix}`,
    (prefix) => `versions${prefix}`,
    (prefix) => `uploads${prefix}`,
  ];
  const ask = (path: string): Attempt => ({
    what: path,
    run: async () => {
      const { status, body } = await target.bucket(await sign(target.s3, { path }, { credentials: home.device }));
      if (status >= 500 && status !== 501) return `${status}: it failed`;
      return status < 400 ? `${status} ${body.toString().slice(0, 300)}` : undefined;
    },
  });
  const attempts = ['uploads', 'production'].flatMap((bucket) =>
    queries.flatMap((query) =>
      prefixes.map((prefix) =>
        ask(`/${bucket}?${query(prefix === undefined ? '' : `&prefix=${encodeURIComponent(prefix)}`)}`),
      ),
    ),
  );
  return {
    name: 'lists',
    least: 160,
    attempts: [...attempts, ask('/'), ask('/?x-id=ListBuckets'), ask('/production?list-type=2&prefix=home%2F')],
    control: async () => {
      const path = '/uploads?list-type=2&prefix=home%2F';
      const reply = await target.bucket(await sign(target.s3, { path }, { credentials: home.device }));
      return reply.status === 200 && reply.body.toString().includes('<Key>home/1429700001');
    },
  };
}

/** URLs that a stolen key has signed, and bodies in signed chunks. */
export function signedUrlsAndChunks(target: Target, { home }: Estates): Category {
  const url = (request: RawRequest, options: SignOptions = {}) =>
    presign(target.s3, request, { credentials: home.device, ...options });
  const own: RawRequest = { method: 'PUT', path: `${OWN}-url.jpg` };
  const edited = (what: string, edit: (path: string) => string, request = own) =>
    refused(target, what, async () => {
      const signed = await url(request);
      return { ...signed, path: edit(signed.path), body: 'picture' };
    });
  const chunked = (what: string, body: (seed: string) => string, headers: Record<string, string> = {}) =>
    refused(target, what, async () => {
      const signed = await sign(
        target.s3,
        {
          method: 'PUT',
          path: `${OWN}-chunked.jpg`,
          headers: {
            'content-encoding': 'aws-chunked',
            'x-amz-content-sha256': 'STREAMING-AWS4-HMAC-SHA256-PAYLOAD',
            'x-amz-decoded-content-length': '7',
            ...headers,
          },
        },
        { credentials: home.device },
      );
      const seed = /Signature=([0-9a-f]{64})/.exec(signed.headers?.authorization ?? '')?.[1] ?? '';
      return { ...signed, body: body(seed) };
    });
  const hash = createHash('sha256').update('picture').digest('hex');
  const attempts = [
    ...['GET', 'HEAD', 'DELETE', 'POST'].map((method) =>
      refused(target, `a URL for PUT, used for ${method}`, async () => ({ ...(await url(own)), method })),
    ),
    ...(['GET', 'HEAD', 'DELETE'] as const).map((method) =>
      refused(target, `a URL for ${method} of one's own`, () =>
        url({ method, path: '/uploads/home/1429700001_6-000000_door_1-1-2-2_1_1.jpg' }),
      ),
    ),
    ...['/uploads/john/url.jpg', '/production/home/url.jpg', '/uploads/home2/url.jpg'].map((path) =>
      refused(target, `a URL for ${path}`, async () => ({ ...(await url({ method: 'PUT', path })), body: 'x' })),
    ),
    refused(target, 'an expired URL', async () => ({
      ...(await url(own, { expiresIn: 1, at: new Date(Date.now() - 5000) })),
      body: 'x',
    })),
    refused(target, 'a URL of tomorrow', async () => ({
      ...(await url(own, { at: new Date(Date.now() + 86_400_000) })),
      body: 'x',
    })),
    edited('another key', (path) => path.replace('attack-url', 'other')),
    edited('a longer time', (path) => path.replace('X-Amz-Expires=100', 'X-Amz-Expires=100000')),
    edited('more than a week', (path) => path.replace('X-Amz-Expires=100', 'X-Amz-Expires=604801')),
    edited('no end', (path) => path.replace('&X-Amz-Expires=100', '')),
    edited('a negative time', (path) => path.replace('X-Amz-Expires=100', 'X-Amz-Expires=-1')),
    edited('another time', (path) => path.replace(/X-Amz-Date=\d{8}/, 'X-Amz-Date=20150422')),
    edited('no signature', (path) => path.replace(/&X-Amz-Signature=\w+/, '')),
    edited('another signature', (path) => path.replace(/X-Amz-Signature=\w{8}/, 'X-Amz-Signature=00000000')),
    edited('another algorithm', (path) => path.replace('AWS4-HMAC-SHA256', 'AWS4-HMAC-SHA1')),
    edited('a token', (path) => `${path}&X-Amz-Security-Token=x`),
    edited('one more parameter', (path) => `${path}&tagging`),
    edited('a part of an upload', (path) => `${path}&partNumber=1&uploadId=x`),
    edited('no signed headers', (path) => path.replace(/X-Amz-SignedHeaders=[^&]*/, 'X-Amz-SignedHeaders=')),
    refused(target, 'a URL and a header', async () => {
      const [signed, other] = [await url(own), await sign(target.s3, own, { credentials: home.device })];
      return { ...signed, headers: { ...signed.headers, ...other.headers }, body: '' };
    }),
    chunked('chunks without a signature', () => '7\r\npicture\r\n0\r\n\r\n'),
    chunked(
      "chunks with the request's own",
      (seed) => `7;chunk-signature=${seed}\r\npicture\r\n0;chunk-signature=${seed}\r\n\r\n`,
    ),
    chunked('chunks with the hash', () => `7;chunk-signature=${hash}\r\npicture\r\n0;chunk-signature=${hash}\r\n\r\n`),
    chunked('the last chunk alone', (seed) => `0;chunk-signature=${seed}\r\n\r\n`),
    chunked('no chunks', () => ''),
    chunked('a chunk that does not end', () => '7;chunk-signature='),
    chunked('a negative size', () => '-7\r\npicture\r\n0\r\n\r\n'),
    chunked('a size without end', () => `${'f'.repeat(40)}\r\npicture\r\n0\r\n\r\n`),
    chunked('a line without end', () => 'f'.repeat(100_000)),
    chunked('a length that is none', () => '7\r\npicture\r\n0\r\n\r\n', { 'x-amz-decoded-content-length': 'x' }),
    chunked('no framing', () => 'picture'),
    chunked('a trailer that was not announced', () => '7\r\npicture\r\n0\r\nx-amz-checksum-crc32:AAAAAA==\r\n\r\n'),
  ];
  return {
    name: 'presigned and chunked',
    least: 36,
    attempts,
    control: async () => (await target.bucket({ ...(await url(own)), body: 'picture' })).status === 200,
  };
}
