import { fork } from 'node:child_process';
import { once } from 'node:events';
import fs, { readdirSync } from 'node:fs';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { lock } from '../../../../tasks/lib/cloud/disk/lock';

describe('the lock of a directory', () => {
  let directory: string;
  let file: string;
  beforeEach(async () => {
    directory = await mkdtemp(join(tmpdir(), 'kerberos-lock-'));
    file = join(directory, 'lock');
  });
  afterEach(() => rm(directory, { recursive: true, force: true }));

  it('holds until it is released', () => {
    const { release } = lock(file);
    expect(() => lock(file)).to.throw(`held by process ${process.pid}`);
    release();
    lock(file).release();
  });

  it('holds nothing where its process is no more, and is taken over from an earlier version', async () => {
    for (const left of ['', 'nonsense', '0 -', `${2 ** 30} -`]) {
      for (const name of readdirSync(directory)) await rm(join(directory, name));
      await writeFile(file, left);
      lock(file).release();
      expect(readdirSync(directory)).to.deep.equal(['lock.1']);
    }
  });

  it('holds nothing where its process is no more and another has its id now', async function () {
    lock(file);
    const held = await readFile(`${file}.1`, 'utf8');
    // Only Linux tells when a process started.
    if (held.endsWith(' -\n')) this.skip();
    await writeFile(
      `${file}.1`,
      held.replace(/\d\n$/, (digit) => (digit === '1\n' ? '2\n' : '1\n')),
    );
    lock(file).release();
  });

  it('is not held by whoever makes a number that others have passed and swept away meanwhile', async () => {
    lock(file);
    const held = await readFile(`${file}.1`, 'utf8');
    await writeFile(`${file}.1`, `${2 ** 30} -\n`);
    const { linkSync } = fs;
    // Between our look and our step two others have come: 2 is gone again, and 3 is held.
    Reflect.set(fs, 'linkSync', (from: string, to: string) => {
      fs.writeFileSync(`${file}.3`, held);
      linkSync(from, to);
    });
    try {
      expect(() => lock(file)).to.throw(`held by process ${process.pid}`);
    } finally {
      Reflect.set(fs, 'linkSync', linkSync);
    }
    expect(readdirSync(directory).sort()).to.deep.equal(['lock.1', 'lock.3']);
  });

  it('is held by one only in 400 races for what a killed process has left', async function () {
    this.timeout(120_000);
    const racers = Array.from({ length: 4 }, () => fork(join(__dirname, 'lock-racer.js'), [file]));
    const answers = async (message: object) => {
      const all = racers.map((racer) => once(racer, 'message').then(([answer]: unknown[]) => answer === 'held'));
      for (const racer of racers) racer.send(message);
      return await Promise.all(all);
    };
    try {
      const holders: number[] = [];
      for (let race = 0; race < 400; race++) {
        // Ahead of all of them, so that they begin in the same moment.
        const held = await answers({ at: Date.now() + 3 });
        holders.push(held.filter(Boolean).length);
        // As if it had been killed: its file stays, and names nobody who runs.
        for (const name of readdirSync(directory)) await writeFile(join(directory, name), `${2 ** 30} -\n`);
      }
      expect(holders.filter((count) => count !== 1)).to.deep.equal([]);
    } finally {
      for (const racer of racers) racer.kill();
      await Promise.all(racers.map((racer) => once(racer, 'exit')));
    }
  });
});
