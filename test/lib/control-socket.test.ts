import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmod, mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { expect } from 'chai';
import { ask, claim, controlPath } from '../../tasks/lib/control-socket';
import { until } from '../until';

describe('control', () => {
  let directory: string;

  beforeEach(async () => {
    directory = await mkdtemp(join(tmpdir(), 'control-'));
  });

  afterEach(() => rm(directory, { recursive: true }));

  it('lets only one be at work, and the next when that one has ended', async () => {
    const path = controlPath(directory, 'default');
    const first = await claim(path, () => 'first');
    expect(await claim(path, () => 'second')).to.equal(undefined);
    first?.release();
    const second = await claim(path, () => 'second');
    expect(await ask(path, {})).to.equal('second');
    second?.release();
  });

  it('has one winner of two that start at the same moment on a dead socket', async () => {
    const path = controlPath(directory, 'default');
    await dieListening(path);
    const claims = await Promise.all([claim(path, () => 1), claim(path, () => 2), claim(path, () => 3)]);
    expect(claims.filter((each) => each !== undefined)).to.have.length(1);
    for (const each of claims) each?.release();
  });

  it('is free again after kill -9', async () => {
    const path = controlPath(directory, 'default');
    await dieListening(path);
    expect(await ask(path, {})).to.equal(undefined);
    const mine = await claim(path, () => 'mine');
    expect(await ask(path, {})).to.equal('mine');
    mine?.release();
  });

  it('carries the question and the answer', async () => {
    const path = controlPath(directory, 'a/b');
    const mine = await claim(path, (question) => ({ echo: question }));
    expect(await ask(path, { file: 'ü\n.jpg' })).to.deep.equal({ echo: { file: 'ü\n.jpg' } });
    mine?.release();
  });

  it('finds room for a socket however long the path of the state directory is', async () => {
    const path = controlPath(join(directory, 'long/'.repeat(40)), 'default');
    const mine = await claim(path, () => 'mine');
    expect(await ask(path, {})).to.equal('mine');
    mine?.release();
  });

  it('is always in the state directory, where nobody else can put one, and never in /tmp', async () => {
    const state = join(directory, 'long/'.repeat(40), 'end');
    const mine = await claim(controlPath(state, 'default'), () => 'mine');
    expect(await readdir(state)).to.deep.equal(['default.sock']);
    mine?.release();
    await until(async () => (await readdir(state)).length === 0, 'the socket is removed');
    expect(dirname(controlPath(state, 'x'.repeat(300)))).to.equal(state);
  });

  it("neither believes nor waits for a stranger's socket in a directory that anybody may write to", async function () {
    if (process.getuid?.() !== 0) return this.skip();
    await chmod(directory, 0o1777);
    const path = controlPath(directory, 'default');
    const script = `require('net').createServer((socket) => socket.end('"a lie"')).listen(${JSON.stringify(path)}, () => console.log('up'))`;
    const stranger = spawn(process.execPath, ['-e', script], {
      uid: 65534,
      gid: 65534,
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    try {
      await once(stranger.stdout, 'data');
      expect(await ask(path, {})).to.equal(undefined);
      const mine = await claim(path, () => 'mine');
      expect(await ask(path, {})).to.equal('mine');
      mine?.release();
    } finally {
      stranger.kill('SIGKILL');
      await once(stranger, 'exit');
    }
  });
});

/** Leaves what a killed process leaves: a socket that nobody listens on. */
async function dieListening(path: string): Promise<void> {
  const script = `require('net').createServer().listen(${JSON.stringify(path)}, () => process.kill(process.pid, 'SIGKILL'))`;
  await once(spawn(process.execPath, ['-e', script], { stdio: 'ignore' }), 'exit');
}
