import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'chai';
import { type Places, unitFor } from '../../../tasks/lib/service/unit';

const project = join(__dirname, '..', '..', '..');
const shipped = readFileSync(join(project, 'cloud.service'), 'utf8');
const script = readFileSync(join(project, 'tasks/lib/service/S87cloud'), 'utf8');

const IMAGE: Places = {
  checkout: '/home/cloud',
  node: '/usr/bin/node',
  forever: '/usr/bin/forever',
  grunt: '/usr/bin/grunt',
  user: 'root',
};
const ELSEWHERE: Places = {
  checkout: '/opt/home/cloud',
  node: '/usr/local/bin/node',
  forever: '/usr/local/bin/forever',
  grunt: '/opt/home/cloud/node_modules/.bin/grunt',
  user: 'kerberos-cloud',
};

describe('the unit of this machine', () => {
  it('is cloud.service to the letter where all is where images have it', () => {
    expect(unitFor(shipped, IMAGE)).to.equal(shipped);
  });

  for (const [name, template] of Object.entries({ 'cloud.service': shipped, S87cloud: script })) {
    it(`${name} names only the places of this machine`, () => {
      const unit = unitFor(template, ELSEWHERE);
      expect(unit).to.include('/usr/local/bin/forever --uid cloud');
      expect(unit).to.include(
        '/opt/home/cloud/node_modules/.bin/grunt --gruntfile /opt/home/cloud/Gruntfile.js sync --force',
      );
      expect(unit).not.to.match(/\/usr\/bin\/(node|forever|grunt)|(?<!\/opt)\/home\/cloud/);
    });
  }

  it('runs and leaves the ledger to the user that it is given', () => {
    const unit = unitFor(shipped, ELSEWHERE);
    expect(unit).to.match(/^User=kerberos-cloud$/m);
    expect(unit).to.include('chown -R kerberos-cloud: /opt/home/cloud/.sync');
  });

  it('is refused for a path that systemd or the shell would read as something else', () => {
    for (const checkout of ['/home/my cloud', '/home/100%', "/home/o'neil", '/home/$HOME', '/home/a;b']) {
      expect(() => unitFor(shipped, { ...IMAGE, checkout }), checkout).to.throw(checkout);
    }
  });
});

describe('cloud.service', () => {
  it('is accepted by systemd without a word', function () {
    const verify = spawnSync('systemd-analyze', ['verify', join(project, 'cloud.service')], { encoding: 'utf8' });
    if (verify.error !== undefined) return this.skip();
    expect(`${verify.status} ${verify.stdout}${verify.stderr}`).to.equal('0 ');
  });

  it('is a oneshot unit that launches forever, which runs grunt as the original unit did', () => {
    expect(shipped).to.match(/^Type=oneshot$/m);
    const start = /^ExecStart=((?:.*\\\n)*.*)/m.exec(shipped)?.[1]?.replace(/\\\n\s*/g, ' ') ?? '';
    expect(start).to.match(
      /\/usr\/bin\/forever .*\/usr\/bin\/grunt --gruntfile \/home\/cloud\/Gruntfile.js sync --force/,
    );
  });
});
