import { mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { expect } from 'chai';
import { leftAlone } from '../../tasks/lib/left-alone';

describe('files that are left alone', () => {
  let capture: string;
  beforeEach(async () => {
    capture = await mkdtemp(join(tmpdir(), 'capture-'));
  });
  afterEach(() => rm(capture, { recursive: true }));

  async function put(...names: string[]): Promise<void> {
    for (const name of names) {
      await mkdir(dirname(join(capture, name)), { recursive: true });
      await writeFile(join(capture, name), 'x');
    }
  }

  async function texts(): Promise<string> {
    return (await leftAlone(capture)).map(({ why, text }) => `${why}: ${text}`).join('\n');
  }

  it('are told by their number, an example and what to do: event files in sub-directories, whatever put them there', async () => {
    await put('1766000101_6-123451_garage/left_200-200-400-400_24_571.jpg');
    expect(await texts())
      .to.match(/^sub-directory: 1 event file in sub-directories of /)
      .and.to.include('such as 1766000101_6-123451_garage/left_200-200-400-400_24_571.jpg:')
      .and.to.include('SYNC_DIRECTORY');
    await put('2026-11-25/08-15-01.jpg', '2026-11-25/a/b/08-15-02.mp4', '2026-11-25/notes.txt', '2026-11-25/.part.jpg');
    expect(await texts()).to.match(/^sub-directory: 3 event files in/);
  });

  it('are told by kind: pictures and videos of other extensions', async () => {
    await put('a.avi', 'b.MKV', 'c.webp', 'd.jpg', 'e.h264', 'f.txt', '.g.avi');
    expect(await texts()).to.match(/^kind: 3 files in .* of a kind that is not uploaded, such as [abc]\.\w+: .*\.mp4/);
  });

  it('are told where they are links', async () => {
    await put('a.jpg');
    await symlink(join(capture, 'a.jpg'), join(capture, 'b.jpg'));
    await symlink('/nowhere', join(capture, 'c'));
    expect(await texts()).to.match(/^link: 1 link in .*such as b\.jpg/);
  });

  it('are none where all is as it should be, and where there is no directory', async () => {
    await put('a.jpg', 'b.mp4', 'c.h264', 'sub/notes.txt', '.hidden/x.jpg');
    expect(await texts()).to.equal('');
    expect(await leftAlone(join(capture, 'none'))).to.deep.equal([]);
  });

  it('a link to its own parent does not make it look for ever', async () => {
    await put('sub/a.jpg');
    await symlink(capture, join(capture, 'sub', 'again'));
    expect(await texts()).to.match(/^sub-directory: 1 event file/);
  });

  it('a name that would forge a line is printed as one', async () => {
    await put('sub/a\nb.jpg');
    expect(await texts()).to.include('sub/a\\nb.jpg');
  });
});
