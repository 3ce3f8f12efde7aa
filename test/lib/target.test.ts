import { mkdir, readFile, unlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect } from 'chai';
import { claim, controlPath } from '../../tasks/lib/control-socket';
import type { SettingsResult, SyncSettings } from '../../tasks/lib/settings/settings';
import { Target } from '../../tasks/lib/target';
import { jpeg } from '../kerberos';
import { until } from '../until';
import { FakeEnvironment, FakeReport, settingsIn, useFolder } from './upload/fakes';

describe('Target', () => {
  const root = useFolder();
  let environment: FakeEnvironment;
  let report: FakeReport;
  let result: SettingsResult;
  let reads: number;
  let targets: Target[];

  beforeEach(async () => {
    environment = new FakeEnvironment();
    report = new FakeReport();
    reads = 0;
    targets = [];
    result = ready(settingsIn(root()));
    await mkdir(join(root(), 'capture'));
  });

  afterEach(() => Promise.all(targets.map((target) => target.stop(0))));

  function ready(settings: SyncSettings, warnings: string[] = []): SettingsResult {
    return { state: 'ready', settings, warnings, advice: [], watch: ['/config'], notes: [] };
  }

  function newTarget(): Target {
    const read = async () => {
      reads++;
      return result;
    };
    const target = new Target('default', { read, report, environment });
    targets.push(target);
    return target;
  }

  /** The settings have been read again. */
  async function afterReading(target: Target): Promise<void> {
    const before = reads;
    target.reload();
    await until(() => reads > before, 'the settings are read');
    await new Promise((resolve) => setTimeout(resolve, 5));
  }

  const isUploading = (target: Target) => until(() => target.status().uploader !== undefined, 'it works');

  it('reads its settings, says where to, and uploads', async () => {
    await writeFile(join(root(), 'capture', 'a.jpg'), jpeg(1));
    const bucket = environment.next;
    const target = newTarget();
    expect(await target.start()).to.deep.equal(['/config']);
    await until(() => bucket.objects.has('jane/a.jpg'), 'the picture');
    expect(report.said).to.deep.equal([`Uploading ${join(root(), 'capture')} to s3://uploads/jane.`]);
    expect(target.status()).to.include({ instance: 'frontdoor', destination: 's3://uploads/jane', waiting: undefined });
  });

  it('waits for a subscription, says so once, and looks every two seconds', async () => {
    const message = 'no cloud subscription yet';
    result = { state: 'unsubscribed', message, files: [], directories: [], watch: [], notes: [] };
    const target = newTarget();
    await target.start();
    await until(() => target.status().waiting === message, 'it waits');
    for (let times = 0; times < 3; times++) {
      const before = reads;
      environment.clock.advance(2_000);
      await until(() => reads > before, 'it looks again');
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
    expect(report.said).to.deep.equal([message]);
    result = ready(settingsIn(root()));
    environment.clock.advance(2_000);
    await isUploading(target);
    expect(target.status().waiting).to.equal(undefined);
  });

  it('settings that become invalid pause it, and the same ones as before resume it', async () => {
    const target = newTarget();
    await target.start();
    await isUploading(target);
    const good = result;
    result = { state: 'invalid', problems: ['one', 'two'], watch: [], notes: [] };
    await afterReading(target);
    expect(target.status().waiting).to.equal('one\ntwo');
    expect(report.warned).to.deep.equal(['one\ntwo']);
    result = good;
    const bucket = environment.next;
    await afterReading(target);
    await writeFile(join(root(), 'capture', 'a.jpg'), jpeg(1));
    await until(() => bucket.objects.has('jane/a.jpg'), 'it goes on');
  });

  it('while a file is being written it goes on with the settings that it has, and tells only if that lasts', async () => {
    const bucket = environment.next;
    const target = newTarget();
    await target.start();
    await isUploading(target);
    result = { state: 'unreadable', message: 'cloud.xml: empty or cut short', files: [], watch: [], notes: [] };
    await afterReading(target);
    expect(report.warned).to.deep.equal([]);
    await writeFile(join(root(), 'capture', 'a.jpg'), jpeg(1));
    await until(() => bucket.objects.has('jane/a.jpg'), 'it goes on');
    for (let times = 0; times < 60; times++) {
      const before = reads;
      environment.clock.advance(200);
      await new Promise((resolve) => setTimeout(resolve, 1));
      if (report.warned.length === 0) await until(() => reads > before, 'it is read again');
    }
    expect(report.warned).to.deep.equal(['cloud.xml: empty or cut short']);
  });

  it('the same settings again change nothing; others are applied', async () => {
    const target = newTarget();
    await target.start();
    await isUploading(target);
    await afterReading(target);
    expect(environment.buckets).to.have.length(1);
    result = ready(settingsIn(root(), { concurrency: 2 }), ['a warning']);
    await afterReading(target);
    await until(() => environment.buckets.length === 2, 'they are applied');
    expect(report.said.at(-1)).to.match(/^Settings have changed: uploading /);
    expect(report.warned).to.deep.equal(['a warning']);
    expect(target.status().warnings).to.deep.equal(['a warning']);
  });

  it('changes while the settings are being read are read once more', async () => {
    const target = newTarget();
    await target.start();
    await isUploading(target);
    const before = reads;
    for (let change = 0; change < 5; change++) target.reload();
    await until(() => reads === before + 2, 'once more, and not five times');
    await new Promise((resolve) => setTimeout(resolve, 20));
    expect(reads).to.equal(before + 2);
  });

  it('of two on one ledger the second waits, says so once, and takes over when the first ends', async () => {
    const [first, second] = [newTarget(), newTarget()];
    await first.start();
    await isUploading(first);
    await second.start();
    await until(() => second.status().waiting !== undefined, 'it waits');
    expect(second.status().waiting).to.match(/^Another grunt sync is at work/);
    await first.stop(0);
    await until(() => {
      environment.clock.advance(1_000);
      return second.status().uploader !== undefined;
    }, 'it takes over');
    expect(report.said.filter((text) => text.startsWith('Another'))).to.have.length(1);
  });

  it('a first that was stopped while a second took over notices before it sends or writes anything more', async () => {
    const bucket = environment.next;
    const target = newTarget();
    await target.start();
    await isUploading(target);
    await writeFile(join(root(), 'capture', 'a.jpg'), jpeg(1));
    await until(() => target.status().uploader?.uploaded === 1, 'it works');
    const ledger = join(root(), 'state', 'default.ledger');
    await until(async () => (await readFile(ledger, 'utf8').catch(() => '')).includes('a.jpg'), 'it is written down');
    const before = await readFile(ledger, 'utf8');
    // As a second one does: another socket in the place of the first.
    const path = controlPath(join(root(), 'state'), 'default');
    await unlink(path);
    const second = await claim(path, () => ({}));
    const sent = bucket.requests.length;
    await writeFile(join(root(), 'capture', 'b.jpg'), jpeg(2));
    await until(() => target.status().waiting !== undefined, 'it notices');
    expect(target.status().waiting).to.match(/Another grunt sync has taken over/);
    expect(bucket.requests).to.have.length(sent);
    expect(await readFile(ledger, 'utf8')).to.equal(before);
    second?.release();
    await until(() => {
      environment.clock.advance(1_000);
      return target.status().uploader !== undefined;
    }, 'it goes on when the other has ended');
  });

  it('what cannot be read at all is told and waited for', async () => {
    const target = new Target('default', { read: () => Promise.reject(new Error('EIO')), report, environment });
    targets.push(target);
    await target.start().catch(() => {});
    target.reload();
    await until(() => target.status().waiting === 'EIO', 'it waits');
    expect(report.warned).to.deep.equal(['EIO']);
  });

  it('stopped, it reads nothing more', async () => {
    const target = newTarget();
    await target.start();
    await isUploading(target);
    await target.stop(0);
    const before = reads;
    environment.clock.advance(3_600_000);
    await new Promise((resolve) => setTimeout(resolve, 10));
    expect(reads).to.equal(before);
  });
});
