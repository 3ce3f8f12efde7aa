/** Finds the programs that the service needs on this machine, and the user that it may run as. */
import { spawnSync } from 'node:child_process';
import { accessSync, constants, realpathSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import type { Places } from './unit';

/** The system user that the installer makes for the service. */
export const SERVICE_USER = 'kerberos-cloud';

/**
 * The paths of this checkout, of the running node, and of forever and grunt: those of the checkout, or else those of
 * `path` (as in $PATH).
 *
 * @throws Error that tells which program is missing and how to get it.
 */
export function findPrograms(checkout: string, path: string): Omit<Places, 'user'> {
  return {
    checkout,
    node: process.execPath,
    forever: findProgram('forever', checkout, path),
    grunt: findProgram('grunt', checkout, path),
  };
}

function findProgram(name: string, checkout: string, path: string): string {
  const places = [join(checkout, 'node_modules', '.bin'), ...path.split(delimiter)].map((place) => join(place, name));
  const found = places.find(isExecutable);
  if (found === undefined) throw new Error(`${name} is not there. In ${checkout}, run: npm install`);
  return found;
}

function isExecutable(file: string): boolean {
  try {
    accessSync(realpathSync(file), constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

/**
 * The first of `paths` that a user without rights cannot read (a directory: cannot list); `undefined` if all can be
 * read. Asks the kernel as the user nobody, so it must be called as root.
 *
 * @throws the error of the operating system if it cannot ask.
 */
export function unreadableForOthers(paths: readonly string[]): string | undefined {
  const script =
    'for path; do [ -r "$path" ] && { [ ! -d "$path" ] || [ -x "$path" ]; } || { echo "$path"; exit; }; done';
  const tried = spawnSync('/bin/sh', ['-c', script, 'sh', ...paths], {
    uid: 65534,
    gid: 65534,
    cwd: '/',
    encoding: 'utf8',
  });
  if (tried.error !== undefined) throw tried.error;
  return tried.stdout.trim() || undefined;
}
