import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect } from 'chai';
import { ALL_SETTINGS, flaggedSettings, readmeTable, SETTINGS } from '../../../tasks/lib/settings/table';

const README = join(__dirname, '..', '..', '..', 'README.md');

describe('the table of settings', () => {
  it('is the one in the README', async () => {
    const text = await readFile(README, 'utf8');
    const lines = text.slice(text.indexOf('| what | Kerberos XML |')).split('\n');
    const printed = lines.slice(
      0,
      lines.findIndex((line) => !line.startsWith('|')),
    );
    expect(printed).to.deep.equal(readmeTable());
  });

  it('gives every option, variable and flag to one setting', () => {
    for (const names of [
      ALL_SETTINGS.flatMap(({ option }) => option ?? []),
      ALL_SETTINGS.flatMap(({ env }) => env ?? []),
      flaggedSettings().map(({ flag }) => flag),
    ]) {
      expect(names).to.have.length.greaterThan(3);
      expect(new Set(names).size, names.join()).to.equal(names.length);
    }
  });

  it('says each default as it is, and each default is a value that would be accepted', () => {
    for (const { help, default: value, defaultHelp, parse } of ALL_SETTINGS) {
      if (value === undefined || value === '') continue;
      expect(defaultHelp, help).to.include(String(value));
      const complaints: string[] = [];
      expect(parse({ value: String(value), origin: help }, (problem) => complaints.push(problem))).to.equal(value);
      expect(complaints, help).to.deep.equal([]);
    }
  });

  it('names a placeholder wherever a flag takes a value', () => {
    for (const { flag, placeholder } of flaggedSettings()) expect(placeholder, flag).to.match(/^[A-Z]+$/);
    expect(flaggedSettings().map(({ flag }) => flag)).to.include(SETTINGS.limitRate.flag);
  });
});
