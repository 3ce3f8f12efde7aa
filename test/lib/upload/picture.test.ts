import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { UNREADABLE } from '../../../tasks/lib/upload/fingerprint';
import { openPicture, peek } from '../../../tasks/lib/upload/picture';

/** A file of the kernel's that opens like any other, and whose reading fails: with EINVAL, as a broken disk's with EIO. */
const BROKEN = '/sys/class/net/lo/speed';

describe('A file whose reading fails', () => {
  before(function () {
    if (!existsSync(BROKEN)) this.skip();
  });

  it('is left for the upload to say why, at a quick look', () => {
    expect(peek(BROKEN, 'jpeg')).to.deep.equal({ is: 'maybe-finished', fingerprint: UNREADABLE });
  });

  it('is no picture that was found empty, unfinished or gone: the reason is thrown', async () => {
    const error: unknown = await openPicture(BROKEN, 'jpeg').then(
      () => undefined,
      (thrown: unknown) => thrown,
    );
    expect(error).to.include({ code: 'EINVAL', syscall: 'read' });
  });
});

describe('A picture', () => {
  let directory: string;
  const path = () => join(directory, 'a.jpg');
  const jpegOf = (size: number) =>
    Buffer.concat([Buffer.from([0xff, 0xd8, 0xff, 0xda, 0, 2]), Buffer.alloc(size - 8, 7), Buffer.from([0xff, 0xd9])]);

  beforeEach(async () => {
    directory = await mkdtemp(join(tmpdir(), 'picture-'));
  });
  afterEach(() => rm(directory, { recursive: true }));

  for (const [what, size] of [
    ['small', 50_000],
    ['of more than 1 MiB', 1_100_000],
    ['of more than 8 MiB', 8_400_000],
  ] as const) {
    it(`that is ${what} is read as it is`, async () => {
      const bytes = jpegOf(size);
      await writeFile(path(), bytes);
      const picture = await openPicture(path(), 'jpeg');
      if (picture.is !== 'readable') throw new Error(`It is ${picture.is}.`);
      expect(picture.fingerprint.size).to.equal(size);
      expect(picture.completeness).to.equal(size > 8_388_608 ? 'unknown' : 'complete');
      expect(bytes.equals(await picture.content.read(0, size))).to.equal(true);
      await picture.close(true);
    });
  }

  it('keeps its bytes while others are read, until it is done with', async () => {
    await writeFile(path(), jpegOf(60_000));
    const first = await openPicture(path(), 'jpeg');
    await writeFile(path(), Buffer.alloc(60_000, 9));
    const second = await openPicture(path(), 'jpeg');
    if (first.is !== 'readable' || second.is !== 'readable') throw new Error('They cannot be read.');
    expect(jpegOf(60_000).equals(await first.content.read(0, 60_000))).to.equal(true);
    await first.close(false);
    await second.close(true);
  });

  it('that is not there, a link or a folder is told as that', async () => {
    expect((await openPicture(path(), 'jpeg')).is).to.equal('gone');
    await symlink('/etc/passwd', path());
    expect((await openPicture(path(), 'jpeg')).is).to.equal('no-file');
    await mkdir(join(directory, 'b.jpg'));
    expect((await openPicture(join(directory, 'b.jpg'), 'jpeg')).is).to.equal('no-file');
  });
});
