/**
 * Finds files of a capture directory that are not uploaded although the owner may expect it: event files in
 * sub-directories (made by a `/` in a layout or an instance's name, or by programs such as motionEye with its
 * DATE/TIME), pictures and videos of other kinds, and links.
 */
import type { Dirent } from 'node:fs';
import { opendir } from 'node:fs/promises';
import { join, relative } from 'node:path';
import { kindOf } from './event';
import { plural } from './plural';
import { printable } from './printable';

/** Files that are not uploaded for one reason. */
export interface LeftAlone {
  readonly why: 'sub-directory' | 'kind' | 'link';
  /** For people: how many files, an example, and what to do. */
  readonly text: string;
}

/** Entries of sub-directories that are counted at most. */
const MOST_ENTRIES = 50_000;
/** Levels of sub-directories that are searched. */
const DEEPEST = 6;
/** Extensions of other files that cameras write. `.h264` is missing, because an `.mp4` is made of it. */
const OTHER_KINDS =
  /\.(avi|mkv|mov|m4v|mpe?g|mjpe?g|ts|flv|webm|wmv|3gp|ogv|swf|h265|hevc|gif|bmp|tiff?|webp|heic|avif|ppm)$/i;

/**
 * The files of a directory that are not uploaded, by reason; none if the directory cannot be read, which other code
 * reports.
 */
export async function leftAlone(directory: string): Promise<LeftAlone[]> {
  const found = { nested: new Tally(), kinds: new Tally(), links: new Tally() };
  let entries = 0;
  const walk = async (folder: string, depth: number): Promise<void> => {
    for await (const entry of await opendir(folder)) {
      if (depth > 0 && ++entries > MOST_ENTRIES) return;
      const name = printable(relative(directory, join(folder, entry.name)));
      if (entry.isDirectory()) {
        // Hidden directories are not the camera's. A directory that cannot be read has nothing to count.
        if (depth < DEEPEST && !entry.name.startsWith('.'))
          await walk(join(folder, entry.name), depth + 1).catch(() => {});
      } else if (depth > 0) {
        if (isEvent(entry)) found.nested.add(name);
      } else if (entry.isSymbolicLink()) {
        if (kindOf(entry.name) !== undefined) found.links.add(name);
      } else if (OTHER_KINDS.test(entry.name) && !entry.name.startsWith('.')) {
        found.kinds.add(name);
      }
    }
  };
  await walk(directory, 0).catch(() => {});
  const atLeast = entries > MOST_ENTRIES ? 'at least ' : '';
  const texts: [LeftAlone['why'], Tally, (tally: Tally) => string][] = [
    [
      'sub-directory',
      found.nested,
      ({ count, example }) =>
        `${atLeast}${plural(count, 'event file')} in sub-directories of ${directory}, such as ${example}: only what lies in the directory itself is uploaded. ` +
        'Let the camera write there (no "/" in the file format and in the name of the instance), or name the sub-directory in SYNC_DIRECTORY.',
    ],
    [
      'kind',
      found.kinds,
      ({ count, example }) =>
        `${plural(count, 'file')} in ${directory} of a kind that is not uploaded, such as ${example}: events are .jpg, .jpeg, .png and .mp4. Let the camera write one of these.`,
    ],
    [
      'link',
      found.links,
      ({ count, example }) =>
        `${plural(count, 'link')} in ${directory}, such as ${example}: links are left alone. Name the directory that holds the files in SYNC_DIRECTORY.`,
    ],
  ];
  return texts.flatMap(([why, tally, text]) => (tally.count === 0 ? [] : [{ why, text: text(tally) }]));
}

class Tally {
  count = 0;
  example = '';

  add(name: string): void {
    if (this.count === 0) this.example = name;
    this.count++;
  }
}

function isEvent(entry: Dirent): boolean {
  return !entry.isSymbolicLink() && !entry.isFIFO() && !entry.isSocket() && kindOf(entry.name) !== undefined;
}
