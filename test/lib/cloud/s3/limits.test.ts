import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import {
  CreateMultipartUploadCommand,
  DeleteObjectCommand,
  GetObjectCommand,
  PutObjectCommand,
  UploadPartCommand,
} from '@aws-sdk/client-s3';
import { expect } from 'chai';
import { BUCKET, DEVICE, OWNER, refusal, startTestServer, type TestServer } from '../support';

const MB = 1024 ** 2;
const QUOTA = { bytes: 10 * MB, objects: 7, uploads: 3 };

describe('what uploads may take of the machine', () => {
  let server: TestServer;
  let free: number;
  let mayWait: boolean;
  beforeEach(async () => {
    free = 100 * MB;
    mayWait = true;
    server = await startTestServer({
      space: { reserve: 20 * MB, free: async () => free },
      mayWait: () => mayWait,
    });
    await server.s3.createBucket(BUCKET, { quota: QUOTA });
    await server.s3.createBucket('production');
  });
  afterEach(async () => {
    expect(readdirSync(join(server.directory, 'incoming'))).to.deep.equal([]);
    await server.stop();
  });
  /** Into the uploads bucket as the device, into the other one as a function. */
  const put = (Key: string, Body: Buffer | string, Bucket = BUCKET) =>
    server
      .client({ credentials: Bucket === BUCKET ? DEVICE : OWNER })
      .send(new PutObjectCommand({ Bucket, Key, Body }));

  it("a full disk refuses uploads with S3's own error, while reading, deleting and the functions go on", async () => {
    await put('home/a.jpg', 'picture');
    free = 20 * MB - 1;
    expect(await refusal(put('home/b.jpg', 'x'))).to.deep.equal({ code: 'ServiceUnavailable', status: 503 });
    const begin = new CreateMultipartUploadCommand({ Bucket: BUCKET, Key: 'home/c.mp4' });
    expect((await refusal(server.client({ credentials: DEVICE }).send(begin))).code).to.equal('ServiceUnavailable');
    await put('home/a.jpg', 'published', 'production');
    const owner = server.client();
    await owner.send(new GetObjectCommand({ Bucket: BUCKET, Key: 'home/a.jpg' }));
    await owner.send(new DeleteObjectCommand({ Bucket: BUCKET, Key: 'home/a.jpg' }));
    free = 10 * MB - 1;
    expect((await refusal(put('home/b.jpg', 'x', 'production'))).code).to.equal('ServiceUnavailable');
    free = 21 * MB;
    await put('home/b.jpg', 'x');
    // What is announced counts before it is there.
    expect((await refusal(put('home/d.jpg', Buffer.alloc(2 * MB)))).code).to.equal('ServiceUnavailable');
  });

  it('an account has a quota of bytes and objects over all buckets, parts too, which others do not share', async () => {
    await put('home/1.jpg', Buffer.alloc(4 * MB), 'production');
    await put('home/2.jpg', Buffer.alloc(4 * MB));
    expect(await refusal(put('home/3.jpg', Buffer.alloc(3 * MB)))).to.deep.equal({
      code: 'QuotaExceeded',
      status: 403,
    });
    const owner = server.client();
    await owner.send(new PutObjectCommand({ Bucket: BUCKET, Key: 'jane/1.jpg', Body: Buffer.alloc(3 * MB) }));
    const client = server.client({ credentials: DEVICE });
    const Key = 'home/4.mp4';
    const { UploadId } = await client.send(new CreateMultipartUploadCommand({ Bucket: BUCKET, Key }));
    const part = (PartNumber: number, bytes: number) =>
      client.send(new UploadPartCommand({ Bucket: BUCKET, Key, UploadId, PartNumber, Body: Buffer.alloc(bytes) }));
    await part(1, MB);
    await part(2, MB);
    expect((await refusal(part(3, 1))).code).to.equal('QuotaExceeded');
    // After a restart too.
    await server.restart();
    await server.s3.createBucket(BUCKET, { quota: QUOTA });
    expect((await refusal(put('home/3.jpg', 'x'))).code).to.equal('QuotaExceeded');
    await server.client().send(new DeleteObjectCommand({ Bucket: BUCKET, Key: 'home/2.jpg' }));
    for (let i = 0; i < 4; i++) await put(`home/small ${i}.jpg`, 'x');
    expect((await refusal(put('home/small.jpg', 'x'))).code).to.equal('QuotaExceeded');
  });

  it('many at once have no more than the quota together', async () => {
    const puts = Array.from({ length: 8 }, (_, i) => put(`home/${i}.jpg`, Buffer.alloc(3 * MB)));
    const outcomes = await Promise.allSettled(puts);
    expect(outcomes.filter(({ status }) => status === 'fulfilled').length).to.be.within(1, 3);
  });

  it('begun uploads are limited, and so is what waits to be looked at', async () => {
    const client = server.client({ credentials: DEVICE });
    const begin = (Key: string) => client.send(new CreateMultipartUploadCommand({ Bucket: BUCKET, Key }));
    for (let i = 0; i < 3; i++) await begin(`home/${i}.mp4`);
    expect((await refusal(begin('home/4.mp4'))).code).to.equal('QuotaExceeded');
    mayWait = false;
    expect(await refusal(put('home/b.jpg', 'x'))).to.deep.equal({ code: 'SlowDown', status: 503 });
    await put('home/b.jpg', 'x', 'production');
  });
});
