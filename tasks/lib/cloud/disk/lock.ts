/**
 * One process a directory. The lock is a file with a process id; it holds while that process runs, so a kill or a power
 * cut leaves none behind. Ids come again after a reboot: where Linux tells when a process started, that must agree too.
 */
import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { isMissing } from './missing';

/** @throws Error that names the other process where the lock is held */
export function lock(file: string): { release(): void } {
  for (;;) {
    try {
      writeFileSync(file, `${process.pid} ${startOf(process.pid)}\n`, { flag: 'wx', mode: 0o600 });
      return { release: () => rmSync(file, { force: true }) };
    } catch (error) {
      if (!(error instanceof Error && 'code' in error && error.code === 'EEXIST')) throw error;
    }
    const [pid = '', start] = read(file).trim().split(' ');
    if (isRunning(Number(pid)) && startOf(Number(pid)) === start) {
      throw new Error(`${file} is held by process ${pid}: stop that one, or use another directory.`);
    }
    rmSync(file, { force: true });
  }
}

function read(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch (error) {
    if (isMissing(error)) return '';
    throw error;
  }
}

function isRunning(pid: number): boolean {
  try {
    // Signal 0 asks only. Process 0 would be all of our own group.
    return pid > 0 && process.kill(pid, 0);
  } catch (error) {
    return error instanceof Error && 'code' in error && error.code === 'EPERM';
  }
}

/** When a process started, in ticks since this boot, with the boot's name; `-` where the system does not tell. */
function startOf(pid: number): string {
  try {
    const boot = readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim();
    // proc(5): field 22; the second, a name in parentheses, may hold anything.
    const ticks = readFileSync(`/proc/${pid}/stat`, 'utf8')
      .replace(/^.*\) /s, '')
      .split(' ')[19];
    return `${boot}/${ticks}`;
  } catch {
    return '-';
  }
}
