import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readFileSync, statSync, watch } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ListObjectsV2Command, PutObjectCommand, S3Client } from '@aws-sdk/client-s3';
import { expect } from 'chai';

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
    expect({ ...after, endpoint: '' }).to.deep.equal({ ...before, endpoint: '' });
    const again = clientOf(after);
    const { KeyCount } = await again.send(
      new ListObjectsV2Command({ Bucket: after.bucket, Prefix: `${after.folder}/` }),
    );
    expect(KeyCount).to.equal(1);
    again.destroy();
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
  });
});
