import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmod, mkdir, open, rm, symlink, unlink, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { expect } from 'chai';
import { eventName, Grunt, jpeg, startBucket, stored } from '../kerberos';
import { until } from '../until';
import { jpegOf } from './media';
import { useScene } from './scene';

describe('grunt sync: the camera', function () {
  this.timeout(60_000);
  const scene = useScene();
  const { run, arrives, isStored, count } = scene;

  it('a half-written picture is not uploaded, and is uploaded within milliseconds of being finished', async () => {
    const grunt = run();
    await grunt.says('Uploading');
    const bytes = jpeg(1);
    const file = await open(join(scene.instance.capture, eventName(1)), 'w');
    for (let at = 0; at < bytes.length - 1; at += 97) {
      await file.write(bytes.subarray(at, Math.min(at + 97, bytes.length - 1)));
      await wait(2);
    }
    expect(await count()).to.equal(0);
    await file.write(bytes.subarray(bytes.length - 1));
    const begun = performance.now();
    await file.close();
    await arrives(eventName(1), bytes);
    // A test may share its processor with others; what has no end of its own waits for 10 s. `npm run bench` has the figures.
    expect(performance.now() - begun).to.be.lessThan(3000);
  });

  it('a picture that the camera has left half-written for longer than it should is not uploaded, and tells so', async () => {
    await scene.instance.picture(eventName(1), jpeg(1).subarray(0, -10));
    await scene.instance.picture(eventName(2), Buffer.concat([jpeg(2), Buffer.from('more behind its end')]));
    const begun = performance.now();
    const grunt = run();
    // What has no recognisable end stands still for 10 s; the half-written one does so too, and waits on.
    await until(async () => (await count()) === 1, 'the other one', 30_000);
    expect(performance.now() - begun).to.be.greaterThan(10_000);
    await grunt.stop();
    expect(await stored(scene.s3, eventName(1))).to.equal(undefined);
    const once = run(['--once']);
    expect(await once.ended()).to.equal(3);
    expect(await stored(scene.s3, eventName(1))).to.equal(undefined);
  });

  it('a picture that a power cut has cut short long ago is uploaded as it is', async () => {
    const bytes = await scene.instance.picture(eventName(1), jpeg(1).subarray(0, -10));
    const before = new Date(Date.now() - 600_000);
    await utimes(join(scene.instance.capture, eventName(1)), before, before);
    const begun = performance.now();
    expect(await run(['--once']).ended()).to.equal(0);
    expect(performance.now() - begun).to.be.greaterThan(10_000);
    expect(await isStored(eventName(1), bytes)).to.equal(true);
  });

  it('another picture under the name of one that was uploaded: both are in the bucket, whether we run meanwhile or not', async () => {
    const first = run();
    await arrives(eventName(1), await scene.instance.picture(eventName(1), jpeg(1)));
    await writeFile(join(scene.instance.capture, eventName(1)), jpegOf(9_000));
    await until(async () => (await count()) === 2, 'the second one');
    expect(await first.stop()).to.equal(0);
    await writeFile(join(scene.instance.capture, eventName(1)), jpegOf(5_000));
    expect(await run(['--once']).ended()).to.equal(0);
    expect(await count()).to.equal(3);
    expect(await isStored(eventName(1), jpeg(1))).to.equal(true);
  });

  it('an empty file is not uploaded, and keeps nobody waiting', async () => {
    await writeFile(join(scene.instance.capture, eventName(1)), '');
    const grunt = run(['--once']);
    expect(await grunt.ended()).to.equal(0);
    expect(await count()).to.equal(0);
  });

  it('folders, links, fifos, other files and unreadable ones stop nothing', async () => {
    await mkdir(join(scene.instance.capture, 'folder.jpg'));
    await mkdir(join(scene.instance.capture, 'symbols'));
    await symlink('/etc/hostname', join(scene.instance.capture, eventName(1)));
    await symlink(join(scene.instance.capture, 'loop.jpg'), join(scene.instance.capture, 'loop.jpg'));
    await once(spawn('mkfifo', [join(scene.instance.capture, 'fifo.jpg')]), 'exit');
    await writeFile(join(scene.instance.capture, 'video.h264'), 'x');
    const bytes = await scene.instance.picture(eventName(2));
    const grunt = run();
    await arrives(eventName(2), bytes);
    await arrives(eventName(3), await scene.instance.picture(eventName(3)));
    expect(await count()).to.equal(2);
    await grunt.stop();
  });

  it('a file that may not be read is told and tried again, and is uploaded when it may', async () => {
    await scene.instance.picture(eventName(1));
    await chmod(join(scene.instance.capture, eventName(1)), 0);
    const bytes = await scene.instance.picture(eventName(2));
    const grunt = unprivileged();
    await arrives(eventName(2), bytes);
    await grunt.says(/cannot be read \(EACCES\)/);
    await chmod(join(scene.instance.capture, eventName(1)), 0o644);
    await arrives(eventName(1), jpeg(eventName(1)));
  });

  it('a file that the disk clean-up deleted before its turn is counted and no error', async () => {
    await scene.s3.close();
    for (let index = 0; index < 5; index++) await scene.instance.picture(eventName(index));
    const grunt = run();
    await grunt.says(/cannot be reached/);
    for (let index = 0; index < 5; index++) await unlink(join(scene.instance.capture, eventName(index)));
    await until(() => (grunt.output.match(/was deleted before its turn/g) ?? []).length === 5, 'all five are told');
    scene.s3 = await startBucket(scene.data);
    expect(await grunt.stop()).to.equal(0);
    expect(grunt.output).to.match(/5 deleted before their turn/);
  });

  it('waits for a capture directory that is not there, and goes on when it is removed and made again', async () => {
    await rm(scene.instance.capture, { recursive: true });
    const grunt = run();
    await grunt.says(/no capture directory/);
    await mkdir(scene.instance.capture);
    await arrives(eventName(1), await scene.instance.picture(eventName(1)));
    await rm(scene.instance.capture, { recursive: true });
    await mkdir(scene.instance.capture);
    await arrives(eventName(2), await scene.instance.picture(eventName(2)));
  });

  it('uploads names with spaces and any UTF-8, and names that tell nothing', async () => {
    const names = [
      '1429700000_6-123456_Haustür 正門 🚪_200-200-400-400_24_579.jpg',
      'no event+name%20.jpg',
      '#?&=.png.jpg',
    ];
    for (const name of names) await scene.instance.picture(name);
    expect(await run(['--once']).ended()).to.equal(0);
    for (const name of names) expect(await isStored(name, jpeg(name)), name).to.equal(true);
  });

  /** Root may read everything; without its capabilities it may not. */
  function unprivileged(): Grunt {
    if (process.getuid?.() !== 0) return run();
    const { PATH = '' } = process.env;
    const grunt = Grunt.sync(scene.instance, scene.s3, [], { PATH }, [
      'setpriv',
      '--bounding-set=-all',
      '--inh-caps=-all',
    ]);
    scene.grunts.push(grunt);
    return grunt;
  }
});
