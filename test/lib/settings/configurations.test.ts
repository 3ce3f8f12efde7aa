import { mkdir, symlink, utimes } from 'node:fs/promises';
import { join } from 'node:path';
import { expect } from 'chai';
import { CONFIGURATION_DIRECTORIES, readKerberos } from '../../../tasks/lib/settings/configurations';
import { Instance, type Typed } from './kerberos-fixture';

const KEYS: Typed = { bucket: 'b', folder: 'f', publicKey: 'P', privateKey: 'S' };

describe('several configurations on one machine', () => {
  let kios: Instance;
  let factory: Instance;
  let old: Instance;
  beforeEach(async () => {
    [kios, factory, old] = await Promise.all([Instance.make(), Instance.make(), Instance.make()]);
  });
  afterEach(() => Promise.all([kios, factory, old].map((each) => each.remove())));

  const read = (now = Date.now()) =>
    readKerberos([kios.config, factory.config, old.config], { kios: kios.config, now: () => now });

  /** As if its files had been written so long ago. */
  async function age(instance: Instance, seconds: number): Promise<void> {
    const at = Date.now() / 1000 - seconds;
    for (const file of ['config.xml', 'cloud.xml', 'io.xml']) {
      await utimes(join(instance.config, file), at, at).catch(() => {});
    }
  }

  it('are looked for where every release keeps them, that of KiOS first', () => {
    expect(CONFIGURATION_DIRECTORIES).to.deep.equal([
      '/data/machinery/config',
      '/etc/opt/kerberosio/config',
      '/home/kerberos-io/config',
      '/etc/kerberosio/config',
    ]);
  });

  it('KiOS: its own copy is the live one, the factory files are not, and it says so', async () => {
    await kios.write2(KEYS);
    await factory.write2();
    const found = await read();
    expect(found).to.include({ state: 'found', directory: kios.config });
    expect(found.notes).to.have.length(1);
    expect(found.notes[0])
      .to.include(`The configuration is ${kios.config}, which has the keys, and not ${factory.config}`)
      .and.to.include('KERBEROS_CONFIG');
    expect(found.watch).to.have.members([kios.config, factory.config]);
  });

  it('KiOS without keys yet: still its own copy, although the factory files are newer', async () => {
    await kios.write2();
    await factory.write2();
    await age(kios, 1000);
    const found = await read();
    expect(found).to.include({ directory: kios.config });
    expect(found.notes[0]).to.include('KiOS works with');
  });

  it('the one with keys counts, whichever was changed last', async () => {
    await factory.write2();
    await old.write1(KEYS);
    await age(old, 1000);
    expect(await read()).to.include({ directory: old.config });
  });

  it('keys that are typed into the other one later are found', async () => {
    await factory.write2();
    await old.write1();
    await age(factory, 1000);
    expect(await read()).to.include({ directory: old.config });
    await factory.write2(KEYS);
    await age(factory, 500);
    expect(await read()).to.include({ directory: factory.config });
  });

  it('of two with keys the one that was changed last counts, and it says that both have', async () => {
    await factory.write2(KEYS);
    await old.write1(KEYS);
    await age(old, 1000);
    const found = await read();
    expect(found).to.include({ directory: factory.config });
    expect(found.notes[0]).to.include('was changed last').and.to.include('which has keys, too');
    await age(factory, 2000);
    expect(await read()).to.include({ directory: old.config });
  });

  it('one whose keys are being written is not left for another', async () => {
    await factory.write2(KEYS);
    await old.write1();
    await factory.write('cloud.xml', '<clouds><S3>');
    expect(await read()).to.include({ state: 'unreadable', directory: factory.config });
    // Cut by a power failure long ago, it holds no keys.
    await old.write1(KEYS);
    await age(factory, 60);
    expect(await read()).to.include({ state: 'found', directory: old.config });
  });

  it('a wrong file in the one that is not used keeps nothing from being uploaded', async () => {
    await kios.write2(KEYS);
    await factory.write2();
    await factory.write('cloud.xml', '<clouds><S3></clouds>');
    expect(await read()).to.include({ state: 'found', directory: kios.config });
  });

  it('one directory by two paths is one', async () => {
    await kios.write2(KEYS);
    const link = join(old.root, 'link');
    await mkdir(old.root, { recursive: true });
    await symlink(kios.config, link);
    const found = await readKerberos([kios.config, link], { kios: kios.config });
    expect(found).to.include({ state: 'found', directory: kios.config });
    expect(found.notes).to.deep.equal([]);
  });

  it('one alone is nothing to speak of', async () => {
    await old.write1(KEYS);
    const found = await read();
    expect(found).to.include({ state: 'found', directory: old.config });
    expect(found.notes).to.deep.equal([]);
  });
});
