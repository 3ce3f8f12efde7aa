/**
 * Files that are replaced whole: whoever reads one, and whatever happens meanwhile, finds the one before or the new one.
 * When a function here has returned, the new one outlives a power cut. Only the owner can read what is written.
 */
import { randomBytes } from 'node:crypto';
import { closeSync, fsyncSync, openSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { open, rename, rm, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';

/** Replaces a file, or makes it. @throws Error of the file system; then the file before is still there */
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

/** As `replaceFileSync`, while other work goes on; of two at once the one that ends last counts. */
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

/** The ending tells what may be swept away after a crash. */
function temporaryOf(file: string): string {
  return `${file}.${randomBytes(6).toString('hex')}.new`;
}
