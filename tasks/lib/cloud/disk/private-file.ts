/** Files that their owner alone can read. */
import { readFileSync } from 'node:fs';
import { messageOf } from '../../error-code';
import { isMissing } from './missing';
import { putAside } from './put-aside';
import { replaceFileSync } from './replace-file';

/** Replaces a file as `replaceFileSync` does, with JSON for a person to read. */
export function writePrivateJson(file: string, content: object): void {
  replaceFileSync(file, `${JSON.stringify(content, undefined, 2)}\n`);
}

/** Where the second copy of a file is. */
function copyOf(file: string): string {
  return `${file}.copy`;
}

/** Writes what nobody could restore, such as keys, into the file and into a copy beside it. */
export function writeTwice(file: string, content: object): void {
  writePrivateJson(file, content);
  writePrivateJson(copyOf(file), content);
}

/**
 * What `writeTwice` wrote; undefined where neither file is there. Where one of the two is damaged or missing, the other
 * counts and restores it.
 * @param is whether what was read is what was written
 * @param warn is told, for a person to read, what was restored
 * @throws Error for a person to read where no whole one is left
 */
export function readTwice<T extends object>(
  file: string,
  is: (value: unknown) => value is T,
  warn: (text: string) => void,
): T | undefined {
  const [first, second] = [readJson(file), readJson(copyOf(file))];
  if (first.state === 'read' && is(first.value)) {
    if (second.state !== 'read' || second.text !== first.text) writePrivateJson(copyOf(file), first.value);
    return first.value;
  }
  if (second.state === 'read' && is(second.value)) {
    const aside = first.state === 'missing' ? 'was missing' : `was damaged, and is now ${putAside(file)}`;
    writePrivateJson(file, second.value);
    warn(`${file} ${aside}. It was restored from ${copyOf(file)}.`);
    return second.value;
  }
  if (first.state === 'missing' && second.state === 'missing') return undefined;
  throw new Error(
    `${file} is damaged, and so is its copy ${copyOf(file)}: restore one of them, or delete both to begin anew.`,
  );
}

type Read =
  | { readonly state: 'missing' }
  | { readonly state: 'damaged'; readonly why: string }
  | { readonly state: 'read'; readonly text: string; readonly value: unknown };

/** @throws Error of the file system, but not where there is no such file */
function readJson(file: string): Read {
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch (error) {
    if (isMissing(error)) return { state: 'missing' };
    throw error;
  }
  try {
    return { state: 'read', text, value: JSON.parse(text) };
  } catch (error) {
    return { state: 'damaged', why: messageOf(error) };
  }
}
