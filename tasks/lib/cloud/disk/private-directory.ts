/**
 * Makes sure that no other user controls the directory of a cloud's data: whoever can write into it can add keys that
 * the cloud would accept as its own. Such a directory is refused, as ssh refuses such a directory of keys.
 */
import { lstatSync, mkdirSync, type Stats, statSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { isMissing } from './missing';

/** Write permission of the group. */
const GROUP = 0o020;
/** Write permission of all users. */
const EVERYBODY = 0o002;
/** In a sticky directory, such as /tmp, only its owner can change a name. */
const STICKY = 0o1000;

/**
 * Makes the directory, readable by its owner only, if it does not exist.
 *
 * @param secrets names of files in it that no other user may have made or be able to read
 * @throws Error for a person to read if another user could have put something there.
 */
export function requirePrivateDirectory(directory: string, secrets: readonly string[]): void {
  mkdirSync(directory, { recursive: true, mode: 0o700 });
  // Windows has neither owners nor modes in this form.
  const me = process.getuid?.();
  if (me === undefined) return;
  const own = statSync(directory);
  requireOwner(directory, own, me);
  if ((own.mode & (GROUP | EVERYBODY)) !== 0) {
    throw new Error(`${directory} can be written by others (mode ${modeOf(own)}): chmod go-w ${directory}`);
  }
  for (let path = dirname(directory); path !== dirname(path); path = dirname(path)) {
    const { mode, gid } = statSync(path);
    const isOpen = (mode & EVERYBODY) !== 0 || ((mode & GROUP) !== 0 && gid !== process.getgid?.() && gid !== 0);
    if (isOpen && (mode & STICKY) === 0) {
      throw new Error(
        `${directory} could be exchanged by others, who can write into ${path}: use another directory for the data.`,
      );
    }
  }
  for (const name of secrets) requireSecret(join(directory, name), me);
}

function requireSecret(file: string, me: number): void {
  try {
    // Does not follow links: what counts is who made this name.
    const found = lstatSync(file);
    requireOwner(file, found, me);
    if (!found.isFile()) throw new Error(`${file} is no ordinary file: remove it.`);
    if ((found.mode & 0o077) !== 0) {
      throw new Error(`${file} can be read or written by others (mode ${modeOf(found)}): chmod 600 ${file}`);
    }
  } catch (error) {
    if (!isMissing(error)) throw error;
  }
}

function requireOwner(path: string, { uid }: Stats, me: number): void {
  if (uid === me || uid === 0) return;
  throw new Error(
    `${path} belongs to another user (${uid}), who could put keys there: use a directory of your own for the data.`,
  );
}

function modeOf({ mode }: Stats): string {
  return (mode & 0o7777).toString(8).padStart(4, '0');
}
