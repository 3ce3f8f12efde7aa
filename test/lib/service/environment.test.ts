import { expect } from 'chai';
import { parseSettingsFile, takeServiceSettings } from '../../../tasks/lib/service/environment';

describe('The settings file of the service', () => {
  it('is read as systemd reads it: comments, quotes, escapes, continued lines', () => {
    const file = [
      '# SYNC_BUCKET=commented',
      '; SYNC_BUCKET=commented',
      'SYNC_FOLDER = jane doe  ',
      'AWS_SECRET_ACCESS_KEY="a b\\"c#d$"',
      "SYNC_DIRECTORY='/srv/\\capture'",
      'SYNC_STATE=/srv/a\\ b',
      'KERBEROS_CONFIG=/etc/\\',
      'kerberosio',
      'AWS_REGION=',
      'no variable',
      '2=3',
    ].join('\n');
    expect(parseSettingsFile(file)).to.deep.equal({
      SYNC_FOLDER: 'jane doe',
      AWS_SECRET_ACCESS_KEY: 'a b"c#d$',
      SYNC_DIRECTORY: '/srv/\\capture',
      SYNC_STATE: '/srv/a b',
      KERBEROS_CONFIG: '/etc/kerberosio',
      AWS_REGION: '',
    });
  });

  it('is not used where the command line says --no-defaults', async () => {
    const env = {};
    expect(await takeServiceSettings(false, env)).to.equal(undefined);
    expect(env).to.deep.equal({});
  });
});
