import { mkdir, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect } from 'chai';
import { openLedger } from '../../../tasks/lib/upload/session';
import { Uploader } from '../../../tasks/lib/upload/uploader';
import { eventName, jpeg } from '../../kerberos';
import { mp4Of } from '../../sync/media';
import { until } from '../../until';
import { type FakeBucket, FakeEnvironment, FakeReport, settingsIn, useFolder } from './fakes';

describe('Uploader', () => {
  const root = useFolder();
  let environment: FakeEnvironment;
  let bucket: FakeBucket;
  let report: FakeReport;
  let uploader: Uploader | undefined;

  beforeEach(async () => {
    environment = new FakeEnvironment();
    bucket = environment.next;
    report = new FakeReport();
    uploader = undefined;
    await mkdir(join(root(), 'capture'));
  });

  afterEach(async () => {
    const stopped = uploader?.stop(0);
    environment.clock.advance(0);
    await stopped;
  });

  async function write(name: string, bytes: Buffer = jpeg(name)): Promise<void> {
    const path = join(root(), 'capture', name);
    await writeFile(`${path}.part`, bytes);
    await rename(`${path}.part`, path);
  }

  async function open(once = false, settings = settingsIn(root())): Promise<Uploader> {
    uploader = await Uploader.open(settings, report, { once, environment });
    return uploader;
  }

  async function start(once = false): Promise<Uploader> {
    const opened = await open(once);
    await opened.start();
    return opened;
  }

  const arrives = (...keys: string[]) =>
    until(
      () => keys.every((key) => bucket.objects.has(key)),
      () => `${keys} are in the bucket; it has ${[...bucket.objects.keys()]}`,
    );

  /** Keeps PUTs of these names waiting until the returned function is called. */
  function hang(isHanging: (request: string) => boolean): () => void {
    let release = () => {};
    const released = new Promise<void>((resolve) => {
      release = resolve;
    });
    bucket.fault = (request) => (isHanging(request) ? released : undefined);
    return release;
  }

  it('uploads what is there and what comes, and writes it down', async () => {
    await write('a.jpg');
    const running = await start();
    await arrives('jane/a.jpg');
    await write('b.jpg');
    await arrives('jane/b.jpg');
    await until(() => running.status().uploaded === 2, 'both are done');
    expect(running.status().pending).to.equal(0);
    expect(running.whereabouts('b.jpg')).to.deep.equal({ is: 'uploaded' });
    await running.stop(1_000);
    const ledger = await openLedger(settingsIn(root()));
    expect([ledger.knows('a.jpg'), ledger.knows('b.jpg')]).to.deep.equal([true, true]);
  });

  it('a picture of now does not wait for a backlog that hangs in every other slot', async () => {
    for (let index = 0; index < 10; index++) await write(eventName(index));
    const release = hang((request) => request.includes('frontdoor'));
    await start();
    await until(
      () => bucket.requests.filter((request) => request.startsWith('PUT')).length === 3,
      'the slots are taken',
    );
    await write('live.jpg');
    await arrives('jane/live.jpg');
    expect(bucket.objects.size).to.equal(1);
    release();
    await until(() => bucket.objects.size === 11, 'the rest');
  });

  it('a picture of now does not wait for videos of now', async () => {
    await start();
    const release = hang((request) => request.includes('mp4'));
    for (let index = 0; index < 5; index++) await write(`${index}.mp4`, mp4Of(2_000));
    await until(() => uploader?.status().pending === 5, 'all are noticed');
    environment.clock.advance(300);
    await until(() => bucket.requests.length >= 3, 'as many as may be are in flight');
    await write('live.jpg');
    await arrives('jane/live.jpg');
    release();
  });

  it('files that always fail never starve good ones', async () => {
    bucket.fault = (request) => {
      if (request.includes('bad')) throw Object.assign(new Error('read'), { code: 'ECONNRESET', syscall: 'read' });
    };
    // The bad ones are the newest, so their turn comes first.
    for (let index = 0; index < 12; index++) await write(`${2_000_000_000 + index}_6-123456_bad_1-1-2-2_1_1.jpg`);
    for (let index = 0; index < 20; index++) await write(eventName(index));
    await start();
    const begun = environment.clock.now();
    await until(() => {
      if (bucket.objects.size < 20) environment.clock.advance(500);
      return bucket.objects.size === 20;
    }, 'the good ones');
    expect(environment.clock.now() - begun).to.be.lessThan(600_000);
    await write('live.jpg');
    await arrives('jane/live.jpg');
  });

  it('retries take only a share of the slots', async () => {
    for (let index = 0; index < 8; index++) await write(`bad ${index}.jpg`);
    let isHanging = false;
    bucket.fault = (request) => {
      if (!request.includes('bad')) return undefined;
      if (isHanging) return new Promise(() => {});
      throw Object.assign(new Error('read'), { code: 'ECONNRESET', syscall: 'read' });
    };
    const running = await start();
    await until(() => {
      environment.clock.advance(5_000);
      return new Set(report.failures).size === 8;
    }, 'all have failed');
    isHanging = true;
    environment.clock.advance(600_000);
    await until(() => running.status().sending > 0, 'a retry hangs');
    for (let index = 0; index < 10; index++) {
      await write(eventName(index));
      environment.clock.advance(2_000);
    }
    await until(() => bucket.objects.size === 10, 'the good ones');
    expect(running.status().sending).to.equal(1);
  });

  it('an upload ends with the session that it began in, and other settings take over in one step', async () => {
    await write('a.jpg');
    const release = hang((request) => request.startsWith('PUT'));
    const running = await start();
    await until(() => bucket.requests.includes('PUT jane/a.jpg'), 'it is in flight');
    const settings = settingsIn(root());
    const other = { ...settings, destination: { ...settings.destination, folder: 'john' } };
    const second = environment.next;
    await running.apply(other);
    expect(second.requests.filter((request) => request.startsWith('PUT'))).to.deep.equal([]);
    expect(bucket.isClosed).to.equal(false);
    release();
    await arrives('jane/a.jpg');
    await until(() => second.objects.has('john/a.jpg'), 'it is sent to the new folder too');
    await until(() => bucket.isClosed, 'the old bucket is closed');
    expect(running.status().uploaded).to.equal(2);
    await running.stop(1_000);
    expect((await openLedger(other)).knows('a.jpg'), 'only the new one is in the ledger').to.equal(true);
  });

  it('paused, it begins nothing until it has settings again', async () => {
    const running = await start();
    running.pause();
    await write('a.jpg');
    await until(() => running.status().pending === 1, 'it is noticed');
    expect(bucket.requests).to.deep.equal([]);
    const second = environment.next;
    await running.apply(settingsIn(root(), { concurrency: 2 }));
    await until(() => second.objects.has('jane/a.jpg'), 'it is sent');
  });

  it('paused while settings are being changed, it stays paused', async () => {
    const running = await start();
    await write('a.jpg');
    await arrives('jane/a.jpg');
    const second = environment.next;
    const applied = running.apply(settingsIn(root(), { concurrency: 2 }));
    running.pause();
    await applied;
    await write('b.jpg');
    await until(() => running.status().pending === 1, 'it is noticed');
    expect(second.requests).to.deep.equal([]);
  });

  it('stopping finishes what is in flight, for as long as it is given', async () => {
    await write('a.jpg');
    const release = hang((request) => request.startsWith('PUT'));
    const running = await start();
    await until(() => bucket.requests.includes('PUT jane/a.jpg'), 'it is in flight');
    const stopped = running.stop(10_000);
    release();
    await stopped;
    expect(bucket.objects.has('jane/a.jpg')).to.equal(true);
    expect((await openLedger(settingsIn(root()))).knows('a.jpg')).to.equal(true);
  });

  it('stopping ends after its grace although the line is dead', async () => {
    await write('a.jpg');
    hang((request) => request.startsWith('PUT'));
    const running = await start();
    await until(() => bucket.requests.includes('PUT jane/a.jpg'), 'it is in flight');
    const stopped = running.stop(10_000);
    environment.clock.advance(10_000);
    await stopped;
    expect(bucket.isClosed).to.equal(true);
  });

  it('a half-written picture is not uploaded, however long the date says that it has been lying there', async () => {
    const running = await start();
    await writeFile(join(root(), 'capture', 'a.jpg'), jpeg(1).subarray(0, -10));
    await until(() => running.status().unfinished === 1, 'it is held');
    environment.clock.setDate(environment.clock.date() + 365 * 86_400_000);
    for (let second = 0; second < 290; second += 10) {
      environment.clock.advance(10_000);
      await new Promise((resolve) => setTimeout(resolve, 2));
    }
    expect(bucket.objects.size).to.equal(0);
    expect(running.status()).to.include({ unfinished: 1, cutShort: 1 });
  });

  it('a picture that was cut short is uploaded as it is, when nobody has written to it for five minutes', async () => {
    const bytes = jpeg(1).subarray(0, -10);
    const running = await start();
    await writeFile(join(root(), 'capture', 'a.jpg'), bytes);
    await until(() => running.status().unfinished === 1, 'it is held');
    for (let second = 0; second < 330 && bucket.objects.size === 0; second += 10) {
      environment.clock.advance(10_000);
      await new Promise((resolve) => setTimeout(resolve, 2));
    }
    await arrives('jane/a.jpg');
    expect(bucket.objects.get('jane/a.jpg')?.equals(bytes)).to.equal(true);
  });

  it('one pass: a file that fails is tried three times and left behind', async () => {
    await write('good.jpg');
    await write('bad.jpg');
    bucket.fault = (request) => {
      if (request.includes('bad')) throw Object.assign(new Error('read'), { code: 'ECONNRESET', syscall: 'read' });
    };
    const running = await start(true);
    let isIdle = false;
    const idle = running.idle().then(() => {
      isIdle = true;
    });
    await until(() => {
      if (!isIdle) environment.clock.advance(1_000);
      return isIdle;
    }, 'it gives up');
    await idle;
    expect(running.leftBehind().map(({ name }) => name)).to.deep.equal(['bad.jpg']);
    expect(bucket.requests.filter((request) => request.includes('bad'))).to.have.length(3);
    expect(bucket.objects.has('jane/good.jpg')).to.equal(true);
  });

  it('tells what would go, in the order in which it would, and sends nothing', async () => {
    for (const index of [2, 1, 3]) await write(eventName(index));
    const running = await open(true);
    running.pause();
    await running.start();
    const plan = running.plan();
    expect(plan.map(({ name }) => name)).to.deep.equal([3, 2, 1].map((index) => eventName(index)));
    expect(plan[0]?.key).to.equal(`jane/${eventName(3)}`);
    expect(running.plan()).to.deep.equal(plan);
    expect(bucket.requests).to.deep.equal([]);
  });
});
