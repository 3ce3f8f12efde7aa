/**
 * One process a directory, also where several start at once on what a killed one has left.
 *
 *     FILE.<n>   generation n of the lock: `<process id> <start of that process>`, or `released`
 *
 * Whoever finds the highest generation released, or its process gone, makes the next one; `link` makes it, whole, for one of
 * them only. Then it looks once more: only who made the highest generation of all holds the lock. The highest file is never
 * deleted, not even at a release, so a number once passed cannot become the highest again, and nobody can remove the lock of
 * another by mistaking it for an old one. Ids of processes come again after a reboot: where Linux tells when a process
 * started, that must agree too.
 */
import { linkSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { basename, dirname } from 'node:path';
import { codeOf } from '../../error-code';
import { isMissing } from './missing';
import { replaceFileSync } from './replace-file';

const RELEASED = 'released';

export interface Lock {
  /** Lets others have it. */
  release(): void;
}

/**
 * Takes the lock `file`, which stands for the directory it is in.
 * @throws Error for a person to read, that names the other process, where the lock is held
 */
export function lock(file: string): Lock {
  const me = `${process.pid} ${startOf(process.pid)}`;
  for (;;) {
    const last = highest(file);
    const holder = read(pathOf(file, last));
    const [pid = '', start] = holder.split(' ');
    if (holder !== RELEASED && isRunning(Number(pid)) && startOf(Number(pid)) === start) {
      throw new Error(`${file} is held by process ${pid}: stop that one, or use another directory.`);
    }
    const ours = last + 1;
    if (!make(pathOf(file, ours), `${me}\n`)) continue;
    if (highest(file) > ours) {
      // Others were faster by two: ours is an old number that had been swept away.
      rmSync(pathOf(file, ours), { force: true });
      continue;
    }
    for (const old of generations(file)) if (old < ours) rmSync(pathOf(file, old), { force: true });
    return { release: () => replaceFileSync(pathOf(file, ours), `${RELEASED}\n`) };
  }
}

/** Makes a file with its content in one step; false where it is there. */
function make(path: string, content: string): boolean {
  const temporary = `${path}.${process.pid}`;
  writeFileSync(temporary, content, { mode: 0o600 });
  try {
    linkSync(temporary, path);
    return true;
  } catch (error) {
    if (codeOf(error) === 'EEXIST') return false;
    throw error;
  } finally {
    rmSync(temporary, { force: true });
  }
}

/** Generation 0 is the lock of earlier versions. */
function pathOf(file: string, generation: number): string {
  return generation === 0 ? file : `${file}.${generation}`;
}

function generations(file: string): number[] {
  const name = basename(file);
  return readdirSync(dirname(file)).flatMap((other) => {
    if (other === name) return [0];
    const rest = other.startsWith(`${name}.`) ? other.slice(name.length + 1) : '';
    return /^[1-9]\d{0,14}$/.test(rest) ? [Number(rest)] : [];
  });
}

function highest(file: string): number {
  return Math.max(0, ...generations(file));
}

function read(path: string): string {
  try {
    return readFileSync(path, 'utf8').trim();
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
    return codeOf(error) === 'EPERM';
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
