import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
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

  it('says where neither systemd nor init scripts run what has to be kept running', function () {
    if (process.getuid?.() !== 0 || existsSync('/run/systemd/system') || existsSync('/etc/init.d/rcS')) this.skip();
    const { status, err } = run('install.js', [], 'me');
    expect(status).to.equal(1);
    expect(err).to.include('Neither systemd nor init scripts');
    expect(err).to.include(`--gruntfile ${project}/Gruntfile.js sync --force`);
  });
});
