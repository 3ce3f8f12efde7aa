/**
 * The lines of a ledger. Each is the CRC-32 of its JSON in hex, a space, and the JSON. The first line names the
 * destination; every other line is an upload: `["name", size, mtime, CRC-32 of the content, variant of its key, 1 if it
 * was cut short]`, of which the last three may be missing. If a name has several lines, the last counts.
 */
import { crc32 } from 'node:zlib';
import { plural } from '../plural';
import { isRecord } from '../record';
import type { Fingerprint } from './fingerprint';

/** What the bucket has of a file. */
export interface StoredContent extends Fingerprint {
  /** CRC-32 of the content, as a signed 32-bit integer; `undefined` where it is not known. */
  readonly crc: number | undefined;
  /** The variant of its key (key-variant.ts); '' where the key is `folder/fileName`. */
  readonly variant: string;
  /** Whether the content was cut short: its format showed that its end was missing. */
  readonly isCutShort: boolean;
}

/** A file's entry in memory. `sweep`: number of the sweeps that were over when it was last marked or added. */
export interface Entry extends StoredContent {
  sweep: number;
}

const FORMAT = 'kerberos-sync ledger 1';

/** The first line of a ledger about this destination. */
export function headerLine(destination: string): string {
  return line({ format: FORMAT, destination });
}

/** One line of the file: CRC-32 in hex, a space, JSON, a newline. */
export function line(value: unknown): string {
  const json = JSON.stringify(value);
  return `${crc32(json).toString(16).padStart(8, '0')} ${json}\n`;
}

function parseLine(text: string): unknown {
  const json = text.slice(9);
  if (text[8] !== ' ' || Number.parseInt(text.slice(0, 8), 16) !== crc32(json)) return undefined;
  try {
    return JSON.parse(json);
  } catch {
    return undefined;
  }
}

/** The upload that a line records; `undefined` where the line is about something else. */
function uploadOf(value: unknown): { name: string; content: StoredContent } | undefined {
  if (!Array.isArray(value) || value.length < 3) return undefined;
  const [name, size, mtime, crc, variant, cut]: unknown[] = value;
  if (typeof name !== 'string' || typeof size !== 'number' || typeof mtime !== 'number') return undefined;
  const content = {
    size,
    mtime,
    crc: typeof crc === 'number' ? crc : undefined,
    variant: typeof variant === 'string' ? variant : '',
    isCutShort: cut === 1,
  };
  return { name, content };
}

/** The line of an upload. */
export function uploadLine(name: string, { size, mtime, crc, variant, isCutShort }: StoredContent): string {
  if (isCutShort) return line([name, size, mtime, crc ?? null, variant, 1]);
  if (variant !== '') return line([name, size, mtime, crc ?? null, variant]);
  return line(crc === undefined ? [name, size, mtime] : [name, size, mtime, crc]);
}

/** The content of a ledger's file. `damage`: in words. `lines`: good and damaged ones. */
export interface LedgerContent {
  isNew: boolean;
  damage: string | undefined;
  entries: Map<string, Entry>;
  /** Bytes up to the end of the last good line. */
  end: number;
  lines: number;
}

/** Parses the file of a ledger. A file that is not about `destination` counts as new. */
export function parseLedger(bytes: Buffer, destination: string): LedgerContent {
  const content: LedgerContent = { isNew: false, damage: undefined, entries: new Map(), end: 0, lines: 0 };
  let at = 0;
  let damaged = 0;
  for (let newline = bytes.indexOf(10); newline >= 0; newline = bytes.indexOf(10, at)) {
    const value = parseLine(bytes.toString('utf8', at, newline));
    if (at === 0 && !isHeader(value, destination))
      return begin(isLedger(value) ? undefined : 'its first line is damaged');
    at = newline + 1;
    content.lines++;
    if (value === undefined) damaged++;
    else content.end = at;
    const upload = uploadOf(value);
    if (upload !== undefined) content.entries.set(upload.name, { ...upload.content, sweep: 0 });
  }
  if (at === 0) return begin(bytes.length === 0 ? undefined : 'its first line is cut short');
  if (at < bytes.length) damaged++;
  if (damaged > 0) content.damage = `${plural(damaged, 'line')} damaged or cut short`;
  return content;
}

function begin(damage: string | undefined): LedgerContent {
  return { isNew: true, damage, entries: new Map(), end: 0, lines: 0 };
}

/** Whether it is the first line of a ledger, for any destination. */
function isLedger(value: unknown): value is { destination: unknown } {
  return isRecord(value) && value.format === FORMAT;
}

function isHeader(value: unknown, destination: string): boolean {
  return isLedger(value) && value.destination === destination;
}
