import { spawnSync } from 'node:child_process';
import { chmodSync, cpSync, existsSync, mkdtempSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';

const project = join(__dirname, '..', '..', '..');

/** Runs the installer (or uninstaller) as this user or as nobody. */
function run(script: string, args: string[], as: 'me' | 'nobody'): { status: number | null; out: string; err: string } {
  const nobody = as === 'nobody' && process.getuid?.() === 0 ? { uid: 65534, gid: 65534 } : {};
  const done = spawnSync(process.execPath, [join(project, 'tasks/lib/service', script), ...args], {
    encoding: 'utf8',
    ...nobody,
  });
  return { status: done.status, out: done.stdout, err: done.stderr };
}

describe('install-service', () => {
  it('prints with --dry-run the unit that it would install, also without root', () => {
    const { status, out } = run('install.js', ['--dry-run'], 'nobody');
    expect(status).to.equal(0);
    expect(out).to.include(`${process.execPath} --no-warnings`);
    expect(out).to.include(`--gruntfile ${project}/Gruntfile.js sync --force`);
  });

  it('says without root what to type, and that it did nothing', () => {
    for (const script of ['install.js', 'uninstall.js']) {
      const { status, out, err } = run(script, [], 'nobody');
      expect(status).to.equal(1);
      expect(err).to.include(`sudo ${process.execPath} ${join(project, 'tasks/lib/service', script)}`);
      expect(out).to.equal('');
    }
  });

  it('refuses as root a checkout in which somebody else can write a file, names it, and says what to do', function () {
    if (process.getuid?.() !== 0) this.skip();
    const parent = mkdtempSync(join(tmpdir(), 'kerberos-checkout-'));
    const checkout = join(parent, 'cloud');
    try {
      cpSync(join(project, 'tasks'), join(checkout, 'tasks'), { recursive: true });
      for (const name of ['cloud.service', 'Gruntfile.js', 'package.json']) {
        cpSync(join(project, name), join(checkout, name));
      }
      symlinkSync(join(project, 'node_modules'), join(checkout, 'node_modules'));
      const install = () =>
        spawnSync(process.execPath, [join(checkout, 'tasks/lib/service/install.js')], { encoding: 'utf8' });
      const file = join(checkout, 'tasks', 'sync.js');
      chmodSync(file, 0o666);
      const { status, stderr, stdout } = install();
      expect(status).to.equal(1);
      expect(stderr).to.include(`Nothing was installed`).and.include(`${file} (its mode is 666)`);
      expect(stderr).to.include(`sudo chown -R root:root ${checkout} && sudo chmod -R go-w ${checkout}`);
      expect(stdout).to.equal('');
    } finally {
      rmSync(parent, { recursive: true });
    }
  });

  it('says where neither systemd nor init scripts run what has to be kept running', function () {
    if (process.getuid?.() !== 0 || existsSync('/run/systemd/system') || existsSync('/etc/init.d/rcS')) this.skip();
    const { status, err } = run('install.js', [], 'me');
    expect(status).to.equal(1);
    expect(err).to.include('Neither systemd nor init scripts');
    expect(err).to.include(`--gruntfile ${project}/Gruntfile.js sync --force`);
  });
});
