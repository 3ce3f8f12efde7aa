import { type ChildProcess, spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join, sep } from 'node:path';
import { createInterface } from 'node:readline';
import { GetObjectCommand, PutObjectCommand, S3Client } from '@aws-sdk/client-s3';
import { expect } from 'chai';
import { uriEncode } from '../../../../tasks/lib/cloud/s3/encoding';
import { ObjectStore } from '../../../../tasks/lib/cloud/s3/object-store';
import { BUCKET, OWNER, REGION, send, sendSigned, sign, startTestServer, type TestServer } from '../support';

/** All files below a directory. */
const filesOf = (directory: string): string[] =>
  readdirSync(directory, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name));

describe('the embedded S3: any key is a key, and never a path', () => {
  let server: TestServer;
  before(async () => {
    server = await startTestServer();
  });
  after(() => server.stop());

  const keys: [name: string, key: string][] = [
    ['a way up', '../../etc/passwd'],
    ['only a way up', '..'],
    ['a dot', '.'],
    ['a slash before', '/etc/passwd'],
    ['two slashes', 'a//b'],
    ['a slash behind', 'a/'],
    ['as long as a key can be', 'k'.repeat(1024)],
    ['longer than a file name in UTF-8', 'ü'.repeat(512)],
    ['any script', '正門/🚪 Haustür.jpg'],
    ['capitals', 'CASE'],
    ['no capitals', 'case'],
    ['what URLs give a meaning', '%2e%2e/+ &?#=:@"<>\\'],
    ['a NUL', 'a\u0000b'],
    ['line ends', 'a\r\nb'],
    ['a name of the store', 'a.json'],
    ['a name of JavaScript', '__proto__'],
  ];
  for (const [name, key] of keys) {
    it(`${name}: ${JSON.stringify(key.slice(0, 40))}`, async () => {
      const path = `/${BUCKET}/${uriEncode(key, true)}`;
      const put = await sendSigned(server.s3.endpoint, { method: 'PUT', path, body: key });
      expect(put.status).to.equal(200);
      const get = await sendSigned(server.s3.endpoint, { path });
      expect(get.body.toString()).to.equal(key);
      const object = await server.s3.objects.get(BUCKET, key);
      expect(object?.path.startsWith(server.directory + sep)).to.equal(true);

      const list = `/${BUCKET}?list-type=2&encoding-type=url&prefix=${uriEncode(key)}`;
      const listed = (await sendSigned(server.s3.endpoint, { path: list })).body.toString();
      const found = [...listed.matchAll(/<Key>(.*?)<\/Key>/g)].map(([, text = '']) =>
        decodeURIComponent(text.replaceAll('+', ' ')),
      );
      expect(found).to.include(key);
    });
  }

  it('keeps all of them apart, over a restart too, and writes nowhere else', async () => {
    await server.restart();
    for (const [, key] of keys) {
      const object = await server.s3.objects.get(BUCKET, key);
      expect(readFileSync(object?.path ?? '', 'utf8')).to.equal(key);
    }
    expect(server.s3.objects.list(BUCKET).objects).to.have.length(keys.length);
    expect(readdirSync(dirname(server.directory))).not.to.include('etc');
  });

  it('is encoded in the path as its sender likes', async () => {
    const signed = await sign(server.s3.endpoint, { path: `/${BUCKET}/../../etc/passwd` });
    const { body } = await send(server.s3.endpoint, { ...signed, path: `/${BUCKET}/%2e%2e/%2E%2e/etc/pass%77d` });
    expect(body.toString()).to.equal('../../etc/passwd');
  });

  it('is refused where it is too long or no UTF-8', async () => {
    const attempts: [string, string][] = [
      ['k'.repeat(1025), 'KeyTooLongError'],
      ['%ff', 'InvalidURI'],
      ['%zz', 'InvalidURI'],
    ];
    for (const [key, code] of attempts) {
      const path = `/${BUCKET}/${key}`;
      expect((await send(server.s3.endpoint, { method: 'PUT', path, body: 'x' })).code).to.equal(code);
    }
    expect((await sendSigned(server.s3.endpoint, { path: '/../etc' })).code).to.be.oneOf([
      'NoSuchBucket',
      'InvalidURI',
    ]);
    expect((await sendSigned(server.s3.endpoint, { path: '//etc' })).status).to.equal(400);
  });
});

describe('the embedded S3: an object is whole or not there', () => {
  let directory: string;
  beforeEach(async () => {
    directory = await mkdtemp(join(tmpdir(), 'kerberos-objects-'));
  });
  afterEach(() => rm(directory, { recursive: true, force: true }));

  it('a reader gets one version, however often it is overwritten meanwhile', async () => {
    const server = await startTestServer();
    try {
      const client = server.client();
      const bodyOf = (version: number) => Buffer.alloc(2_000_000, `${version}`);
      const put = (version: number) =>
        client.send(new PutObjectCommand({ Bucket: BUCKET, Key: 'a', Body: bodyOf(version) }));
      await put(0);
      const readers = Array.from({ length: 20 }, async () => {
        const { Body } = await client.send(new GetObjectCommand({ Bucket: BUCKET, Key: 'a' }));
        const bytes = Buffer.from((await Body?.transformToByteArray()) ?? []);
        expect(bytes.equals(bodyOf(Number(String.fromCharCode(bytes[0] ?? 0))))).to.equal(true);
      });
      await Promise.all([...readers, ...Array.from({ length: 9 }, (_, at) => put(at + 1))]);
      expect(filesOf(join(server.directory, 'buckets'))).to.have.length(2);
    } finally {
      await server.stop();
    }
  });

  it('a server that is killed while it receives shows after its next start what it confirmed, whole, and nothing half', async () => {
    const script = join(__dirname, '..', 'killed-server.js');
    const confirmed = new Map<string, Buffer>();
    for (let round = 0; round < 5; round++) {
      const child: ChildProcess = spawn(process.execPath, [script, directory], {
        stdio: ['ignore', 'pipe', 'inherit'],
      });
      const exit = once(child, 'exit');
      if (child.stdout === null) throw new Error('no output');
      const [line] = await once(createInterface(child.stdout), 'line');
      const client = new S3Client({
        endpoint: String(line),
        region: REGION,
        forcePathStyle: true,
        credentials: OWNER,
        maxAttempts: 1,
      });
      let count = 0;
      const writers = Array.from({ length: 8 }, async (_, writer) => {
        for (let at = 0; ; at++) {
          const key = `${round}/${writer}/${at}`;
          const body = Buffer.alloc(200_000 + writer * 1000, key);
          await client.send(new PutObjectCommand({ Bucket: BUCKET, Key: key, Body: body }));
          confirmed.set(key, body);
          // In the middle of the others' puts.
          if (++count === 20 + round) child.kill('SIGKILL');
        }
      });
      await Promise.allSettled(writers);
      await exit;
      client.destroy();
    }

    const store = await ObjectStore.open(directory, Date.now);
    const { objects } = store.list(BUCKET);
    expect(confirmed.size).to.be.greaterThan(100);
    const seen = new Set<string>();
    for (const { key, size } of objects) {
      const object = await store.get(BUCKET, key);
      const bytes = readFileSync(object?.path ?? '');
      const writer = Number(key.split('/')[1]);
      expect(size).to.equal(200_000 + writer * 1000);
      expect(bytes.equals(Buffer.alloc(size, key)), key).to.equal(true);
      seen.add(key);
    }
    for (const key of confirmed.keys()) expect(seen.has(key), `${key} was confirmed`).to.equal(true);
    expect(readdirSync(join(directory, 'incoming'))).to.deep.equal([]);
    expect(filesOf(join(directory, 'buckets'))).to.have.length(2 * objects.length);
  });

  it('puts what is left of a damaged object aside, says so, and has all others', async () => {
    const server = await startTestServer();
    const client = server.client();
    for (const Key of ['home/a.jpg', 'home/b.jpg', 'home/c.jpg']) {
      await client.send(new PutObjectCommand({ Bucket: BUCKET, Key, Body: Key }));
    }
    await server.s3.close();
    const fileOf = (key: string, ending: RegExp) => {
      const hash = createHash('sha256').update(key).digest('hex');
      const folder = join(server.directory, 'buckets', BUCKET, hash.slice(0, 2));
      const name = readdirSync(folder).find((other) => other.startsWith(hash) && ending.test(other));
      return join(folder, name ?? 'none');
    };
    await writeFile(fileOf('home/a.jpg', /json$/), '{');
    await rm(fileOf('home/b.jpg', /\.[0-9a-f]{16}$/));
    await writeFile(join(server.directory, 'buckets', 'a file'), '');
    const said: string[] = [];
    const store = await ObjectStore.open(server.directory, Date.now, (text) => said.push(text));
    expect(store.list(BUCKET).objects.map(({ key }) => key)).to.deep.equal(['home/c.jpg']);
    expect(said).to.have.length(2);
    expect(said.join()).to.include('its body is missing');
    const aside = readdirSync(join(server.directory, 'damaged', BUCKET));
    expect(aside).to.have.length(3);
    const bodies = aside.map((name) => readFileSync(join(server.directory, 'damaged', BUCKET, name), 'utf8'));
    expect(bodies, 'the picture itself').to.include('home/a.jpg');
    await server.stop();
  });

  it('a body that no object names is deleted at the next start', async () => {
    const store = await ObjectStore.open(directory, Date.now);
    store.createBucket(BUCKET);
    const orphan = join(directory, 'buckets', BUCKET, '00', 'orphan.body');
    await writeFile(orphan, 'x');
    await ObjectStore.open(directory, Date.now);
    expect(existsSync(orphan)).to.equal(false);
  });
});
