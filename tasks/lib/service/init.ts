/** Installs and uninstalls the init script on images without systemd (KiOS, made with Buildroot). */
import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** The directory of init scripts on such an image; rcS starts them in the order of their names. */
export const INIT_SCRIPTS = '/etc/init.d';

/** Whether this machine starts its services with Buildroot's init scripts. */
export function initScriptsRun(directory: string): boolean {
  return existsSync(join(directory, 'rcS'));
}

/**
 * Writes `script` as S87cloud to `directory` and starts it.
 *
 * @returns what it changed, in words; an empty list if everything was in place.
 * @throws Error that tells what to do if the root file system is read-only.
 * @throws Error with the output of the script if it cannot be started or stopped.
 */
export function installScript(script: string, directory: string): string[] {
  const path = join(directory, 'S87cloud');
  const changed: string[] = [];
  if (!existsSync(path) || readFileSync(path, 'utf8') !== script) {
    if (existsSync(path)) call(path, 'stop');
    onWritable(directory, () => writeFileSync(path, script, { mode: 0o755 }));
    changed.push(`wrote ${path}: it starts at every boot`);
  }
  if (spawnSync(path, ['status'], { stdio: 'ignore' }).status !== 0) {
    call(path, 'start');
    changed.push('started it');
  }
  return changed;
}

/**
 * Stops and removes the script in `directory`.
 *
 * @returns what it changed, in words.
 * @throws Error that tells what to do if the root file system is read-only.
 */
export function uninstallScript(directory: string): string[] {
  const path = join(directory, 'S87cloud');
  if (!existsSync(path)) return [];
  call(path, 'stop');
  onWritable(directory, () => rmSync(path));
  return [`stopped and removed ${path}`];
}

function onWritable(directory: string, change: () => void): void {
  try {
    change();
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === 'EROFS')) throw error;
    throw new Error(
      `${directory} is read-only on this image. Run: mount -o remount,rw / and then this again, and afterwards ` +
        'mount -o remount,ro /',
    );
  }
}

function call(path: string, action: string): void {
  const done = spawnSync(path, [action], { encoding: 'utf8' });
  if (done.status !== 0) throw new Error(`${path} ${action} failed:\n${done.stderr || done.stdout}`);
}
