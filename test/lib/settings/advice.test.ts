import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect } from 'chai';
import { adviceOf, warningsOf } from '../../../tasks/lib/settings/advice';
import { readKerberos } from '../../../tasks/lib/settings/configurations';
import type { KerberosFacts } from '../../../tasks/lib/settings/kerberos';
import { readSettings } from '../../../tasks/lib/settings/settings';
import { ianaTimeZone } from '../../../tasks/lib/settings/time-zone';
import { Instance } from './kerberos-fixture';

const fact = (value: string) => ({ value, origin: 'its element' });
const KEYS = { bucket: 'bbb', folder: 'f', publicKey: 'P', privateKey: 'S' };

describe('advice', () => {
  it('warns of videos that are not uploaded, where videos are saved', () => {
    const of = (io: string, extension: string) => warningsOf({ io: fact(io), videoExtension: fact(extension) });
    expect(of('Disk,Video', 'avi')[0]).to.match(
      /^its element is avi, and such videos are not uploaded\. Set it to mp4/,
    );
    expect(of('Video', 'mp4')).to.deep.equal([]);
    expect(of('Disk', 'avi')).to.deep.equal([]);
  });

  it('recommends pictures beside videos, since a recording is not safe before its end', () => {
    const of = (io: string) => adviceOf({ io: fact(io) }, true);
    expect(of('Video')[0]).to.match(/^its element is Video alone.*Disk,Video/);
    expect(of('Video, Disk')).to.deep.equal([]);
    expect(of('Disk')).to.deep.equal([]);
  });

  it('says that videos of a camera that is turned by 90 degrees are empty', () => {
    const of = (io: string, angle: string) => adviceOf({ io: fact(io), angle: fact(angle) }, true);
    expect(of('Disk,Video', '90')[0]).to.match(/^its element is 90: .*without a single frame/);
    expect(of('Disk,Video', '180')).to.deep.equal([]);
    expect(of('Disk', '90')).to.deep.equal([]);
  });

  describe('the uploader of the machinery itself', () => {
    let instance: Instance;
    beforeEach(async () => {
      instance = await Instance.make();
    });
    afterEach(() => instance.remove());

    const advice = async (env: Record<string, string> = {}) => {
      const result = await readSettings({
        ...{ target: 'default', base: '/', configurationDirectories: [instance.config], proxyFor: () => '', env },
      });
      return result.state === 'ready' ? result.advice.join('\n') : JSON.stringify(result);
    };

    it('of 2.x sends each event again: said wherever the keys are in cloud.xml, with what to do', async () => {
      await instance.write2(KEYS);
      expect(await advice())
        .to.include('each event is sent twice')
        .and.to.include('/etc/default/cloud')
        .and.include('SYNC_BUCKET');
      expect(await advice({ AWS_ENDPOINT_URL: 'http://127.0.0.1:1' })).to.include("to Amazon's bucket bbb.");
    });

    it('does nothing in 1.x, without a folder, and where the keys are in the environment', async () => {
      await instance.write1(KEYS);
      expect(await advice()).to.equal('');
      await instance.write2({ ...KEYS, folder: '' });
      expect(await advice()).to.equal('');
      await instance.write2();
      const env = { SYNC_BUCKET: 'bbb', SYNC_FOLDER: 'f', AWS_ACCESS_KEY_ID: 'P', AWS_SECRET_ACCESS_KEY: 'S' };
      expect(await advice(env)).to.equal('');
    });

    it('the sample in the README is a configuration', async () => {
      const readme = await readFile(join(__dirname, '..', '..', '..', 'README.md'), 'utf8');
      const sample = /```xml\n([^`]*)```/.exec(readme)?.[1] ?? '';
      for (const [, file = '', text = ''] of sample.matchAll(/<!-- (\w+\.xml) --> (.*?)(?=<!--|$)/gs)) {
        await instance.write(file, text.trim());
      }
      const found = await readKerberos([instance.config]);
      if (found.state !== 'found') throw new Error(JSON.stringify(found));
      const { facts }: { facts: KerberosFacts } = found;
      expect(facts.instance?.value).to.equal('frontdoor');
      expect(facts.subscription.bucket?.value).to.equal('my-uploads');
      expect(facts.subscription.privateKey?.value).to.equal('…');
      expect(facts.directories.map(({ value }) => value)).to.deep.equal(['/etc/opt/kerberosio/capture']);
      expect([facts.io?.value, facts.timeZone?.value]).to.deep.equal(['Disk,Video', 'Europe-Brussels']);
      expect(warningsOf(facts)).to.deep.equal([]);
    });

    it('one directory by two paths is one capture directory', async () => {
      const { mkdir, symlink } = await import('node:fs/promises');
      const [real, link] = [join(instance.root, 'real'), join(instance.root, 'link')];
      await mkdir(real);
      await symlink(real, link);
      await instance.write2({ ...KEYS, disk: link, video: real });
      const result = await readSettings({
        ...{ target: 'default', base: '/', configurationDirectories: [instance.config], proxyFor: () => '' },
      });
      expect(result.state === 'ready' && result.settings.directories).to.deep.equal([link]);
    });

    it('angle and condition of the camera go along where they are not what all have', async () => {
      await instance.write2(KEYS);
      const camera = async () => {
        const result = await readSettings({
          ...{ target: 'default', base: '/', configurationDirectories: [instance.config], proxyFor: () => '' },
        });
        return result.state === 'ready' ? result.settings.camera : {};
      };
      const capture = (angle: number) => `<captures><RaspiCamera><angle>${angle}</angle></RaspiCamera></captures>`;
      const enabled = (active: boolean) => `<conditions><Enabled><active>${active}</active></Enabled></conditions>`;
      await instance.write('capture.xml', capture(0));
      await instance.write('condition.xml', enabled(true));
      expect(await camera()).not.to.have.any.keys('angle', 'condition');
      await instance.write('capture.xml', capture(180));
      await instance.write('condition.xml', enabled(false));
      expect(await camera()).to.include({ angle: '180', condition: 'off' });
      // Nothing depends on these files: one that stays cut keeps nothing from being uploaded.
      await instance.write('condition.xml', '<conditions>');
      expect(await camera())
        .to.include({ angle: '180' })
        .and.not.to.have.property('condition');
    });
  });

  it('time zones of the web interface are understood, also those with a hyphen of their own', () => {
    const zones: [string, string | undefined][] = [
      ['Europe-Brussels', 'Europe/Brussels'],
      ['America-New$York', 'America/New_York'],
      ['America-Argentina/Buenos$Aires', 'America/Argentina/Buenos_Aires'],
      ['America-North$Dakota/New_Salem', 'America/North_Dakota/New_Salem'],
      ['America-Port-au-Prince', 'America/Port-au-Prince'],
      ['Africa-Porto-Novo', 'Africa/Porto-Novo'],
      ['UTC', 'UTC'],
      ['Europe/Vienna', 'Europe/Vienna'],
      ['Middle-Earth', undefined],
      ['', undefined],
    ];
    for (const [typed, zone] of zones) expect(ianaTimeZone(typed), typed).to.equal(zone);
  });
});
