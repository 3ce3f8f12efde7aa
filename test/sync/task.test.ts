import { mkdir, readdir, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect } from 'chai';
import { eventName, FOLDER, Grunt, jpeg, ROOT, SUBSCRIPTION, stored } from '../kerberos';
import { until } from '../until';
import { useScene } from './scene';

describe('grunt sync: as a Grunt task', function () {
  this.timeout(60_000);
  const scene = useScene();
  const { run, arrives, count } = scene;

  it('--no-write says what it would do and does nothing', async () => {
    await scene.instance.picture(eventName(1));
    const grunt = run(['--no-write']);
    expect(await grunt.ended()).to.equal(0);
    expect(grunt.output).to.include(`Would upload ${eventName(1)} as ${FOLDER}/${eventName(1)}`);
    expect(await count()).to.equal(0);
    expect(await readdir(scene.instance.root)).not.to.include('state');
  });

  it('--once ends with another code than 0 when something is left behind', async () => {
    await scene.instance.subscribe({ ...SUBSCRIPTION, privateKey: 'wrong' });
    await scene.instance.picture(eventName(1));
    const grunt = run(['--once']);
    expect(await grunt.ended()).to.equal(3);
    expect(grunt.output).to.match(/1 file left behind/);
  });

  for (const typed of ['--dry-run', '--onse']) {
    it(`${typed} uploads nothing, and is told with what was meant`, async () => {
      await scene.instance.picture(eventName(1));
      const grunt = run([typed]);
      expect(await grunt.ended()).to.equal(3);
      expect(grunt.output).to.match(/did you mean --(no-write|once)\? Nothing was done/);
      expect(await count()).to.equal(0);
    });
  }

  it('--help lists the options of sync, and grunt --help those of all tasks', async () => {
    const grunt = run(['--help']);
    expect(await grunt.ended()).to.equal(0);
    for (const option of ['--once', '--no-write', '--limit-rate=RATE']) expect(grunt.output).to.include(option);
    expect(grunt.output).not.to.include('--gruntfile');
    const all = new Grunt(['--help'], {});
    expect(await all.ended()).to.equal(0);
    for (const option of ['--gruntfile', '--once', '--file=NAME', '--app-port=N'])
      expect(all.output).to.include(option);
  });

  it("takes files from grunt-contrib-watch's target named events", async () => {
    const project = join(scene.instance.root, 'project');
    await mkdir(join(project, 'node_modules'), { recursive: true });
    await symlink(ROOT, join(project, 'node_modules', 'grunt-kerberos-sync'));
    await symlink(join(ROOT, 'node_modules', 'grunt'), join(project, 'node_modules', 'grunt'));
    const events = { files: ['*.jpg'], options: { cwd: scene.instance.capture, event: ['added', 'changed'] } };
    await writeFile(
      join(project, 'Gruntfile.js'),
      `module.exports = (grunt) => {
        // A directory that tells nothing of its changes, and whose time does not change either.
        const capture = ${JSON.stringify(scene.instance.capture)};
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
    await scene.instance.picture(eventName(0));
    const env = { KERBEROS_CONFIG: scene.instance.config, AWS_ENDPOINT_URL: scene.s3.endpoint };
    const grunt = new Grunt(['--gruntfile', join(project, 'Gruntfile.js'), 'sync', '--verbose'], env);
    scene.grunts.push(grunt);
    await arrives(eventName(0), jpeg(eventName(0)));
    // A second scan confirms the first; after that, nothing shows that a file is new.
    await grunt.says(/scan[\s\S]*scan/);
    await grunt.says(/Watching .*1429700000/);
    await arrives(eventName(1), await scene.instance.picture(eventName(1)));
    await grunt.says(/watch of events: .*1429700001/);
  });

  it("another project's Gruntfile loads it with loadNpmTasks, runs all its targets at once, or the one that is named", async () => {
    const project = join(scene.instance.root, 'project');
    await mkdir(join(project, 'node_modules'), { recursive: true });
    await symlink(ROOT, join(project, 'node_modules', 'grunt-kerberos-sync'));
    await symlink(join(ROOT, 'node_modules', 'grunt'), join(project, 'node_modules', 'grunt'));
    const targets = ['front', 'back'].map((name) => {
      const options = {
        directory: join(scene.instance.root, name),
        folder: `${FOLDER}/${name}`,
        state: join(scene.instance.root, `state-${name}`),
      };
      return `${name}: { options: ${JSON.stringify(options)} }`;
    });
    await writeFile(
      join(project, 'Gruntfile.js'),
      `module.exports = (grunt) => { grunt.initConfig({ sync: { ${targets.join()} } }); grunt.loadNpmTasks('grunt-kerberos-sync'); };`,
    );
    for (const name of ['front', 'back']) {
      await mkdir(join(scene.instance.root, name));
      await writeFile(join(scene.instance.root, name, eventName(1)), jpeg(name));
    }
    const help = new Grunt(['--gruntfile', join(project, 'Gruntfile.js'), '--help'], {});
    await help.ended();
    const tasks = /Available tasks\n([\s\S]*?)\n *\n/.exec(help.output)?.[1] ?? '';
    expect([...tasks.matchAll(/^ +([\w-]+) {2}\S/gm)].map(([, name]) => name)).to.deep.equal([
      'sync-check',
      'sync-status',
      'sync',
    ]);
    const env = { KERBEROS_CONFIG: scene.instance.config, AWS_ENDPOINT_URL: scene.s3.endpoint };
    const both = new Grunt(['--gruntfile', join(project, 'Gruntfile.js'), 'sync', '--verbose'], env);
    scene.grunts.push(both);
    const has = async (name: string) =>
      (await stored(scene.s3, eventName(1), `${FOLDER}/${name}`))?.equals(jpeg(name)) ?? false;
    await until(
      async () => (await has('front')) && (await has('back')),
      () => `both targets; grunt said:\n${both.output}`,
    );
    expect(await both.stop()).to.equal(0);
    await writeFile(join(scene.instance.root, 'front', eventName(2)), jpeg(2));
    await writeFile(join(scene.instance.root, 'back', eventName(2)), jpeg(2));
    const one = new Grunt(['--gruntfile', join(project, 'Gruntfile.js'), 'sync:back', '--once', '--verbose'], env);
    scene.grunts.push(one);
    expect(await one.ended()).to.equal(0);
    expect(await stored(scene.s3, eventName(2), `${FOLDER}/back`)).not.to.equal(undefined);
    expect(await stored(scene.s3, eventName(2), `${FOLDER}/front`)).to.equal(undefined);
  });
});
