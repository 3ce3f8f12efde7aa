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

  it('holds nothing where its process is no more', async () => {
    for (const left of ['', 'nonsense', '0 -', `${2 ** 30} -`]) {
      await writeFile(file, left);
      lock(file).release();
    }
  });

  it('holds nothing where its process is no more and another has its id now', async function () {
    const { release } = lock(file);
    const held = await readFile(file, 'utf8');
    release();
    // Only Linux tells when a process started.
    if (held.endsWith(' -\n')) this.skip();
    await writeFile(
      file,
      held.replace(/\d\n$/, (digit) => (digit === '1\n' ? '2\n' : '1\n')),
    );
    lock(file).release();
  });
});
