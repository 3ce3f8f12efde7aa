import { once } from 'node:events';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { Bucket, type BucketOptions } from '../../../tasks/lib/bucket/bucket';
import type { Content } from '../../../tasks/lib/bucket/content';
import { PART_SIZE } from '../../../tasks/lib/bucket/multipart';
import { Problem } from '../../../tasks/lib/bucket/problem';
import type { S3Server } from '../../../tasks/lib/cloud/s3/server';
import type { Destination } from '../../../tasks/lib/settings/settings';
import { FaultyProxy } from '../../faulty-proxy';
import { BUCKET, DEVICE, FOLDER, ROOT, startBucket } from '../../kerberos';

const OPTIONS = { contentType: 'image/jpeg', metadata: {} };

function content(bytes: Buffer): Content {
  return { size: bytes.length, read: (offset, length) => Promise.resolve(bytes.subarray(offset, offset + length)) };
}

describe('Bucket', () => {
  let data: string;
  let s3: S3Server;
  let line: FaultyProxy;
  const buckets: Bucket[] = [];

  before(async () => {
    data = await mkdtemp(join(tmpdir(), 's3-'));
    s3 = await startBucket(data);
  });

  after(async () => {
    await s3.close();
    await rm(data, { recursive: true });
  });

  beforeEach(async () => {
    line = await FaultyProxy.start(s3.endpoint);
  });

  afterEach(async () => {
    for (const bucket of buckets.splice(0)) bucket.close();
    await line.close();
  });

  async function open(change: Partial<Destination> = {}, options: BucketOptions = {}): Promise<Bucket> {
    const destination = {
      endpoint: line.endpoint,
      bucket: BUCKET,
      folder: FOLDER,
      region: 'eu-west-1',
      credentials: DEVICE,
    };
    const bucket = await Bucket.open({ ...destination, ...change }, options);
    buckets.push(bucket);
    return bucket;
  }

  async function failureOf(promise: Promise<unknown>): Promise<Problem> {
    const error = await promise.then(
      () => undefined,
      (thrown: unknown) => thrown,
    );
    if (!(error instanceof Problem)) throw new Error(`not a Problem: ${error}`);
    return error;
  }

  it('puts one file with one request', async () => {
    const bucket = await open();
    await bucket.put(`${FOLDER}/one.jpg`, content(Buffer.from('picture')), OPTIONS);
    expect(line.requests).to.deep.equal([`PUT /${BUCKET}/${FOLDER}/one.jpg`]);
  });

  it('lists more than a page, in order, whatever the keys are made of', async () => {
    const names = [
      'a b+c%20.jpg',
      'ü 正門 🚪.jpg',
      ...Array.from({ length: 1100 }, (_, index) => `n${String(index).padStart(4, '0')}.jpg`),
    ];
    const bucket = await open({ endpoint: s3.endpoint });
    for (let at = 0; at < names.length; at += 50) {
      await Promise.all(
        names
          .slice(at, at + 50)
          .map((name) => bucket.put(`${FOLDER}/list/${name}`, content(Buffer.from(name)), OPTIONS)),
      );
    }
    const listed: string[] = [];
    for await (const page of bucket.list(`${FOLDER}/list/`))
      listed.push(...page.map(({ key }) => key.slice(`${FOLDER}/list/`.length)));
    const order = (a: string, b: string) => Buffer.compare(Buffer.from(a), Buffer.from(b));
    expect(listed).to.deep.equal([...names].sort(order));
    const later: string[] = [];
    for await (const page of bucket.list(`${FOLDER}/list/`, `${FOLDER}/list/n1098.jpg`))
      later.push(...page.map(({ key }) => key));
    expect(later).to.have.length(2);
  });

  it('sends the headers that a bucket demands with a picture and with a video', async () => {
    const sent: Record<string, unknown>[] = [];
    line.fault = (message) => {
      sent.push(message.headers);
      return false;
    };
    const demands = { encryption: 'aws:kms', encryptionKey: 'key-1', storageClass: 'STANDARD_IA', acl: 'private' };
    const bucket = await open({ demands });
    // The local S3 keeps no encrypted objects; what is sent is what counts here.
    await bucket.put(`${FOLDER}/a.jpg`, content(Buffer.from('picture')), OPTIONS).catch(() => {});
    await bucket.put(`${FOLDER}/a.mp4`, content(Buffer.alloc(PART_SIZE + 1)), OPTIONS).catch(() => {});
    for (const headers of [sent[0], sent.find((each) => each['content-type'] === 'image/jpeg' && each !== sent[0])]) {
      expect(headers).to.include({
        'x-amz-server-side-encryption': 'aws:kms',
        'x-amz-server-side-encryption-aws-kms-key-id': 'key-1',
        'x-amz-storage-class': 'STANDARD_IA',
        'x-amz-acl': 'private',
      });
    }
  });

  it('notices that nobody answers', async () => {
    line.fault = () => true;
    const bucket = await open({}, { idleTimeout: 300 });
    const problem = await failureOf(bucket.put(`${FOLDER}/a.jpg`, content(Buffer.alloc(1000)), OPTIONS));
    expect(problem.kind).to.equal('timeout');
    expect(problem.message).to.match(/does not answer/);
  });

  it('notices that the line has died in the middle of a large file', async () => {
    line.fault = (message) => {
      if (message.method !== 'PUT') return false;
      message.pause();
      return true;
    };
    const bucket = await open({}, { idleTimeout: 500 });
    const bytes = Buffer.alloc(PART_SIZE + 1);
    const problem = await failureOf(bucket.put(`${FOLDER}/a.mp4`, content(bytes), OPTIONS));
    expect(problem.kind).to.equal('timeout');
  });

  it('does not take a slow line for a dead one', async () => {
    const bucket = await open({}, { idleTimeout: 400, limitRate: 50_000 });
    await bucket.put(`${FOLDER}/slow.jpg`, content(Buffer.alloc(60_000)), OPTIONS);
  });

  it('leaves no part of a video behind as an object when it fails half-way', async () => {
    let parts = 0;
    line.fault = (message, response) => {
      if (message.method !== 'PUT' || ++parts < 2) return false;
      response.destroy();
      return true;
    };
    const bucket = await open();
    const problem = await failureOf(bucket.put(`${FOLDER}/half.mp4`, content(Buffer.alloc(2 * PART_SIZE)), OPTIONS));
    expect(problem.kind).to.equal('offline');
    expect(await s3.objects.get(BUCKET, `${FOLDER}/half.mp4`)).to.equal(undefined);
  });

  it('asks the proxy, with its password, for the way to S3', async () => {
    const asked: string[] = [];
    const proxy: Server = createServer();
    proxy.on('connect', (request, socket) => {
      asked.push(`${request.url} ${request.headers['proxy-authorization']}`);
      socket.end('HTTP/1.1 502 Bad Gateway\r\n\r\n');
    });
    proxy.listen(0, '127.0.0.1');
    await once(proxy, 'listening');
    const { port } = proxy.address() as AddressInfo;
    const bucket = await open({ endpoint: 'https://s3.example.org', proxy: `http://jane:pass@127.0.0.1:${port}` });
    await failureOf(bucket.put('a.jpg', content(Buffer.alloc(10)), OPTIONS));
    expect(asked[0]).to.equal(`s3.example.org:443 Basic ${Buffer.from('jane:pass').toString('base64')}`);
    proxy.close();
  });

  it('refuses a certificate that nobody vouches for, and says so', async () => {
    const read = (name: string) => readFile(join(ROOT, 'test', 'fixtures', name));
    const server = createTlsServer({ key: await read('localhost.key'), cert: await read('localhost.crt') });
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    const { port } = server.address() as AddressInfo;
    const bucket = await open({ endpoint: `https://127.0.0.1:${port}` });
    const problem = await failureOf(bucket.put('a.jpg', content(Buffer.alloc(10)), OPTIONS));
    expect(problem.kind).to.equal('tls');
    expect(problem.message).to.match(/certificate of 127.0.0.1:\d+ is not accepted/);
    server.close();
  });

  it('goes to Amazon by name of bucket and region, and path-style where a dot is in the name', async () => {
    const amazon = async (bucket: string, region: string) => {
      const destination = { bucket, folder: '', region, credentials: DEVICE };
      return (await Bucket.open(destination)).place.host;
    };
    expect(await amazon('my-bucket', 'eu-west-1')).to.equal('my-bucket.s3.eu-west-1.amazonaws.com');
    expect(await amazon('my.bucket', 'us-east-1')).to.equal('s3.us-east-1.amazonaws.com');
    expect(await amazon('my-bucket', 'cn-north-1')).to.equal('my-bucket.s3.cn-north-1.amazonaws.com.cn');
  });
});
