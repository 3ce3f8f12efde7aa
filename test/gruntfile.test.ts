import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'chai';

describe('Gruntfile', () => {
  it('is compiled beside its source, where the unit of existing images looks for it', () => {
    expect(existsSync(join(__dirname, '..', 'Gruntfile.js'))).to.equal(true);
  });
});
