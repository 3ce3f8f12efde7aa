import { existsSync, mkdirSync, renameSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';

/**
 * Moves a damaged file out of the way, so that it stops nothing and can still be examined.
 *
 * @param folder the destination; left out, the file stays in its folder as NAME.damaged
 * @returns its new path.
 * @throws Error of the file system
 */
export function putAside(file: string, folder?: string): string {
  if (folder !== undefined) mkdirSync(folder, { recursive: true, mode: 0o700 });
  const name = folder === undefined ? `${basename(file)}.damaged` : basename(file);
  const wanted = join(folder ?? dirname(file), name);
  let aside = wanted;
  for (let count = 2; existsSync(aside); count++) aside = `${wanted}.${count}`;
  renameSync(file, aside);
  return aside;
}
