/**
 * Who else could change what a service runs. A boot service with rights of root must not run a file that any user can
 * replace, and a file can be replaced by whoever may write to it or to a directory above it.
 */
import { constants, lstatSync, readdirSync, realpathSync } from 'node:fs';
import { dirname, join } from 'node:path';

const GROUP_WRITES = 0o020;
const OTHERS_WRITE = 0o002;
const STICKY = 0o1000;

/**
 * Of the directory trees and files `paths`, and of every directory above them, the first `most` that somebody other than
 * root may write to, each with why.
 * @throws what the file system says where one of `paths` is not there.
 */
export function writableByOthers(paths: readonly string[], most = 3): string[] {
  const found = new Map<string, string>();
  const look = (path: string, isAbove: boolean) => {
    const why = found.has(path) ? undefined : reasonAgainst(path, isAbove);
    if (why !== undefined) found.set(path, why);
  };
  for (const path of new Set(paths.map((each) => realpathSync(each)))) {
    for (let above = dirname(path); ; above = dirname(above)) {
      look(above, true);
      if (above === dirname(above)) break;
    }
    for (const each of treeOf(path)) {
      look(each, false);
      if (found.size >= most) break;
    }
  }
  return [...found].slice(0, most).map(([path, why]) => `${path} (${why})`);
}

/**
 * Why somebody other than root could change what is at `path`. In a sticky directory above, like /tmp, nobody can rename
 * what is root's. A group does not count above: Debian gave /usr/local to the group staff.
 */
function reasonAgainst(path: string, isAbove: boolean): string | undefined {
  const { uid, gid, mode } = lstatSync(path);
  if ((mode & constants.S_IFMT) === constants.S_IFLNK) return undefined;
  if (uid !== 0) return `it belongs to the user ${uid}`;
  if (isAbove && (mode & STICKY) !== 0) return undefined;
  const isWritable = (mode & OTHERS_WRITE) !== 0 || (!isAbove && gid !== 0 && (mode & GROUP_WRITES) !== 0);
  return isWritable ? `its mode is ${(mode & 0o7777).toString(8)}` : undefined;
}

/** The path, and all that is below it; links are not followed, and the ledger, which the service's user owns, is left out. */
function* treeOf(path: string): Generator<string> {
  yield path;
  if (!lstatSync(path).isDirectory()) return;
  for (const entry of readdirSync(path, { withFileTypes: true })) {
    const each = join(path, entry.name);
    if (entry.name === '.sync') continue;
    if (entry.isDirectory()) yield* treeOf(each);
    else yield each;
  }
}
