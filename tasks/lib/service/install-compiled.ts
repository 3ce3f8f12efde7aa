/**
 * The last step of `npm install`: moves the freshly compiled files beside their sources.
 *
 * A Pi runs the checkout that it updates, and forever may start grunt at any moment, also while `tsc` is busy or after
 * the power was cut meanwhile. So `tsc` writes into `.compiled/`, and only when all files are complete and on the disk
 * is each renamed into place, which is atomic. Before that moment the old version runs, after it the new one. The
 * Gruntfile comes last, unchanged files are left alone, and compiled files without a source are removed, because
 * `grunt.loadTasks` would still load them.
 *
 * Run as `node .compiled/tasks/lib/service/install-compiled.js`: the compiled files move themselves.
 */
import {
  closeSync,
  existsSync,
  fsyncSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
} from 'node:fs';
import { dirname, join } from 'node:path';

/** What `placeCompiled` did, as paths relative to the checkout, in the order in which it was done. */
export interface Placed {
  readonly placed: readonly string[];
  readonly removed: readonly string[];
}

/**
 * Moves every compiled file of `compiled` to the same path in `checkout`, the Gruntfile last, and removes `compiled`.
 * Both must be on one file system. Removes compiled files under `checkout`/tasks that have no source.
 *
 * @throws the file system's error; then nothing was changed, or it stopped between two renames.
 */
export function placeCompiled(compiled: string, checkout: string): Placed {
  const files = filesUnder(compiled).sort((a, b) => depth(b) - depth(a) || a.localeCompare(b));
  for (const file of files) flush(join(compiled, file));

  const placed = files.filter((file) => !sameContent(join(compiled, file), join(checkout, file)));
  for (const file of placed) {
    mkdirSync(dirname(join(checkout, file)), { recursive: true });
    renameSync(join(compiled, file), join(checkout, file));
  }

  const tasks = join(checkout, 'tasks');
  const removed = filesUnder(tasks)
    .map((file) => join('tasks', file))
    .filter((file) => file.endsWith('.js') && !existsSync(join(checkout, file.replace(/\.js$/, '.ts'))));
  for (const file of removed) rmSync(join(checkout, file));

  for (const directory of new Set([...placed, ...removed].map(dirname))) flush(join(checkout, directory));
  rmSync(compiled, { recursive: true });
  return { placed, removed };
}

/** Deepest files first, so that a task finds the library that it was compiled with, and Gruntfile.js is the last. */
function depth(file: string): number {
  return file.split('/').length;
}

function filesUnder(directory: string): string[] {
  return readdirSync(directory, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name).slice(directory.length + 1));
}

function sameContent(a: string, b: string): boolean {
  return existsSync(b) && readFileSync(a).equals(readFileSync(b));
}

/** Without it a power cut could leave a renamed file empty: the name would reach the disk before the content. */
function flush(path: string): void {
  const descriptor = openSync(path, 'r');
  try {
    fsyncSync(descriptor);
  } finally {
    closeSync(descriptor);
  }
}

if (require.main === module) {
  const compiled = join(__dirname, '..', '..', '..');
  const { placed, removed } = placeCompiled(compiled, dirname(compiled));
  console.log(`Compiled: ${placed.length} files changed${removed.map((file) => `, ${file} removed`).join('')}.`);
}
