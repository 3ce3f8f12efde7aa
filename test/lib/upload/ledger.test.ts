import { execFile } from 'node:child_process';
import { appendFile, mkdtemp, readFile, rm, stat, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { expect } from 'chai';
import { Ledger } from '../../../tasks/lib/upload/ledger';

const DESTINATION = 's3://bucket/folder';
const PRINT = { size: 51_234, mtime: 1_429_700_000_123.456 };

describe('Ledger', () => {
  let directory: string;
  let path: string;

  beforeEach(async () => {
    directory = await mkdtemp(join(tmpdir(), 'ledger-'));
    path = join(directory, 'state', 'default.ledger');
  });

  afterEach(() => rm(directory, { recursive: true }));

  async function with3(): Promise<void> {
    const ledger = await Ledger.open(path, DESTINATION);
    for (const name of ['a.jpg', 'b\n"ü.jpg', 'c.jpg']) ledger.add(name, PRINT);
    await ledger.close();
  }

  it('knows after a restart what was uploaded before', async () => {
    await with3();
    const ledger = await Ledger.open(path, DESTINATION);
    expect(ledger.isNew).to.equal(false);
    expect(ledger.has('b\n"ü.jpg', PRINT)).to.equal(true);
    expect(ledger.has('a.jpg', { ...PRINT, size: 51_235 })).to.equal(false);
    expect(ledger.has('a.jpg', { ...PRINT, mtime: PRINT.mtime + 1 })).to.equal(false);
    await ledger.close();
  });

  it('begins anew for another bucket or folder', async () => {
    await with3();
    const ledger = await Ledger.open(path, 's3://bucket/other');
    expect(ledger.isNew).to.equal(true);
    expect(ledger.size).to.equal(0);
    await ledger.close();
  });

  it('writes nothing before there is something to remember', async () => {
    const ledger = await Ledger.open(path, DESTINATION);
    await ledger.close();
    expect(await stat(path).catch(() => 'none')).to.equal('none');
  });

  it('loses only the torn line when the power goes in mid-write, wherever it is torn', async () => {
    await with3();
    const bytes = await readFile(path);
    const lastLine = bytes.lastIndexOf(10, bytes.length - 2) + 1;
    for (let end = lastLine; end < bytes.length; end++) {
      await writeFile(path, bytes);
      await truncate(path, end);
      const ledger = await Ledger.open(path, DESTINATION);
      expect(ledger.size, `torn at ${end}`).to.equal(2);
      ledger.add('d.jpg', PRINT);
      await ledger.close();
      const again = await Ledger.open(path, DESTINATION);
      expect([again.knows('a.jpg'), again.knows('c.jpg'), again.knows('d.jpg')]).to.deep.equal([true, false, true]);
      await again.close();
    }
  });

  it('never believes a damaged line, and believes all the others', async () => {
    await with3();
    const bytes = await readFile(path);
    const firstEntry = bytes.indexOf(10) + 1;
    for (let at = firstEntry; bytes[at] !== 10; at++) {
      const damaged = Buffer.from(bytes);
      damaged[at] = (bytes[at] ?? 0) ^ 1;
      await writeFile(path, damaged);
      const ledger = await Ledger.open(path, DESTINATION);
      expect(ledger.knows('a.jpg'), `bit flipped at ${at}`).to.equal(false);
      expect(ledger.knows('c.jpg')).to.equal(true);
      await ledger.close();
    }
  });

  it('takes zeros that a power cut left for no lines', async () => {
    await with3();
    await appendFile(path, Buffer.alloc(4096));
    const ledger = await Ledger.open(path, DESTINATION);
    expect(ledger.size).to.equal(3);
    ledger.add('d.jpg', PRINT);
    await ledger.close();
    expect((await readFile(path)).includes(0)).to.equal(false);
  });

  it('says so when it is damaged, wherever it was cut or a bit flipped', async () => {
    await with3();
    const bytes = await readFile(path);
    const damageOf = async (content: Buffer) => {
      await writeFile(path, content);
      const ledger = await Ledger.open(path, DESTINATION);
      await ledger.close();
      return ledger.damage;
    };
    expect(await damageOf(bytes)).to.equal(undefined);
    for (let at = 1; at < bytes.length; at += 3) {
      const flipped = Buffer.from(bytes);
      flipped[at] = (bytes[at] ?? 0) ^ 1;
      expect(await damageOf(flipped), `bit flipped at ${at}`).to.match(/damaged|cut short/);
      // Cut at the end of a line it looks whole: what is missing is found in the bucket's list.
      if (bytes[at - 1] !== 10) expect(await damageOf(bytes.subarray(0, at)), `cut at ${at}`).to.match(/cut short/);
    }
    expect(await damageOf(Buffer.concat([bytes, Buffer.alloc(4096)]))).to.match(/1 line damaged or cut short/);
    await writeFile(path, bytes);
    expect((await Ledger.open(path, 's3://bucket/other')).damage, 'of another bucket').to.equal(undefined);
  });

  it('a shift by whole hours, as FAT shows after a change of the clock, makes a file no other; any other shift does', async () => {
    await with3();
    const ledger = await Ledger.open(path, DESTINATION);
    const at = (shift: number) => ledger.has('a.jpg', { ...PRINT, mtime: PRINT.mtime + shift });
    expect([3_600_000, -7_200_000, 0].map(at)).to.deep.equal([true, true, true]);
    expect([3_600_001, 1_800_000, 48 * 3_600_000].map(at)).to.deep.equal([false, false, false]);
    await ledger.close();
  });

  it('remembers what a content is, and under which variant of its key it lies', async () => {
    const ledger = await Ledger.open(path, DESTINATION);
    ledger.add('a.jpg', PRINT, { crc: -5 });
    ledger.add('b.jpg', PRINT, { crc: 7, variant: 'again-00000007' });
    ledger.add('c.jpg', PRINT, { isCutShort: true });
    await ledger.close();
    const again = await Ledger.open(path, DESTINATION);
    expect(again.get('a.jpg')).to.include({ crc: -5, variant: '', isCutShort: false });
    expect(again.get('b.jpg')).to.include({ crc: 7, variant: 'again-00000007', isCutShort: false });
    expect(again.get('c.jpg')).to.include({ crc: undefined, variant: '', isCutShort: true });
    await again.close();
  });

  it('writes nothing once the right to it is lost', async () => {
    await with3();
    const before = await readFile(path);
    let isHeld = true;
    const ledger = await Ledger.open(path, DESTINATION, { isHeld: () => isHeld });
    isHeld = false;
    ledger.add('d.jpg', PRINT);
    await ledger.close();
    expect((await readFile(path)).equals(before)).to.equal(true);
  });

  it('begins anew where the file was emptied', async () => {
    await with3();
    await truncate(path, 0);
    const ledger = await Ledger.open(path, DESTINATION);
    expect(ledger.isNew).to.equal(true);
    await ledger.close();
  });

  it('keeps lines in memory while the disk cannot be written, and says so', async () => {
    // What should be the state directory is a file: nothing can be written there, not even by root.
    await writeFile(join(directory, 'state'), '');
    const ledger = await Ledger.open(path, DESTINATION);
    ledger.add('a.jpg', PRINT);
    const failure = await ledger.flush().catch((error: unknown) => error);
    expect(failure).to.be.instanceOf(Error);
    expect(ledger.problem).to.equal(failure);
    expect(ledger.has('a.jpg', PRINT)).to.equal(true);
    await rm(join(directory, 'state'));
    await ledger.flush();
    expect(ledger.problem).to.equal(undefined);
    await ledger.close();
    const again = await Ledger.open(path, DESTINATION);
    expect(again.has('a.jpg', PRINT)).to.equal(true);
    await again.close();
  });

  it('stays as small as what is in the directory', async () => {
    const ledger = await Ledger.open(path, DESTINATION);
    for (let round = 0; round < 20; round++) {
      for (let index = 0; index < 500; index++) ledger.add(`${round}-${index}.jpg`, PRINT);
      await ledger.flush();
      for (let index = 0; index < 100; index++) ledger.mark(`${round}-${index}.jpg`);
      ledger.sweep();
    }
    ledger.sweep();
    await ledger.flush();
    expect(ledger.size).to.equal(0);
    expect((await stat(path)).size).to.be.lessThan(1_500 * 60);
    ledger.add('after.jpg', PRINT);
    await ledger.close();
    const again = await Ledger.open(path, DESTINATION);
    expect(again.has('after.jpg', PRINT)).to.equal(true);
    await again.close();
  });

  it('forgets what was neither marked nor added since the last sweep, and nothing else', async () => {
    await with3();
    const ledger = await Ledger.open(path, DESTINATION);
    ledger.sweep();
    ledger.mark('a.jpg');
    ledger.add('new.jpg', PRINT);
    ledger.sweep();
    expect(['a.jpg', 'c.jpg', 'new.jpg'].map((name) => ledger.knows(name))).to.deep.equal([true, false, true]);
    await ledger.close();
  });

  it('loses nothing on a disk that is full, and writes it down when there is room again', async () => {
    // A file system of 64 KiB, in a mount namespace of its own where this is not root's.
    const script = `
      const { Ledger } = require(${JSON.stringify(join(__dirname, '..', '..', '..', 'tasks', 'lib', 'upload', 'ledger'))});
      const { rmSync, writeFileSync } = require('node:fs');
      const disk = ${JSON.stringify(directory)};
      (async () => {
        const ledger = await Ledger.open(disk + '/default.ledger', 's3://bucket/folder');
        const print = { size: 1, mtime: 2 };
        for (let index = 0; index < 100; index++) ledger.add('before-' + index, print);
        await ledger.flush();
        try { writeFileSync(disk + '/filler', Buffer.alloc(1 << 20)); } catch {}
        for (let index = 0; index < 500; index++) ledger.add('during-' + index, print);
        const full = await ledger.flush().then(() => 'no error', (error) => error.code);
        const known = ledger.has('during-499', print);
        const torn = await Ledger.open(disk + '/default.ledger', 's3://bucket/folder');
        rmSync(disk + '/filler');
        await ledger.flush();
        await ledger.close();
        const again = await Ledger.open(disk + '/default.ledger', 's3://bucket/folder');
        console.log(JSON.stringify([full, known, torn.knows('before-99'), again.size]));
      })();`;
    const mount = `mount -t tmpfs -o size=64k none '${directory}' && '${process.execPath}' -e "$SCRIPT"`;
    const { stdout } = await promisify(execFile)(
      'unshare',
      ['--user', '--map-root-user', '--mount', 'sh', '-c', mount],
      {
        env: { ...process.env, SCRIPT: script },
      },
    );
    expect(JSON.parse(stdout)).to.deep.equal(['ENOSPC', true, true, 600]);
  });
});
