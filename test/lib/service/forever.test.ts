import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect } from 'chai';

const forever = join(__dirname, '..', '..', '..', 'node_modules', 'forever', 'bin', 'forever');

/** Notes each start in a file; dies at once if told to; notes that it was asked to end, and then takes half a second. */
const SCRIPT = `const { appendFileSync } = require('fs');
const note = (what) => appendFileSync(__dirname + '/notes', what + ' ' + process.pid + ' ' + Date.now() + '\\n');
for (const stream of [process.stdout, process.stderr]) stream.on('error', () => {});
note('start');
console.log('hello');
if (process.argv[2] === 'die') process.exit(Number(process.argv[3]));
process.on('SIGTERM', () => { note('asked'); setTimeout(() => { note('drained'); process.exit(0); }, 500); });
setInterval(() => console.log('alive'), 200);
`;

// What cloud.service is built on: forever 4.0.3 as it behaves, which is not always as its documentation says.
describe('forever', function () {
  this.timeout(60_000);
  let directory = '';
  const started: ChildProcess[] = [];

  beforeEach(() => {
    directory = mkdtempSync(join(tmpdir(), 'forever-'));
    writeFileSync(join(directory, 'script.js'), SCRIPT);
  });
  afterEach(async () => {
    for (const child of started.splice(0)) {
      child.kill('SIGKILL');
      if (child.exitCode === null && child.signalCode === null) await once(child, 'exit');
    }
    for (const { pid } of notes('start')) if (isAlive(pid)) process.kill(pid, 'SIGKILL');
    rmSync(directory, { recursive: true });
  });

  function run(options: string[], args: string[] = []): ChildProcess {
    const script = join(directory, 'script.js');
    const child = spawn(process.execPath, [forever, ...options, script, ...args], {
      stdio: ['ignore', 'pipe', 'pipe'],
      env: { ...process.env, FOREVER_ROOT: join(directory, 'root') },
    });
    child.stdout?.resume();
    child.stderr?.resume();
    started.push(child);
    return child;
  }

  function notes(what: string): { pid: number; time: number }[] {
    if (!existsSync(join(directory, 'notes'))) return [];
    return [...readFileSync(join(directory, 'notes'), 'utf8').matchAll(/^(\w+) (\d+) (\d+)$/gm)]
      .filter((match) => match[1] === what)
      .map((match) => ({ pid: Number(match[2]), time: Number(match[3]) }));
  }

  async function noted(what: string, count: number, seconds = 15): Promise<{ pid: number; time: number }[]> {
    for (const limit = Date.now() + seconds * 1000; notes(what).length < count; await sleep(50)) {
      if (Date.now() > limit) throw new Error(`${what} was noted ${notes(what).length} times, not ${count}`);
    }
    return notes(what);
  }

  function isAlive(pid: number): boolean {
    return existsSync(`/proc/${pid}`) && !/^State:\sZ/m.test(readFileSync(`/proc/${pid}/status`, 'utf8'));
  }

  function cli(...args: string[]) {
    return spawnSync(process.execPath, [forever, ...args], {
      encoding: 'utf8',
      timeout: 5000,
      env: { ...process.env, FOREVER_ROOT: join(directory, 'root') },
    });
  }

  for (const code of ['0', '1']) {
    it(`without --spinSleepTime never restarts a child that ended with ${code} in its first second, and stays`, async () => {
      const monitor = run([], ['die', code]);
      await noted('start', 1);
      await sleep(3000);
      expect(notes('start')).to.have.lengthOf(1);
      expect(monitor.exitCode).to.equal(null);
    });
  }

  it('with --spinSleepTime restarts a child that dies at once after that time, again and again', async () => {
    run(['--minUptime', '60000', '--spinSleepTime', '700'], ['die', '3']);
    const times = (await noted('start', 4)).map(({ time }) => time);
    const gaps = times.slice(1).map((time, i) => time - (times[i] ?? 0));
    for (const gap of gaps) expect(gap).to.be.within(700, 5000);
  });

  it('restarts a child that was killed after minUptime at once', async () => {
    run(['--minUptime', '300', '--spinSleepTime', '60000']);
    const [first] = await noted('start', 1);
    await sleep(600);
    process.kill(first?.pid ?? 0, 'SIGKILL');
    await noted('start', 2, 5);
  });

  for (const signal of ['SIGTERM', 'SIGINT', 'SIGKILL'] as const) {
    it(`ends at once on ${signal} and leaves its child running`, async () => {
      const monitor = run([]);
      const [child] = await noted('start', 1);
      monitor.kill(signal);
      const [, by] = await once(monitor, 'exit');
      expect(by).to.equal(signal);
      await sleep(500);
      expect(notes('asked')).to.have.lengthOf(0);
      expect(isAlive(child?.pid ?? 0)).to.equal(true);
    });
  }

  it('restarts with --killSignal SIGTERM by asking the child to end, and by SIGKILL without it', async () => {
    for (const [options, asked] of [
      [['--killSignal', 'SIGTERM'], 1],
      [[], 0],
    ] as const) {
      rmSync(join(directory, 'notes'), { force: true });
      const monitor = run(['--uid', 'cloud', ...options]);
      await noted('start', 1);
      await sleep(1500);
      expect(cli('restart', 'cloud').status).to.equal(0);
      await noted('start', 2);
      expect(notes('drained')).to.have.lengthOf(asked);
      monitor.kill('SIGKILL');
      await once(monitor, 'exit');
      for (const { pid } of notes('start')) if (isAlive(pid)) process.kill(pid, 'SIGKILL');
    }
  });

  it('hangs in `forever stop` while it sleeps between two crashes', async () => {
    run(['--uid', 'cloud', '--minUptime', '60000', '--spinSleepTime', '60000'], ['die', '3']);
    await noted('start', 1);
    await sleep(500);
    expect(cli('stop', 'cloud').signal).to.equal('SIGTERM', 'it ended, though nothing can be stopped');
  });

  it('keeps no log in the foreground, and one without limit as a daemon', async () => {
    run(['--uid', 'cloud']);
    await noted('start', 1);
    await sleep(500);
    expect(readdirSync(join(directory, 'root')).filter((file) => file.endsWith('.log'))).to.deep.equal([]);

    cli('start', '--uid', 'daemon', join(directory, 'script.js'));
    await noted('start', 2);
    await sleep(500);
    expect(readFileSync(join(directory, 'root/daemon.log'), 'utf8')).to.match(/hello\n(alive\n)+/);
    cli('stop', 'daemon');
  });

  it('does not refuse a second daemon of the same uid', async () => {
    for (const _ of [1, 2]) cli('start', '--append', '--uid', 'twin', join(directory, 'script.js'));
    await noted('start', 2);
    await sleep(500);
    expect(notes('start').filter(({ pid }) => isAlive(pid))).to.have.lengthOf(2);
    cli('stop', 'twin');
  });
});
