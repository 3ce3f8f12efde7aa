import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, mkdtemp, rename, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { codeOf } from '../../../tasks/lib/error-code';
import { Capture, type CaptureListener } from '../../../tasks/lib/upload/capture';
import { until } from '../../until';
import { FakeClock } from './fakes';

describe('Capture', () => {
  let root: string;
  let directory: string;
  let capture: Capture;
  let changed: string[];
  let scans: { names: readonly string[]; isFirst: boolean }[];
  let problems: (string | undefined)[];
  let unwatchable: string[];

  /** What `Capture` tells, written down. */
  const listener: CaptureListener = {
    isEvent: (name) => name.endsWith('.jpg'),
    changed: (name) => changed.push(name),
    scanned: async (names, isFirst) => {
      scans.push({ names: [...names].sort(), isFirst });
      return 0;
    },
    problem: (error) => problems.push(error?.message),
    unwatchable: (error) => unwatchable.push(codeOf(error)),
  };

  beforeEach(async () => {
    root = await mkdtemp(join(tmpdir(), 'capture-'));
    directory = join(root, 'capture');
    changed = [];
    scans = [];
    problems = [];
    unwatchable = [];
    capture = new Capture(directory, listener);
  });

  afterEach(async () => {
    capture.close();
    await rm(root, { recursive: true });
  });

  it('finds what is there at the start, and only files with the name of an event', async () => {
    await mkdir(join(directory, 'folder.jpg'), { recursive: true });
    await writeFile(join(directory, 'a.jpg'), '');
    await writeFile(join(directory, 'b.txt'), '');
    await symlink('/etc/hostname', join(directory, 'link.jpg'));
    await once(spawn('mkfifo', [join(directory, 'fifo.jpg')]), 'exit');
    await capture.start();
    expect(scans).to.deep.equal([{ names: ['a.jpg'], isFirst: true }]);
  });

  it('tells of a new file within milliseconds in a directory of 20,000', async function () {
    this.timeout(60_000);
    await mkdir(directory);
    for (let index = 0; index < 20_000; index += 200) {
      await Promise.all(
        Array.from({ length: 200 }, (_, more) => writeFile(join(directory, `${index + more}.jpg`), '')),
      );
    }
    await capture.start();
    expect(scans[0]?.names).to.have.length(20_000);
    const delays: number[] = [];
    for (let round = 0; round < 20; round++) {
      const begun = performance.now();
      await writeFile(join(directory, `new-${round}.jpg`), 'x');
      await until(() => changed.includes(`new-${round}.jpg`), 'the kernel tells');
      delays.push(performance.now() - begun);
    }
    expect(delays.sort((a, b) => a - b)[10]).to.be.lessThan(100);
  });

  it('waits for a directory that does not exist yet', async () => {
    await capture.start();
    expect(problems[0]).to.match(/ENOENT/);
    await mkdir(directory);
    await writeFile(join(directory, 'a.jpg'), '');
    await until(() => scans.length > 0, 'the first scan');
    await writeFile(join(directory, 'b.jpg'), '');
    await until(() => changed.includes('b.jpg') || scans.some(({ names }) => names.includes('b.jpg')), 'b.jpg');
    expect(problems.at(-1)).to.equal(undefined);
  });

  it('goes on in a directory that was removed and made again', async () => {
    await mkdir(directory);
    await capture.start();
    await rm(directory, { recursive: true });
    await mkdir(directory);
    await until(() => scans.filter(({ isFirst }) => isFirst).length === 2, 'a first scan of the new one');
    await writeFile(join(directory, 'after.jpg'), '');
    await until(() => changed.includes('after.jpg'), 'the new directory is watched');
  });

  it('goes on in a directory that took the place of another', async () => {
    await mkdir(directory);
    await capture.start();
    await mkdir(join(root, 'other'));
    await writeFile(join(root, 'other', 'there.jpg'), '');
    await rename(directory, join(root, 'old'));
    await rename(join(root, 'other'), directory);
    await until(() => scans.some(({ names }) => names.includes('there.jpg')), 'a scan of the other one');
  });

  /** As where fs.inotify.max_user_watches is used up. */
  const noWatch = () => {
    throw Object.assign(new Error('ENOSPC: System limit for number of file watchers reached'), { code: 'ENOSPC' });
  };

  it("finds files without the kernel's help where it gives none", async () => {
    const clock = new FakeClock();
    capture = new Capture(directory, listener, { clock, watch: noWatch });
    await mkdir(directory);
    await capture.start();
    for (const name of ['a.jpg', 'b.jpg']) {
      await writeFile(join(directory, name), '');
      for (let second = 0; second < 2; second++) {
        clock.advance(1_000);
        await capture.look();
      }
      expect(scans.some(({ names, isFirst }) => names.includes(name) && !isFirst)).to.equal(true);
    }
    expect(changed).to.deep.equal([]);
    expect(unwatchable).to.deep.equal(['ENOSPC']);
  });

  it('does not look at the names again and again while nothing changes', async () => {
    const clock = new FakeClock();
    capture = new Capture(directory, listener, { clock, watch: noWatch });
    await mkdir(directory);
    await capture.start();
    await writeFile(join(directory, 'a.jpg'), '');
    // Found, and confirmed by one more scan; then ten minutes of looks at the directory alone.
    for (let second = 0; second < 600; second++) {
      clock.advance(1_000);
      await capture.look();
    }
    expect(scans).to.have.length(3);
  });
});
