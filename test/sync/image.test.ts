import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { copyFile, mkdir, readdir, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect } from 'chai';
import { eventName, FOLDER, Instance, NO_SUBSCRIPTION, ROOT, SUBSCRIPTION, stored } from '../kerberos';
import { until } from '../until';
import { jpegOf } from './media';
import { useScene } from './scene';

describe('grunt sync: on an existing image', function () {
  this.timeout(60_000);
  const scene = useScene();
  const { run, arrives, isStored, isInFlight } = scene;

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
          { cwd: '/', env: { PATH, HOME, KERBEROS_CONFIG: image.config, AWS_ENDPOINT_URL: scene.s3.endpoint } },
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
    await scene.instance.subscribe(NO_SUBSCRIPTION);
    const bytes = await scene.instance.picture(eventName(1));
    const grunt = run();
    await grunt.says(/no cloud subscription/i);
    await grunt.says('Waiting...');
    await scene.instance.subscribe(SUBSCRIPTION);
    const begun = performance.now();
    await arrives(eventName(1), bytes);
    expect(performance.now() - begun).to.be.lessThan(6000);
    expect(grunt.output.match(/no cloud subscription/gi)).to.have.length(1);
  });

  it('reads a configuration again that was half-written when it was read', async () => {
    const grunt = run();
    await grunt.says('Uploading');
    await grunt.says('Waiting...');
    const cloud = join(scene.instance.config, 'cloud.xml');
    await writeFile(cloud, '<?xml version="1.0"?>\n<clouds><S3><bucket type="text">upl');
    await grunt.says('cloud.xml" changed');
    await scene.instance.subscribe({ ...SUBSCRIPTION, folder: `${FOLDER}/garden` });
    const bytes = await scene.instance.picture(eventName(1));
    await until(
      async () => (await stored(scene.s3, eventName(1), `${FOLDER}/garden`))?.equals(bytes) ?? false,
      'the new folder',
    );
    expect(grunt.output).not.to.match(/no cloud subscription|cannot be used/i);
  });

  it('tells of a configuration that was cut short and stays so', async () => {
    await writeFile(join(scene.instance.config, 'cloud.xml'), '');
    const grunt = run();
    await grunt.says(/cloud.xml: empty or cut short/, 15_000);
    await scene.instance.subscribe(SUBSCRIPTION);
    await arrives(eventName(1), await scene.instance.picture(eventName(1)));
  });

  it('applies another capture directory within seconds, and finishes what is in flight', async () => {
    const slow = jpegOf(300_000);
    await scene.instance.picture(eventName(1), slow);
    run(['--limit-rate=100k'], {}, scene.line);
    await isInFlight(eventName(1));
    scene.instance.capture = join(scene.instance.root, 'other');
    await mkdir(scene.instance.capture);
    const bytes = await scene.instance.picture(eventName(2));
    await scene.instance.subscribe(SUBSCRIPTION);
    const begun = performance.now();
    await arrives(eventName(2), bytes);
    expect(performance.now() - begun).to.be.lessThan(6000);
    await arrives(eventName(1), slow);
  });
});
