import { execFileSync } from 'node:child_process';
import { chownSync, mkdtempSync, rmSync, symlinkSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { readForeignFile } from '../../tasks/lib/foreign-file';

describe('a file that others may have put there', () => {
  let directory: string;
  let file: string;

  beforeEach(() => {
    directory = mkdtempSync(join(tmpdir(), 'foreign-'));
    file = join(directory, 'file');
  });
  afterEach(() => rmSync(directory, { recursive: true }));

  async function refusal(options: Parameters<typeof readForeignFile>[1] = {}): Promise<unknown> {
    const error: unknown = await readForeignFile(file, options).catch((thrown: unknown) => thrown);
    return error instanceof Error && 'code' in error ? error.code : error;
  }

  it('is read whole', async () => {
    const bytes = Buffer.alloc(200_000, 'ü');
    writeFileSync(file, bytes);
    expect((await readForeignFile(file)).equals(bytes)).to.equal(true);
  });

  it('is not waited for where it is a FIFO', async () => {
    execFileSync('mkfifo', [file]);
    expect(await refusal()).to.equal('ENOTFILE');
  });

  it('is not read where it is a directory or a device', async () => {
    expect(await readForeignFile(directory).catch((error) => error.code)).to.equal('ENOTFILE');
    expect(await readForeignFile('/dev/zero').catch((error) => error.code)).to.equal('ENOTFILE');
  });

  it('does not take the memory where it is huge', async () => {
    writeFileSync(file, '');
    truncateSync(file, 2 ** 40);
    expect(await refusal()).to.equal('EFBIG');
  });

  it('is not followed where it is a link, in a directory that anybody may write to', async () => {
    writeFileSync(join(directory, 'target'), 'x');
    symlinkSync('target', file);
    expect(await refusal({ ownedBy: [] })).to.equal('ELOOP');
    expect(String(await readForeignFile(file))).to.equal('x');
  });

  it('counts there only where it belongs to root, to us, or to who may have made it', async function () {
    if (process.getuid?.() !== 0) return this.skip();
    writeFileSync(file, 'x');
    chownSync(file, 65534, 65534);
    expect(await refusal({ ownedBy: [] })).to.equal('EOWNER');
    expect(String(await readForeignFile(file, { ownedBy: [65534] }))).to.equal('x');
  });
});
