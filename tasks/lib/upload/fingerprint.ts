import { lstatSync } from 'node:fs';

/** What tells one content of a file from the next without reading it: size in bytes, mtime in ms since 1970. */
export interface Fingerprint {
  readonly size: number;
  readonly mtime: number;
}

/** Of a file that is there and cannot be looked at: like no other. The upload will say what is wrong with it. */
export const UNREADABLE: Fingerprint = { size: -1, mtime: 0 };

/** Of the file at `path`; `undefined` where there is none, or something else. No link is followed. */
export function fingerprintOf(path: string): Fingerprint | undefined {
  try {
    const stats = lstatSync(path, { throwIfNoEntry: false });
    return stats?.isFile() ? { size: stats.size, mtime: stats.mtimeMs } : undefined;
  } catch {
    return UNREADABLE;
  }
}

export function isSame(a: Fingerprint, b: Fingerprint): boolean {
  return a.size === b.size && a.mtime === b.mtime;
}
