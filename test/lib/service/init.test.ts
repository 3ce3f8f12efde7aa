import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect } from 'chai';
import { initScriptsRun, installScript, uninstallScript } from '../../../tasks/lib/service/init';
import { unitFor } from '../../../tasks/lib/service/unit';

const project = join(__dirname, '..', '..', '..');
const bin = join(project, 'node_modules/.bin');

/** A grunt that never ends by itself, drains for a second, and says so in files. */
const GRUNTFILE = `module.exports = (grunt) => grunt.registerTask('sync', function () {
  this.async();
  const { writeFileSync } = require('fs');
  const dir = __dirname;
  for (const stream of [process.stdout, process.stderr]) stream.on('error', () => {});
  process.once('SIGTERM', () => setTimeout(() => { writeFileSync(dir + '/drained', ''); process.exit(0); }, 1000));
  writeFileSync(dir + '/started-' + process.pid, process.env.SEEN_IN || '');
  setInterval(() => {}, 1000);
});
`;

// The shells that images have; busybox stands for KiOS.
for (const shell of [['sh'], ['dash'], ['busybox', 'sh']]) {
  describe(`S87cloud under ${shell.join(' ')}`, function () {
    this.timeout(120_000);
    let checkout = '';
    let path = '';

    before(function () {
      if (spawnSync(shell[0] ?? '', ['-c', ':']).error !== undefined) return this.skip();
      checkout = mkdtempSync(join(tmpdir(), 's87-'));
      symlinkSync(join(project, 'node_modules'), join(checkout, 'node_modules'));
      writeFileSync(join(checkout, 'Gruntfile.js'), GRUNTFILE);
      const template = readFileSync(join(project, 'tasks/lib/service/S87cloud'), 'utf8')
        .replaceAll('/etc/default/cloud', `${checkout}/default`)
        .replaceAll('/var/run/kerberos-cloud', `${checkout}/run`);
      const places = {
        checkout,
        node: process.execPath,
        forever: `${bin}/forever`,
        grunt: `${bin}/grunt`,
        user: 'root',
      };
      path = join(checkout, 'S87cloud');
      writeFileSync(path, unitFor(template, places));
      chmodSync(path, 0o755);
      writeFileSync(join(checkout, 'default'), 'SEEN_IN=default\n');
    });
    after(async () => {
      if (checkout === '') return;
      await script('stop');
      rmSync(checkout, { recursive: true });
    });

    async function script(action: string): Promise<string> {
      const [command = '', ...args] = shell;
      const child = spawn(command, [...args, path, action], { stdio: ['ignore', 'pipe', 'pipe'] });
      let said = '';
      for (const stream of [child.stdout, child.stderr])
        stream.setEncoding('utf8').on('data', (part) => (said += part));
      await once(child, 'exit');
      return `${child.exitCode} ${said.trim()}`;
    }

    /** The pids of the grunts that were started and live. */
    async function grunts(count: number): Promise<string[]> {
      for (let tries = 0; ; tries++) {
        const alive = readdirSync(checkout)
          .flatMap((file) => /^started-(\d+)$/.exec(file)?.[1] ?? [])
          .filter(
            (pid) => existsSync(`/proc/${pid}`) && !/^State:\sZ/m.test(readFileSync(`/proc/${pid}/status`, 'utf8')),
          );
        if (alive.length === count || tries > 80) return alive;
        await sleep(250);
      }
    }

    it('starts one grunt, with the settings of /etc/default/cloud, and a second start changes nothing', async () => {
      expect(await script('start')).to.equal('0 cloud: started');
      const [grunt] = await grunts(1);
      expect(readFileSync(join(checkout, `started-${grunt}`), 'utf8')).to.equal('default');
      expect(await script('start')).to.equal('0 cloud: runs already');
      expect(await grunts(1)).to.deep.equal([grunt]);
      expect(await script('status')).to.equal('0 cloud: runs');
    });

    it('restarts with a drain in between', async () => {
      const [before] = await grunts(1);
      expect(await script('restart')).to.equal('0 cloud: stopped\ncloud: started');
      const [after, another] = await grunts(1);
      expect(after).not.to.equal(before);
      expect(another).to.equal(undefined);
      expect(existsSync(join(checkout, 'drained'))).to.equal(true);
    });

    it('stops with a drain and leaves no process', async () => {
      await grunts(1);
      rmSync(join(checkout, 'drained'));
      expect(await script('stop')).to.equal('0 cloud: stopped');
      expect(existsSync(join(checkout, 'drained'))).to.equal(true);
      expect(await grunts(0)).to.deep.equal([]);
      expect(await script('status')).to.equal('3 cloud: does not run');
      expect(await script('stop')).to.equal('0 cloud: does not run');
    });

    it("starts after a power cut left its pid file, though the number is somebody else's now", async () => {
      mkdirSync(join(checkout, 'run'), { recursive: true });
      writeFileSync(join(checkout, 'run/forever.pid'), `${process.pid}\n`);
      expect(await script('start')).to.equal('0 cloud: started');
      expect(await grunts(1)).to.have.lengthOf(1);
    });
  });
}

describe('installing the init script', () => {
  let directory = '';
  beforeEach(() => {
    directory = mkdtempSync(join(tmpdir(), 'init.d-'));
  });
  afterEach(() => rmSync(directory, { recursive: true }));

  /** An init script that remembers whether it runs. */
  const SCRIPT =
    '#!/bin/sh\ncase $1 in start) touch "$0.runs" ;; stop) rm -f "$0.runs" ;; status) [ -e "$0.runs" ] ;; esac\n';

  it("knows Buildroot's init by its rcS", () => {
    expect(initScriptsRun(directory)).to.equal(false);
    writeFileSync(join(directory, 'rcS'), '');
    expect(initScriptsRun(directory)).to.equal(true);
  });

  it('writes and starts it, changes nothing when run again, and replaces another version', () => {
    expect(installScript(SCRIPT, directory)).to.have.lengthOf(2);
    expect(existsSync(join(directory, 'S87cloud.runs'))).to.equal(true);
    expect(installScript(SCRIPT, directory)).to.deep.equal([]);
    expect(installScript(`${SCRIPT}# newer\n`, directory)).to.have.lengthOf(2);
    expect(existsSync(join(directory, 'S87cloud.runs'))).to.equal(true);
  });

  it('is undone by uninstalling', () => {
    installScript(SCRIPT, directory);
    expect(uninstallScript(directory)).to.have.lengthOf(1);
    expect(readdirSync(directory)).to.deep.equal([]);
    expect(uninstallScript(directory)).to.deep.equal([]);
  });
});
