import { createHash } from 'node:crypto';
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { expect } from 'chai';
import { Camera } from '../../tasks/lib/machinery/camera';
import type { InstanceSettings } from '../../tasks/lib/machinery/configuration';
import type { MachineryOptions } from '../../tasks/lib/machinery/machinery';
import type { FinishedEvent } from '../../tasks/lib/machinery/process';
import { BUCKET, FOLDER, Instance, SUBSCRIPTION, stored } from '../kerberos';
import { until } from '../until';
import { useScene } from './scene';

/** Small pictures and films: what counts is how they are written. */
const SMALL = { picture: { width: 320, height: 240 }, film: { width: 160, height: 128 }, convertEvery: 300 };

describe('grunt sync beside a machinery that behaves as the real one does', function () {
  this.timeout(120_000);
  const scene = useScene();
  const { run, count } = scene;
  let camera: Camera | undefined;
  let events: FinishedEvent[];

  beforeEach(() => {
    events = [];
  });
  afterEach(() => camera?.kill());

  /** Sets the instance up, and lets its machinery run. */
  async function film(chosen: Partial<InstanceSettings>, options: Partial<MachineryOptions> = {}): Promise<Camera> {
    const { instance } = scene;
    instance.chosen = { hardware: join(instance.root, 'h264'), recordAfter: 0.5, ...chosen };
    await instance.subscribe(SUBSCRIPTION);
    camera = new Camera({ config: instance.config, ...SMALL, ...options }, (event) => void events.push(event));
    return camera;
  }

  const has = (kind: RegExp, most: number) => () => events.filter(({ name }) => kind.test(name)).length >= most;
  const finishes = (kind: RegExp, most = 1) =>
    until(has(kind, most), () => `${most} of ${kind} are finished; ${camera?.complaint}`, 60_000);

  /** Each finished event is in the bucket with just its bytes, and was put once; nothing else is there. */
  async function areAllThere(): Promise<void> {
    for (const { name, sha256 } of events) {
      await until(
        async () => hashOf(await stored(scene.s3, name)) === sha256,
        `${name} is whole in the bucket`,
        30_000,
      );
    }
    expect(await count()).to.equal(events.length);
    const puts = scene.line.requests.filter((request) => request.startsWith('PUT '));
    expect(puts.length, puts.join('\n')).to.equal(events.length);
  }

  for (const release of ['1.1.0', '2.8.0'] as const) {
    it(`${release}: reference pictures and pictures, written in place, are in the bucket, whole and once`, async () => {
      if (release === '1.1.0') {
        await scene.instance.remove();
        scene.instance = await Instance.make('1.x');
      }
      const filming = await film({});
      const grunt = run([], {}, scene.line);
      await finishes(/_regionCoordinates_numberOfChanges_\d+\.jpg$/);
      filming.motion();
      await finishes(/_\d+-\d+-\d+-\d+_\d+_\d+\.jpg$/, 3);
      await filming.stop();
      await areAllThere();
      expect(await grunt.stop()).to.equal(0);
    });
  }

  for (const [kind, how] of [
    ['USBCamera', 'its length and its index come last'],
    ['RaspiCamera', 'it is made of a raw stream, which is no event'],
  ] as const) {
    it(`a recording of a ${kind} is uploaded when it is whole, and once: ${how}`, async () => {
      const filming = await film({ camera: kind, io: 'Disk,Video' });
      const grunt = run([], {}, scene.line);
      await finishes(/_regionCoordinates_/);
      filming.motion();
      await finishes(/\.mp4$/);
      await filming.stop();
      await areAllThere();
      expect(await grunt.stop()).to.equal(0);
    });
  }

  it('the web interface rewrites every XML file during uploads: not one is lost, none is sent twice, nothing is told', async () => {
    const filming = await film({ io: 'Disk' });
    const grunt = run([], {}, scene.line);
    await finishes(/_regionCoordinates_/);
    filming.motion();
    for (let saves = 1; saves <= 3; saves++) {
      filming.save();
      await finishes(/_regionCoordinates_/, saves + 1);
    }
    await filming.stop();
    await areAllThere();
    expect(await grunt.stop()).to.equal(0);
    expect(grunt.output).not.to.match(/empty or cut short|Settings have changed|no valid XML/);
  });

  it('a kill -9 while it records leaves a film without an index: it is told, and what the next machinery films goes on', async () => {
    const filming = await film({ camera: 'USBCamera', io: 'Disk,Video', recordAfter: 20 });
    const grunt = run([], {}, scene.line);
    await finishes(/_regionCoordinates_/, 2);
    filming.motion();
    await finishes(/_\d+-\d+-\d+-\d+_\d+_\d+\.jpg$/, 2);
    await filming.kill();
    const [cut] = (await readdir(scene.instance.capture)).filter((name) => name.endsWith('.mp4'));
    events = [];
    const next = await film({ io: 'Disk,Video' });
    await finishes(/_regionCoordinates_/, 2);
    await next.stop();
    for (const { name } of events) await until(async () => (await stored(scene.s3, name)) !== undefined, name);
    expect(await grunt.stop()).to.equal(0);
    expect(await stored(scene.s3, cut ?? '')).to.equal(undefined);
    const once = run(['--once']);
    expect(await once.ended()).to.equal(3);
    expect(once.output).to.include(cut);
  });

  it('a clean-up deletes what lies there longest while it is uploaded: what is in the bucket is whole', async () => {
    const filming = await film({ io: 'Disk' }, { cleanUp: { keep: 4, delete: 3 }, quiet: { least: 1, most: 2 } });
    scene.line.fault = () => wait(300, false);
    const grunt = run([], {}, scene.line);
    await finishes(/\.jpg$/, 12);
    await filming.stop();
    scene.line.fault = undefined;
    const left = await readdir(scene.instance.capture);
    expect(events.length, 'something was deleted').to.be.greaterThan(left.length);
    await until(
      async () => (await Promise.all(left.map((name) => stored(scene.s3, name)))).every((bytes) => bytes !== undefined),
      () => `what is left is in the bucket; grunt said:\n${grunt.output}`,
      30_000,
    );
    expect(await grunt.stop()).to.equal(0);
    const sums = new Map(events.map(({ name, sha256 }) => [name, sha256]));
    for (const { key } of scene.s3.objects.list(BUCKET, {}).objects) {
      const name = key.slice(FOLDER.length + 1);
      // One that was deleted before its sum was taken was finished all the same.
      const sum = sums.get(name);
      if (sum !== undefined) expect(hashOf(await stored(scene.s3, name)), name).to.equal(sum);
    }
  });
});

function hashOf(bytes: Buffer | undefined): string | undefined {
  return bytes && createHash('sha256').update(bytes).digest('hex');
}
