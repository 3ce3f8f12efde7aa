import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import {
  CreateMultipartUploadCommand,
  HeadObjectCommand,
  PutObjectCommand,
  PutObjectTaggingCommand,
  type S3Client,
} from '@aws-sdk/client-s3';
import { expect } from 'chai';
import { PRODUCTION_LIFECYCLE, RETENTION_DAYS, UPLOADS_LIFECYCLE } from '../../../../tasks/lib/cloud/retention';
import type { Lifecycle } from '../../../../tasks/lib/cloud/s3/lifecycle';
import { BUCKET, startTestServer, type TestServer } from '../support';

const HOUR = 3_600_000;
const DAY = 24 * HOUR;

describe('the embedded S3: lifecycles', () => {
  let server: TestServer;
  let client: S3Client;
  let now: number;
  const noon = Date.UTC(2026, 0, 31, 12);
  beforeEach(async () => {
    now = noon;
    server = await startTestServer({ now: () => now });
    client = server.client({ systemClockOffset: now - Date.now() });
  });
  afterEach(() => server.stop());

  const put = (Key: string, Tagging?: string) =>
    client.send(new PutObjectCommand({ Bucket: BUCKET, Key, Body: 'x', Tagging }));
  const keys = () => server.s3.objects.list(BUCKET).objects.map(({ key }) => key);
  const live = (lifecycle: Lifecycle) => server.s3.createBucket(BUCKET, { lifecycle });
  const sweptAt = async (time: number) => {
    now = time;
    await server.s3.sweep();
    return keys();
  };

  it('uploads are kept for three weeks, and until the midnight after', async () => {
    await live(UPLOADS_LIFECYCLE);
    await put('home/a');
    // Noon and 21 days is the noon of 21 February; then the next midnight.
    const midnight = Date.UTC(2026, 1, 22);
    expect(await sweptAt(noon + 21 * DAY)).to.deep.equal(['home/a']);
    expect(await sweptAt(midnight - 1)).to.deep.equal(['home/a']);
    expect(await sweptAt(midnight)).to.deep.equal([]);
  });

  it('what is published is kept for as many days as its tag says, and without one for ever', async () => {
    await live(PRODUCTION_LIFECYCLE);
    for (const days of RETENTION_DAYS) await put(`home/${days}`, `retention=${days}&other=7`);
    await put('home/none');
    await put('home/other', 'retention=8');
    const left = (...days: number[]) => [...days.map((day) => `home/${day}`), 'home/none', 'home/other'].sort();
    expect(await sweptAt(noon + 7 * DAY)).to.deep.equal(left(7, 30, 90, 365));
    expect(await sweptAt(noon + 8 * DAY)).to.deep.equal(left(30, 90, 365));
    expect(await sweptAt(noon + 31 * DAY)).to.deep.equal(left(90, 365));
    expect(await sweptAt(noon + 91 * DAY)).to.deep.equal(left(365));
    expect(await sweptAt(noon + 366 * DAY)).to.deep.equal(left());
  });

  it('an object that is written or tagged anew has its time anew', async () => {
    await live(PRODUCTION_LIFECYCLE);
    for (const Key of ['again', 'longer', 'same']) await put(Key, 'retention=7');
    now = noon + 5 * DAY;
    client = server.client({ systemClockOffset: now - Date.now() });
    await put('again', 'retention=7');
    const Tagging = { TagSet: [{ Key: 'retention', Value: '30' }] };
    await client.send(new PutObjectTaggingCommand({ Bucket: BUCKET, Key: 'longer', Tagging }));
    expect(await sweptAt(noon + 9 * DAY)).to.deep.equal(['again', 'longer']);
    // The tag counts from when the object was written.
    expect(await sweptAt(noon + 31 * DAY)).to.deep.equal([]);
  });

  it('a rule with a prefix is about nothing else, and the earliest of several counts', async () => {
    await live({ expiration: [{ prefix: 'tmp/', days: 1 }, { days: 10 }] });
    await put('tmp/a');
    await put('a');
    expect(await sweptAt(noon + 2 * DAY)).to.deep.equal(['a']);
    expect(await sweptAt(noon + 11 * DAY)).to.deep.equal([]);
  });

  it('what expired while the server was off goes at its start', async () => {
    await live(UPLOADS_LIFECYCLE);
    await put('home/a');
    now = noon + 30 * DAY;
    await server.restart();
    expect(keys()).to.deep.equal(['home/a']);
    await live(UPLOADS_LIFECYCLE);
    expect(keys()).to.deep.equal([]);
  });

  it('an upload in parts that nobody completes is forgotten after a day', async () => {
    await live(UPLOADS_LIFECYCLE);
    await client.send(new CreateMultipartUploadCommand({ Bucket: BUCKET, Key: 'home/a' }));
    const uploads = () => readdirSync(join(server.directory, 'uploads')).length;
    await sweptAt(noon + DAY);
    expect(uploads()).to.equal(1);
    await sweptAt(noon + DAY + 12 * HOUR);
    expect(uploads()).to.equal(0);
  });

  it('tells of what it deletes, as Amazon does', async () => {
    await live(UPLOADS_LIFECYCLE);
    await put('home/a b');
    await sweptAt(noon + 22 * DAY);
    const { eventName, userIdentity, s3 } = server.events.at(-1) ?? {};
    expect([eventName, userIdentity?.principalId, s3?.object.key]).to.deep.equal([
      'LifecycleExpiration:Delete',
      's3.amazonaws.com',
      'home/a+b',
    ]);
  });

  it('a bucket without a lifecycle keeps everything', async () => {
    await put('a', 'retention=7');
    expect(await sweptAt(noon + 10_000 * DAY)).to.deep.equal(['a']);
    now = noon;
    await client.send(new HeadObjectCommand({ Bucket: BUCKET, Key: 'a' }));
  });

  it('more objects than one slice expire at once', async () => {
    await live(UPLOADS_LIFECYCLE);
    await Promise.all(Array.from({ length: 120 }, (_, at) => put(`home/${at}`)));
    expect(await sweptAt(noon + 22 * DAY)).to.deep.equal([]);
  });
});
