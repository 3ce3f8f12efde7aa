/**
 * Installs and uninstalls the unit on machines with systemd. Every step first checks whether it is needed, so that a
 * second run changes nothing.
 */
import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { SERVICE_USER } from './places';

const UNIT = '/etc/systemd/system/cloud.service';
/** A unit of that name that an image had before ours. */
const UNIT_BEFORE = `${UNIT}.before`;

/** Whether systemd is this machine's init, as sd_booted(3) tells. */
export function systemdRuns(): boolean {
  return existsSync('/run/systemd/system');
}

/**
 * Verifies `unit`, writes it, makes its user, enables and starts it. A unit that was there before is kept beside it.
 * Must be called as root.
 *
 * @returns what it changed, in words; an empty list if everything was in place.
 * @throws Error with the output of the command that failed; if systemd does not accept the unit, nothing was changed.
 */
export function installUnit(unit: string): string[] {
  const changed: string[] = [];
  verify(unit);

  if (unit.includes(`User=${SERVICE_USER}`) && !succeeds('id', SERVICE_USER)) {
    run('useradd', '--system', '--no-create-home', '--home-dir', '/', '--shell', '/usr/sbin/nologin', SERVICE_USER);
    changed.push(`made the user ${SERVICE_USER}`);
  }

  const before = existsSync(UNIT) ? readFileSync(UNIT, 'utf8') : undefined;
  if (before !== unit) {
    if (before !== undefined && !isOurs(before) && !existsSync(UNIT_BEFORE)) {
      renameSync(UNIT, UNIT_BEFORE);
      changed.push(`kept the unit that was there as ${UNIT_BEFORE}`);
    }
    writeFileSync(`${UNIT}.new`, unit, { mode: 0o644 });
    renameSync(`${UNIT}.new`, UNIT);
    run('systemctl', 'daemon-reload');
    changed.push(`wrote ${UNIT}`);
  }

  if (!succeeds('systemctl', 'is-enabled', '--quiet', 'cloud.service')) {
    run('systemctl', 'enable', '--quiet', 'cloud.service');
    changed.push('enabled it: it starts at every boot');
  }
  if (before !== unit || !succeeds('systemctl', 'is-active', '--quiet', 'cloud.service')) {
    run('systemctl', 'restart', 'cloud.service');
    changed.push('started it');
  }
  return changed;
}

/**
 * Stops and removes what `installUnit` made, and restores the unit that was there before. Gives `checkout`/.sync, the
 * ledger, to root. Must be called as root.
 *
 * @returns what it changed, in words; an empty list if there was nothing.
 * @throws Error with the output of the command that failed.
 */
export function uninstallUnit(checkout: string): string[] {
  const changed: string[] = [];
  if (existsSync(UNIT) && isOurs(readFileSync(UNIT, 'utf8'))) {
    run('systemctl', 'disable', '--quiet', '--now', 'cloud.service');
    rmSync(UNIT);
    changed.push(`stopped, disabled and removed ${UNIT}`);
    if (existsSync(UNIT_BEFORE)) renameSync(UNIT_BEFORE, UNIT);
    run('systemctl', 'daemon-reload');
    if (run('systemctl', 'show', '--property=LoadState', '--value', 'cloud.service').trim() === 'loaded') {
      run('systemctl', 'enable', '--quiet', 'cloud.service');
      run('systemctl', 'start', '--no-block', 'cloud.service');
      changed.push("enabled and started the image's own unit again");
    }
  }
  if (succeeds('id', SERVICE_USER)) {
    if (existsSync(join(checkout, '.sync'))) run('chown', '-R', 'root:', join(checkout, '.sync'));
    run('userdel', SERVICE_USER);
    changed.push(`removed the user ${SERVICE_USER}`);
  }
  return changed;
}

/** Whether this installer wrote the unit, or it was copied from the project by hand. */
function isOurs(unit: string): boolean {
  return unit.includes('npm run install-service');
}

/**
 * @throws Error with the output of `systemd-analyze verify` if it does not accept the unit.
 */
function verify(unit: string): void {
  const directory = mkdtempSync(join(tmpdir(), 'cloud-service-'));
  try {
    writeFileSync(join(directory, 'cloud.service'), unit);
    run('systemd-analyze', 'verify', join(directory, 'cloud.service'));
  } finally {
    rmSync(directory, { recursive: true });
  }
}

function succeeds(command: string, ...args: string[]): boolean {
  return spawnSync(command, args, { stdio: 'ignore' }).status === 0;
}

function run(command: string, ...args: string[]): string {
  const done = spawnSync(command, args, { encoding: 'utf8' });
  if (done.error !== undefined) throw done.error;
  if (done.status !== 0) throw new Error(`${command} ${args.join(' ')} failed:\n${done.stderr || done.stdout}`);
  return done.stdout;
}
