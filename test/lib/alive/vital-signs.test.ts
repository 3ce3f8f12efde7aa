import { mkdtemp, rm, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { vitalSigns } from '../../../tasks/lib/alive/vital-signs';

describe('The vital signs of a machine', () => {
  let directory: string;
  beforeEach(async () => {
    directory = await mkdtemp(join(tmpdir(), 'capture-'));
  });
  afterEach(() => rm(directory, { recursive: true }));

  it('tell the time since the last capture, the free disk and the temperature', async () => {
    const zone = join(directory, 'temp');
    await writeFile(zone, '48312\n');
    await utimes(directory, 1000, 1000);
    const signs = await vitalSigns(['/no/such', directory], 1_090_000, zone);
    expect(signs).to.include({ sinceCapture: 90, temperature: 48.312 });
    expect(signs.freeDisk).to.be.greaterThan(0);
    expect(signs.uptime).to.be.greaterThan(0);
  });

  it('leave out what cannot be known: no directory yet, no thermometer', async () => {
    expect(await vitalSigns(['/no/such'], 0, '/no/such')).to.have.all.keys('uptime');
  });
});
