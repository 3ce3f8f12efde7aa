import { chmodSync, chownSync, mkdirSync, mkdtempSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { requirePrivateDirectory } from '../../../../tasks/lib/cloud/disk/private-directory';

describe('the directory of a cloud', () => {
  let parent: string;
  let directory: string;
  beforeEach(() => {
    parent = mkdtempSync(join(tmpdir(), 'kerberos-private-'));
    directory = join(parent, 'cloud');
  });
  afterEach(() => rmSync(parent, { recursive: true }));
  const open = () => requirePrivateDirectory(directory, ['keys.json']);
  const laid = (mode: number) => {
    mkdirSync(directory, { mode: 0o700 });
    writeFileSync(join(directory, 'keys.json'), '{}');
    chmodSync(join(directory, 'keys.json'), mode);
  };

  it('is made for its owner alone, also below /tmp', () => {
    open();
    expect(statSync(directory).mode & 0o777).to.equal(0o700);
    open();
  });

  it('is refused, with the reason, where others can write it: they could lay their keys.json down there', () => {
    for (const mode of [0o777, 0o1777, 0o702, 0o720]) {
      mkdirSync(directory, { recursive: true });
      chmodSync(directory, mode);
      expect(open, mode.toString(8)).to.throw(/can be written by others \(mode .*chmod go-w/);
    }
  });

  it('is refused where others can write the directory above it: they could exchange it', () => {
    open();
    chmodSync(parent, 0o777);
    expect(open).to.throw('could be exchanged by others');
    chmodSync(parent, 0o1777);
    open();
  });

  it('is refused where its keys can be read by others, or are a link', () => {
    laid(0o644);
    expect(open).to.throw(/keys.json can be read or written by others \(mode 0644\): chmod 600/);
    rmSync(join(directory, 'keys.json'));
    symlinkSync('/dev/null', join(directory, 'keys.json'));
    expect(open).to.throw('is no ordinary file');
  });

  it('is refused where it, or its keys, belong to somebody else', function () {
    // Only root can give files away.
    if (process.getuid?.() !== 0) this.skip();
    laid(0o600);
    chownSync(join(directory, 'keys.json'), 1000, 1000);
    expect(open).to.throw(/keys.json belongs to another user \(1000\)/);
    chownSync(directory, 1000, 1000);
    expect(open).to.throw(/cloud belongs to another user \(1000\)/);
  });
});
