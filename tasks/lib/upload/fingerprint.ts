import { lstatSync } from 'node:fs';

/** Size (bytes) and mtime (ms since 1970) of a file: tells one content from the next without reading it. */
export interface Fingerprint {
  readonly size: number;
  readonly mtime: number;
}

/**
 * Used when `lstat` fails. Equals no real fingerprint, so the file never counts as uploaded, and the upload reports the
 * error.
 */
export const UNREADABLE: Fingerprint = { size: -1, mtime: 0 };

/** The fingerprint of the file at `path`; `undefined` where there is no regular file. Follows no link. */
export function fingerprintOf(path: string): Fingerprint | undefined {
  try {
    const stats = lstatSync(path, { throwIfNoEntry: false });
    return stats?.isFile() ? { size: stats.size, mtime: stats.mtimeMs } : undefined;
  } catch {
    return UNREADABLE;
  }
}

/** Whether both are of the same content, as far as size and mtime can tell. */
export function isSame(a: Fingerprint, b: Fingerprint): boolean {
  return a.size === b.size && a.mtime === b.mtime;
}
