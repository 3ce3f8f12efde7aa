/**
 * Finds files that users other than root could change. A boot service with root's rights must not run a file that any
 * user can replace, and whoever may write to a file or to a directory above it can replace it.
 */
import { constants, lstatSync, readdirSync, realpathSync } from 'node:fs';
import { dirname, join } from 'node:path';

const GROUP_WRITES = 0o020;
const OTHERS_WRITE = 0o002;
const STICKY = 0o1000;

/**
 * The first `most` of the directory trees and files `paths`, and of every directory above them, that users other than
 * root may write to, each with the reason.
 *
 * @throws the error of the file system if one of `paths` does not exist.
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
 * Why a user other than root could change `path`; `undefined` if none could. In a sticky directory above, like /tmp,
 * users cannot rename root's files. Group rights do not count above: Debian gave /usr/local to the group staff.
 */
function reasonAgainst(path: string, isAbove: boolean): string | undefined {
  const { uid, gid, mode } = lstatSync(path);
  if ((mode & constants.S_IFMT) === constants.S_IFLNK) return undefined;
  if (uid !== 0) return `it belongs to the user ${uid}`;
  if (isAbove && (mode & STICKY) !== 0) return undefined;
  const isWritable = (mode & OTHERS_WRITE) !== 0 || (!isAbove && gid !== 0 && (mode & GROUP_WRITES) !== 0);
  return isWritable ? `its mode is ${(mode & 0o7777).toString(8)}` : undefined;
}

/**
 * The path and everything below it. Links are not followed, and the ledger, which belongs to the service's user, is
 * left out.
 */
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
