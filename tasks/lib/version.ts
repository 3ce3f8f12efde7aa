import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { isRecord } from './record';

/** The version of this program, as its package.json has it. */
export const VERSION: string = read(join(__dirname, '..', '..', 'package.json'));

function read(path: string): string {
  const contents: unknown = JSON.parse(readFileSync(path, 'utf8'));
  return isRecord(contents) && typeof contents.version === 'string' ? contents.version : 'unknown';
}
