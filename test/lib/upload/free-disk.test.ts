import { tmpdir } from 'node:os';
import { expect } from 'chai';
import { FreeDisk } from '../../../tasks/lib/upload/free-disk';

describe('the free disk of a capture directory', () => {
  it('is asked for once a minute, and unknown where there is no directory', async () => {
    let now = 0;
    const disk = new FreeDisk(() => now);
    const free = await disk.of(tmpdir());
    expect(free).to.be.a('number').above(0);
    expect(await disk.of('/nowhere/at/all')).to.equal(undefined);
    now = 59_000;
    expect(await disk.of(tmpdir())).to.equal(free);
    now = 61_000;
    expect(await disk.of(tmpdir())).to.be.a('number');
  });
});
