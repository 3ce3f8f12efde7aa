import { mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { LogFile } from '../../../../tasks/lib/cloud/disk/log-file';

describe('a log file', () => {
  let directory: string;
  beforeEach(() => {
    directory = mkdtempSync(join(tmpdir(), 'kerberos-log-'));
  });
  afterEach(() => rmSync(directory, { recursive: true }));

  it('is for its owner alone, and goes on where it ended', () => {
    const path = join(directory, 'logs', 'a.log');
    new LogFile(path).write('one');
    new LogFile(path).write('two ü');
    expect(readFileSync(path, 'utf8')).to.equal('one\ntwo ü\n');
    expect(statSync(path).mode & 0o777).to.equal(0o600);
  });

  it('never fills the disk: the last lines are kept, in it and in the one before it', () => {
    const path = join(directory, 'a.log');
    const log = new LogFile(path, 100);
    for (let line = 0; line < 1000; line++) log.write(`line ${line}`);
    const kept = readFileSync(`${path}.1`, 'utf8') + readFileSync(path, 'utf8');
    expect(kept.length).to.be.within(100, 220);
    const lines = kept.trimEnd().split('\n');
    expect(lines.at(-1)).to.equal('line 999');
    expect(lines).to.deep.equal(Array.from(lines, (_, at) => `line ${1000 - lines.length + at}`));
  });
});
