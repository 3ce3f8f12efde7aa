import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, readdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { expect } from 'chai';
import { ROOT } from '../kerberos';

interface NodeVersion {
  isSupported(version: string, range: string): boolean;
  refusal(version: string, range: string, armVersion: string): string | undefined;
}

const { isSupported, refusal }: NodeVersion = require('../../tasks/lib/node-version.cjs');
const { engines } = require('../../package.json');

describe('a Node.js that is too old', function () {
  this.timeout(60_000);
  let directory: string;
  /** Has the process take itself for Debian 12's own Node.js. The boot test has the real one. */
  let old: string[];

  before(() => {
    directory = mkdtempSync(join(tmpdir(), 'node-18-'));
    const preload = join(directory, 'preload.cjs');
    writeFileSync(preload, "Object.defineProperty(process.versions, 'node', { value: '18.20.4' });\n");
    old = ['--require', preload];
  });
  after(() => rmSync(directory, { recursive: true }));

  const tasks = readdirSync(join(ROOT, 'tasks'))
    .filter((file) => file.endsWith('.ts'))
    .map((file) => basename(file, '.ts'));

  function grunt(gruntfile: string, ...args: string[]) {
    const program = join(ROOT, 'node_modules/grunt/bin/grunt');
    return spawnSync(process.execPath, [...old, program, '--gruntfile', gruntfile, ...args], { encoding: 'utf8' });
  }

  for (const task of tasks) {
    it(`grunt ${task} says in one line which is needed and how to get it, and does nothing else`, () => {
      const args = task === 'sync' ? ['--once'] : [];
      const { status, stdout, stderr } = grunt(join(ROOT, 'Gruntfile.js'), task, ...args);
      expect({ status, stdout }).to.deep.equal({ status: 3, stdout: '' });
      expect(stderr).to.match(/^Node\.js 18\.20\.4 cannot run this, it needs .*setup_22\.x.*\n$/);
    });
  }

  it("says it too where another project's Gruntfile loads the task", () => {
    mkdirSync(join(directory, 'node_modules'), { recursive: true });
    symlinkSync(ROOT, join(directory, 'node_modules/grunt-kerberos-sync'));
    symlinkSync(join(ROOT, 'node_modules/grunt'), join(directory, 'node_modules/grunt'));
    const gruntfile = join(directory, 'Gruntfile.js');
    writeFileSync(gruntfile, "module.exports = (grunt) => grunt.loadNpmTasks('grunt-kerberos-sync');\n");
    const { status, stderr } = grunt(gruntfile, 'sync', '--once');
    expect(status).to.equal(3);
    expect(stderr).to.match(/^Node\.js 18\.20\.4 cannot run this.*\n$/);
  });

  for (const script of ['install', 'uninstall']) {
    it(`${script}-service says it and does nothing else`, () => {
      const file = join(ROOT, `tasks/lib/service/${script}.js`);
      const { status, stdout, stderr } = spawnSync(process.execPath, [...old, file], { encoding: 'utf8' });
      expect({ status, stdout }).to.deep.equal({ status: 3, stdout: '' });
      expect(stderr).to.match(/^Node\.js 18\.20\.4 cannot run this.*\n$/);
    });
  }

  it('npm install says it before anything is compiled', () => {
    const { prepare } = require('../../package.json').scripts;
    expect(prepare).to.match(/^node tasks\/lib\/node-version\.cjs && /);
  });

  it('does not end the sync of a service, which would be started again at once, for ever', async () => {
    const program = join(ROOT, 'node_modules/grunt/bin/grunt');
    const child = spawn(
      process.execPath,
      [...old, program, '--gruntfile', join(ROOT, 'Gruntfile.js'), 'sync', '--force'],
      { stdio: ['ignore', 'pipe', 'pipe'] },
    );
    const [said] = await once(child.stderr, 'data');
    expect(String(said)).to.match(/^Node\.js 18\.20\.4 cannot run this.*\n$/);
    await wait(1500);
    expect(child.exitCode).to.equal(null);
    child.kill('SIGTERM');
    const [, signal] = await once(child, 'exit');
    expect(signal).to.equal('SIGTERM');
  });

  it('is told by the range of package.json', () => {
    for (const version of ['20.19.0', '20.20.2', '22.12.0', '22.23.1', '24.0.0', '24.21.0', '26.1.0']) {
      expect(isSupported(version, engines.node), version).to.equal(true);
    }
    for (const version of ['0.12.18', '4.9.1', '18.20.4', '20.18.3', '21.7.3', '22.11.0', '23.9.0']) {
      expect(isSupported(version, engines.node), version).to.equal(false);
    }
    expect(() => isSupported('22.0.0', '~22.1.0')).to.throw('~22.1.0');
  });

  it('on a Pi Zero is sent where its Node.js is', () => {
    expect(refusal('18.20.4', engines.node, '6')).to.include('unofficial-builds.nodejs.org');
    expect(refusal('18.20.4', engines.node, '7')).to.include('nodesource');
    expect(refusal('22.23.1', engines.node, '6')).to.equal(undefined);
  });
});
