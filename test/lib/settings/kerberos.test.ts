import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect } from 'chai';
import { readKerberos } from '../../../tasks/lib/settings/configurations';
import { tidy } from '../../../tasks/lib/settings/fact';
import type { KerberosFacts } from '../../../tasks/lib/settings/kerberos';
import { Instance } from './kerberos-fixture';

const subscribed = {
  bucket: 'kerberosaccept',
  folder: 'cedric',
  publicKey: 'AKIAIOSFODNN7EXAMPLE',
  privateKey: 'wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY=',
};

describe('kerberos', () => {
  let instance: Instance;
  beforeEach(async () => {
    instance = await Instance.make();
  });
  afterEach(() => instance.remove());

  async function facts(): Promise<KerberosFacts> {
    const configuration = await readKerberos([instance.config]);
    if (configuration.state !== 'found') throw new Error(JSON.stringify(configuration));
    return configuration.facts;
  }

  for (const [version, file, element] of [
    [1, 'config.xml', '<kerberos><amazonS3>'],
    [2, 'cloud.xml', '<clouds><S3>'],
  ] as const) {
    describe(`a ${version}.x configuration`, () => {
      const write = (typed = {}) => (version === 1 ? instance.write1(typed) : instance.write2(typed));

      it('is read whole, and each value knows where it came from', async () => {
        await write({ ...subscribed, disk: '/tmp/pictures/', video: '/tmp/videos', fileFormat: 'timestamp_token.jpg' });
        const found = await facts();
        const path = join(instance.config, file);
        expect(found.subscription.file).to.equal(path);
        expect(found.subscription.element).to.equal(element);
        for (const key of ['bucket', 'folder', 'publicKey', 'privateKey'] as const) {
          expect(found.subscription[key]).to.deep.equal({
            value: subscribed[key],
            origin: `${element}<${key}> in ${path}`,
          });
        }
        expect(found.instance?.value).to.equal('frontdoor');
        expect(found.capture?.value).to.equal('RaspiCamera');
        expect(found.directories.map(({ value }) => value)).to.deep.equal(['/tmp/pictures', '/tmp/videos']);
        expect(found.pictureFormat?.value).to.equal('timestamp_token.jpg');
      });

      it('without a subscription has none of its values', async () => {
        await write();
        expect(Object.keys((await facts()).subscription)).to.have.members(['file', 'element']);
      });

      it('falls back on the capture directory of its image', async () => {
        await write();
        expect((await facts()).directories.map(({ value }) => value)).to.deep.equal([
          version === 1 ? '/home/kerberos-web/public/capture' : join(instance.root, 'capture'),
        ]);
      });
    });
  }

  it('a key that looks like a number, or holds entities or CDATA, stays what was typed', async () => {
    await instance.write2({
      bucket: '00123',
      folder: 'true',
      publicKey: '  1e5\n',
      privateKey: 'a&amp;b&#x41;&#65;+/<![CDATA[c<d&]]>=',
    });
    const { subscription } = await facts();
    expect(subscription.bucket?.value).to.equal('00123');
    expect(subscription.folder?.value).to.equal('true');
    expect(subscription.publicKey?.value).to.equal('1e5');
    expect(subscription.privateKey?.value).to.equal('a&bAA+/c<d&=');
  });

  it('an element that closes itself, or is not there, is empty', async () => {
    await instance.write('cloud.xml', '<clouds><S3><bucket type="text"/></S3></clouds>');
    const { subscription, instance: name } = await facts();
    expect(subscription.bucket).to.equal(undefined);
    expect(subscription.publicKey).to.equal(undefined);
    expect(name).to.equal(undefined);
  });

  it('pictures and videos in one directory make one capture directory', async () => {
    await instance.write2({ disk: '/tmp/capture/', video: '/tmp/capture' });
    expect((await facts()).directories).to.have.length(1);
  });

  it('a relative directory starts where the machinery runs: beside its config', async () => {
    await instance.write2({ disk: 'capture/', video: './capture' });
    expect((await facts()).directories.map(({ value }) => value)).to.deep.equal([join(instance.root, 'capture')]);
  });

  it('an upgraded image is subscribed by whichever file holds the credentials, the newer one first', async () => {
    await instance.write1(subscribed);
    await instance.write('cloud.xml', '<clouds><S3><bucket type="text"></bucket></S3></clouds>');
    expect((await facts()).subscription.bucket?.value).to.equal('kerberosaccept');
    await instance.write('cloud.xml', '<clouds><S3><bucket type="text">newer</bucket></S3></clouds>');
    const { subscription } = await facts();
    expect(subscription.bucket?.value).to.equal('newer');
    expect(subscription.publicKey).to.equal(undefined);
  });

  it('the product key is found where the machinery keeps it', async () => {
    await instance.write2();
    await writeFile(join(instance.root, 'kerberosio.key'), 'abcdefghijklmnopqrstuvwxyz\n');
    expect((await facts()).productKey?.value).to.equal('abcdefghijklmnopqrstuvwxyz');
  });

  it('the first directory that holds a configuration is taken; an empty one is passed over', async () => {
    await instance.write2();
    const bare = join(instance.root, 'bare');
    await mkdir(bare);
    const configuration = await readKerberos([join(instance.root, 'none'), bare, instance.config]);
    expect(configuration).to.include({ state: 'found', directory: instance.config });
  });

  it('no configuration anywhere names where it was looked for', async () => {
    expect(await readKerberos([instance.config, '/nowhere'])).to.deep.equal({
      state: 'missing',
      directories: [instance.config, '/nowhere'],
      watch: [instance.config, '/nowhere'],
      notes: [],
    });
  });

  it('every beginning of a file that is being written is unreadable, never wrong and never taken for the whole', async () => {
    await instance.write2(subscribed);
    const text = `<?xml version="1.0"?>\n<!-- saved --><clouds>\n<S3><bucket type="text">b&amp;c</bucket></S3>\n</clouds>`;
    for (let length = 0; length < text.length; length++) {
      await instance.write('cloud.xml', text.slice(0, length));
      const configuration = await readKerberos([instance.config]);
      expect(configuration, text.slice(0, length)).to.deep.equal({
        state: 'unreadable',
        directory: instance.config,
        files: [join(instance.config, 'cloud.xml')],
        watch: [instance.config],
        notes: [],
      });
    }
    await instance.write('cloud.xml', text);
    expect((await facts()).subscription.bucket?.value).to.equal('b&c');
  });

  it('a file that a power cut left full of zeros is unreadable', async () => {
    await instance.write2();
    await instance.write('cloud.xml', '\0'.repeat(300));
    expect((await readKerberos([instance.config])).state).to.equal('unreadable');
  });

  for (const [what, text] of [
    ['an end tag of another element', '<clouds><S3><bucket>x</folder></S3></clouds>'],
    ['a bare ampersand', '<clouds><S3><bucket>a & b</bucket></S3></clouds>'],
    ['text after its end', '<clouds></clouds>\nhello'],
    ['no markup', 'bucket=x'],
  ] as const) {
    it(`a file with ${what} is wrong, and named with its line`, async () => {
      await instance.write2();
      await instance.write('cloud.xml', text);
      const configuration = await readKerberos([instance.config]);
      if (configuration.state !== 'invalid') throw new Error(configuration.state);
      expect(configuration.problems).to.have.length(1);
      expect(configuration.problems[0]).to.contain(`${join(instance.config, 'cloud.xml')} is no valid XML, line `);
    });
  }

  it('a file that cannot be read is a problem that names it', async () => {
    await instance.write1();
    await mkdir(join(instance.config, 'cloud.xml'));
    const configuration = await readKerberos([instance.config]);
    if (configuration.state !== 'invalid') throw new Error(configuration.state);
    expect(configuration.problems[0]).to.contain(join(instance.config, 'cloud.xml'));
  });

  it('what copying leaves around a value is taken away, what is inside stays', () => {
    const values: [string, string][] = [
      [' a b ', 'a b'],
      ['"a"', 'a'],
      ["'a'", 'a'],
      [' " a " ', 'a'],
      ['\ufeffa\u00a0', 'a'],
      ['a\u200b', 'a'],
      ['a"', 'a"'],
      ['""', ''],
    ];
    for (const [typed, value] of values) expect(tidy(typed), JSON.stringify(typed)).to.equal(value);
  });
});
