/** Files that only their owner can read. */
import { readFileSync } from 'node:fs';
import { messageOf } from '../../error-code';
import { isMissing } from './missing';
import { putAside } from './put-aside';
import { replaceFileSync } from './replace-file';

/**
 * Replaces a file, as `replaceFileSync` does, by JSON that a person can read.
 *
 * @throws Error of the file system
 */
export function writePrivateJson(file: string, content: object): void {
  replaceFileSync(file, `${JSON.stringify(content, undefined, 2)}\n`);
}

/** The path of the second copy of a file. */
function copyOf(file: string): string {
  return `${file}.copy`;
}

/**
 * Writes irreplaceable content, such as keys, into the file and into a copy beside it.
 *
 * @throws Error of the file system
 */
export function writeTwice(file: string, content: object): void {
  writePrivateJson(file, content);
  writePrivateJson(copyOf(file), content);
}

/**
 * Reads what `writeTwice` wrote. If one of the two files is damaged or missing, it is restored from the other.
 *
 * @param is whether the value has the form of what was written
 * @param warn receives for a person what was restored
 * @returns the content; `undefined` if neither file exists.
 * @throws Error for a person to read if neither file is whole.
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

/**
 * @throws Error of the file system, except if the file does not exist
 */
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
