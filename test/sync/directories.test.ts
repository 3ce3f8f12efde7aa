import { spawnSync } from 'node:child_process';
import { mkdir, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect } from 'chai';
import { eventName, Grunt, jpeg, SUBSCRIPTION } from '../kerberos';
import { until } from '../until';
import { jpegOf } from './media';
import { useScene } from './scene';

describe('grunt sync: several capture directories', function () {
  this.timeout(60_000);
  const scene = useScene();
  const { run, isStored, arrives, count } = scene;
  let videos: string;

  beforeEach(async () => {
    videos = join(scene.instance.root, 'videos');
    scene.instance.videos = videos;
    await mkdir(videos);
    await scene.instance.subscribe(SUBSCRIPTION);
  });

  async function status(name: string): Promise<string> {
    const { config, state } = scene.instance;
    const grunt = new Grunt(['status', `--file=${name}`], {
      KERBEROS_CONFIG: config,
      SYNC_STATE: state,
      AWS_ENDPOINT_URL: scene.line.endpoint,
    });
    await grunt.ended();
    return grunt.output;
  }

  it('the same name in both: the first one found is uploaded and never overwritten, and the owner is told once', async () => {
    const twice = /429700001_\S+ is in \S+ and in \S+: in the bucket both would be one object/;
    const first = await scene.instance.picture(eventName(1));
    await writeFile(join(videos, eventName(1)), jpegOf(9_000));
    const grunt = run();
    await until(async () => (await count()) === 1, 'one of them');
    await grunt.says(twice);
    const wins = (await isStored(eventName(1), first)) ? first : jpegOf(9_000);
    // Later it is no other, whatever is found first: not while we run, and not after a restart.
    await arrives(eventName(2), await scene.instance.picture(eventName(2)));
    await writeFile(join(videos, eventName(2)), jpegOf(9_000));
    await writeFile(join(videos, eventName(3)), jpeg(3));
    await arrives(eventName(3), jpeg(3));
    expect(await isStored(eventName(2), jpeg(eventName(2)))).to.equal(true);
    expect(grunt.output.split('would be one object')).to.have.length(2);
    await grunt.stop();
    const again = run(['--once']);
    expect(await again.ended()).to.equal(0);
    expect(again.output)
      .to.match(/would be one object/)
      .and.not.to.include('is uploaded as');
    expect(await isStored(eventName(1), wins)).to.equal(true);
    expect(await isStored(eventName(2), jpeg(eventName(2)))).to.equal(true);
  });

  it('one that is missing at the start is forgotten, and is compared with the bucket when it comes', async () => {
    for (let index = 0; index < 5; index++) await writeFile(join(videos, eventName(index)), jpeg(index));
    await scene.instance.picture(eventName(10));
    expect(await run(['--once'], {}, scene.line).ended()).to.equal(0);
    scene.line.requests = [];
    await rename(videos, `${videos} away`);
    const grunt = run([], {}, scene.line);
    await grunt.says(/no capture directory .*videos/);
    // Two sweeps forget it; the other directory is scanned anew when it comes back.
    const { capture } = scene.instance;
    await rename(capture, `${capture} away`);
    await grunt.says(/no capture directory .*capture/);
    await rename(`${capture} away`, capture);
    await until(async () => /is not in the capture directory/.test(await status(eventName(1))), 'it is forgotten');
    await rename(`${videos} away`, videos);
    await grunt.says(/5 files of the backlog in the bucket already/);
    expect(scene.line.requests.filter((request) => request.startsWith('PUT'))).to.deep.equal([]);
  });

  it('all of them missing for a while are no reason to forget anything', async () => {
    for (let index = 0; index < 5; index++) await writeFile(join(videos, eventName(index)), jpeg(index));
    await scene.instance.picture(eventName(10));
    const { capture } = scene.instance;
    expect(await run(['--once'], {}, scene.line).ended()).to.equal(0);
    scene.line.requests = [];
    await rename(videos, `${videos} away`);
    await rename(capture, `${capture} away`);
    const grunt = run([], {}, scene.line);
    await grunt.says(/no capture directory .*videos/);
    await grunt.says(/no capture directory .*capture/);
    await rename(`${videos} away`, videos);
    await rename(`${capture} away`, capture);
    await arrives(eventName(11), await scene.instance.picture(eventName(11)));
    await until(async () => /is in the bucket/.test(await status(eventName(1))), 'it is known');
    expect(scene.line.requests.filter((request) => request.startsWith('PUT'))).to.have.length(1);
  });

  it('one that cannot be read holds up no other, and is uploaded when it can', async () => {
    await rm(videos, { recursive: true });
    await writeFile(videos, 'a file in its place');
    const bytes = await scene.instance.picture(eventName(1));
    const grunt = run();
    await arrives(eventName(1), bytes);
    await grunt.says(/The capture directory \S+videos cannot be read \(ENOTDIR\): waiting until it can/);
    await rm(videos);
    await mkdir(videos);
    await writeFile(join(videos, eventName(2)), jpeg(2));
    await arrives(eventName(2), jpeg(2));
    await grunt.says('is there again');
  });

  for (const limit of ['max_inotify_watches', 'max_inotify_instances']) {
    it(`goes on by rescans, and says how to raise the limit, where ${limit} is used up`, async function () {
      this.timeout(120_000);
      const through = ['unshare', '--user', '--map-root-user', 'sh', '-c'];
      const script = `echo 0 > /proc/sys/user/${limit} && exec "$@"`;
      if (spawnSync(through[0] ?? '', [...through.slice(1), script, 'sh', 'true']).status !== 0) this.skip();
      const first = await scene.instance.picture(eventName(1));
      const { PATH = '' } = process.env;
      const grunt = Grunt.sync(scene.instance, scene.s3, [], { PATH }, [...through, script, 'sh']);
      scene.grunts.push(grunt);
      await arrives(eventName(1), first);
      await grunt.says(/The kernel gives no watch on \S+ \(E\w+\): .* Remedy: sysctl fs.inotify/);
      await arrives(eventName(2), await scene.instance.picture(eventName(2)), 60_000);
      expect(grunt.process.exitCode).to.equal(null);
      expect(await grunt.stop()).to.equal(0);
    });
  }
});
