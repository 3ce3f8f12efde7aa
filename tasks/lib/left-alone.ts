/**
 * Which files of a capture directory are not uploaded although somebody may wait for them, and why: event files in
 * sub-directories (a layout or an instance's name with a `/` makes them, and so do other programs, such as motionEye with
 * its DATE/TIME), pictures and videos of kinds that are not uploaded, and links.
 */
import type { Dirent } from 'node:fs';
import { opendir } from 'node:fs/promises';
import { join, relative } from 'node:path';
import { kindOf } from './event';
import { plural } from './plural';
import { printable } from './printable';

export interface LeftAlone {
  readonly why: 'sub-directory' | 'kind' | 'link';
  /** For people: how many, an example, and what to do. */
  readonly text: string;
}

/** So many entries of a directory's sub-directories are looked at, and so deep. What is beyond is not counted. */
const MOST_ENTRIES = 50_000;
const DEEPEST = 6;
/** Endings of what cameras write besides what is uploaded. `.h264` is not among them: it is what an `.mp4` is made of. */
const OTHER_KINDS =
  /\.(avi|mkv|mov|m4v|mpe?g|mjpe?g|ts|flv|webm|wmv|3gp|ogv|swf|h265|hevc|gif|bmp|tiff?|webp|heic|avif|ppm)$/i;

/** What is left alone in a directory; nothing where it cannot be read, which others tell. */
export async function leftAlone(directory: string): Promise<LeftAlone[]> {
  const found = { nested: new Tally(), kinds: new Tally(), links: new Tally() };
  let entries = 0;
  const walk = async (folder: string, depth: number): Promise<void> => {
    for await (const entry of await opendir(folder)) {
      if (depth > 0 && ++entries > MOST_ENTRIES) return;
      const name = printable(relative(directory, join(folder, entry.name)));
      if (entry.isDirectory()) {
        // Hidden ones are not the camera's; one that cannot be read has nothing that could be counted.
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
