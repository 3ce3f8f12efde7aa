/** Files that their owner alone can read, written in one step. */
import { closeSync, fsyncSync, openSync, readFileSync, renameSync, rmSync, writeSync } from 'node:fs';
import { isMissing } from './missing';

/** Writes a file: whoever reads it, and whatever happens meanwhile, it is the one before or this one, whole. */
export function writePrivate(file: string, text: string): void {
  const temporary = `${file}.new`;
  rmSync(temporary, { force: true });
  const handle = openSync(temporary, 'wx', 0o600);
  try {
    writeSync(handle, text);
    fsyncSync(handle);
  } finally {
    closeSync(handle);
  }
  renameSync(temporary, file);
}

/** As `writePrivate`, for a person to read. */
export function writePrivateJson(file: string, content: object): void {
  writePrivate(file, `${JSON.stringify(content, undefined, 2)}\n`);
}

/**
 * What a file of JSON holds; undefined where there is no such file.
 * @throws SyntaxError where it is no JSON
 */
export function readJson(file: string): unknown {
  try {
    return JSON.parse(readFileSync(file, 'utf8'));
  } catch (error) {
    if (isMissing(error)) return undefined;
    throw error;
  }
}
