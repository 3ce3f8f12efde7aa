import { join } from 'node:path';
import { expect } from 'chai';
import { describe as describeSettings, readSettings, type SettingsSources } from '../../../tasks/lib/settings/settings';
import { VERSION } from '../../../tasks/lib/version';
import { Instance, type Typed } from './kerberos-fixture';

const SECRET = 'wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY=';
const subscribed = { bucket: 'xml-bucket', folder: 'cedric', publicKey: 'AKIAXML', privateKey: SECRET };
const credentials = { publicKey: 'AKIAOPTION', privateKey: 'option-secret' };

describe('settings', () => {
  let instance: Instance;
  beforeEach(async () => {
    instance = await Instance.make();
  });
  afterEach(() => instance.remove());

  const read = (sources: Partial<SettingsSources> = {}) =>
    readSettings({
      target: 'default',
      base: '/home/cloud',
      configurationDirectories: [instance.config],
      proxyFor: () => '',
      ...sources,
    });

  async function ready(sources: Partial<SettingsSources> = {}) {
    const result = await read(sources);
    if (result.state !== 'ready') throw new Error(JSON.stringify(result));
    return result.settings;
  }

  async function problems(sources: Partial<SettingsSources> = {}) {
    const result = await read(sources);
    if (result.state !== 'invalid') throw new Error(JSON.stringify(result));
    return result.problems;
  }

  it('an existing image needs no setting at all', async () => {
    await instance.write2({ ...subscribed, disk: '/tmp/capture/', video: '/tmp/capture/' });
    const { advice: _, ...result } = await read().then((each) => ({ advice: [], ...each }));
    expect(result).to.deep.equal({
      state: 'ready',
      warnings: [],
      notes: [],
      watch: [instance.config],
      settings: {
        target: 'default',
        configuration: instance.config,
        instance: 'frontdoor',
        camera: { capture: 'RaspiCamera', timezone: 'Europe/Brussels', version: VERSION },
        directories: ['/tmp/capture'],
        fileFormats: {},
        state: '/home/cloud/.sync',
        destination: {
          bucket: 'xml-bucket',
          folder: 'cedric',
          region: 'eu-west-1',
          credentials: { accessKeyId: 'AKIAXML', secretAccessKey: SECRET },
        },
        concurrency: 4,
        stillness: 10000,
        signOfLife: true,
      },
    });
  });

  it('nothing but a bucket, a directory and credentials is needed where there is no Kerberos', async () => {
    const settings = await ready({
      options: { bucket: 'a-bucket', directory: ['in', '/abs/', 'in/'], ...credentials },
    });
    expect(settings).to.not.have.property('configuration');
    expect(settings.instance).to.equal('default');
    expect(settings.directories).to.deep.equal(['/home/cloud/in', '/abs']);
    expect(settings.destination.folder).to.equal('');
  });

  it('warns of a layout that puts events into sub-directories, and only where the camera lays down the directory', async () => {
    const warnings = async (fileFormat: string, sources: Partial<SettingsSources> = {}) => {
      await instance.write2({ ...subscribed, fileFormat });
      const result = await read(sources);
      return result.state === 'ready' ? result.warnings : [JSON.stringify(result)];
    };
    const [warning] = await warnings('instanceName/timestamp_token.jpg');
    expect(warning)
      .to.match(/^<ios><Disk><fileFormat> in \S+io.xml has a "\/" in it/)
      .and.to.contain('SYNC_DIRECTORY');
    expect(await warnings('timestamp_token.jpg')).to.deep.equal([]);
    expect(await warnings('/timestamp_token.jpg')).to.deep.equal([]);
    const env = { SYNC_DIRECTORY: '/capture/frontdoor' };
    expect(await warnings('instanceName/timestamp_token.jpg', { env })).to.deep.equal([]);
  });

  it('without Kerberos and without those, it says where it looked and what to set', async () => {
    const result = await read({ options: { bucket: 'a-bucket' } });
    expect(result).to.deep.include({ state: 'invalid', watch: [instance.config] });
    const [problem] = await problems();
    expect(problem).to.contain(instance.config).and.to.contain('KERBEROS_CONFIG').and.to.contain('SYNC_DIRECTORY');
  });

  describe('later wins: Kerberos XML, options, environment, command line', () => {
    const table: {
      setting: string;
      option: object;
      env: Record<string, string>;
      flags?: Record<string, unknown>;
      got: (settings: Awaited<ReturnType<typeof ready>>) => unknown;
      values: unknown[];
    }[] = [
      {
        setting: 'bucket',
        option: { bucket: 'opt-bucket' },
        env: { SYNC_BUCKET: 'env-bucket' },
        flags: { bucket: 'flag-bucket' },
        got: ({ destination }) => destination.bucket,
        values: ['xml-bucket', 'opt-bucket', 'env-bucket', 'flag-bucket'],
      },
      {
        setting: 'folder',
        option: { folder: '/opt/' },
        env: { SYNC_FOLDER: 'env/deep' },
        flags: { folder: '' },
        got: ({ destination }) => destination.folder,
        values: ['cedric', 'opt', 'env/deep', ''],
      },
      {
        setting: 'directory',
        option: { directory: 'opt' },
        env: { SYNC_DIRECTORY: '/env/' },
        flags: { directory: './flag' },
        got: ({ directories }) => directories.join(),
        values: ['/xml', '/home/cloud/opt', '/env', '/home/cloud/flag'],
      },
      {
        setting: 'endpoint',
        option: { endpoint: 'http://opt:1/' },
        env: { AWS_ENDPOINT_URL_S3: 'http://s3:1', AWS_ENDPOINT_URL: 'http://any:1' },
        flags: { endpoint: 'http://flag:1' },
        got: ({ destination }) => destination.endpoint,
        values: [undefined, 'http://opt:1', 'http://s3:1', 'http://flag:1'],
      },
      {
        setting: 'region',
        option: { region: 'us-east-1' },
        env: { AWS_REGION: 'eu-central-1' },
        got: ({ destination }) => destination.region,
        values: ['eu-west-1', 'us-east-1', 'eu-central-1'],
      },
      {
        setting: 'credentials',
        option: credentials,
        env: { AWS_ACCESS_KEY_ID: 'AKIAENV', AWS_SECRET_ACCESS_KEY: 'env-secret' },
        got: ({ destination }) => destination.credentials,
        values: [
          { accessKeyId: 'AKIAXML', secretAccessKey: SECRET },
          { accessKeyId: 'AKIAOPTION', secretAccessKey: 'option-secret' },
          { accessKeyId: 'AKIAENV', secretAccessKey: 'env-secret' },
        ],
      },
      {
        setting: 'state',
        option: { state: 'ledger' },
        env: { SYNC_STATE: '/var/lib/sync' },
        got: ({ state }) => state,
        values: ['/home/cloud/.sync', '/home/cloud/ledger', '/var/lib/sync'],
      },
    ];
    for (const { setting, option, env, flags, got, values } of table) {
      it(setting, async () => {
        await instance.write2({ ...subscribed, disk: '/xml' });
        expect(got(await ready())).to.deep.equal(values[0]);
        expect(got(await ready({ options: option }))).to.deep.equal(values[1]);
        expect(got(await ready({ options: option, env }))).to.deep.equal(values[2]);
        if (flags) expect(got(await ready({ options: option, env, flags }))).to.deep.equal(values[3]);
      });
    }

    it('configuration directory', async () => {
      const [option, environment, line] = await Promise.all([Instance.make(), Instance.make(), Instance.make()]);
      try {
        await Promise.all([instance, option, environment, line].map((each) => each.write1(subscribed)));
        const options = { config: option.config };
        const env = { KERBEROS_CONFIG: environment.config };
        expect((await ready()).configuration).to.equal(instance.config);
        expect((await ready({ options })).configuration).to.equal(option.config);
        expect((await ready({ options, env })).configuration).to.equal(environment.config);
        expect((await ready({ options, env, flags: { config: line.config } })).configuration).to.equal(line.config);
      } finally {
        await Promise.all([option, environment, line].map((each) => each.remove()));
      }
    });
  });

  for (const [what, bucket] of [
    ['underscores', 'my_cameras'],
    ['capitals', 'MyCameras'],
    ['two dots', 'a..b'],
    ['255 letters', `${'x'.repeat(250)}.Cams`],
    ['a prefix that Amazon gives to nobody any more', 'xn--cams'],
    ['a hyphen at its end', 'cams-'],
  ] as const) {
    it(`a bucket of before 2018, or of another server, may have ${what}`, async () => {
      await instance.write2({ ...subscribed, bucket });
      expect((await ready()).destination.bucket).to.equal(bucket);
    });
  }

  it('the alias of an access point is a bucket like any other', async () => {
    const bucket = 'my-cams-a1b2c3d4e5f6g7h8i9j0k1l2m3n4ouse1a-s3alias';
    await instance.write2({ ...subscribed, bucket });
    expect((await ready()).destination.bucket).to.equal(bucket);
  });

  it('an empty variable is as good as none', async () => {
    await instance.write2({ ...subscribed, disk: '/xml' });
    const env = { SYNC_BUCKET: '', SYNC_FOLDER: '', SYNC_DIRECTORY: ' ', AWS_ACCESS_KEY_ID: '', AWS_REGION: '' };
    expect(await ready({ env })).to.deep.equal(await ready());
  });

  it('a profile and a session token are understood as the AWS SDK does; a key pair beats a profile', async () => {
    await instance.write2(subscribed);
    const pair = { AWS_ACCESS_KEY_ID: 'AKIAENV', AWS_SECRET_ACCESS_KEY: 's', AWS_SESSION_TOKEN: 't' };
    const got = async (env: Record<string, string>) => (await ready({ env })).destination.credentials;
    expect(await got({ AWS_PROFILE: 'camera' })).to.deep.equal({ profile: 'camera' });
    expect(await got({ ...pair, AWS_PROFILE: 'camera' })).to.deep.equal({
      accessKeyId: 'AKIAENV',
      secretAccessKey: 's',
      sessionToken: 't',
    });
  });

  it('the proxy is the one of the endpoint, and NO_PROXY counts', async () => {
    await instance.write2(subscribed);
    const before = { ...process.env };
    Object.assign(process.env, { HTTPS_PROXY: 'http://user:pw@proxy:3128', NO_PROXY: '127.0.0.1' });
    try {
      const got = async (endpoint?: string) => {
        const result = await readSettings({
          target: 'default',
          base: '/',
          configurationDirectories: [instance.config],
          options: endpoint ? { endpoint } : {},
        });
        return result.state === 'ready' ? result.settings.destination.proxy : result;
      };
      expect(await got()).to.equal('http://user:pw@proxy:3128');
      expect(await got('https://s3.example.org')).to.equal('http://user:pw@proxy:3128');
      expect(await got('https://127.0.0.1:4580')).to.equal(undefined);
    } finally {
      process.env = before;
    }
  });

  describe('no subscription yet is no error', () => {
    const cases: [string, Typed, string[]][] = [
      ['all empty', {}, ['<bucket>', '<publicKey>', '<privateKey>']],
      ['no bucket', { ...subscribed, bucket: ' ' }, ['<bucket>']],
      ['no secret', { ...subscribed, privateKey: '' }, ['<privateKey>']],
    ];
    for (const [what, typed, elements] of cases) {
      for (const version of [1, 2]) {
        it(`${what}, ${version}.x`, async () => {
          await (version === 1 ? instance.write1(typed) : instance.write2(typed));
          const result = await read();
          if (result.state !== 'unsubscribed') throw new Error(JSON.stringify(result));
          const file = join(instance.config, version === 1 ? 'config.xml' : 'cloud.xml');
          expect(result.files).to.deep.equal([file]);
          expect(result.watch).to.deep.equal([instance.config]);
          expect(result.message).to.contain(file).and.to.contain(elements.join(', ')).and.to.not.contain(SECRET);
        });
      }
    }
  });

  it('a file that is being written is read again', async () => {
    await instance.write2(subscribed);
    await instance.write('io.xml', '<?xml version="1.0"?>\n<ios>\n<Disk>');
    expect(await read()).to.deep.include({
      state: 'unreadable',
      files: [join(instance.config, 'io.xml')],
      watch: [instance.config],
    });
  });

  describe('a problem names where it is and what to type', () => {
    const cases: [string, Partial<SettingsSources>, string[]][] = [
      ['half a key pair', { env: { AWS_ACCESS_KEY_ID: 'AKIA' } }, ['AWS_SECRET_ACCESS_KEY is not', 'set both']],
      ['the other half', { env: { AWS_SECRET_ACCESS_KEY: 'x' } }, ['AWS_ACCESS_KEY_ID is not', 'set both']],
      ['half a pair of options', { options: { publicKey: 'x' } }, ['option publicKey', 'option privateKey']],
      ['a configuration that is not there', { env: { KERBEROS_CONFIG: '/nowhere' } }, ['KERBEROS_CONFIG', '/nowhere']],
      ['a bucket that is a URL', { flags: { bucket: 's3://pictures' } }, ['--bucket', 's3://pictures', 'alone']],
      ['a bucket with a blank', { env: { SYNC_BUCKET: 'my pictures' } }, ['SYNC_BUCKET', 'lower-case']],
      ['a bucket like an address', { env: { SYNC_BUCKET: '192.168.0.1' } }, ['SYNC_BUCKET', 'AWS_ENDPOINT_URL']],
      ['a short bucket', { env: { SYNC_BUCKET: 'ab' } }, ['SYNC_BUCKET', '3 to 63']],
      ['a bucket of dots alone', { env: { SYNC_BUCKET: '...' } }, ['SYNC_BUCKET']],
      ['a bucket of 256 letters', { env: { SYNC_BUCKET: 'x'.repeat(256) } }, ['SYNC_BUCKET', 'up to 255']],
      ['a bucket with an umlaut', { env: { SYNC_BUCKET: 'müller' } }, ['SYNC_BUCKET', 'müller']],
      ['a bucket with a folder', { env: { SYNC_BUCKET: 'pictures/jane' } }, ['SYNC_BUCKET', 'pictures/jane']],
      ['the ARN of an access point', { env: { SYNC_BUCKET: 'arn:aws:s3:eu-west-1:1:accesspoint/x' } }, ['alias']],
      ['a directory bucket', { env: { SYNC_BUCKET: 'cams--euw1-az1--x-s3' } }, ['SYNC_BUCKET', 'directory bucket']],
      ['an Object Lambda alias', { env: { SYNC_BUCKET: 'cams-a1b2--ol-s3' } }, ['SYNC_BUCKET', 'only be read']],
      ['an access key in its place', { env: { SYNC_BUCKET: 'AKIAIOSFODNN7EXAMPLE' } }, ['SYNC_BUCKET', 'AKIA…', 'key']],
      ['a flag without a value', { flags: { bucket: true } }, ['--bucket=']],
      ['a folder that climbs', { flags: { folder: 'a/../b' } }, ['--folder', 'a/../b']],
      ['a folder with an empty part', { options: { folder: 'a//b' } }, ['option folder of target default']],
      ['a folder that is too long', { flags: { folder: 'x'.repeat(800) } }, ['--folder', '768']],
      [
        'an endpoint without a scheme',
        { env: { AWS_ENDPOINT_URL: 'localhost:4580' } },
        ['AWS_ENDPOINT_URL', 'http://'],
      ],
      ['an endpoint with a password', { flags: { endpoint: 'http://a:hidden@b' } }, ['--endpoint']],
      ['a region that is none', { env: { AWS_REGION: 'Ireland' } }, ['AWS_REGION', 'eu-west-1']],
      ['no concurrency', { flags: { concurrency: 0 } }, ['--concurrency', '1 to 64']],
      ['a concurrency that is no number', { options: { concurrency: 'many' } }, ['option concurrency']],
      ['a rate that is none', { flags: { 'limit-rate': 'fast' } }, ['--limit-rate', '200k']],
      ['a rate of another unit', { flags: { 'limit-rate': '200q' } }, ['--limit-rate']],
      ['a stillness below nothing', { options: { still: -1 } }, ['option still']],
      ['a proxy that is none', { proxyFor: () => 'socks5://x' }, ['HTTPS_PROXY']],
    ];
    for (const [what, sources, words] of cases) {
      it(what, async () => {
        await instance.write2(subscribed);
        const told = await problems(sources);
        expect(told).to.have.length(1);
        for (const word of words) expect(told[0]).to.contain(word);
        expect(told[0]).to.not.contain('hidden');
      });
    }

    for (const secret of [SECRET, 'wJalrXUtnFEMIzK7MDENGzbPxRfiCYEXAMPLEKEY']) {
      it(`a private key that was pasted into the field of the bucket is not printed (${secret.length} letters)`, async () => {
        const result = await read({ env: { SYNC_BUCKET: secret } });
        expect(result.state).to.equal('invalid');
        expect(JSON.stringify(result)).not.to.include(secret.slice(4));
      });
    }

    it('a secret with a blank inside, and the secret itself is not told', async () => {
      await instance.write2({ ...subscribed, privateKey: 'wJalrXUtn FEMI' });
      const [problem] = await problems();
      expect(problem)
        .to.contain(`<clouds><S3><privateKey> in ${join(instance.config, 'cloud.xml')}`)
        .and.to.not.contain('wJalrXUtn');
    });

    it('an XML that is wrong', async () => {
      await instance.write2(subscribed);
      await instance.write('cloud.xml', '<clouds><S3><bucket>x</S3></clouds>');
      expect((await problems())[0]).to.contain(join(instance.config, 'cloud.xml'));
    });

    it('all problems at once', async () => {
      await instance.write2(subscribed);
      expect(await problems({ flags: { bucket: 'B', folder: '..', concurrency: 99 } })).to.have.length(3);
    });
  });

  describe('--limit-rate is read as curl reads it', () => {
    const rates: [string | number, number | undefined][] = [
      ['200k', 204_800],
      ['200K', 204_800],
      ['1M', 1_048_576],
      ['1.5G', 1_610_612_736],
      ['500', 500],
      [500, 500],
      ['500b', 500],
      ['200kB', 204_800],
      ['0', undefined],
    ];
    for (const [typed, rate] of rates) {
      it(`${typed} → ${rate}`, async () => {
        await instance.write2(subscribed);
        expect((await ready({ flags: { 'limit-rate': typed } })).limitRate).to.equal(rate);
      });
    }
  });

  it('values with the blanks and quotation marks of copying are taken as meant', async () => {
    await instance.write2({ ...subscribed, bucket: ' "xml-bucket" ', privateKey: `\n   ${SECRET}\n` });
    const { destination } = await ready({ env: { SYNC_FOLDER: " 'Grüße an 猫' " } });
    expect(destination).to.deep.include({ bucket: 'xml-bucket', folder: 'Grüße an 猫' });
    expect(destination.credentials).to.deep.equal({ accessKeyId: 'AKIAXML', secretAccessKey: SECRET });
  });

  it('its description tells what is synced where, and no secret', async () => {
    await instance.write2({ ...subscribed, publicKey: 'AKIAIOSFODNN7EXAMPLE' });
    const text = describeSettings(
      await ready({ proxyFor: () => 'http://user:hidden@proxy:3128', flags: { 'limit-rate': '1k' } }),
    ).join('\n');
    for (const word of [
      'frontdoor',
      instance.config,
      'xml-bucket',
      'cedric',
      'eu-west-1',
      'AKIA…',
      '1024',
      'proxy:3128',
    ]) {
      expect(text).to.contain(word);
    }
    for (const secret of [SECRET, 'IOSFODNN', 'hidden']) expect(text).to.not.contain(secret);
  });
});
