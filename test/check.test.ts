import { createHash } from 'node:crypto';
import { chmod, mkdir, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import type { S3Server } from '../tasks/lib/cloud/s3/server';
import { answerError, FaultyProxy } from './faulty-proxy';
import {
  BUCKET,
  DEVICE,
  eventName,
  FOLDER,
  Grunt,
  Instance,
  NO_SUBSCRIPTION,
  OWNER,
  ROOT,
  SUBSCRIPTION,
  startBucket,
  stored,
} from './kerberos';

const NAMES = ['configuration', 'directory', 'name', 'connection', 'clock', 'credentials', 'bucket', 'write', 'list'];

describe('grunt check', () => {
  let data: string;
  let s3: S3Server;
  let instance: Instance;
  let grunt: Grunt;

  beforeEach(async () => {
    data = await mkdtemp(join(tmpdir(), 's3-'));
    s3 = await startBucket(data);
    instance = await Instance.make();
  });

  afterEach(async () => {
    await grunt.kill();
    for (const { secretAccessKey } of [DEVICE, OWNER]) expect(grunt.output, 'a secret').not.to.include(secretAccessKey);
    expect(grunt.output, 'a warning of Node or a library').not.to.match(/\(node:\d+\)|Warning:/);
    await s3.close();
    await instance.remove();
    await rm(data, { recursive: true });
  });

  /** Runs it to its end: its exit code. */
  async function run(
    env: Record<string, string> = {},
    args: readonly string[] = ['check', '--force'],
  ): Promise<unknown> {
    const settings = { KERBEROS_CONFIG: instance.config, SYNC_STATE: instance.state, AWS_ENDPOINT_URL: s3.endpoint };
    grunt = new Grunt(args, { ...settings, ...env });
    return grunt.ended();
  }

  /** The signs in front of the steps, in their order: `✓✓✗––––––`. Fails unless every step is there, once. */
  function signs(): string {
    const steps = [...grunt.output.matchAll(/^([✓✗–]) (\w+)/gm)];
    expect(
      steps.map(([, , name]) => name),
      grunt.output,
    ).to.deep.equal(NAMES);
    return steps.map(([, sign]) => sign).join('');
  }

  it('in a shell, tries what the settings file of the service says', async () => {
    const settings = join(instance.root, 'cloud');
    await writeFile(settings, `KERBEROS_CONFIG=${instance.config}\nAWS_ENDPOINT_URL=${s3.endpoint}\n`);
    grunt = new Grunt(['check', `--defaults=${settings}`], { SYNC_STATE: instance.state });
    expect(await grunt.ended()).to.equal(0);
    expect(grunt.output).to.include(`As the service, with KERBEROS_CONFIG, AWS_ENDPOINT_URL of ${settings}.`);
    expect(signs()).to.equal('✓✓✓✓✓✓✓✓✓');
  });

  it('tells that all is well, and ends with 0', async () => {
    await instance.picture(eventName(1));
    expect(await run()).to.equal(0);
    expect(signs()).to.equal('✓✓✓✓✓✓✓✓✓');
    expect(grunt.output)
      .to.include(`configured in ${instance.config}`)
      .and.to.include(`${instance.capture}, one event`);
    expect(grunt.output).to.match(/clock +within 1 s of/);
    expect(await stored(s3, '.kerberos-check')).not.to.equal(undefined);
  });

  it('leaves nothing behind but its one object: no picture is sent, no ledger is made', async () => {
    await instance.picture(eventName(1));
    for (const _ of [1, 2]) expect(await run()).to.equal(0);
    expect(s3.objects.list(BUCKET, {}).objects.map(({ key }) => key)).to.deep.equal([`${FOLDER}/.kerberos-check`]);
    expect(await readFile(instance.state).catch(({ code }) => code)).to.equal('ENOENT');
  });

  it('says where it looked for a configuration and found none', async () => {
    expect(await run({ KERBEROS_CONFIG: '/nowhere' })).to.equal(3);
    expect(signs()).to.equal('✗––––––––');
    expect(grunt.output).to.match(/KERBEROS_CONFIG names \/nowhere, where there is no config.xml/);
  });

  it('names what is wrong in a configuration, every piece of it', async () => {
    await instance.subscribe({ ...SUBSCRIPTION, bucket: 's3://Uploads', privateKey: 'two words' });
    expect(await run()).to.equal(3);
    expect(signs()).to.equal('✗––––––––');
    expect(grunt.output).to.match(/<bucket> in .*: "s3:\/\/Uploads" cannot be a bucket/);
    expect(grunt.output)
      .to.match(/<privateKey> in .* holds a blank/)
      .and.not.to.include('two words');
  });

  it('waits for a configuration that is being written', async () => {
    const file = join(instance.config, 'cloud.xml');
    const whole = await readFile(file);
    await writeFile(file, whole.subarray(0, 60));
    const running = run();
    await grunt.says('Running "check" task');
    await writeFile(file, whole);
    expect(await running).to.equal(0);
    expect(signs()).to.equal('✓✓✓✓✓✓✓✓✓');
  });

  it('tells that there is no subscription yet, and looks at the directory all the same', async () => {
    await instance.subscribe(NO_SUBSCRIPTION);
    expect(await run()).to.equal(3);
    expect(signs()).to.equal('✓✓–––✗–––');
    expect(grunt.output).to.match(
      /credentials .*<bucket>, <publicKey>, <privateKey>.* are empty.* Type what the cloud/,
    );
  });

  it('names a capture directory that is missing, and goes on', async () => {
    await rm(instance.capture, { recursive: true });
    expect(await run()).to.equal(3);
    expect(signs()).to.equal('✓✗✓✓✓✓✓✓✓');
    expect(grunt.output)
      .to.include(`${instance.capture} does not exist.`)
      .and.to.match(/Remedy: .*io\.xml/);
  });

  it('tells of event files in sub-directories, and of videos of another kind', async () => {
    const nested = join(instance.capture, '1766000101_6-123451_garage');
    await mkdir(nested);
    await writeFile(join(nested, 'left_200-200-400-400_24_571.jpg'), 'x');
    await writeFile(join(instance.capture, 'a.avi'), 'x');
    expect(await run()).to.equal(3);
    expect(signs()).to.equal('✓✗✓✓✓✓✓✓✓');
    expect(grunt.output)
      .to.match(/1 event file in sub-directories of .*such as 1766000101_6-123451_garage\/left_200/)
      .and.to.match(/1 file in .* of a kind that is not uploaded, such as a\.avi/);
  });

  it('says what would be better, which is no fault', async () => {
    await writeFile(
      join(instance.config, 'config.xml'),
      '<kerberos><instance><name>frontdoor</name><io>Video</io></instance></kerberos>',
    );
    expect(await run()).to.equal(0);
    expect(grunt.output)
      .to.match(/Advice: .*is Video alone.*Disk,Video/)
      .and.to.match(/Advice: .*each event is sent twice.*\/etc\/default\/cloud/);
  });

  it('tells when pictures may not be read', async () => {
    if (process.getuid?.() !== 0) await chmod(instance.capture, 0);
    else {
      await instance.picture(eventName(1));
      await chmod(join(instance.capture, eventName(1)), 0);
    }
    const env = { KERBEROS_CONFIG: instance.config, SYNC_STATE: instance.state, AWS_ENDPOINT_URL: s3.endpoint };
    // Root may read everything; without its capabilities it may not.
    const through = process.getuid?.() === 0 ? ['setpriv', '--bounding-set=-all', '--inh-caps=-all'] : [];
    grunt = new Grunt(['check'], env, through);
    expect(await grunt.ended()).to.equal(3);
    expect(signs()).to.equal('✓✗✓✓✓✓✓✓✓');
    expect(grunt.output)
      .to.match(/may not be read by this user/)
      .and.to.include(`chmod -R o+rX ${instance.capture}`);
    await chmod(instance.capture, 0o755);
  });

  it('tells a wrong private key', async () => {
    await instance.subscribe({ ...SUBSCRIPTION, privateKey: 'wrong' });
    expect(await run()).to.equal(3);
    expect(signs()).to.equal('✓✓✓✓✓✗–––');
    expect(grunt.output).to.match(
      /private key does not belong to the access key DEVI….*\n +Remedy: .*not copied whole/,
    );
  });

  it('tells a public key that nobody knows', async () => {
    await instance.subscribe({ ...SUBSCRIPTION, publicKey: 'NOBODYSKEY' });
    expect(await run()).to.equal(3);
    expect(signs()).to.equal('✓✓✓✓✓✗–––');
    expect(grunt.output).to.match(/does not know the access key NOBO….*\n +Remedy: Check the public and private key/);
  });

  it('tells a profile that is not there', async () => {
    expect(await run({ AWS_PROFILE: 'nobody', HOME: instance.root })).to.equal(3);
    expect(signs()).to.equal('✓✓✓✓✓✗–––');
    expect(grunt.output).to.match(/access key of profile nobody cannot be had: .*\n +Remedy: Check AWS_PROFILE/);
  });

  it('tells a bucket that does not exist', async () => {
    const { accessKeyId: publicKey, secretAccessKey: privateKey } = OWNER;
    await instance.subscribe({ bucket: 'no-such-bucket', folder: FOLDER, publicKey, privateKey });
    expect(await run()).to.equal(3);
    expect(signs()).to.equal('✓✓✓✓✓–✗––');
    expect(grunt.output).to.match(/There is no bucket "no-such-bucket" at 127.*\n +Remedy: Check the bucket/);
  });

  it('tells a folder of another licence', async () => {
    await instance.subscribe({ ...SUBSCRIPTION, folder: 'joe' });
    expect(await run()).to.equal(3);
    expect(signs()).to.equal('✓✓✓✓✓✓–✗✗');
    expect(grunt.output).to.match(/to write to bucket "uploads" \(AccessDenied.*\n +Remedy: .*another licence/);
  });

  it('tells that only listing is denied, and what that means', async () => {
    await throughLine((line) => {
      line.fault = (message, response) =>
        message.method === 'GET' ? answerError(response, 403, 'AccessDenied') : false;
    });
    expect(signs()).to.equal('✓✓✓✓✓✓✓✓✗');
    expect(grunt.output).to.match(
      /DEVI… to list "jane\/" in bucket "uploads" \(AccessDenied\)\.\n +Remedy: .*s3:ListBucket/,
    );
  });

  it('tells that only writing is denied', async () => {
    await throughLine((line) => {
      line.fault = (message, response) =>
        message.method === 'PUT' ? answerError(response, 403, 'AccessDenied') : false;
    });
    expect(signs()).to.equal('✓✓✓✓✓✓✓✗✓');
  });

  it('takes nothing for written that is not confirmed', async () => {
    await throughLine((line) => {
      line.fault = (message, response) => message.method === 'PUT' && swallow(message, response, {});
    });
    expect(signs()).to.equal('✓✓✓✓✓✓✓✗✓');
    expect(grunt.output).to.match(/write .*it confirms nothing\.\n +Remedy: .*login page/);
  });

  it('tells when the list does not have what was written', async () => {
    await throughLine((line) => {
      const etag = createHash('md5').update('grunt check of frontdoor\n').digest('hex');
      line.fault = (message, response) => message.method === 'PUT' && swallow(message, response, { etag });
    });
    expect(signs()).to.equal('✓✓✓✓✓✓✓✓✗');
    expect(grunt.output).to.match(/jane\/\.kerberos-check was written, but is not in the list/);
  });

  it('tells a server that has a fault from one that cannot be reached', async () => {
    await throughLine((line) => {
      line.fault = (message, response) =>
        message.headers.authorization !== undefined && answerError(response, 500, 'InternalError');
    });
    expect(signs()).to.equal('✓✓✓✓✓––✗✗');
    expect(grunt.output).to.match(/has a fault \(500 InternalError/);
  });

  it('tells a name that is not found', async () => {
    expect(await run({ AWS_ENDPOINT_URL: 'http://nowhere.invalid:4580' })).to.equal(3);
    expect(signs()).to.equal('✓✓✗––––––');
    expect(grunt.output).to.match(/The name nowhere.invalid:4580 cannot be found.*\n +Remedy: .*DNS/);
  });

  it('tells that nobody answers', async () => {
    await s3.close();
    expect(await run()).to.equal(3);
    expect(signs()).to.equal('✓✓✓✗–––––');
    expect(grunt.output).to.match(
      /cannot be reached \(ECONNREFUSED\): nothing listens there\.\n +Remedy: That is this machine/,
    );
    s3 = await startBucket(data);
  });

  it('tells that the proxy wants a password', async () => {
    const proxy = createServer();
    proxy.on('connect', (_request, socket) => socket.end('HTTP/1.1 407 Proxy Authentication Required\r\n\r\n'));
    await new Promise<void>((resolve) => proxy.listen(0, '127.0.0.1', resolve));
    const { port } = proxy.address() as AddressInfo;
    const env = { AWS_ENDPOINT_URL: 'https://s3.example.org', HTTPS_PROXY: `http://127.0.0.1:${port}` };
    const code = await run(env);
    proxy.close();
    expect(code).to.equal(3);
    expect(signs()).to.equal('✓✓✓✗–––––');
    expect(grunt.output).to.match(
      /proxy on the way to s3.example.org asks for a user.*the proxy 127\.0.*\n +Remedy: .*HTTPS_PROXY/,
    );
  });

  for (const [hours, words] of [
    [5, '5 hours behind'],
    [-5, '5 hours ahead'],
  ] as const) {
    it(`tells a clock that is ${words}, although uploads work in spite of it`, async () => {
      await s3.close();
      s3 = await startBucket(data, { now: () => Date.now() + hours * 3_600_000 });
      expect(await run()).to.equal(3);
      expect(signs()).to.equal('✓✓✓✓✗✓✓✓✓');
      expect(grunt.output).to.match(new RegExp(`clock +${words}\\..*in spite of it.*\\n +Remedy: .*timedatectl`));
    });
  }

  it('tells a clock that is wrong by less than S3 minds', async () => {
    await s3.close();
    s3 = await startBucket(data, { now: () => Date.now() - 10 * 60_000 });
    expect(await run()).to.equal(3);
    expect(signs()).to.equal('✓✓✓✓✗✓✓✓✓');
    expect(grunt.output).to.match(/clock +10 minutes ahead/);
  });

  it('tells the region that the bucket is in, which sync follows', async () => {
    expect(await run({ AWS_REGION: 'us-east-2' })).to.equal(0);
    expect(grunt.output).to.match(/✓ bucket .*it is in eu-west-1: AWS_REGION=eu-west-1 saves a detour/);
  });

  describe('as a Grunt task', () => {
    let gruntfile: string;

    beforeEach(async () => {
      const front = { options: { directory: instance.capture } };
      const back = { options: { directory: join(instance.root, 'missing') } };
      gruntfile = join(instance.root, 'Gruntfile.js');
      await mkdir(join(instance.root, 'empty'));
      await mkdir(join(instance.root, 'node_modules'));
      await symlink(join(ROOT, 'node_modules', 'grunt'), join(instance.root, 'node_modules', 'grunt'));
      await writeFile(
        gruntfile,
        `module.exports = (grunt) => { grunt.initConfig({ sync: ${JSON.stringify({ options: { still: 1 }, front, back })} }); grunt.loadTasks(${JSON.stringify(join(ROOT, 'tasks'))}); };`,
      );
    });

    it('checks every target of sync, or the one that is named', async () => {
      expect(await run({}, ['--gruntfile', gruntfile, 'sync-check'])).to.equal(3);
      expect(grunt.output).to.match(/^front:\n✓(?:.*\n)*back:\n✓ (?:.*\n)*✗ directory +.*missing does not exist/m);
      expect(await run({}, ['--gruntfile', gruntfile, 'sync-check:front'])).to.equal(0);
      expect(signs()).to.equal('✓✓✓✓✓✓✓✓✓');
      expect(await run({}, ['--gruntfile', gruntfile, 'sync-check:side'])).to.equal(3);
      expect(grunt.output).to.include('sync has no target "side"; it has front, back.');
    });

    it('takes the settings of the command line', async () => {
      const args = ['check', `--directory=${join(instance.root, 'empty')}`, `--folder=${FOLDER}/garden`];
      expect(await run({}, args)).to.equal(0);
      expect(grunt.output).to.include(`${join(instance.root, 'empty')}, 0 events`);
      expect(await stored(s3, '.kerberos-check', `${FOLDER}/garden`)).not.to.equal(undefined);
    });

    it('--json gives nothing but JSON, also when something is wrong', async () => {
      expect(await run({}, ['--gruntfile', gruntfile, 'sync-check', '--json'])).to.equal(3);
      const [front, back] = JSON.parse(grunt.output);
      expect([front.target, front.ok, back.target, back.ok]).to.deep.equal(['front', true, 'back', false]);
      expect(front.checks.map(({ name }: { name: string }) => name)).to.deep.equal(NAMES);
      expect(back.checks[1]).to.have.keys('name', 'result', 'detail', 'remedy').and.to.include({ result: 'failed' });
    });
  });

  /** Runs it over a line to the bucket that `prepare` has put a fault in; something is wrong then. */
  async function throughLine(prepare: (line: FaultyProxy) => void): Promise<void> {
    const line = await FaultyProxy.start(s3.endpoint);
    prepare(line);
    try {
      expect(await run({ AWS_ENDPOINT_URL: line.endpoint })).to.equal(3);
    } finally {
      await line.close();
    }
  }
});

/** Answers that all is well, and stores nothing. */
function swallow(message: IncomingMessage, response: ServerResponse, headers: Record<string, string>): true {
  message.resume();
  response.writeHead(200, { ...headers, 'content-length': 0 });
  response.end();
  return true;
}
