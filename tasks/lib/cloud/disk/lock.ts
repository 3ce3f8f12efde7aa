/**
 * Allows one process for a directory, even if several start at once after a kill.
 *
 *     FILE.<n>   generation n of the lock: `<process id> <start of that process>`, or `released`
 *
 * A process that finds the highest generation released, or its process gone, makes the next one; `link` lets only one
 * process make it. Then the process looks once more: only the maker of the highest generation holds the lock. The
 * highest file is never deleted, not even at a release, so a passed number cannot become the highest again, and no
 * process can mistake another's lock for an old one and remove it. Process ids are reused after a reboot, so the start
 * of the process must agree, too, where Linux tells it.
 */
import { linkSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { basename, dirname } from 'node:path';
import { codeOf } from '../../error-code';
import { isMissing } from './missing';
import { replaceFileSync } from './replace-file';

const RELEASED = 'released';

/** A lock that is held. */
export interface Lock {
  /** Gives the lock back. */
  release(): void;
}

/**
 * Takes the lock `file`, for the directory that contains it.
 *
 * @throws Error for a person to read, with the other process, if the lock is held.
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
      // Other processes were faster by two generations: ours is an old number that was removed meanwhile.
      rmSync(pathOf(file, ours), { force: true });
      continue;
    }
    for (const old of generations(file)) if (old < ours) rmSync(pathOf(file, old), { force: true });
    return { release: () => replaceFileSync(pathOf(file, ours), `${RELEASED}\n`) };
  }
}

/**
 * Makes a file with its content in one step.
 *
 * @returns false if the file exists.
 */
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
    // Signal 0 only tests the process. Process 0 would be our whole group.
    return pid > 0 && process.kill(pid, 0);
  } catch (error) {
    return codeOf(error) === 'EPERM';
  }
}

/** The boot id, and when a process started, in ticks since that boot; `-` where the system does not tell. */
function startOf(pid: number): string {
  try {
    const boot = readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim();
    // proc(5): field 22. The second field, a name in parentheses, may contain anything.
    const ticks = readFileSync(`/proc/${pid}/stat`, 'utf8')
      .replace(/^.*\) /s, '')
      .split(' ')[19];
    return `${boot}/${ticks}`;
  } catch {
    return '-';
  }
}
