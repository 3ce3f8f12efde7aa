import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, existsSync, readFileSync, statSync, watch } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseEnv } from 'node:util';
import { ListObjectsV2Command, PutObjectCommand, S3Client } from '@aws-sdk/client-s3';
import { expect } from 'chai';
import { iam } from '../lambda/test-packages';
import { until } from './until';

const GRUNT = join(__dirname, '..', 'node_modules', 'grunt', 'bin', 'grunt');
const GRUNTFILE = join(__dirname, '..', 'Gruntfile.js');

interface Run {
  readonly child: ChildProcess;
  readonly output: () => string;
  readonly exit: Promise<number | null>;
}

describe('grunt cloud', () => {
  let data: string;
  const runs: Run[] = [];
  beforeEach(async () => {
    data = await mkdtemp(join(tmpdir(), 'kerberos-cloud-'));
  });
  afterEach(async () => {
    for (const { child, exit } of runs.splice(0)) {
      child.kill('SIGKILL');
      await exit;
    }
    await rm(data, { recursive: true, force: true });
  });

  const grunt = (...args: string[]): Run => {
    const child = spawn(process.execPath, [GRUNT, '--gruntfile', GRUNTFILE, 'cloud', `--data=${data}`, ...args]);
    let output = '';
    for (const stream of [child.stdout, child.stderr]) {
      stream?.on('data', (text: Buffer) => {
        output += text;
      });
    }
    const exit = once(child, 'close').then(([code]: (number | null)[]) => code ?? null);
    const run = { child, output: () => output, exit };
    runs.push(run);
    return run;
  };

  /** Waits until this run has written cloud.json. */
  const ready = async (run: Run): Promise<Record<string, string>> => {
    const file = join(data, 'cloud.json');
    const watcher = watch(data);
    try {
      const ended = run.exit.then(() => expect.fail(`it ended before it was ready:\n${run.output()}`));
      while (!existsSync(file)) await Promise.race([once(watcher, 'change'), ended]);
      return JSON.parse(readFileSync(file, 'utf8'));
    } finally {
      watcher.close();
    }
  };

  const clientOf = (cloud: Record<string, string>) =>
    new S3Client({
      endpoint: String(cloud.endpoint),
      region: String(cloud.region),
      forcePathStyle: true,
      credentials: { accessKeyId: String(cloud.publicKey), secretAccessKey: String(cloud.privateKey) },
    });

  it('tells how to reach it in a file for its owner alone, and those credentials write to and list its folder', async () => {
    const run = grunt('--port=0');
    const cloud = await ready(run);
    expect(Object.keys(cloud)).to.include.members([
      'endpoint',
      'region',
      'bucket',
      'folder',
      'publicKey',
      'privateKey',
    ]);
    expect(statSync(join(data, 'cloud.json')).mode & 0o777).to.equal(0o600);
    expect(cloud.endpoint).to.match(/^http:\/\/127\.0\.0\.1:\d+$/);

    const client = clientOf(cloud);
    await client.send(new PutObjectCommand({ Bucket: cloud.bucket, Key: `${cloud.folder}/a.jpg`, Body: 'picture' }));
    const { Contents } = await client.send(
      new ListObjectsV2Command({ Bucket: cloud.bucket, Prefix: `${cloud.folder}/` }),
    );
    expect(Contents?.map(({ Key }) => Key)).to.deep.equal([`${cloud.folder}/a.jpg`]);
    client.destroy();

    run.child.kill('SIGTERM');
    expect(await run.exit).to.equal(0);
    expect(run.output()).to.include(String(cloud.endpoint));
    expect(run.output()).not.to.include(String(cloud.privateKey));
  });

  it('ends with 0 when told to, and goes on with the same keys and pictures when started again', async () => {
    const first = grunt('--port=0');
    const before = await ready(first);
    const client = clientOf(before);
    await client.send(new PutObjectCommand({ Bucket: before.bucket, Key: `${before.folder}/a.jpg`, Body: 'picture' }));
    client.destroy();
    first.child.kill('SIGINT');
    expect(await first.exit).to.equal(0);

    await rm(join(data, 'cloud.json'));
    const after = await ready(grunt('--port=0'));
    expect({ ...after, endpoint: '', app: '' }).to.deep.equal({ ...before, endpoint: '', app: '' });
    const again = clientOf(after);
    const { KeyCount } = await again.send(
      new ListObjectsV2Command({ Bucket: after.bucket, Prefix: `${after.folder}/` }),
    );
    expect(KeyCount).to.equal(1);
    again.destroy();
  });

  it("gives the owner's environment in a file for its owner alone, with which IAM can be asked", async () => {
    const run = grunt('--port=0');
    const cloud = await ready(run);
    const file = join(data, 'owner.env');
    expect(statSync(file).mode & 0o777).to.equal(0o600);
    const env = parseEnv(readFileSync(file, 'utf8'));
    const { owner } = JSON.parse(readFileSync(join(data, 'keys.json'), 'utf8'));
    expect(env).to.include({
      AWS_REGION: 'eu-west-1',
      AWS_ACCESS_KEY_ID: owner.accessKeyId,
      AWS_SECRET_ACCESS_KEY: owner.secretAccessKey,
      AWS_ENDPOINT_URL_S3: cloud.endpoint,
      UPLOADS_BUCKET: 'uploads',
      PRODUCTION_BUCKET: 'production',
      TABLE_NAME: 'cloud',
    });
    const service = new iam.IAMClient({
      endpoint: String(env.AWS_ENDPOINT_URL_IAM),
      region: 'eu-west-1',
      credentials: owner,
    });
    const UserName = 'kerberos-home';
    const { AccessKeyMetadata } = await service.send(new iam.ListAccessKeysCommand({ UserName }));
    expect(AccessKeyMetadata?.map(({ AccessKeyId }) => AccessKeyId)).to.deep.equal([cloud.publicKey]);
    // Rotated, and the old one is gone: it must not come back at the next start.
    const { AccessKey } = await service.send(new iam.CreateAccessKeyCommand({ UserName }));
    await service.send(new iam.DeleteAccessKeyCommand({ UserName, AccessKeyId: String(cloud.publicKey) }));
    service.destroy();
    run.child.kill('SIGTERM');
    await run.exit;
    await rm(join(data, 'cloud.json'));
    const again = await ready(grunt('--port=0'));
    expect(again).to.include({ publicKey: AccessKey?.AccessKeyId, privateKey: AccessKey?.SecretAccessKey });
    const old = clientOf({ ...again, publicKey: String(cloud.publicKey), privateKey: String(cloud.privateKey) });
    const put = old.send(new PutObjectCommand({ Bucket: cloud.bucket, Key: `${cloud.folder}/a.jpg`, Body: 'x' }));
    const error: unknown = await put.catch((reason: unknown) => reason);
    expect(error).to.be.instanceOf(Error).and.to.have.property('name', 'InvalidAccessKeyId');
    old.destroy();
  });

  it('serves the cloud application, tells where it is and the login, and keeps the login over a restart', async () => {
    const run = grunt('--port=0');
    const { app } = await ready(run);
    expect(Object.keys(app ?? {}).sort()).to.deep.equal(['password', 'url', 'user']);
    const { url, user, password } = Object(app);
    expect([user, password.length]).to.deep.equal(['home', 23]);
    const page = await fetch(url);
    expect(page.status, await page.text()).to.equal(200);
    expect(run.output()).to.include(url).and.not.to.include(password);
    run.child.kill('SIGTERM');
    expect(await run.exit).to.equal(0);
    await rm(join(data, 'cloud.json'));
    expect(Object((await ready(grunt('--port=0'))).app)).to.include({ user, password });
  });

  it('starts again after it was killed', async () => {
    const first = grunt('--port=0');
    await ready(first);
    first.child.kill('SIGKILL');
    await first.exit;
    await rm(join(data, 'cloud.json'));
    await ready(grunt('--port=0'));
  });

  it('says who is in the way where another runs on the same directory', async () => {
    const first = grunt('--port=0');
    await ready(first);
    const second = grunt('--port=0');
    expect(await second.exit).not.to.equal(0);
    expect(second.output()).to.include(`held by process ${first.child.pid}`);
    expect(existsSync(join(data, 'cloud.json'))).to.equal(true);
  });

  it('prints a key with a line feed and an escape as one line that reaches no terminal', async function () {
    this.timeout(180_000);
    const run = grunt('--port=0');
    const cloud = await ready(run);
    const s3 = clientOf(cloud);
    const Key = 'home/a\npublished john/forged.jpg \u001b[31m.jpg';
    await s3.send(new PutObjectCommand({ Bucket: cloud.bucket, Key, Body: 'no picture' }));
    s3.destroy();
    await until(() => run.output().includes('refused home/a'), run.output, 150_000);
    expect(run.output()).to.include('home/a\\npublished john/forged.jpg \\x1b[31m.jpg');
    expect(
      run
        .output()
        .split('\n')
        .filter((line) => line.startsWith('published')),
    ).to.deep.equal([]);
    expect(run.output()).not.to.include('\u001b[31m.jpg');
  });

  it('takes no keys from a directory that others can write, and says what to do', async () => {
    chmodSync(data, 0o777);
    const run = grunt('--port=0');
    expect(await run.exit).not.to.equal(0);
    expect(run.output()).to.match(/can be written by others \(mode 0777\): chmod go-w/);
    expect(existsSync(join(data, 'keys.json'))).to.equal(false);
  });

  it('says so where the port is in use, and what to do', async () => {
    const other = createServer().listen(0, '127.0.0.1');
    await once(other, 'listening');
    const address = other.address();
    const port = typeof address === 'object' ? address?.port : undefined;
    const run = grunt(`--port=${port}`);
    expect(await run.exit).not.to.equal(0);
    expect(run.output()).to.include(`Port ${port} is in use`).and.include('--port=N');
    other.close();
  });

  it('refuses a port that is none', async () => {
    const run = grunt('--port=http');
    expect(await run.exit).not.to.equal(0);
    expect(run.output()).to.include('--port=http is not a port');
    const other = grunt('--port=0', '--app-port=http');
    expect(await other.exit).not.to.equal(0);
    expect(other.output()).to.include('--app-port=http is not a port');
  });
});
