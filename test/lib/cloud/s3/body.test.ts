import { createHash, createHmac } from 'node:crypto';
import { once } from 'node:events';
import { readdirSync } from 'node:fs';
import { connect } from 'node:net';
import { join } from 'node:path';
import { crc32 } from 'node:zlib';
import { expect } from 'chai';
import { type ChecksumAlgorithm, startChecksum } from '../../../../tasks/lib/cloud/s3/checksum';
import {
  BUCKET,
  OWNER,
  type RawRequest,
  REGION,
  send,
  sendSigned,
  sign,
  startTestServer,
  type TestServer,
} from '../support';

const path = `/${BUCKET}/home/a.jpg`;
const key = 'home/a.jpg';

/** What of a body that was refused is still on disk. */
const leftovers = (server: TestServer) => readdirSync(join(server.directory, 'incoming'));

describe('the embedded S3: whether a body arrived whole', () => {
  let server: TestServer;
  let endpoint: string;
  before(async () => {
    server = await startTestServer();
    endpoint = server.s3.endpoint;
  });
  after(() => server.stop());
  afterEach('leaves nothing of what it refused', async () => {
    expect(leftovers(server)).to.deep.equal([]);
    expect(server.s3.objects.info(BUCKET, key)?.key).to.equal(undefined);
  });

  const remove = () => server.s3.objects.remove(BUCKET, key);
  const put = async (body: string | Buffer, headers: Record<string, string>) => {
    const { status, code } = await sendSigned(endpoint, { method: 'PUT', path, body, headers });
    return code === undefined ? status : `${status} ${code}`;
  };

  it('knows the published check values of all checksums', () => {
    const values: [ChecksumAlgorithm, string][] = [
      ['CRC32', 'cbf43926'],
      ['CRC32C', 'e3069283'],
      ['CRC64NVME', 'ae8b14860a799888'],
      ['SHA1', 'f7c3bc1d808e04732adf679965ccc34ca7ae3441'],
      ['SHA256', '15e2b0d3c33891ebb0f1ef609ec419420c20e320ce94c65fbc8c3312448eb225'],
    ];
    for (const [name, value] of values) {
      const checksum = startChecksum(name);
      checksum.update(Buffer.from('1234'));
      checksum.update(Buffer.from('56789'));
      expect(checksum.digest().toString('hex'), name).to.equal(value);
    }
  });

  it('refuses bytes that are not those that were signed', async () => {
    const signed = await sign(endpoint, { method: 'PUT', path, body: 'picture' });
    const { status, code } = await send(endpoint, { ...signed, body: 'pictura' });
    expect([status, code]).to.deep.equal([400, 'XAmzContentSHA256Mismatch']);
  });

  it('refuses a body that does not have the MD5 or checksum that its sender tells', async () => {
    const md5 = createHash('md5').update('picture').digest('base64');
    expect(await put('pictura', { 'content-md5': md5 })).to.equal('400 BadDigest');
    expect(await put('picture', { 'content-md5': 'abc' })).to.equal('400 InvalidDigest');
    for (const name of ['CRC32', 'CRC32C', 'CRC64NVME', 'SHA1', 'SHA256'] as const) {
      const checksum = startChecksum(name);
      checksum.update(Buffer.from('picture'));
      const value = checksum.digest().toString('base64');
      const header = `x-amz-checksum-${name.toLowerCase()}`;
      expect(await put('pictura', { [header]: value }), name).to.equal('400 BadDigest');
      expect(await put('picture', { [header]: 'AAA=' }), name).to.equal('400 InvalidRequest');
      const reply = await sendSigned(endpoint, { method: 'PUT', path, body: 'picture', headers: { [header]: value } });
      expect([reply.status, reply.headers[header]]).to.deep.equal([200, value]);
      const head = await sendSigned(endpoint, { method: 'HEAD', path, headers: { 'x-amz-checksum-mode': 'ENABLED' } });
      expect(head.headers[header]).to.equal(value);
      remove();
    }
    const two = { 'x-amz-checksum-crc32': 'AAAAAA==', 'x-amz-checksum-crc32c': 'AAAAAA==' };
    expect(await put('picture', two)).to.equal('400 InvalidRequest');
    expect(await put('picture', { 'x-amz-sdk-checksum-algorithm': 'CRC32' })).to.equal('400 InvalidRequest');
  });

  it('stores nothing of a body whose sender goes away in the middle', async () => {
    const signed = await sign(endpoint, {
      method: 'PUT',
      path,
      headers: { 'x-amz-content-sha256': 'UNSIGNED-PAYLOAD', 'content-length': '100000' },
    });
    const socket = connect(server.s3.port, '127.0.0.1');
    const lines = Object.entries(signed.headers ?? {}).map(([name, value]) => `${name}: ${value}\r\n`);
    socket.write(`PUT ${path} HTTP/1.1\r\n${lines.join('')}\r\n${'x'.repeat(50_000)}`);
    while (leftovers(server).length === 0) await new Promise((resolve) => setImmediate(resolve));
    socket.destroy();
    await once(socket, 'close');
    while (leftovers(server).length > 0) await new Promise((resolve) => setImmediate(resolve));
  });

  it('does not let a body be sent that it refuses anyway', async () => {
    const signed = await sign(
      endpoint,
      { method: 'PUT', path, headers: { 'content-length': '5000000000' } },
      { credentials: { ...OWNER, secretAccessKey: 'wrong' } },
    );
    const socket = connect(server.s3.port, '127.0.0.1');
    const headers = { ...signed.headers, expect: '100-continue' };
    const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`);
    socket.write(`PUT ${path} HTTP/1.1\r\n${lines.join('')}\r\n`);
    let answer = '';
    for await (const text of socket) answer += text;
    expect(answer).to.match(/^HTTP\/1\.1 403 /);
    expect(answer).not.to.include('100 Continue');
  });

  it('wants to know how long an object is, and refuses one that is too long', async () => {
    const headers = { 'x-amz-content-sha256': 'UNSIGNED-PAYLOAD', 'transfer-encoding': 'chunked' };
    expect(await put('picture', headers)).to.equal('411 MissingContentLength');
    const tooLong = {
      'x-amz-content-sha256': 'STREAMING-UNSIGNED-PAYLOAD-TRAILER',
      'x-amz-decoded-content-length': '5368709121',
    };
    expect(await put('0\r\n\r\n', tooLong)).to.equal('400 EntityTooLarge');
  });

  describe('in chunks with a trailing checksum', () => {
    const crc = (text: string) => {
      const bytes = Buffer.alloc(4);
      bytes.writeUInt32BE(crc32(text));
      return bytes.toString('base64');
    };
    const putChunks = (body: string, length: number) =>
      put(body, {
        'x-amz-content-sha256': 'STREAMING-UNSIGNED-PAYLOAD-TRAILER',
        'x-amz-decoded-content-length': String(length),
        'x-amz-trailer': 'x-amz-checksum-crc32',
        'content-encoding': 'aws-chunked',
      });
    const big = 'x'.repeat(8192);

    it('takes them apart', async () => {
      const body = `2000\r\n${big}\r\n7\r\npicture\r\n0\r\nx-amz-checksum-crc32:${crc(`${big}picture`)}\r\n\r\n`;
      expect(await putChunks(body, 8199)).to.equal(200);
      expect(server.s3.objects.info(BUCKET, key)?.size).to.equal(8199);
      remove();
    });

    it('refuses what is cut, changed, too long or not in their form', async () => {
      const good = crc('picture');
      const cases: [body: string, length: number, answer: string][] = [
        [`7\r\npicture\r\n0\r\nx-amz-checksum-crc32:${crc('pictura')}\r\n\r\n`, 7, '400 BadDigest'],
        [`7\r\npicture\r\n0\r\n\r\n`, 7, '400 MalformedTrailerError'],
        [`7\r\npicture\r\n0\r\nx-amz-checksum-sha1:${good}\r\n\r\n`, 7, '400 MalformedTrailerError'],
        [`7\r\npicture\r\n0\r\nno colon\r\n\r\n`, 7, '400 MalformedTrailerError'],
        [`7\r\npicture\r\n`, 7, '400 IncompleteBody'],
        [`7\r\npict`, 7, '400 IncompleteBody'],
        ['', 7, '400 IncompleteBody'],
        [`7\r\npicture\r\n0\r\nx-amz-checksum-crc32:${good}\r\n\r\n`, 8, '400 IncompleteBody'],
        [`7\r\npicture\r\n0\r\nx-amz-checksum-crc32:${good}\r\n\r\n`, 6, '400 IncompleteBody'],
        [`-7\r\npicture\r\n0\r\n\r\n`, 7, '400 IncompleteBody'],
        [`fffffffffffff\r\npicture\r\n0\r\n\r\n`, 7, '400 IncompleteBody'],
        [`3\r\npic\r\n4\r\nture\r\n0\r\nx-amz-checksum-crc32:${good}\r\n\r\n`, 7, '403 InvalidChunkSizeError'],
      ];
      for (const [body, length, answer] of cases) expect(await putChunks(body, length), body).to.equal(answer);
    });
  });

  describe('in signed chunks', () => {
    const sha256 = (data: string) => createHash('sha256').update(data).digest('hex');

    /** Amazon's description of the chunks' signatures, written down a second time. */
    const signedChunks = async (
      chunks: string[],
      options: { trailer?: string; spoil?: number } = {},
    ): Promise<RawRequest> => {
      const trailing = options.trailer !== undefined;
      const request = await sign(endpoint, {
        method: 'PUT',
        path,
        headers: {
          'x-amz-content-sha256': `STREAMING-AWS4-HMAC-SHA256-PAYLOAD${trailing ? '-TRAILER' : ''}`,
          'x-amz-decoded-content-length': String(chunks.join('').length),
          ...(trailing && { 'x-amz-trailer': 'x-amz-checksum-crc32' }),
        },
      });
      const date = request.headers?.['x-amz-date'] ?? '';
      const scope = `${date.slice(0, 8)}/${REGION}/s3/aws4_request`;
      let signingKey: Buffer | string = `AWS4${OWNER.secretAccessKey}`;
      for (const part of scope.split('/')) signingKey = createHmac('sha256', signingKey).update(part).digest();
      let previous = /Signature=(\w+)/.exec(request.headers?.authorization ?? '')?.[1] ?? '';
      const next = (algorithm: string, hashes: string) => {
        const text = `${algorithm}\n${date}\n${scope}\n${previous}\n${hashes}`;
        previous = createHmac('sha256', signingKey).update(text).digest('hex');
        return previous;
      };
      let body = '';
      for (const [at, chunk] of [...chunks, ''].entries()) {
        const signature = next('AWS4-HMAC-SHA256-PAYLOAD', `${sha256('')}\n${sha256(chunk)}`);
        const sent = at === options.spoil ? signature.replace(/^./, (c) => (c === '0' ? '1' : '0')) : signature;
        body += `${chunk.length.toString(16)};chunk-signature=${sent}\r\n${chunk}${chunk === '' ? '' : '\r\n'}`;
      }
      if (options.trailer !== undefined) {
        const line = `x-amz-checksum-crc32:${options.trailer}\n`;
        body += `${line}\r\nx-amz-trailer-signature:${next('AWS4-HMAC-SHA256-TRAILER', sha256(line))}\r\n`;
      }
      return { ...request, body: `${body}\r\n` };
    };
    const big = 'x'.repeat(10_000);
    const answer = async (request: RawRequest) => {
      const { status, code } = await send(endpoint, request);
      return code === undefined ? status : `${status} ${code}`;
    };

    it('takes them apart, with a trailer and without', async () => {
      expect(await answer(await signedChunks([big, big, 'end']))).to.equal(200);
      expect(server.s3.objects.info(BUCKET, key)?.size).to.equal(20_003);
      remove();
      const crc = Buffer.alloc(4);
      crc.writeUInt32BE(crc32(`${big}end`));
      expect(await answer(await signedChunks([big, 'end'], { trailer: crc.toString('base64') }))).to.equal(200);
      remove();
    });

    it('refuses a chunk with another signature, of other bytes, or in another place', async () => {
      for (const spoil of [0, 1, 2]) {
        expect(await answer(await signedChunks([big, 'end'], { spoil }))).to.equal('403 SignatureDoesNotMatch');
      }
      const request = await signedChunks([big, 'end']);
      const body = String(request.body);
      expect(await answer({ ...request, body: body.replace('end', 'and') })).to.equal('403 SignatureDoesNotMatch');
      const unsigned = body.replaceAll(/;chunk-signature=\w+/g, '');
      expect(await answer({ ...request, body: unsigned })).to.equal('403 SignatureDoesNotMatch');
      expect(await answer(await signedChunks([big], { trailer: 'AAAAAA==' }))).to.equal('400 BadDigest');
      const trailed = await signedChunks([big], { trailer: 'AAAAAA==' });
      const changed = String(trailed.body).replace('AAAAAA==', 'AAAAAQ==');
      expect(await answer({ ...trailed, body: changed })).to.equal('403 SignatureDoesNotMatch');
    });
  });
});
