import { execFileSync } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import type { S3Server } from '../tasks/lib/cloud/s3/server';
import { DEVICE, eventName, Grunt, Instance, jpeg, SUBSCRIPTION, startBucket, stored } from './kerberos';
import { until } from './until';

describe('what another user of the machine can put in the way', function () {
  this.timeout(120_000);
  let data: string;
  let s3: S3Server;
  let instance: Instance;
  let grunts: Grunt[];

  beforeEach(async () => {
    data = await mkdtemp(join(tmpdir(), 's3-'));
    s3 = await startBucket(data);
    instance = await Instance.make();
    grunts = [];
  });
  afterEach(async () => {
    for (const grunt of grunts) {
      await grunt.kill();
      expect(grunt.output, 'a secret is printed').not.to.include(DEVICE.secretAccessKey);
    }
    await s3.close();
    await instance.remove();
    await rm(data, { recursive: true });
  });

  function run(args: readonly string[]): Grunt {
    const env = {
      HOME: instance.root,
      KERBEROS_CONFIG: instance.config,
      SYNC_STATE: instance.state,
      AWS_ENDPOINT_URL: s3.endpoint,
    };
    const grunt = new Grunt(args, env);
    grunts.push(grunt);
    return grunt;
  }

  it('a FIFO in the place of the product key does not keep sync, status and check waiting', async () => {
    execFileSync('mkfifo', [join(instance.root, 'kerberosio.key')]);
    await instance.picture(eventName(1));
    const sync = run(['sync', '--force', '--verbose']);
    await sync.says(`${eventName(1)} is uploaded`, 60_000);
    const status = run(['status']);
    expect(await status.ended()).to.equal(0);
    expect(status.output).to.include('grunt sync is running');
    expect(await run(['check']).ended()).to.equal(0);
  });

  it('a FIFO in the place of a configuration file is told, and waited for by nobody', async () => {
    execFileSync('sh', ['-c', 'rm "$0" && mkfifo "$0"', join(instance.config, 'cloud.xml')]);
    const check = run(['check']);
    expect(await check.ended()).to.equal(3);
    expect(check.output).to.match(/cloud\.xml.* is not a file/);
    const status = run(['status']);
    await status.ended();
    expect(status.output).to.match(/cloud\.xml.* is not a file/);
  });

  it('a FIFO in the place of the settings file of the service is told', async () => {
    const file = join(instance.root, 'defaults');
    execFileSync('mkfifo', [file]);
    const status = run(['status', `--defaults=${file}`]);
    expect(await status.ended()).to.equal(0);
    expect(status.output).to.match(/defaults cannot be read \(ENOTFILE\)/);
  });

  it('a file name with a line feed and an escape forges no line and reaches no terminal', async () => {
    const name = `${eventName(1).replace('.jpg', '')}\nforged \u001b[31m.jpg`;
    await instance.picture(name);
    const sync = run(['sync', '--force', '--verbose']);
    await until(
      async () => (await stored(s3, name)) !== undefined,
      () => `it is uploaded: ${sync.output}`,
    );
    await sync.says('is uploaded as');
    const status = run(['status']);
    await status.ended();
    const one = run(['status', `--file=${name}`]);
    await one.ended();
    const plan = run(['sync', '--no-write', '--verbose']);
    await plan.ended();
    expect(status.output).to.include('\\nforged \\x1b[31m.jpg');
    for (const { output } of [sync, status, one]) {
      expect(output.split('\n').filter((line) => line.startsWith('forged'))).to.deep.equal([]);
      expect(output).not.to.include('\u001b[31m.jpg');
    }
  });

  for (const [where, text] of Object.entries({
    'the device, typed twice': DEVICE.secretAccessKey,
    'Amazon, typed into the wrong field': 'wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY',
  })) {
    it(`a private key of ${where} is not printed by status, check or sync, nor used as a folder`, async () => {
      await instance.subscribe({ ...SUBSCRIPTION, folder: text });
      await instance.picture(eventName(1), jpeg(1));
      for (const args of [['status'], ['check'], ['sync', '--once', '--verbose'], ['sync', '--no-write']]) {
        const grunt = run(args);
        await grunt.ended();
        expect(grunt.output).to.match(/The folder is a private key: type that into <privateKey> alone/);
        expect(grunt.output).not.to.include(text);
      }
    });
  }
});
