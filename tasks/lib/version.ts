import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { isRecord } from './record';

/** The version in our package.json. */
export const VERSION: string = read(join(__dirname, '..', '..', 'package.json'));

function read(path: string): string {
  const contents: unknown = JSON.parse(readFileSync(path, 'utf8'));
  return isRecord(contents) && typeof contents.version === 'string' ? contents.version : 'unknown';
}
