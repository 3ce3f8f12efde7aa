import { spawn } from 'node:child_process';
import { once } from 'node:events';
import {
  chmod,
  copyFile,
  mkdir,
  mkdtemp,
  open,
  readdir,
  rm,
  symlink,
  unlink,
  utimes,
  writeFile,
} from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { expect } from 'chai';
import type { S3Server } from '../tasks/lib/cloud/s3';
import { answerError, FaultyProxy } from './faulty-proxy';
import {
  BUCKET,
  DEVICE,
  eventName,
  FOLDER,
  Grunt,
  Instance,
  jpeg,
  NO_SUBSCRIPTION,
  ROOT,
  SUBSCRIPTION,
  startBucket,
  stored,
} from './kerberos';
import { until } from './until';

describe('grunt sync', function () {
  this.timeout(60_000);
  let data: string;
  let s3: S3Server;
  let instance: Instance;
  let grunts: Grunt[];
  /** A line to the bucket. */
  let line: FaultyProxy;

  beforeEach(async () => {
    data = await mkdtemp(join(tmpdir(), 's3-'));
    s3 = await startBucket(data);
    line = await FaultyProxy.start(s3.endpoint);
    instance = await Instance.make();
    grunts = [];
  });

  afterEach(async () => {
    for (const grunt of grunts) {
      await grunt.kill();
      expect(grunt.output, 'a secret is printed').not.to.include(DEVICE.secretAccessKey);
      expect(grunt.output, 'a warning of Node or a library').not.to.match(/\(node:\d+\)|Warning: (?!Task "&")/);
    }
    await line.close();
    await s3.close();
    await instance.remove();
    await rm(data, { recursive: true });
  });

  function run(args: readonly string[] = [], env: Record<string, string> = {}, to: { endpoint: string } = s3): Grunt {
    const grunt = Grunt.sync(instance, to, args, env);
    grunts.push(grunt);
    return grunt;
  }

  async function isStored(name: string, bytes: Buffer): Promise<boolean> {
    return (await stored(s3, name))?.equals(bytes) ?? false;
  }

  function arrives(name: string, bytes: Buffer, timeout?: number): Promise<void> {
    return until(
      () => isStored(name, bytes),
      () => `${name} is in the bucket; grunt said:\n${grunts.at(-1)?.output}`,
      timeout,
    );
  }

  function isInFlight(name: string): Promise<void> {
    return until(
      () => line.requests.some((request) => request.startsWith('PUT') && request.includes(name)),
      `${name} is in flight`,
    );
  }

  async function count(): Promise<number> {
    return s3.objects.list(BUCKET, {}).objects.length;
  }

  describe('on an existing image', () => {
    for (const generation of ['1.x', '2.x'] as const) {
      it(`uploads from a ${generation} configuration as its unit starts it: only the configuration and endpoint named, from any working directory, "&" and all`, async () => {
        const image = await Instance.make(generation);
        try {
          // The checkout elsewhere, so that its ledger is not this checkout's.
          const checkout = join(image.root, 'cloud');
          await mkdir(checkout);
          await copyFile(join(ROOT, 'Gruntfile.js'), join(checkout, 'Gruntfile.js'));
          for (const name of ['tasks', 'node_modules']) await symlink(join(ROOT, name), join(checkout, name));
          const bytes = await image.picture(eventName(1));
          const { PATH = '', HOME = '' } = process.env;
          const unit = spawn(
            join(ROOT, 'node_modules', '.bin', 'grunt'),
            ['--gruntfile', join(checkout, 'Gruntfile.js'), 'sync', '--force', '&'],
            { cwd: '/', env: { PATH, HOME, KERBEROS_CONFIG: image.config, AWS_ENDPOINT_URL: s3.endpoint } },
          );
          let output = '';
          unit.stdout.on('data', (text) => {
            output += text;
          });
          await until(
            () => isStored(eventName(1), bytes),
            () => `the picture; grunt said:\n${output}`,
          );
          const live = await image.picture(eventName(2));
          await until(
            () => isStored(eventName(2), live),
            () => `the live picture; grunt said:\n${output}`,
          );
          expect(output).to.include('Task "&" not found');
          unit.kill('SIGTERM');
          const [code] = await once(unit, 'exit');
          expect(code).to.equal(0);
          expect(await readdir(join(checkout, '.sync'))).to.include('default.ledger');
        } finally {
          await image.remove();
        }
      });
    }

    it('says once that there is no subscription yet, waits, and starts the moment it is filled in', async () => {
      await instance.subscribe(NO_SUBSCRIPTION);
      const bytes = await instance.picture(eventName(1));
      const grunt = run();
      await grunt.says(/no cloud subscription/i);
      await grunt.says('Waiting...');
      await instance.subscribe(SUBSCRIPTION);
      const begun = performance.now();
      await arrives(eventName(1), bytes);
      expect(performance.now() - begun).to.be.lessThan(2000);
      expect(grunt.output.match(/no cloud subscription/gi)).to.have.length(1);
    });

    it('reads a configuration again that was half-written when it was read', async () => {
      const grunt = run();
      await grunt.says('Uploading');
      await grunt.says('Waiting...');
      const cloud = join(instance.config, 'cloud.xml');
      await writeFile(cloud, '<?xml version="1.0"?>\n<clouds><S3><bucket type="text">upl');
      await grunt.says('cloud.xml" changed');
      await instance.subscribe({ ...SUBSCRIPTION, folder: `${FOLDER}/garden` });
      const bytes = await instance.picture(eventName(1));
      await until(
        async () => (await stored(s3, eventName(1), `${FOLDER}/garden`))?.equals(bytes) ?? false,
        'the new folder',
      );
      expect(grunt.output).not.to.match(/no cloud subscription|cannot be used/i);
    });

    it('tells of a configuration that was cut short and stays so', async () => {
      await writeFile(join(instance.config, 'cloud.xml'), '');
      const grunt = run();
      await grunt.says(/cloud.xml: empty or cut short/, 15_000);
      await instance.subscribe(SUBSCRIPTION);
      await arrives(eventName(1), await instance.picture(eventName(1)));
    });

    it('applies another capture directory within 2 s, and finishes what is in flight', async () => {
      const slow = jpegOf(300_000);
      await instance.picture(eventName(1), slow);
      run(['--limit-rate=100k'], {}, line);
      await isInFlight(eventName(1));
      instance.capture = join(instance.root, 'other');
      await mkdir(instance.capture);
      const bytes = await instance.picture(eventName(2));
      await instance.subscribe(SUBSCRIPTION);
      const begun = performance.now();
      await arrives(eventName(2), bytes);
      expect(performance.now() - begun).to.be.lessThan(2500);
      await arrives(eventName(1), slow);
    });
  });

  describe('the camera', () => {
    it('a half-written picture is not uploaded, and is uploaded within milliseconds of being finished', async () => {
      const grunt = run();
      await grunt.says('Uploading');
      const bytes = jpeg(1);
      const file = await open(join(instance.capture, eventName(1)), 'w');
      for (let at = 0; at < bytes.length - 1; at += 97) {
        await file.write(bytes.subarray(at, Math.min(at + 97, bytes.length - 1)));
        await wait(2);
      }
      expect(await count()).to.equal(0);
      await file.write(bytes.subarray(bytes.length - 1));
      const begun = performance.now();
      await file.close();
      await arrives(eventName(1), bytes);
      expect(performance.now() - begun).to.be.lessThan(500);
    });

    it('a picture that the camera has left half-written for longer than it should is not uploaded, and tells so', async () => {
      await instance.picture(eventName(1), jpeg(1).subarray(0, -10));
      await instance.picture(eventName(2), Buffer.concat([jpeg(2), Buffer.from('more behind its end')]));
      const begun = performance.now();
      const grunt = run();
      // What has no recognisable end stands still for 10 s; the half-written one does so too, and waits on.
      await until(async () => (await count()) === 1, 'the other one', 30_000);
      expect(performance.now() - begun).to.be.greaterThan(10_000);
      await grunt.stop();
      expect(await stored(s3, eventName(1))).to.equal(undefined);
      const once = run(['--once']);
      expect(await once.ended()).to.equal(3);
      expect(await stored(s3, eventName(1))).to.equal(undefined);
    });

    it('a picture that a power cut has cut short long ago is uploaded as it is', async () => {
      const bytes = await instance.picture(eventName(1), jpeg(1).subarray(0, -10));
      const before = new Date(Date.now() - 600_000);
      await utimes(join(instance.capture, eventName(1)), before, before);
      const begun = performance.now();
      expect(await run(['--once']).ended()).to.equal(0);
      expect(performance.now() - begun).to.be.greaterThan(10_000);
      expect(await isStored(eventName(1), bytes)).to.equal(true);
    });

    it('a picture that grows after its upload is uploaded again, while we run and while we do not', async () => {
      const first = run();
      await arrives(eventName(1), await instance.picture(eventName(1), jpeg(1)));
      const longer = Buffer.concat([jpeg(1).subarray(0, -2), Buffer.from([0xff, 0xd9]), Buffer.alloc(0)]);
      await writeFile(join(instance.capture, eventName(1)), Buffer.concat([jpegOf(9_000)]));
      await arrives(eventName(1), jpegOf(9_000));
      expect(await first.stop()).to.equal(0);
      await writeFile(join(instance.capture, eventName(1)), longer);
      run();
      await arrives(eventName(1), longer);
    });

    it('an empty file is not uploaded, and keeps nobody waiting', async () => {
      await writeFile(join(instance.capture, eventName(1)), '');
      const grunt = run(['--once']);
      expect(await grunt.ended()).to.equal(0);
      expect(await count()).to.equal(0);
    });

    it('folders, links, fifos, other files and unreadable ones stop nothing', async () => {
      await mkdir(join(instance.capture, 'folder.jpg'));
      await mkdir(join(instance.capture, 'symbols'));
      await symlink('/etc/hostname', join(instance.capture, eventName(1)));
      await symlink(join(instance.capture, 'loop.jpg'), join(instance.capture, 'loop.jpg'));
      await once(spawn('mkfifo', [join(instance.capture, 'fifo.jpg')]), 'exit');
      await writeFile(join(instance.capture, 'video.h264'), 'x');
      const bytes = await instance.picture(eventName(2));
      const grunt = run();
      await arrives(eventName(2), bytes);
      await arrives(eventName(3), await instance.picture(eventName(3)));
      expect(await count()).to.equal(2);
      await grunt.stop();
    });

    it('a file that may not be read is told and tried again, and is uploaded when it may', async () => {
      await instance.picture(eventName(1));
      await chmod(join(instance.capture, eventName(1)), 0);
      const bytes = await instance.picture(eventName(2));
      const grunt = unprivileged();
      await arrives(eventName(2), bytes);
      await grunt.says(/cannot be read \(EACCES\)/);
      await chmod(join(instance.capture, eventName(1)), 0o644);
      await arrives(eventName(1), jpeg(eventName(1)));
    });

    it('a file that the disk clean-up deleted before its turn is counted and no error', async () => {
      await s3.close();
      for (let index = 0; index < 5; index++) await instance.picture(eventName(index));
      const grunt = run();
      await grunt.says(/cannot be reached/);
      for (let index = 0; index < 5; index++) await unlink(join(instance.capture, eventName(index)));
      await until(() => (grunt.output.match(/was deleted before its turn/g) ?? []).length === 5, 'all five are told');
      s3 = await startBucket(data);
      expect(await grunt.stop()).to.equal(0);
      expect(grunt.output).to.match(/5 deleted before their turn/);
    });

    it('waits for a capture directory that is not there, and goes on when it is removed and made again', async () => {
      await rm(instance.capture, { recursive: true });
      const grunt = run();
      await grunt.says(/no capture directory/);
      await mkdir(instance.capture);
      await arrives(eventName(1), await instance.picture(eventName(1)));
      await rm(instance.capture, { recursive: true });
      await mkdir(instance.capture);
      await arrives(eventName(2), await instance.picture(eventName(2)));
    });

    it('uploads names with spaces and any UTF-8, and names that tell nothing', async () => {
      const names = [
        '1429700000_6-123456_Haustür 正門 🚪_200-200-400-400_24_579.jpg',
        'no event+name%20.jpg',
        '#?&=.png.jpg',
      ];
      for (const name of names) await instance.picture(name);
      expect(await run(['--once']).ended()).to.equal(0);
      for (const name of names) expect(await isStored(name, jpeg(name)), name).to.equal(true);
    });
  });

  describe('order', () => {
    it('a new event does not wait behind the backlog', async () => {
      for (let index = 0; index < 60; index++) await instance.picture(eventName(index), jpegOf(20_000));
      const grunt = run(['--limit-rate=200k']);
      await until(async () => (await count()) > 5, 'the backlog is on its way');
      const bytes = await instance.picture('live.jpg');
      await arrives('live.jpg', bytes);
      expect(await count()).to.be.lessThan(40);
      await grunt.kill();
    });

    it('a new picture does not wait for videos of now', async () => {
      const grunt = run(['--limit-rate=200k'], {}, line);
      await grunt.says('Uploading');
      for (let index = 0; index < 5; index++) await instance.picture(`video-${index}.mp4`, mp4Of(500_000));
      const puts = () => line.requests.filter((request) => request.startsWith('PUT')).length;
      await until(() => puts() >= 3, 'as many videos are in flight as may be');
      const bytes = await instance.picture('live.jpg');
      await arrives('live.jpg', bytes);
      expect(await count()).to.equal(1);
      await grunt.kill();
    });

    it('the backlog goes newest first', async () => {
      for (let index = 0; index < 20; index++) await instance.picture(eventName(index), jpegOf(20_000));
      const grunt = run(['--once', '--concurrency=1']);
      expect(await grunt.ended()).to.equal(0);
      const sent = [...grunt.output.matchAll(/(\d+)_6-\S+ is uploaded/g)].map((match) => Number(match[1]));
      expect(sent).to.deep.equal([...sent].sort((a, b) => b - a));
      expect(sent).to.have.length(20);
    });
  });

  describe('the ledger', () => {
    it('1,000 pictures arrive whole although the process is killed with -9 twenty times', async function () {
      this.timeout(180_000);
      for (let index = 0; index < 1000; index++) await instance.picture(eventName(index), jpeg(index));
      for (let kill = 0; kill < 20; kill++) {
        const grunt = run(['--limit-rate=1M', '--concurrency=8']);
        await grunt.says('Uploading');
        await wait(Math.random() * 400);
        await grunt.kill();
      }
      const last = run(['--once']);
      expect(await last.ended()).to.equal(0);
      for (let index = 0; index < 1000; index++)
        expect(await isStored(eventName(index), jpeg(index)), eventName(index)).to.equal(true);
    });

    it('sends nothing twice after a restart', async () => {
      for (let index = 0; index < 20; index++) await instance.picture(eventName(index));
      expect(await run(['--once']).ended()).to.equal(0);
      const again = run(['--once']);
      expect(await again.ended()).to.equal(0);
      expect(again.output).not.to.include('is uploaded');
    });

    it('lost, is made anew from the list of the bucket: nothing is sent twice', async () => {
      for (let index = 0; index < 50; index++) await instance.picture(eventName(index));
      await instance.picture('Haustür + 1.jpg');
      expect(await run(['--once']).ended()).to.equal(0);
      await rm(instance.state, { recursive: true });
      await instance.picture(eventName(51));
      const again = run(['--once']);
      expect(await again.ended()).to.equal(0);
      expect(again.output).to.include('51 files of the backlog in the bucket already');
      expect(again.output.match(/is uploaded/g)).to.have.length(1);
    });

    it('that cannot be written keeps nobody from uploading', async () => {
      await writeFile(instance.state, 'a file where the directory should be');
      const bytes = await instance.picture(eventName(1));
      const grunt = run();
      await arrives(eventName(1), bytes);
      await grunt.says(/The ledger cannot be written/);
      const once = run(['--once']);
      expect(await once.ended()).to.equal(0);
      expect(once.output).to.include('1 file of the backlog in the bucket already');
    });

    it('is left alone by --once while a sync is at work on it', async () => {
      const grunt = run();
      await grunt.says('Uploading');
      const once = run(['--once']);
      expect(await once.ended()).to.equal(3);
      expect(once.output).to.match(/another grunt sync is at work/);
    });

    it('lost, and a bucket that cannot be listed: rather a picture twice than never', async () => {
      line.fault = (message, response) =>
        message.method === 'GET' ? answerError(response, 501, 'NotImplemented') : false;
      const bytes = await instance.picture(eventName(1));
      const grunt = run([], {}, line);
      await arrives(eventName(1), bytes);
      expect(grunt.output).to.match(/The bucket cannot be listed \(NotImplemented\)/);
    });

    it('lets only one sync work on it; the second waits and takes over', async () => {
      const first = run();
      await first.says('Uploading');
      const second = run();
      await second.says(/Another grunt sync is at work/);
      await first.stop();
      await arrives(eventName(1), await instance.picture(eventName(1)));
      await second.says('is uploaded');
    });
  });

  describe('put', () => {
    it('sends a large video in parts, as it is', async () => {
      const video = mp4Of(20 * 1024 * 1024 + 7);
      await instance.picture('video.mp4', video);
      expect(await run(['--once']).ended()).to.equal(0);
      expect(await isStored('video.mp4', video)).to.equal(true);
      expect((await s3.objects.get(BUCKET, `${FOLDER}/video.mp4`))?.etag).to.match(/-3/);
    });

    it('keeps to its rate', async () => {
      for (let index = 0; index < 10; index++) await instance.picture(eventName(index), jpegOf(20_000));
      const grunt = run(['--once', '--limit-rate=100k']);
      await until(async () => (await count()) > 0, 'the first one');
      const begun = performance.now();
      await grunt.ended();
      expect(performance.now() - begun).to.be.greaterThan(1000);
    });

    it('describes the event in the metadata of its object', async () => {
      await instance.picture(eventName(0));
      expect(await run(['--once']).ended()).to.equal(0);
      const object = await s3.objects.get(BUCKET, `${FOLDER}/${eventName(0)}`);
      expect(object?.headers).to.include({ 'content-type': 'image/jpeg' });
      expect(object?.metadata).to.include({
        'event-timestamp': '1429700000',
        'event-instancename': 'frontdoor',
        'event-regioncoordinates': '200-200-400-400',
      });
    });
  });

  describe('when something is wrong', () => {
    it('what a line damaged is sent again, and never taken for done', async () => {
      let damaged = 0;
      line.damage = (bytes) => {
        if (bytes.length < 400 || damaged++ >= 1) return bytes;
        const copy = Buffer.from(bytes);
        copy[300] = (copy[300] ?? 0) ^ 1;
        return copy;
      };
      const bytes = await instance.picture(eventName(1));
      const grunt = run([], {}, line);
      await arrives(eventName(1), bytes);
      expect(damaged).to.be.greaterThan(1);
      expect(grunt.output).to.match(/damaged on its way/);
    });

    it('a confirmation of something else is no confirmation', async () => {
      let lies = 1;
      line.lie = (headers) => {
        if (headers.etag !== undefined && lies-- > 0) {
          headers.etag = `"${'0'.repeat(32)}"`;
          headers['x-amz-checksum-sha256'] = Buffer.alloc(32).toString('base64');
        }
      };
      await instance.picture(eventName(1));
      const grunt = run(['--once'], { SYNC_FOLDER: FOLDER }, line);
      expect(await grunt.ended()).to.equal(0);
      expect(line.requests.filter((request) => request.startsWith('PUT')).length).to.be.at.least(2);
    });

    it('an answer that confirms nothing, such as the login page of a hotspot, is no confirmation', async () => {
      let pages = 1;
      line.fault = (message, response) => {
        if (message.method !== 'PUT' || pages-- <= 0) return false;
        message.resume();
        response.end('<html>Please log in</html>');
        return true;
      };
      const bytes = await instance.picture(eventName(1));
      const grunt = run([], {}, line);
      await arrives(eventName(1), bytes);
      expect(grunt.output).to.match(/is no S3: it confirms nothing/);
    });

    it('a 403 keeps the file, and new credentials wake it at once', async () => {
      await instance.subscribe({ ...SUBSCRIPTION, privateKey: 'wrong' });
      const bytes = await instance.picture(eventName(1));
      const grunt = run();
      await grunt.says(/private key does not belong/);
      await grunt.says('Waiting...');
      await instance.subscribe(SUBSCRIPTION);
      const begun = performance.now();
      await arrives(eventName(1), bytes);
      expect(performance.now() - begun).to.be.lessThan(2000);
    });

    it('one bad file never holds up the others', async () => {
      line.fault = (message, response) =>
        message.url?.includes('bad') ? answerError(response, 403, 'AccessDenied') : false;
      await instance.picture('bad.jpg');
      for (let index = 0; index < 30; index++) await instance.picture(eventName(index));
      run([], {}, line);
      await until(async () => (await count()) === 30, 'the 30 others');
      await arrives(eventName(31), await instance.picture(eventName(31)));
    });

    it('goes on by itself when the line comes back', async () => {
      const port = s3.port;
      await s3.close();
      const bytes = await instance.picture(eventName(1));
      const grunt = run();
      await grunt.says(/cannot be reached \(ECONNREFUSED\)/);
      s3 = await startBucket(data, { port });
      await arrives(eventName(1), bytes);
      await grunt.says('Uploading again');
    });

    it('slows down when it is asked to, and goes on', async () => {
      let refused = 0;
      line.fault = (message, response) =>
        message.method === 'PUT' && refused++ < 3 ? answerError(response, 503, 'SlowDown') : false;
      for (let index = 0; index < 10; index++) await instance.picture(eventName(index));
      const grunt = run([], {}, line);
      await until(async () => (await count()) === 10, 'all ten');
      expect(grunt.output).to.match(/asks for fewer requests/);
    });

    it('follows the bucket to its region', async () => {
      const grunt = run(['--once'], { AWS_REGION: 'us-east-2' });
      await instance.picture(eventName(1));
      expect(await grunt.ended()).to.equal(0);
      expect(grunt.output).to.match(/is in eu-west-1, not in us-east-2/);
    });

    it('corrects for a clock that is wrong by hours', async () => {
      await s3.close();
      s3 = await startBucket(data, { now: () => Date.now() + 5 * 3_600_000 });
      for (let index = 0; index < 8; index++) await instance.picture(eventName(index));
      const grunt = run(['--once']);
      expect(await grunt.ended()).to.equal(0);
      expect(grunt.output.match(/clock of this machine is 5 hours behind/g)).to.have.length(1);
      expect(grunt.output).not.to.include('failed');
    });

    it('says which bucket does not exist, and which name is not found', async () => {
      await instance.subscribe({ ...SUBSCRIPTION, bucket: 'no-such-bucket' });
      await instance.picture(eventName(1));
      line.fault = (_message, response) => answerError(response, 404, 'NoSuchBucket');
      const grunt = run(['--once'], {}, line);
      expect(await grunt.ended()).to.equal(3);
      expect(grunt.output).to.match(/There is no bucket "no-such-bucket" at 127/);
      const lost = run(['--once'], {}, { endpoint: 'http://nowhere.invalid:4580' });
      expect(await lost.ended()).to.equal(3);
      expect(lost.output).to.match(/The name nowhere.invalid:4580 cannot be found/);
    });
  });

  describe('stop', () => {
    for (const signal of ['SIGTERM', 'SIGINT'] as const) {
      it(`${signal} finishes what is in flight, writes the ledger and ends with 0`, async () => {
        await instance.picture(eventName(1), jpegOf(200_000));
        const grunt = run(['--limit-rate=100k'], {}, line);
        await isInFlight(eventName(1));
        grunt.process.kill(signal);
        grunt.process.kill(signal);
        expect(await grunt.ended()).to.equal(0);
        expect(await isStored(eventName(1), jpegOf(200_000))).to.equal(true);
        const again = run(['--once']);
        await again.ended();
        expect(again.output).not.to.include('is uploaded');
      });
    }

    it('ends within 10 s although the line is dead in the middle of a video', async () => {
      line.fault = (message) => {
        if (message.method !== 'PUT') return false;
        message.pause();
        return true;
      };
      await instance.picture('video.mp4', mp4Of(20 * 1024 * 1024));
      const grunt = run([], {}, line);
      await isInFlight('video.mp4');
      const begun = performance.now();
      expect(await grunt.stop()).to.equal(0);
      expect(performance.now() - begun).to.be.within(9_000, 14_000);
    });

    it('finishes although nobody reads what it prints any more', async () => {
      await instance.picture(eventName(1), jpegOf(200_000));
      const grunt = run(['--limit-rate=100k'], {}, line);
      await isInFlight(eventName(1));
      grunt.process.stdout?.destroy();
      grunt.process.stderr?.destroy();
      expect(await grunt.stop()).to.equal(0);
      expect(await isStored(eventName(1), jpegOf(200_000))).to.equal(true);
    });
  });

  describe('as a Grunt task', () => {
    it('--no-write says what it would do and does nothing', async () => {
      await instance.picture(eventName(1));
      const grunt = run(['--no-write']);
      expect(await grunt.ended()).to.equal(0);
      expect(grunt.output).to.include(`Would upload ${eventName(1)} as ${FOLDER}/${eventName(1)}`);
      expect(await count()).to.equal(0);
      expect(await readdir(instance.root)).not.to.include('state');
    });

    it('--once ends with another code than 0 when something is left behind', async () => {
      await instance.subscribe({ ...SUBSCRIPTION, privateKey: 'wrong' });
      await instance.picture(eventName(1));
      const grunt = run(['--once']);
      expect(await grunt.ended()).to.equal(3);
      expect(grunt.output).to.match(/1 file left behind/);
    });

    it("takes files from grunt-contrib-watch's target named events", async () => {
      const project = join(instance.root, 'project');
      await mkdir(join(project, 'node_modules'), { recursive: true });
      await symlink(ROOT, join(project, 'node_modules', 'grunt-kerberos-sync'));
      await symlink(join(ROOT, 'node_modules', 'grunt'), join(project, 'node_modules', 'grunt'));
      const events = { files: ['*.jpg'], options: { cwd: instance.capture, event: ['added', 'changed'] } };
      await writeFile(
        join(project, 'Gruntfile.js'),
        `module.exports = (grunt) => {
          // A directory that tells nothing of its changes, and whose time does not change either.
          const capture = ${JSON.stringify(instance.capture)};
          const fs = require('node:fs');
          const { watch } = fs;
          fs.watch = (path, ...rest) => {
            if (path === capture) throw new Error('no watch on a network directory');
            return watch(path, ...rest);
          };
          const { stat, opendir } = fs.promises;
          let frozen;
          fs.promises.stat = (path, ...rest) => (path === capture ? (frozen ??= stat(path)) : stat(path, ...rest));
          fs.promises.opendir = (path, ...rest) => {
            if (path === capture) grunt.log.writeln('scan');
            return opendir(path, ...rest);
          };
          grunt.initConfig({ sync: { default: {} }, watch: { events: ${JSON.stringify(events)} } });
          grunt.loadNpmTasks('grunt-kerberos-sync');
          grunt.event.on('watch', (action, path, target) => grunt.log.writeln('watch of ' + target + ': ' + path));
        };`,
      );
      await instance.picture(eventName(0));
      const env = { KERBEROS_CONFIG: instance.config, AWS_ENDPOINT_URL: s3.endpoint };
      const grunt = new Grunt(['--gruntfile', join(project, 'Gruntfile.js'), 'sync', '--verbose'], env);
      grunts.push(grunt);
      await arrives(eventName(0), jpeg(eventName(0)));
      // A second scan confirms the first; after that, nothing shows that a file is new.
      await grunt.says(/scan[\s\S]*scan/);
      await grunt.says(/Watching .*1429700000/);
      await arrives(eventName(1), await instance.picture(eventName(1)));
      expect(grunt.output).to.match(/watch of events: .*1429700001/);
    });

    it("another project's Gruntfile loads it with loadNpmTasks, runs all its targets at once, or the one that is named", async () => {
      const project = join(instance.root, 'project');
      await mkdir(join(project, 'node_modules'), { recursive: true });
      await symlink(ROOT, join(project, 'node_modules', 'grunt-kerberos-sync'));
      await symlink(join(ROOT, 'node_modules', 'grunt'), join(project, 'node_modules', 'grunt'));
      const targets = ['front', 'back'].map((name) => {
        const options = {
          directory: join(instance.root, name),
          folder: `${FOLDER}/${name}`,
          state: join(instance.root, `state-${name}`),
        };
        return `${name}: { options: ${JSON.stringify(options)} }`;
      });
      await writeFile(
        join(project, 'Gruntfile.js'),
        `module.exports = (grunt) => { grunt.initConfig({ sync: { ${targets.join()} } }); grunt.loadNpmTasks('grunt-kerberos-sync'); };`,
      );
      for (const name of ['front', 'back']) {
        await mkdir(join(instance.root, name));
        await writeFile(join(instance.root, name, eventName(1)), jpeg(name));
      }
      const env = { KERBEROS_CONFIG: instance.config, AWS_ENDPOINT_URL: s3.endpoint };
      const both = new Grunt(['--gruntfile', join(project, 'Gruntfile.js'), 'sync', '--verbose'], env);
      grunts.push(both);
      const has = async (name: string) =>
        (await stored(s3, eventName(1), `${FOLDER}/${name}`))?.equals(jpeg(name)) ?? false;
      await until(
        async () => (await has('front')) && (await has('back')),
        () => `both targets; grunt said:\n${both.output}`,
      );
      expect(await both.stop()).to.equal(0);
      await writeFile(join(instance.root, 'front', eventName(2)), jpeg(2));
      await writeFile(join(instance.root, 'back', eventName(2)), jpeg(2));
      const one = new Grunt(['--gruntfile', join(project, 'Gruntfile.js'), 'sync:back', '--once', '--verbose'], env);
      grunts.push(one);
      expect(await one.ended()).to.equal(0);
      expect(await stored(s3, eventName(2), `${FOLDER}/back`)).not.to.equal(undefined);
      expect(await stored(s3, eventName(2), `${FOLDER}/front`)).to.equal(undefined);
    });
  });

  /** Root may read everything; without its capabilities it may not. */
  function unprivileged(): Grunt {
    if (process.getuid?.() !== 0) return run();
    const { PATH = '' } = process.env;
    const grunt = Grunt.sync(instance, s3, [], { PATH }, ['setpriv', '--bounding-set=-all', '--inh-caps=-all']);
    grunts.push(grunt);
    return grunt;
  }
});

/** A JPEG of about so many bytes: a real one, with a comment segment that fills it up. */
function jpegOf(size: number): Buffer {
  const picture = jpeg(3);
  const parts = [picture.subarray(0, 2)];
  let left = size - picture.length;
  while (left > 4) {
    const length = Math.min(left - 4, 65_000);
    const segment = Buffer.alloc(length + 4, 0x20);
    segment.writeUInt16BE(0xfffe, 0);
    segment.writeUInt16BE(length + 2, 2);
    parts.push(segment);
    left -= segment.length;
  }
  parts.push(picture.subarray(2));
  return Buffer.concat(parts);
}

/** A finished MP4 as far as its boxes go, of so many bytes. */
function mp4Of(size: number): Buffer {
  const box = (type: string, body: Buffer) => {
    const head = Buffer.alloc(8);
    head.writeUInt32BE(8 + body.length, 0);
    head.write(type, 4);
    return Buffer.concat([head, body]);
  };
  const front = Buffer.concat([box('ftyp', Buffer.from('isom0000')), box('moov', box('mvhd', Buffer.alloc(100)))]);
  return Buffer.concat([front, box('mdat', Buffer.alloc(size - front.length - 8, 7))]);
}
