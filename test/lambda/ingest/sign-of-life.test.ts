import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { readInstances } from '../../../lambda/lib/table/instance-item';
import { Table } from '../../../lambda/lib/table/table';
import { s3 as S3 } from '../../../lambda/test-packages';
import { SignOfLife, signName } from '../../../tasks/lib/alive/sign-of-life';
import type { SyncSettings } from '../../../tasks/lib/settings/settings';
import { VERSION } from '../../../tasks/lib/version';
import { until } from '../../until';
import { OTHER, TestCloud } from '../cloud';
import * as corpus from '../media/corpus';

const KEY = `jane/${signName('front door')}`;

describe('lambda: the sign of life', () => {
  let cloud: TestCloud;
  beforeEach(async () => {
    cloud = await TestCloud.start();
  });
  afterEach(() => cloud.stop());

  const instances = () => readInstances(new Table(cloud.documents, cloud.tableName), 'jane');

  async function say(said: unknown, eventTime?: string): Promise<void> {
    const body = Buffer.from(typeof said === 'string' ? said : JSON.stringify(said));
    const record = await cloud.upload(KEY, body);
    await cloud.lambda()({ Records: [{ ...record, ...(eventTime && { eventTime }) }] });
  }

  it('is remembered with its instance by the time of S3, and is no event, nor refused', async () => {
    const at = '2026-04-22T10:00:00.000Z';
    await say({ instance: 'front door', queue: 3, sinceCapture: 60, freeDisk: 1e9, temperature: 48.3, uptime: 7 }, at);
    expect(await cloud.itemsOf('EVENT')).to.deep.equal([]);
    expect(await cloud.published()).to.deep.equal([]);
    expect(await cloud.items()).to.have.length(1);
    const [instance] = await instances();
    expect(instance?.name).to.equal('front door');
    expect(instance?.lastEvent).to.equal(undefined);
    expect(instance?.alive).to.deep.include({
      at: new Date(at),
      lastCapture: new Date('2026-04-22T09:59:00.000Z'),
      queue: 3,
      freeDisk: 1e9,
      temperature: 48.3,
      uptime: 7,
    });
  });

  it('that comes late does not take the place of a later one', async () => {
    await say({ instance: 'front door', queue: 2 }, '2026-04-22T10:10:00.000Z');
    await say({ instance: 'front door', queue: 1 }, '2026-04-22T10:00:00.000Z');
    expect((await instances())[0]?.alive).to.include({ queue: 2 });
  });

  it('before the first event does not keep that from being the last one', async () => {
    await say({ instance: 'frontdoor' });
    const name = '1429700000_6-123456_frontdoor_200-210-400-410_24_579.jpg';
    await cloud.lambda()({ Records: [await cloud.upload(`jane/${name}`, await corpus.jpeg())] });
    const [instance] = await instances();
    expect(instance?.lastEvent?.time).to.deep.equal(new Date(1429700000123));
    expect(instance?.alive?.at).to.be.an.instanceOf(Date);
  });

  const bad: Record<string, unknown> = {
    'no JSON': '{"instance"',
    'a list': '[]',
    'no name': { queue: 1 },
    'an empty name': { instance: '' },
    'more than it may hold': { instance: 'x', more: 'y'.repeat(5000) },
  };
  for (const [what, said] of Object.entries(bad)) {
    it(`with ${what} is passed over`, async () => {
      await say(said);
      expect(await cloud.items()).to.deep.equal([]);
    });
  }

  it('keeps nothing of what cannot be, and no name longer than a name', async () => {
    await say({ instance: 'i'.repeat(500), queue: -1, temperature: '48', freeDisk: null, version: 'v'.repeat(500) });
    const [instance] = await instances();
    expect(instance?.name).to.have.length(128);
    expect(Object.keys(instance?.alive ?? {}).filter((name) => Reflect.get(instance?.alive ?? {}, name))).to.deep.equal(
      ['at', 'version'],
    );
    expect(instance?.alive?.version).to.have.length(64);
  });

  it('of grunt sync reaches the instance: what it puts is what the cloud reads', async function () {
    if (OTHER) this.skip();
    const directory = await mkdtemp(join(tmpdir(), 'capture-'));
    await writeFile(join(directory, 'a.jpg'), 'x');
    const endpoint = await cloud.s3.config.endpoint?.();
    const settings: SyncSettings = {
      target: 'default',
      instance: 'front door',
      camera: {},
      directories: [directory],
      fileFormats: {},
      state: directory,
      destination: {
        bucket: cloud.uploads,
        folder: 'jane',
        region: 'eu-west-1',
        credentials: { accessKeyId: 'OWNERKEY', secretAccessKey: 'ownersecret' },
        endpoint: `${endpoint?.protocol}//${endpoint?.hostname}:${endpoint?.port}`,
      },
      concurrency: 4,
      stillness: 10,
      signOfLife: true,
    };
    const signs = new SignOfLife({ queue: () => 5, first: 1, interval: 3_600_000 });
    signs.resume(settings);
    const stored = () => cloud.object(KEY, cloud.uploads).catch(() => undefined);
    await until(async () => (await stored()) !== undefined, 'the sign of life is in the bucket');
    signs.pause();
    const { ETag = '' } = await cloud.s3.send(new S3.HeadObjectCommand({ Bucket: cloud.uploads, Key: KEY }));
    const body = (await cloud.object(KEY, cloud.uploads)).body;
    await cloud.lambda()({ Records: [await cloud.upload(KEY, body)] });
    expect(ETag).not.to.equal('');
    const [instance] = await instances();
    expect(instance?.name).to.equal('front door');
    expect(instance?.alive).to.include({ queue: 5, version: VERSION });
    expect(instance?.alive?.freeDisk).to.be.greaterThan(0);
    expect(instance?.alive?.lastCapture).to.be.an.instanceOf(Date);
    await rm(directory, { recursive: true });
  });
});

describe('lambda: a wrong clock of a camera', () => {
  let cloud: TestCloud;
  before(async () => {
    cloud = await TestCloud.start();
  });
  after(() => cloud.stop());

  async function offset(taken: number, uploadtime: number | undefined, received: number): Promise<unknown> {
    await cloud.wipe();
    const key = `jane/${taken}_6-123456_frontdoor_200-200-400-400_24_501.jpg`;
    const metadata = uploadtime === undefined ? {} : { uploadtime: String(uploadtime) };
    const record = await cloud.upload(key, await corpus.jpeg(), metadata);
    const eventTime = new Date(received * 1000).toISOString();
    await cloud.lambda()({ Records: [{ ...record, eventTime }] });
    return (await cloud.itemsOf('EVENT'))[0]?.clockOffset;
  }

  const NOW = 1_776_852_000;

  it('is known from its time of the upload: of 1970, and of 2076', async () => {
    expect(await offset(37, 40, NOW)).to.equal((NOW - 40) * 1000);
    expect(await offset(3_345_667_200, 3_345_667_203, NOW)).to.equal((NOW - 3_345_667_203) * 1000);
  });

  it('is none where the upload was under way for minutes, nor where nothing is known', async () => {
    expect(await offset(NOW - 300, NOW - 290, NOW)).to.equal(undefined);
    expect(await offset(37, undefined, NOW)).to.equal(undefined);
  });

  it('is not taken for that of an older picture, which another clock may have dated', async () => {
    expect(await offset(NOW - 90_000, NOW - 7_200, NOW)).to.equal(undefined);
    expect(await offset(NOW, 40, NOW)).to.equal(undefined);
  });
});
