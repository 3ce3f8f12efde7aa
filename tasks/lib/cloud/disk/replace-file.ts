/**
 * Replaces files in one step: a reader finds the old content or the new one, whatever happens. When a function here has
 * returned, the new content outlives a power cut. Only the owner can read what is written.
 */
import { randomBytes } from 'node:crypto';
import { closeSync, fsyncSync, openSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { open, rename, rm, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';

/**
 * Replaces a file, or makes it.
 *
 * @throws Error of the file system; then the old file is still there.
 */
export function replaceFileSync(file: string, text: string): void {
  const temporary = temporaryOf(file);
  try {
    writeFileSync(temporary, text, { flag: 'wx', mode: 0o600, flush: true });
    renameSync(temporary, file);
  } catch (error) {
    rmSync(temporary, { force: true });
    throw error;
  }
  // Without it a power cut can undo the rename.
  const folder = openSync(dirname(file), 'r');
  try {
    fsyncSync(folder);
  } finally {
    closeSync(folder);
  }
}

/**
 * As `replaceFileSync`, but asynchronous; of two calls at once, the one that ends last counts.
 *
 * @throws Error of the file system; then the old file is still there.
 */
export async function replaceFile(file: string, text: string): Promise<void> {
  const temporary = temporaryOf(file);
  try {
    await writeFile(temporary, text, { flag: 'wx', mode: 0o600, flush: true });
    await rename(temporary, file);
  } catch (error) {
    await rm(temporary, { force: true });
    throw error;
  }
  await flush(dirname(file));
}

/** Waits until a file's bytes, or a directory's names, are on the disk. */
export async function flush(path: string): Promise<void> {
  const handle = await open(path);
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

/** The extension shows what may be removed after a crash. */
function temporaryOf(file: string): string {
  return `${file}.${randomBytes(6).toString('hex')}.new`;
}
