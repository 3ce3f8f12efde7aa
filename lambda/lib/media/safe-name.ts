import { claimedKind, type Kind } from './kind';

const EXTENSION: Readonly<Record<Kind, string>> = { 'image/jpeg': '.jpg', 'image/png': '.png', 'video/mp4': '.mp4' };

/** The usual extension of a kind. */
export function extensionOf(kind: Kind): string {
  return EXTENSION[kind];
}

/**
 * A file name that is safe in a header, made from a name that a device chose: letters, digits, `-`, `_` and `.` stay,
 * other characters become `_`; without a leading dot, with the extension of its kind, at most 120 characters.
 */
export function safeName(fileName: string, kind: Kind): string {
  const last = fileName.slice(fileName.lastIndexOf('/') + 1);
  const stem = claimedKind(last) ? last.slice(0, last.lastIndexOf('.')) : last;
  const safe = stem
    .replace(/[^A-Za-z0-9._-]/g, '_')
    .replace(/^\.+/, '_')
    .slice(0, 116);
  return `${safe || 'event'}${extensionOf(kind)}`;
}
