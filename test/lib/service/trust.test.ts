import { chmodSync, chownSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { writableByOthers } from '../../../tasks/lib/service/trust';

describe('a checkout that becomes a service', () => {
  let above: string;
  let checkout: string;
  let task: string;

  beforeEach(function () {
    if (process.getuid?.() !== 0) return this.skip();
    // In a sticky directory: what is root's there nobody else can rename.
    above = mkdtempSync(join(tmpdir(), 'trust-'));
    chmodSync(above, 0o755);
    checkout = join(above, 'cloud');
    task = join(checkout, 'tasks/sync.js');
    mkdirSync(join(checkout, 'tasks'), { recursive: true, mode: 0o755 });
    mkdirSync(join(checkout, '.sync'));
    writeFileSync(task, '', { mode: 0o644 });
    symlinkSync('tasks/sync.js', join(checkout, 'link'));
  });
  afterEach(() => {
    if (above !== undefined) rmSync(above, { recursive: true, force: true });
  });

  it("may be installed where only root can change it, and the ledger is its user's", () => {
    chownSync(join(checkout, '.sync'), 65534, 65534);
    expect(writableByOthers([checkout])).to.deep.equal([]);
  });

  it('is refused where a file in it can be written by its group or by everybody, or is not of root', () => {
    chownSync(task, 0, 65534);
    for (const mode of [0o664, 0o646]) {
      chmodSync(task, mode);
      expect(writableByOthers([checkout])).to.deep.equal([`${task} (its mode is ${mode.toString(8)})`]);
    }
    chownSync(task, 0, 0);
    chmodSync(task, 0o664);
    expect(writableByOthers([checkout]), 'the group of root').to.deep.equal([]);
    chmodSync(task, 0o644);
    chownSync(task, 65534, 65534);
    expect(writableByOthers([checkout])).to.deep.equal([`${task} (it belongs to the user 65534)`]);
  });

  it('is refused where a directory above it is not of root alone, since it could be exchanged there', () => {
    chmodSync(above, 0o777);
    expect(writableByOthers([checkout])).to.deep.equal([`${above} (its mode is 777)`]);
    chmodSync(above, 0o1777);
    expect(writableByOthers([checkout])).to.deep.equal([]);
    chownSync(above, 65534, 65534);
    expect(writableByOthers([checkout])).to.deep.equal([`${above} (it belongs to the user 65534)`]);
  });

  it('is judged where a link to it leads', () => {
    chmodSync(task, 0o666);
    symlinkSync(checkout, join(above, 'here'));
    expect(writableByOthers([join(above, 'here')])).to.deep.equal([`${task} (its mode is 666)`]);
  });
});
