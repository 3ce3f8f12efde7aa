import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { expect } from 'chai';
import { SignOfLife, signName } from '../../../tasks/lib/alive/sign-of-life';
import type { S3Server } from '../../../tasks/lib/cloud/s3/server';
import { kindOf } from '../../../tasks/lib/event';
import type { SyncSettings } from '../../../tasks/lib/settings/settings';
import { FaultyProxy } from '../../faulty-proxy';
import { BUCKET, DEVICE, FOLDER, startBucket } from '../../kerberos';
import { until } from '../../until';

describe('The sign of life', () => {
  let data: string;
  let s3: S3Server;
  let line: FaultyProxy;
  let signs: SignOfLife;

  beforeEach(async () => {
    data = await mkdtemp(join(tmpdir(), 's3-'));
    s3 = await startBucket(data);
    line = await FaultyProxy.start(s3.endpoint);
    signs = new SignOfLife({ queue: () => 7, first: 1, interval: 50 });
  });

  afterEach(async () => {
    signs.pause();
    await line.close();
    await s3.close();
    await rm(data, { recursive: true });
  });

  function settings(change: Partial<SyncSettings> = {}): SyncSettings {
    return {
      target: 'default',
      instance: 'front/door ü',
      camera: {},
      directories: [data],
      fileFormats: {},
      state: data,
      destination: {
        endpoint: line.endpoint,
        bucket: BUCKET,
        folder: FOLDER,
        region: 'eu-west-1',
        credentials: DEVICE,
      },
      concurrency: 4,
      stillness: 10,
      signOfLife: true,
      ...change,
    };
  }

  const name = signName('front/door ü');

  it('is put again and again as the same object, with a key that may only write and list', async () => {
    signs.resume(settings());
    await until(() => line.requests.length >= 3, 'three signs');
    expect(s3.objects.list(BUCKET, {}).objects.map(({ key }) => key)).to.deep.equal([`${FOLDER}/${name}`]);
    expect(new Set(line.requests)).to.deep.equal(new Set([`PUT /${BUCKET}/${FOLDER}/${name}`]));
  });

  it('has a name that is no event, one for each instance, and tells nothing of its name', () => {
    expect(kindOf(name)).to.equal(undefined);
    expect(name).not.to.equal(signName('back'));
    expect(name).to.match(/^\.kerberos-alive-[\w-]{22}\.json$/);
  });

  it('is not sent while nothing is to be uploaded, nor where it is switched off', async () => {
    signs.resume(settings());
    signs.pause();
    await wait(200);
    signs.resume(settings({ signOfLife: false }));
    await wait(200);
    expect(line.requests).to.deep.equal([]);
  });

  it('that fails is not tried again before its time, and the next one goes', async () => {
    line.fault = (_message, response) => line.requests.length < 2 && response.destroy() !== undefined;
    signs.resume(settings());
    await until(async () => (await s3.objects.get(BUCKET, `${FOLDER}/${name}`)) !== undefined, 'the next one');
  });
});
