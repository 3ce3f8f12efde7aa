import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { expect } from 'chai';
import { add } from '../../../lambda/lib/accounts/licences';
import { placeOfEnvironment } from '../../../lambda/lib/accounts/place';
import { countAttempt } from '../../../lambda/lib/gallery/login-limit';
import { readAccount } from '../../../lambda/lib/table/account-item';
import { Change } from '../../../lambda/lib/table/expression';
import { Table } from '../../../lambda/lib/table/table';
import { iam, s3 as S3 } from '../../../lambda/test-packages';
import { type Item, OTHER, TestCloud } from '../cloud';
import { GalleryServer } from '../gallery/gallery-server';
import * as corpus from '../media/corpus';

const COMMAND = join(__dirname, '..', '..', '..', 'lambda', 'account.js');
const NAME = '1429700000_6-123456_frontdoor_200-210-400-410_24_579.jpg';

interface Ran {
  status: number | null;
  out: string;
  error: string;
}

describe('the accounts command', function () {
  this.timeout(60_000);
  let cloud: TestCloud;
  let gallery: GalleryServer;
  let data: string;
  let picture: Buffer;

  before(async function () {
    // moto does not enforce IAM's policies.
    if (OTHER) this.skip();
    picture = await corpus.jpeg();
  });
  beforeEach(async () => {
    cloud = await TestCloud.start();
    gallery = await GalleryServer.start(cloud.gallery());
    data = await mkdtemp(join(tmpdir(), 'kerberos-accounts-'));
    const lines = Object.entries(cloud.ownerEnvironment(gallery.url)).map(([name, value]) => `${name}=${value}\n`);
    await writeFile(join(data, 'owner.env'), lines.join(''));
  });
  afterEach(async () => {
    await gallery.stop();
    await cloud.stop();
    await rm(data, { recursive: true, force: true });
    expect(cloud.failures).to.deep.equal([]);
  });

  async function run(
    args: string[],
    { env = {}, input = '' }: { env?: NodeJS.ProcessEnv; input?: string } = {},
  ): Promise<Ran> {
    const { PATH, HOME } = process.env;
    const child = spawn(process.execPath, ['--no-warnings', COMMAND, ...args], { env: { PATH, HOME, ...env } });
    child.stdin.on('error', () => {});
    child.stdin.end(input);
    const ended = new Promise<number | null>((resolve) => child.once('close', resolve));
    const [out, error] = await Promise.all([text(child.stdout), text(child.stderr)]);
    return { status: await ended, out, error };
  }

  /** The command on this cloud. */
  const account = (...args: string[]) => run([`--cloud=${data}`, ...args]);

  async function done(...args: string[]): Promise<string> {
    const { status, out, error } = await account(...args);
    expect(status, `${args.join(' ')}: ${out}${error}`).to.equal(0);
    expect(error).to.equal('');
    return out;
  }

  async function refused(...args: string[]): Promise<string> {
    const { status, out, error } = await account(...args);
    expect(status, args.join(' ')).to.equal(1);
    expect(out).to.equal('');
    expect(error, 'a stack trace').not.to.match(/\n\s+at /);
    return error;
  }

  /** What is printed under a name. */
  function printed(out: string, name: string): string {
    const value = new RegExp(`^  ${name} +(\\S+)$`, 'm').exec(out)?.[1];
    if (value === undefined) throw new Error(`There is no "${name}" in: ${out}`);
    return value;
  }

  const cameraOf = (out: string) => cloud.camera(printed(out, 'public key'), printed(out, 'private key'));
  const put = (camera: S3.S3Client, Key: string, Bucket = cloud.uploads) =>
    camera.send(new S3.PutObjectCommand({ Bucket, Key, Body: picture }));
  const code = async (call: Promise<unknown>): Promise<string> =>
    await call.then(
      () => 'ok',
      (error) => (error instanceof S3.S3ServiceException ? error.name : String(error)),
    );
  /** As if it were long ago that it was suspended, so that nothing has to be waited for. */
  const suspendLongAgo = async (name: string) => {
    const key = { pk: `ACCOUNT#${name}#ACCOUNT`, sk: 'ACCOUNT' };
    await new Table(cloud.documents, cloud.tableName).update(key, new Change().set({ suspended: 0 }));
  };
  const item = async (name: string) => await readAccount(new Table(cloud.documents, cloud.tableName), name);

  function iamClient() {
    const { AWS_ENDPOINT_URL_IAM: endpoint = '', AWS_REGION: region = '' } = cloud.ownerEnvironment('');
    const credentials = { accessKeyId: 'OWNERKEY', secretAccessKey: 'ownersecret' };
    return new iam.IAMClient({ endpoint, region, credentials, maxAttempts: 1 });
  }

  it('add: the key pair uploads to its folder and lists it, and may do nothing else', async () => {
    const out = await done('add', 'jane');
    expect(printed(out, 'bucket')).to.equal(cloud.uploads);
    expect(printed(out, 'folder')).to.equal('jane');
    expect(printed(out, 'address')).to.equal(gallery.url);
    const camera = cameraOf(out);
    await put(camera, `jane/${NAME}`);
    const list = (Prefix?: string) =>
      camera.send(new S3.ListObjectsV2Command({ Bucket: cloud.uploads, ...(Prefix === undefined ? {} : { Prefix }) }));
    expect((await list('jane/')).KeyCount).to.equal(1);
    for (const [what, call] of Object.entries({
      'upload to another folder': () => put(camera, `john/${NAME}`),
      'upload to a folder whose name begins the same': () => put(camera, `jane2/${NAME}`),
      'upload to the production bucket': () => put(camera, `jane/${NAME}`, cloud.production),
      read: () => camera.send(new S3.GetObjectCommand({ Bucket: cloud.uploads, Key: `jane/${NAME}` })),
      delete: () => camera.send(new S3.DeleteObjectCommand({ Bucket: cloud.uploads, Key: `jane/${NAME}` })),
      'list another folder': () => list('john/'),
      'list a folder whose name begins the same': () => list('jane'),
      'list everything': () => list(),
      'list the versions': () =>
        camera.send(new S3.ListObjectVersionsCommand({ Bucket: cloud.uploads, Prefix: 'jane/' })),
      'list buckets': () => camera.send(new S3.ListBucketsCommand({})),
    })) {
      expect(await code(call()), what).to.equal('AccessDenied');
    }
  });

  it('add: the login is that of the page, and password and private key are stored nowhere', async () => {
    const out = await done('add', 'jane');
    const password = printed(out, 'password');
    expect(password).to.match(/^[a-z2-9]{5}(-[a-z2-9]{5}){3}$/);
    const jane = await gallery.loggedIn(printed(out, 'user'), password);
    expect(await jane.read('/api/account')).to.deep.equal({ user: 'jane', retentionDays: 365 });
    const stored = JSON.stringify(await cloud.items());
    expect(stored).to.include('$argon2id$v=19$m=19456,t=2,p=1$');
    expect(stored).not.to.include(password).and.not.to.include(printed(out, 'private key'));
    expect(await done('list')).not.to.include(password);
  });

  it('add: refuses a name that is taken, and names that can be no folder', async () => {
    await done('add', 'jane');
    const before = await cloud.items();
    expect(await refused('add', 'jane')).to.include('There is an account "jane" already.');
    expect(await cloud.items()).to.deep.equal(before);
    for (const name of ['Jane', 'a/b', '.jane', 'jane doe', '*', 'ja*', 'x'.repeat(64), '']) {
      expect(await refused('add', name), name).to.match(/can be no account/);
    }
    expect(await refused('add', 'x'.repeat(60))).to.match(/a name may have 55 letters/);
  });

  it('add: what was made is undone when the account cannot be written, and it can be repeated', async () => {
    const env = cloud.ownerEnvironment(gallery.url);
    const { status, error } = await run(['add', 'jane'], {
      env: { ...env, AWS_ENDPOINT_URL_DYNAMODB: 'http://127.0.0.1:9' },
    });
    expect(status).to.equal(1);
    expect(error).to.match(/does not answer \(ECONNREFUSED\)/);
    const client = iamClient();
    let writes = 0;
    const { documents, s3 } = cloud.clients({
      before: (command) => {
        if (command.startsWith('Update') && ++writes > 1) throw new Error('written no more');
      },
    });
    const place = placeOfEnvironment(env, 'the test', 'the test');
    const table = new Table(documents, cloud.tableName);
    const adding = add({ place, iam: client, s3, documents, table }, 'jane');
    expect(await adding.then(String, (failure: Error) => failure.message)).to.equal('written no more');
    const user = client.send(new iam.GetUserCommand({ UserName: 'kerberos-jane' }));
    expect(await user.then(String, (failure: Error) => failure.name)).to.match(/^NoSuchEntity/);
    expect(await cloud.items()).to.deep.equal([]);
    // As after a crash of a version that made the key first.
    await client.send(new iam.CreateUserCommand({ UserName: 'kerberos-jane', Path: '/kerberos/' }));
    await client.send(new iam.CreateAccessKeyCommand({ UserName: 'kerberos-jane' }));
    await put(cameraOf(await done('add', 'jane')), `jane/${NAME}`);
    const { AccessKeyMetadata } = await client.send(new iam.ListAccessKeysCommand({ UserName: 'kerberos-jane' }));
    expect(AccessKeyMetadata).to.have.length(1);
    client.destroy();
  });

  it('add: of two at the same time one gets the account, and its key pair works', async () => {
    const both = await Promise.all([account('add', 'jane'), account('add', 'jane')]);
    const [won, ...others] = both.filter(({ status }) => status === 0);
    expect(others).to.have.length(0);
    expect(both.find(({ status }) => status !== 0)?.error).to.match(/There is an account "jane" already/);
    await put(cameraOf(won?.out ?? ''), `jane/${NAME}`);
  });

  it('list: says of each account its state, its cameras and when they were last heard', async () => {
    expect(await done('list')).to.equal('There are no accounts. Make one: add NAME\n');
    await done('add', 'john');
    await done('add', 'jane');
    await cloud.lambda()({ Records: [await cloud.upload(`jane/${NAME}`, picture)] });
    await done('suspend', 'john');
    await done('retention', 'john', '30');
    const [head, jane, john] = (await done('list')).split('\n');
    expect(head).to.match(/^account +state +keeps +since +instances +last seen$/);
    expect(jane).to.match(/^jane +active +365 days +\d{4}-\d\d-\d\d +1 +2026-04-01 00:00 UTC$/);
    expect(john).to.match(/^john +suspended +30 days +\d{4}-\d\d-\d\d +0 +never$/);
  });

  it('suspend: neither uploads nor looks, and what still comes is refused; resume ends that', async () => {
    const out = await done('add', 'jane');
    const camera = cameraOf(out);
    const jane = await gallery.loggedIn('jane', printed(out, 'password'));
    await done('suspend', 'jane');
    expect(await code(put(camera, `jane/${NAME}`))).to.equal('InvalidAccessKeyId');
    expect((await jane.get('/api/account')).json).to.include({ status: 403, title: 'Suspended' });
    expect((await jane.get('/events/abcdefghijkl/image')).status).to.equal(403);
    const again = gallery.visitor();
    expect((await again.logIn('jane', 'wrong')).status).to.equal(401);
    expect((await again.logIn('jane', printed(out, 'password'))).status).to.equal(403);
    expect(again.cookies.size).to.equal(0);
    const late = await cloud.upload(`jane/${NAME}`, picture);
    await cloud.lambda()({ Records: [late] });
    expect(await cloud.published()).to.deep.equal([]);
    expect((await cloud.itemsOf('REJECTED')).map(({ reason }) => reason)).to.deep.equal(['Suspended']);
    await done('resume', 'jane');
    await put(camera, `jane/${NAME}`);
    expect((await jane.get('/api/account')).status).to.equal(200);
    await cloud.lambda()({ Records: [late] });
    expect(await cloud.itemsOf('REJECTED')).to.deep.equal([]);
    expect(await cloud.itemsOf('EVENT')).to.have.length(1);
  });

  it('rotate: both key pairs work until --finish, and --undo goes back', async () => {
    const first = cameraOf(await done('add', 'jane'));
    const out = await done('rotate', 'jane');
    expect(out).to.match(/older key pair works on/);
    const second = cameraOf(out);
    for (const camera of [first, second]) await put(camera, `jane/${NAME}`);
    expect(await refused('rotate', 'jane')).to.match(/two key pairs already.*--finish.*--undo/);
    expect((await item('jane'))?.accessKeyId).to.equal(printed(out, 'public key'));
    await done('rotate', 'jane', '--undo');
    expect(await code(put(second, `jane/${NAME}`))).to.equal('InvalidAccessKeyId');
    await put(first, `jane/${NAME}`);
    const third = cameraOf(await done('rotate', 'jane'));
    await done('rotate', 'jane', '--finish');
    expect(await code(put(first, `jane/${NAME}`))).to.equal('InvalidAccessKeyId');
    await put(third, `jane/${NAME}`);
    expect(await done('rotate', 'jane', '--finish')).to.match(/one key pair only/);
    await put(third, `jane/${NAME}`);
  });

  it('rotate: the new key pair of a suspended account does not work either', async () => {
    await done('add', 'jane');
    await done('suspend', 'jane');
    expect(await code(put(cameraOf(await done('rotate', 'jane')), `jane/${NAME}`))).to.equal('InvalidAccessKeyId');
  });

  it('password: another one, and all sessions end', async () => {
    const old = printed(await done('add', 'jane'), 'password');
    const jane = await gallery.loggedIn('jane', old);
    // Somebody has used up all attempts of this network.
    const attempt = { user: 'jane', network: gallery.sourceIp };
    for (let i = 0; i < 5; i++) await countAttempt(new Table(cloud.documents, cloud.tableName), attempt, Date.now());
    expect((await gallery.visitor().logIn('jane', old)).status).to.equal(429);
    const password = printed(await done('password', 'jane'), 'password');
    expect(password).not.to.equal(old);
    expect((await jane.get('/api/account')).status).to.equal(401);
    expect((await gallery.visitor().logIn('jane', old)).status).to.equal(401);
    await gallery.loggedIn('jane', password);
  });

  it('retention: items and objects expire so many days after they came, those that are there too', async () => {
    await done('add', 'jane');
    await done('add', 'john');
    const other = NAME.replace('_579', '_580');
    await cloud.lambda()({
      Records: [await cloud.upload(`jane/${NAME}`, picture), await cloud.upload(`john/${NAME}`, picture)],
    });
    await done('retention', 'jane', '30');
    await cloud.lambda()({ Records: [await cloud.upload(`jane/${other}`, picture)] });
    const days = ({ received, expires }: Item) => (Number(expires) * 1000 - Number(received)) / 86_400_000;
    for (const kind of ['EVENT', 'COUNTS']) {
      for (const one of await cloud.itemsOf(kind)) {
        expect(days(one), String(one.pk)).to.equal(String(one.pk).startsWith('ACCOUNT#jane#') ? 30 : 365);
      }
    }
    for (const one of await cloud.itemsOf('MINUTES')) {
      expect(days(one), String(one.pk)).to.equal(String(one.pk).startsWith('ACCOUNT#jane#') ? 65 : 400);
    }
    const keys = await cloud.published();
    expect(keys).to.have.length(6);
    for (const Key of keys) {
      const { TagSet } = await cloud.s3.send(new S3.GetObjectTaggingCommand({ Bucket: cloud.production, Key }));
      expect(TagSet, Key).to.deep.equal([{ Key: 'retention', Value: Key.startsWith('jane/') ? '30' : '365' }]);
    }
    expect(await refused('retention', 'jane', '31')).to.match(/7, 30, 90, 365 days can/);
  });

  it('remove: nothing is left of the account, and nothing of another is touched', async () => {
    const camera = cameraOf(await done('add', 'jane'));
    await done('add', 'jane2');
    const other = `jane2/${NAME}`;
    const records = [await cloud.upload(`jane/${NAME}`, picture), await cloud.upload(other, picture)];
    await cloud.lambda()({ Records: [...records, await cloud.upload('jane/bad.jpg', Buffer.from('no picture'))] });
    expect(await refused('remove', 'jane')).to.match(/--yes/);
    expect(await cloud.itemsOf('EVENT')).to.have.length(2);
    // A function may be at work on a picture that came before; what it writes would stay.
    const waiting = spawn(process.execPath, ['--no-warnings', COMMAND, `--cloud=${data}`, 'remove', 'jane', '--yes']);
    const [said] = await once(waiting.stdout, 'data');
    expect(String(said)).to.match(/"jane" is suspended\. In 7\d s, when no picture/);
    waiting.kill('SIGKILL');
    expect(await cloud.itemsOf('EVENT')).to.have.length(2);
    await suspendLongAgo('jane');
    await done('remove', 'jane', '--yes');
    const pks = (await cloud.items()).map(({ pk }) => String(pk));
    expect(pks).to.include('ACCOUNT#jane2#ACCOUNT');
    expect(pks.filter((pk) => !pk.startsWith('ACCOUNT#jane2#'))).to.deep.equal(['ACCOUNT#jane#ACCOUNT']);
    const [gone] = (await cloud.itemsOf('ACCOUNT')).filter(({ name }) => name === 'jane');
    expect(Object.keys(gone ?? {}).sort()).to.deep.equal(['expires', 'name', 'pk', 'sk', 'state']);
    expect((await cloud.published()).every((key) => key.startsWith('jane2/'))).to.equal(true);
    const { Contents } = await cloud.s3.send(new S3.ListObjectsV2Command({ Bucket: cloud.uploads }));
    expect(Contents?.map(({ Key }) => Key)).to.deep.equal([other]);
    expect(await code(put(camera, `jane/${NAME}`))).to.equal('InvalidAccessKeyId');
    // What was still queued has nothing to publish.
    await cloud.lambda()({ Records: records });
    expect((await cloud.items()).map(({ pk }) => String(pk))).to.deep.equal(pks);
    await cloud.lambda()({ Records: [await cloud.upload('jane/late.txt', Buffer.from('no picture either'))] });
    expect(await cloud.itemsOf('REJECTED')).to.deep.equal([]);
    expect(await refused('remove', 'jane', '--yes')).to.match(/There is no account "jane"/);
    expect(await done('list')).not.to.match(/jane /);
    await done('add', 'jane');
    expect((await cloud.itemsOf('ACCOUNT')).map(({ expires }) => expires)).to.deep.equal([undefined, undefined]);
  });

  it('ensure: makes the first account of grunt cloud, and sets its login when it is there', async () => {
    const env = cloud.ownerEnvironment(gallery.url);
    const client = iamClient();
    await client.send(new iam.CreateUserCommand({ UserName: 'kerberos-home' }));
    const { AccessKey } = await client.send(new iam.CreateAccessKeyCommand({ UserName: 'kerberos-home' }));
    client.destroy();
    const accessKeyId = String(AccessKey?.AccessKeyId);
    const ensure = (password: string) =>
      run(['ensure'], {
        env,
        input: JSON.stringify({ account: 'home', password, accessKeyId, secretAccessKey: AccessKey?.SecretAccessKey }),
      });
    expect(await ensure('first-password')).to.deep.equal({ status: 0, out: '', error: '' });
    const home = await gallery.loggedIn('home', 'first-password');
    const before = await cloud.items();
    expect((await ensure('first-password')).status).to.equal(0);
    expect(await cloud.items()).to.deep.equal(before);
    expect((await ensure('second-password')).status).to.equal(0);
    expect((await home.get('/api/account')).status).to.equal(401);
    await gallery.loggedIn('home', 'second-password');
    expect((await item('home'))?.accessKeyId).to.equal(accessKeyId);
    const nonsense = await run(['ensure'], { env, input: '{"password":"secret-secret"}' });
    expect(nonsense).to.include({ status: 1, out: '' });
    expect(nonsense.error).not.to.include('secret-secret');
  });

  it('says what to do when there is no cloud, and no such account', async () => {
    const nowhere = await run(['--cloud=/nowhere', 'list']);
    expect(nowhere).to.include({ status: 1, out: '' });
    expect(nowhere.error).to.equal(
      'There is no /nowhere/owner.env. Is that where the cloud keeps its data? grunt cloud writes it.\n',
    );
    for (const args of [['rotate'], ['suspend'], ['resume'], ['password'], ['remove', '--yes']]) {
      const [command = '', ...more] = args;
      expect(await refused(command, 'nobody', ...more), command).to.include('There is no account "nobody".');
    }
  });
});
