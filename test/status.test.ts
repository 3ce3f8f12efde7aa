import { mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import type { S3Server } from '../tasks/lib/cloud/s3/server';
import { answerError, FaultyProxy } from './faulty-proxy';
import { eventName, Grunt, Instance, NO_SUBSCRIPTION, SUBSCRIPTION, startBucket } from './kerberos';
import { until } from './until';

describe('grunt status', function () {
  this.timeout(60_000);
  let data: string;
  let s3: S3Server;
  let line: FaultyProxy;
  let instance: Instance;
  let sync: Grunt | undefined;

  beforeEach(async () => {
    data = await mkdtemp(join(tmpdir(), 's3-'));
    s3 = await startBucket(data);
    line = await FaultyProxy.start(s3.endpoint);
    instance = await Instance.make();
    sync = undefined;
  });

  afterEach(async () => {
    await sync?.kill();
    await line.close();
    await s3.close();
    await instance.remove();
    await rm(data, { recursive: true });
  });

  async function status(...args: string[]): Promise<string> {
    const env = { KERBEROS_CONFIG: instance.config, SYNC_STATE: instance.state, AWS_ENDPOINT_URL: line.endpoint };
    const grunt = new Grunt(['status', ...args], env);
    expect(await grunt.ended()).to.equal(0);
    return grunt.output;
  }

  it('tells while sync runs what is uploaded, pending and failed, and why', async () => {
    line.fault = (message, response) =>
      message.url?.includes('bad') ? answerError(response, 400, 'KeyTooLongError') : false;
    for (let index = 0; index < 3; index++) await instance.picture(eventName(index));
    await instance.picture('bad.jpg');
    sync = Grunt.sync(instance, line);
    await until(() => (sync?.output.match(/is uploaded/g) ?? []).length === 3, 'three are uploaded');
    await sync.says(/bad.jpg failed/);
    const text = await status();
    expect(text).to.match(/uploaded {2}3 /);
    expect(text).to.match(/failed {4}1\n.*refuses the file.*KeyTooLongError/);
    expect(text).to.include(instance.capture);
    const [answer] = JSON.parse(await status('--json'));
    expect(answer).to.deep.include({ target: 'default', sync: 'running' });
    expect(answer.now.uploader).to.include({ uploaded: 3, pending: 1, failed: 1, vanished: 0 });
    expect(answer.now.uploader.lastSuccess.name).to.match(/^1429/);
  });

  it('answers why one picture is not in the cloud, whatever the reason', async () => {
    line.fault = (message, response) =>
      message.url?.includes('bad') ? answerError(response, 400, 'KeyTooLongError') : false;
    await instance.picture(eventName(1));
    await instance.picture('bad.jpg');
    await writeFile(join(instance.capture, 'empty.jpg'), '');
    await writeFile(join(instance.capture, 'half.jpg'), Buffer.from([0xff, 0xd8, 0xff]));
    await writeFile(join(instance.capture, 'raw.h264'), 'x');
    await symlink(join(instance.capture, 'bad.jpg'), join(instance.capture, 'link.jpg'));
    await mkdir(join(instance.capture, 'folder.jpg'));
    sync = Grunt.sync(instance, line);
    await sync.says(/bad.jpg failed/);
    await sync.says(`${eventName(1)} is uploaded`);
    const why = (name: string) => status(`--file=${name}`);
    expect(await why(eventName(1))).to.include('is in the bucket');
    expect(await why(join(instance.capture, eventName(1)))).to.include('is in the bucket');
    expect(await why('bad.jpg')).to.match(/failed: .*KeyTooLongError.*Next try/);
    expect(await why('half.jpg')).to.match(/is not finished/);
    expect(await why('empty.jpg')).to.match(/is empty/);
    expect(await why('raw.h264')).to.match(/is not an event file/);
    expect(await why('link.jpg')).to.match(/is a link or a directory, and these are left alone/);
    expect(await why('folder.jpg')).to.match(/is a link or a directory, and these are left alone/);
    expect(await why('gone.jpg')).to.match(/is not in the capture directory/);
  });

  it('says what keeps everything from being uploaded', async () => {
    await s3.close();
    await line.close();
    await instance.picture(eventName(1));
    sync = Grunt.sync(instance, line);
    await sync.says(/cannot be reached/);
    expect(await status()).to.match(/Nothing can be uploaded: .* cannot be reached \(ECONNREFUSED\).*Next try/);
    expect(await status(`--file=${eventName(1)}`)).to.match(/cannot be reached/);
    s3 = await startBucket(data);
    line = await FaultyProxy.start(s3.endpoint);
  });

  it('tells what it can where sync does not run', async () => {
    for (let index = 0; index < 3; index++) await instance.picture(eventName(index));
    expect(await Grunt.sync(instance, line, ['--once']).ended()).to.equal(0);
    await instance.picture(eventName(3));
    await symlink(join(instance.capture, eventName(3)), join(instance.capture, 'link.jpg'));
    const text = await status();
    expect(text).to.match(/not running/);
    expect(text).to.match(/uploaded {2}3\npending {3}1/);
    expect(await status(`--file=${eventName(3)}`)).to.match(/grunt sync is not running/);
  });

  it('in a shell, looks where the settings file of the service says', async () => {
    const settings = join(instance.root, 'cloud');
    await writeFile(
      settings,
      `# of the service\nKERBEROS_CONFIG=${instance.config}\nSYNC_STATE="${instance.state}"\n` +
        `AWS_ENDPOINT_URL=${line.endpoint}\nNODE_OPTIONS=--max-old-space-size=96\n`,
    );
    await instance.picture(eventName(1));
    sync = Grunt.sync(instance, line);
    await sync.says(`${eventName(1)} is uploaded`);
    const shell = async (env: Record<string, string>, ...args: string[]) => {
      const grunt = new Grunt(['status', ...args], env);
      expect(await grunt.ended()).to.equal(0);
      return grunt.output;
    };
    const text = await shell({}, `--defaults=${settings}`);
    expect(text).to.include(`As the service, with KERBEROS_CONFIG, SYNC_STATE, AWS_ENDPOINT_URL of ${settings}.`);
    expect(text).to.match(/grunt sync is running/);
    // What the shell says counts more.
    const elsewhere = await shell({ SYNC_STATE: instance.root }, `--defaults=${settings}`);
    expect(elsewhere).to.match(/with KERBEROS_CONFIG, AWS_ENDPOINT_URL of .*\n.*not running/);
    expect(await shell({}, '--defaults=/nowhere')).to.match(/\/nowhere cannot be read \(ENOENT\)/);
  });

  it('says that events in sub-directories are not uploaded, as sync and check do', async () => {
    instance.format = 'instanceName/timestamp_token.jpg';
    await instance.subscribe(SUBSCRIPTION);
    const warning = /<fileFormat> in .*io.xml has a "\/" in it, so the camera puts events into sub-directories/;
    expect(await status()).to.match(/not running[\s\S]*has a "\/" in it/);
    sync = Grunt.sync(instance, line);
    await sync.says(warning);
    expect(await status()).to.match(/is running[\s\S]*has a "\/" in it/);
    expect(sync.output.split(warning), 'told once').to.have.length(2);
    const settings = { KERBEROS_CONFIG: instance.config, SYNC_STATE: instance.state, AWS_ENDPOINT_URL: line.endpoint };
    for (const task of [['check'], ['sync', '--once']]) {
      const grunt = new Grunt(task, { ...settings, SYNC_STATE: join(instance.root, 'other') });
      expect(await grunt.ended()).to.equal(task[0] === 'check' ? 3 : 0);
      expect(grunt.output).to.match(warning);
    }
  });

  it('event files in sub-directories are told by status and sync, and left behind by sync --once', async () => {
    await mkdir(join(instance.capture, '2026-11-25'));
    await writeFile(join(instance.capture, '2026-11-25', '08-15-01.jpg'), 'x');
    const told = /1 event file in sub-directories of .*such as 2026-11-25\/08-15-01\.jpg/;
    expect(await status())
      .to.match(/not running/)
      .and.to.match(told);
    const once = Grunt.sync(instance, line, ['--once']);
    expect(await once.ended()).to.equal(3);
    expect(once.output).to.match(told);
    sync = Grunt.sync(instance, line);
    await sync.says(told);
    expect(await status())
      .to.match(/is running/)
      .and.to.match(told);
  });

  it('says that there is no subscription yet', async () => {
    await instance.subscribe(NO_SUBSCRIPTION);
    expect(await status()).to.match(/Nothing is uploaded: .*no cloud subscription/i);
  });
});
