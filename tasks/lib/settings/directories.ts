import { stat } from 'node:fs/promises';

/**
 * Removes directories that are another one by another path: two links to one directory, or a link and its target, hold
 * the same files. The first one stays. A directory that does not exist yet counts as different.
 */
export async function distinctDirectories(directories: readonly string[]): Promise<string[]> {
  const distinct = new Map<string, string>();
  for (const directory of directories) {
    const identity = await stat(directory).then(
      ({ dev, ino }) => `${dev}:${ino}`,
      () => directory,
    );
    if (!distinct.has(identity)) distinct.set(identity, directory);
  }
  return [...distinct.values()];
}
