import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  statfsSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { PutObjectCommand, S3Client } from '@aws-sdk/client-s3';
import { expect } from 'chai';
import * as corpus from './lambda/media/corpus';
import { refusal } from './lib/cloud/support';

const ROOT = join(__dirname, '..');
const GRUNT = join(ROOT, 'node_modules', 'grunt', 'bin', 'grunt');

/** The least file system that a cloud starts on. */
const DISK_BYTES = 200 * 1024 ** 2;

describe('grunt cloud on what is left of one', function () {
  this.timeout(300_000);
  let data: string;
  let child: ChildProcess | undefined;
  let output: string;

  beforeEach(async () => {
    data = await mkdtemp(join(tmpdir(), 'kerberos-wreck-'));
  });
  afterEach(async () => {
    await stop('SIGKILL');
    await rm(data, { recursive: true, force: true, maxRetries: 10 });
  });

  const start = async () => {
    output = '';
    const args = ['--no-color', '--gruntfile', join(ROOT, 'Gruntfile.js'), 'cloud', '--port=0', `--data=${data}`];
    child = spawn(process.execPath, [GRUNT, ...args], { env: { ...process.env, FACES: 'off' } });
    for (const stream of [child.stdout, child.stderr]) {
      stream?.on('data', (text: Buffer) => {
        output += text;
      });
    }
    await says(/The cloud runs on/);
  };
  const says = async (what: RegExp) => {
    while (!what.test(output)) {
      if (child?.exitCode !== null) throw new Error(`grunt cloud ended:\n${output}`);
      await wait(50);
    }
  };
  const stop = async (signal: NodeJS.Signals = 'SIGTERM') => {
    if (!child || child.exitCode !== null || child.signalCode !== null) return;
    const closed = once(child, 'close');
    child.kill(signal);
    await closed;
  };
  const description = () => JSON.parse(readFileSync(join(data, 'cloud.json'), 'utf8'));
  const put = async (Key: string, Body: Buffer) => {
    const { endpoint, region, publicKey, privateKey } = description();
    const credentials = { accessKeyId: publicKey, secretAccessKey: privateKey };
    const client = new S3Client({ endpoint, region, forcePathStyle: true, credentials, maxAttempts: 1 });
    try {
      await client.send(new PutObjectCommand({ Bucket: 'uploads', Key, Body }));
    } finally {
      client.destroy();
    }
  };
  const name = (number: number) => `14297000${number}_6-000000_door_1-1-2-2_1_${number}.jpg`;
  const publish = async (number: number) => {
    await put(`home/${name(number)}`, await corpus.jpeg(64, 48, number));
    await says(new RegExp(`published home/${name(number)}`));
  };
  /** Asks the page, again while the machine is too busy to answer in its time. */
  const ask = async (url: string, init: RequestInit): Promise<Response> => {
    for (let turn = 1; ; turn++) {
      const reply = await fetch(url, init);
      if (reply.status !== 504 || turn === 10) return reply;
      await wait(1000 * turn);
    }
  };
  const logIn = async (): Promise<{ url: string; cookie: string }> => {
    const { url, user, password } = description().app;
    const headers = { 'content-type': 'application/json' };
    const reply = await ask(`${url}/api/session`, {
      method: 'POST',
      headers,
      body: JSON.stringify({ user, password }),
    });
    expect(reply.status, await reply.text()).to.equal(204);
    return { url, cookie: reply.headers.getSetCookie()[0]?.split(';', 1)[0] ?? '' };
  };

  it('starts with 123,500 uploads waiting and 25,000 begun, and a new picture of another account is soon published', async () => {
    const waiting = join(data, 'queue', 'waiting');
    mkdirSync(waiting, { recursive: true, mode: 0o700 });
    const gone = {
      eventName: 'ObjectCreated:Put',
      s3: { bucket: { name: 'uploads' }, object: { key: 'eve/gone.jpg' } },
    };
    const message = JSON.stringify({ body: JSON.stringify({ Records: [gone] }), received: 0 });
    for (let i = 0; i < 123_500; i++) {
      writeFileSync(
        join(waiting, `000000000001000-${String(i).padStart(9, '0')}-abcdef-0123456789abcdef.json`),
        message,
      );
    }
    const uploads = join(data, 's3', 'uploads');
    for (let i = 0; i < 25_000; i++) {
      const id = i.toString(16).padStart(48, '0');
      mkdirSync(join(uploads, id), { recursive: true });
      const upload = { id, bucket: 'uploads', key: 'eve/a.mp4', headers: {}, metadata: {}, initiated: Date.now() };
      writeFileSync(join(uploads, id, 'upload.json'), JSON.stringify(upload));
    }
    await start();
    await publish(11);
    expect(readdirSync(waiting).length).to.be.greaterThan(100_000);
  });

  it('starts with any one file damaged, says so, and everything that is left is there', async () => {
    await start();
    await publish(11);
    await stop();
    const keys = readFileSync(join(data, 'keys.json'), 'utf8');
    const folderOf = (key: string) => {
      const hash = createHash('sha256').update(key).digest('hex');
      return { folder: join(data, 's3', 'buckets', 'uploads', hash.slice(0, 2)), hash };
    };
    const { folder, hash } = folderOf(`home/${name(11)}`);
    const id = 'a'.repeat(48);
    mkdirSync(join(data, 's3', 'uploads', id), { recursive: true });
    const damaged: Record<string, RegExp> = {
      [join(data, 'keys.json')]: /keys\.json was damaged/,
      [join(data, 'iam.json')]: /iam\.json was damaged/,
      [join(folder, `${hash}.json`)]: /The object of .* is lost/,
      [join(data, 's3', 'uploads', id, 'upload.json')]: /The multipart upload a+ is damaged/,
      [join(data, 'queue', 'waiting', '000000000000001-000000001-abcdef.json')]: /A message of the queue is damaged/,
      [join(data, 'dynamodb', 'CURRENT')]: /The database was damaged/,
    };
    for (const file of Object.keys(damaged)) {
      writeFileSync(file, '{', { mode: 0o600 });
    }
    await start();
    for (const what of Object.values(damaged)) await says(what);
    expect(readFileSync(join(data, 'keys.json'), 'utf8')).to.equal(keys);
    await publish(12);
    const { url, cookie } = await logIn();
    const { events } = JSON.parse(await (await ask(`${url}/api/events`, { headers: { cookie } })).text());
    expect(events).to.have.length(2);
  });

  it('on a full disk refuses uploads, while the page, deletions and a new start go on', async function () {
    const disk = join(data, 'disk');
    mkdirSync(disk, { mode: 0o700 });
    try {
      execFileSync('mount', ['-t', 'tmpfs', '-o', `size=${DISK_BYTES},mode=700`, 'tmpfs', disk], { stdio: 'pipe' });
    } catch {
      // Only root may mount; limits.test.ts has the same with a disk that says it is full.
      this.skip();
    }
    const outside = data;
    data = join(disk, 'cloud');
    try {
      await start();
      await publish(11);
      const { bavail, bsize } = statfsSync(disk);
      // Something else fills the disk, but for 20 MB.
      writeFileSync(join(disk, 'filler'), Buffer.alloc(bavail * bsize - 20 * 1024 ** 2));
      expect(await refusal(put(`home/${name(12)}`, Buffer.alloc(1000)))).to.deep.equal({
        code: 'ServiceUnavailable',
        status: 503,
      });
      const login = await logIn();
      const headers = { cookie: login.cookie, 'content-type': 'application/json' };
      const { events } = JSON.parse(await (await ask(`${login.url}/api/events`, { headers })).text());
      const gone = await ask(`${login.url}/api/events/${events[0].id}`, { method: 'DELETE', headers });
      expect(gone.status, await gone.text()).to.be.below(300);
      await stop();
      rmSync(join(data, 'cloud.json'), { force: true });
      await start();
      expect((await refusal(put(`home/${name(12)}`, Buffer.alloc(1000)))).code).to.equal('ServiceUnavailable');
      truncateSync(join(disk, 'filler'));
      await publish(13);
    } finally {
      await stop('SIGKILL');
      data = outside;
      execFileSync('umount', ['--lazy', disk]);
      expect(existsSync(disk)).to.equal(true);
    }
  });
});
