/** Stores and lines as they are in the field, each played by a small server between the bucket and a good S3. */
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { connect, createServer, type Server, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { expect } from 'chai';
import { Bucket, type BucketOptions } from '../../../tasks/lib/bucket/bucket';
import type { Content } from '../../../tasks/lib/bucket/content';
import { PART_SIZE } from '../../../tasks/lib/bucket/multipart';
import { Problem } from '../../../tasks/lib/bucket/problem';
import type { S3Server } from '../../../tasks/lib/cloud/s3/server';
import type { Destination } from '../../../tasks/lib/settings/settings';
import { answerError, FaultyProxy } from '../../faulty-proxy';
import { BUCKET, DEVICE, FOLDER, startBucket } from '../../kerberos';

const OPTIONS = { contentType: 'image/jpeg', metadata: {} };
const KEY = `${FOLDER}/a.jpg`;
const PICTURE = Buffer.from('picture');
const VIDEO = Buffer.alloc(2 * PART_SIZE + 5, 7);

function content(bytes: Buffer): Content {
  return { size: bytes.length, read: (offset, length) => Promise.resolve(bytes.subarray(offset, offset + length)) };
}

function page(response: ServerResponse, status: number, headers: Record<string, string> = {}): true {
  response.writeHead(status, { 'content-type': 'text/html', connection: 'close', ...headers });
  response.end('<html><body>Please log in.</body></html>');
  return true;
}

async function failureOf(promise: Promise<unknown>): Promise<Problem> {
  const error = await promise.then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  if (!(error instanceof Problem)) throw new Error(`not a Problem: ${error}`);
  return error;
}

describe('Stores and lines of the field', () => {
  let data: string;
  let s3: S3Server;
  let line: FaultyProxy;
  let told: string[];
  const buckets: Bucket[] = [];

  beforeEach(async () => {
    data = await mkdtemp(join(tmpdir(), 's3-'));
    s3 = await startBucket(data);
    line = await FaultyProxy.start(s3.endpoint);
    told = [];
  });

  afterEach(async () => {
    for (const bucket of buckets.splice(0)) bucket.close();
    await line.close();
    await s3.close();
    await rm(data, { recursive: true });
  });

  function open(change: Partial<Destination> = {}, options: BucketOptions = {}): Promise<Bucket> {
    return openAt({ endpoint: line.endpoint, ...change }, options);
  }

  /** At Amazon, where no endpoint is given. */
  async function openAt(change: Partial<Destination>, options: BucketOptions = {}): Promise<Bucket> {
    const destination = { bucket: BUCKET, folder: FOLDER, region: 'eu-west-1', credentials: DEVICE, ...change };
    const bucket = await Bucket.open(destination, { tell: (text) => void told.push(text), ...options });
    buckets.push(bucket);
    return bucket;
  }

  async function put(bucket: Bucket, bytes: Buffer = PICTURE, key: string = KEY): Promise<void> {
    await bucket.put(key, content(bytes), OPTIONS);
  }

  async function isStored(key: string = KEY): Promise<boolean> {
    return (await s3.objects.get(BUCKET, key)) !== undefined;
  }

  describe('a store that knows no x-amz-checksum', () => {
    const refusals: [number, string][] = [
      [400, 'InvalidArgument'],
      [501, 'NotImplemented'],
    ];
    for (const [status, code] of refusals) {
      it(`gets files without it after its first ${status} ${code}, and that is told once`, async () => {
        const sent: IncomingMessage['headers'][] = [];
        line.fault = (message, response) => {
          sent.push(message.headers);
          const names = Object.keys(message.headers).filter((name) => name.startsWith('x-amz-checksum'));
          return names.length > 0 && answerError(response, status, code);
        };
        const bucket = await open();
        for (let index = 0; index < 3; index++) await put(bucket, PICTURE, `${FOLDER}/${index}.jpg`);
        await put(bucket, VIDEO, `${FOLDER}/video.mp4`);
        const puts = line.requests.filter((request) => request.startsWith('PUT') && !request.includes('partNumber'));
        expect(puts).to.have.length(4);
        expect(await isStored(`${FOLDER}/2.jpg`)).to.equal(true);
        expect(await isStored(`${FOLDER}/video.mp4`)).to.equal(true);
        for (const headers of sent.filter((each) => each['content-length'] === String(PICTURE.length))) {
          expect(headers).to.include.keys('content-md5', 'x-amz-content-sha256');
        }
        expect(told).to.have.length(1);
        expect(told[0]).to.contain('x-amz-checksum-sha256');
      });
    }

    it('is not meant where the file is refused without it, too', async () => {
      line.fault = (_message, response) => answerError(response, 400, 'InvalidArgument');
      const bucket = await open();
      expect((await failureOf(put(bucket))).code).to.equal('InvalidArgument');
      line.fault = undefined;
      await put(bucket);
      expect(told).to.deep.equal([]);
    });
  });

  describe('a store whose ETag is no MD5', () => {
    const ETAG = createHash('md5').update('something else').digest('hex');
    for (const encryption of ['aws:kms', 'aws:kms:dsse']) {
      it(`is trusted with ${encryption}: a picture, and a video in parts`, async () => {
        line.lie = (headers) => {
          if (headers.etag !== undefined) headers.etag = `"${ETAG}"`;
          delete headers['x-amz-checksum-sha256'];
          headers['x-amz-server-side-encryption'] = encryption;
        };
        // The answer to CompleteMultipartUpload has the ETag in its text.
        line.fault = async (message, response) => {
          if (message.method !== 'POST' || !message.url?.includes('uploadId')) return false;
          response.writeHead(200, { 'x-amz-request-id': '1', 'x-amz-server-side-encryption': encryption });
          response.end(`<CompleteMultipartUploadResult><ETag>"${ETAG}-3"</ETag></CompleteMultipartUploadResult>`);
          return true;
        };
        const bucket = await open();
        await put(bucket);
        await put(bucket, VIDEO, `${FOLDER}/video.mp4`);
        expect(line.requests.filter((request) => request.startsWith('GET'))).to.deep.equal([]);
      });
    }

    it('is trusted when it refuses a wrong Content-MD5, which it is asked once', async () => {
      line.lie = (headers) => {
        if (headers.etag !== undefined) headers.etag = `"${ETAG}"`;
        delete headers['x-amz-checksum-sha256'];
      };
      const bucket = await open();
      for (let index = 0; index < 3; index++) await put(bucket, PICTURE, `${FOLDER}/${index}.jpg`);
      expect(line.requests).to.have.length(4);
      expect(line.requests[1]).to.contain('.kerberos-check');
    });

    it('is not trusted when it swallows a wrong Content-MD5', async () => {
      line.fault = (message, response) => {
        if (message.method !== 'PUT') return false;
        message.resume();
        response.writeHead(200, { etag: `"${ETAG}"`, 'x-amz-request-id': '1' }).end();
        return true;
      };
      const problem = await failureOf(put(await open()));
      expect(problem.code).to.match(/NotConfirmed|ChecksumMismatch/);
    });

    it('takes a video in parts whose ETags are none, nor that of the whole, if it refuses a wrong sum', async () => {
      line.lie = (headers) => {
        if (headers.etag !== undefined) headers.etag = '"opaque"';
        for (const name of Object.keys(headers)) if (name.startsWith('x-amz-')) delete headers[name];
      };
      // The store knows its own ETags.
      line.fault = async (message, response) => {
        if (message.method !== 'POST' || !message.url?.includes('uploadId')) return false;
        await put(await openAt({ endpoint: s3.endpoint }), VIDEO, `${FOLDER}/video.mp4`);
        response.end('<CompleteMultipartUploadResult><ETag>00</ETag></CompleteMultipartUploadResult>');
        return true;
      };
      await put(await open(), VIDEO, `${FOLDER}/video.mp4`);
      const asked = line.requests.slice(-2).map((request) => request.replace(/\?.*/, ''));
      expect(asked).to.deep.equal([`GET /${BUCKET}/`, `PUT /${BUCKET}/${FOLDER}/.kerberos-check`]);
    });

    it('has its video looked for in the list where the whole has another ETag', async () => {
      line.fault = async (message, response) => {
        if (message.method !== 'POST' || !message.url?.includes('uploadId')) return false;
        response.writeHead(200, { 'x-amz-request-id': '1' });
        response.end(`<CompleteMultipartUploadResult><ETag>"${ETAG}-3"</ETag></CompleteMultipartUploadResult>`);
        return true;
      };
      // This one did not put the parts together: the video is not there, and does not count.
      const problem = await failureOf(put(await open(), VIDEO, `${FOLDER}/video.mp4`));
      expect(problem.code).to.equal('NotConfirmed');
      expect(line.requests.at(-1)).to.match(/^GET .*list-type=2/);
    });
  });

  describe('what confirms nothing', () => {
    const portals: Record<string, (response: ServerResponse) => void> = {
      'a login page with a weak ETag': (response) => void page(response, 200, { etag: 'W/"5f3-1a2b3c"' }),
      'a login page without an ETag': (response) => void page(response, 200),
      'plain text with an ETag of its own': (response) =>
        void response.writeHead(200, { etag: '"5f3-1a2b3c"', 'content-type': 'text/plain' }).end('ok'),
      'an empty answer with a weak ETag': (response) => void response.writeHead(200, { etag: 'W/"1"' }).end(),
      'an ETag like an MD5, of something else': (response) =>
        void response.writeHead(200, { etag: `"${'0'.repeat(32)}"` }).end(),
      'a redirect to a login page': (response) => void page(response, 302, { location: 'http://login.example/?id=1' }),
    };
    for (const [what, answer] of Object.entries(portals)) {
      it(`is ${what}: no picture counts as uploaded, and all wait`, async () => {
        line.fault = (message, response) => {
          message.resume();
          answer(response);
          return true;
        };
        const problem = await failureOf(put(await open()));
        expect(problem).to.include({ kind: 'not-s3', whose: 'line', scope: 'target' });
        expect(problem.message).not.to.contain('id=1');
      });
    }

    it('is a success with an error in its text', async () => {
      line.fault = (message, response) => {
        message.resume();
        response.writeHead(200, { etag: `"${'0'.repeat(32)}"`, 'x-amz-request-id': '1' });
        response.end('<Error><Code>InternalError</Code><Message>We failed.</Message></Error>');
        return true;
      };
      expect(await failureOf(put(await open()))).to.include({ kind: 'server', code: 'InternalError' });
    });

    it('is settled by the list: a good store behind a machine that weakens ETags', async () => {
      line.lie = (headers) => {
        if (headers.etag !== undefined) headers.etag = `W/${headers.etag}`;
        for (const name of Object.keys(headers)) if (name.startsWith('x-amz-')) delete headers[name];
      };
      const bucket = await open();
      await put(bucket);
      expect(line.requests.map((request) => request.split(' ')[0])).to.deep.equal(['PUT', 'GET']);
    });
  });

  describe('something in between', () => {
    for (const status of [403, 404, 400]) {
      it(`says ${status}, and is told as that`, async () => {
        line.fault = (_message, response) => page(response, status);
        const { kind, message } = await failureOf(put(await open()));
        expect(kind).to.equal('not-s3');
        expect(message).to.match(new RegExp(`^Something between this machine and .* says ${status}`));
      });
    }

    for (const status of [403, 404, 502]) {
      it(`is a proxy that answers CONNECT with ${status}: it is named`, async () => {
        const proxy = createServer((socket) =>
          socket
            .on('error', () => {})
            .once('data', () => {
              socket.end(`HTTP/1.1 ${status} No\r\nContent-Type: text/html\r\nContent-Length: 4\r\n\r\nno!\n`);
            }),
        );
        const port = await listen(proxy);
        const bucket = await openAt({ proxy: `http://jane:secret@127.0.0.1:${port}` });
        for (const action of [() => put(bucket), () => bucket.serverTime()]) {
          const { kind, message, remedy } = await failureOf(action());
          expect(kind).to.equal('not-s3');
          expect(message).to.contain(`the proxy 127.0.0.1:${port}) says ${status}`);
          expect(message + remedy).not.to.contain('secret');
        }
        proxy.close();
      });
    }

    it('is not a store that answers in XML, nor one that only has a request id', async () => {
      line.fault = (_message, response) => answerError(response, 403, 'AccessDenied');
      expect((await failureOf(put(await open()))).kind).to.equal('denied');
      line.fault = (_message, response) => page(response, 403, { 'x-amz-request-id': '1' });
      expect((await failureOf(put(await open()))).kind).to.equal('denied');
    });

    it('is a port that speaks no TLS, told with the remedy', async () => {
      const problem = await failureOf(put(await open({ endpoint: line.endpoint.replace('http:', 'https:') })));
      expect(problem.kind).to.equal('tls');
      expect(problem.message).to.contain('does not speak TLS');
      expect(problem.remedy).to.contain('http://');
    });

    it('is nobody: a refused port of this machine is no question of being online', async () => {
      const problem = await failureOf(put(await open({ endpoint: 'http://127.0.0.1:1' })));
      expect(problem.message).to.equal('127.0.0.1:1 cannot be reached (ECONNREFUSED): nothing listens there.');
      expect(problem.remedy).not.to.contain('online');
    });
  });

  describe('a line', () => {
    it('that forgets idle connections does not cost a picture the idle timeout', async () => {
      const nat = await Nat.start(new URL(s3.endpoint));
      const bucket = await open({ endpoint: nat.endpoint });
      await put(bucket);
      await wait(3_000);
      nat.forgetAll();
      const begun = performance.now();
      await put(bucket, Buffer.from('later'));
      expect(performance.now() - begun).to.be.lessThan(10_000);
      await nat.close();
    });

    it('keeps its connection for the pictures of a burst', async () => {
      const nat = await Nat.start(new URL(s3.endpoint));
      const bucket = await open({ endpoint: nat.endpoint });
      for (let index = 0; index < 5; index++) await put(bucket, Buffer.from(String(index)));
      expect(nat.connections).to.equal(1);
      await nat.close();
    });

    const drips: Record<string, string> = {
      headers: '',
      'the text of an error': 'HTTP/1.1 500 No\r\nContent-Length: 9999\r\n\r\n',
      'the text of a success': 'HTTP/1.1 200 OK\r\nETag: "x"\r\nContent-Length: 9999\r\n\r\n',
    };
    for (const [what, first] of Object.entries(drips)) {
      it(`that drips ${what} does not hold an upload for ever`, async () => {
        const dripping = createServer((socket) => {
          socket.on('error', () => {});
          socket.once('data', () => {
            socket.write(first === '' ? 'HTTP/1.1 200 OK\r\nx-header: ' : first);
            const timer = setInterval(() => socket.write('x'), 20);
            socket.once('close', () => clearInterval(timer));
          });
        });
        const port = await listen(dripping);
        const bucket = await open({ endpoint: `http://127.0.0.1:${port}` }, { deadlineScale: 0.01 });
        const begun = performance.now();
        expect((await failureOf(put(bucket))).kind).to.equal('timeout');
        await failureOf(bucket.list(`${FOLDER}/`).next());
        expect(performance.now() - begun).to.be.lessThan(20_000);
        dripping.close();
      });
    }
  });

  it('old names of buckets go in the path, an alias of an access point like any name', async () => {
    const host = async (bucket: string) => (await openAt({ bucket })).place.host;
    for (const bucket of ['my_cameras', 'MyCameras', 'my.cameras', '-cameras-', `a${'b'.repeat(100)}`]) {
      expect(await host(bucket)).to.equal('s3.eu-west-1.amazonaws.com');
    }
    const alias = 'my-cams-a1b2c3d4e5f6g7h8i9j0k1l2m3n4ouse1a-s3alias';
    expect(await host(alias)).to.equal(`${alias}.s3.eu-west-1.amazonaws.com`);
  });
});

async function listen(server: Server): Promise<number> {
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('no port');
  return address.port;
}

/** A router that passes packets on, and can forget all connections so far: their packets vanish without a reset. */
class Nat {
  readonly endpoint: string;
  readonly #server: Server;
  readonly #sockets: Set<Socket>;
  connections = 0;

  private constructor(server: Server, port: number, sockets: Set<Socket>) {
    this.#server = server;
    this.#sockets = sockets;
    this.endpoint = `http://127.0.0.1:${port}`;
    server.on('connection', () => this.connections++);
  }

  static async start(backend: URL): Promise<Nat> {
    const sockets = new Set<Socket>();
    const server = createServer((socket) => {
      const onward = connect(Number(backend.port), backend.hostname);
      sockets.add(socket);
      for (const each of [socket, onward]) each.on('error', () => {});
      socket.pipe(onward).pipe(socket);
      socket.once('close', () => onward.destroy());
    });
    return new Nat(server, await listen(server), sockets);
  }

  forgetAll(): void {
    for (const socket of this.#sockets) socket.unpipe().resume();
  }

  async close(): Promise<void> {
    for (const socket of this.#sockets) socket.destroy();
    await new Promise((resolve) => this.#server.close(resolve));
  }
}
