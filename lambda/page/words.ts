/** Numbers as people read them. */
import type { Label } from './api-types';

/** "1 event", "1,204 events". */
export function count(number: number, one: string, many = `${one}s`): string {
  return `${new Intl.NumberFormat('en').format(number)} ${number === 1 ? one : many}`;
}

/** "1,204". */
export function thousands(number: number): string {
  return new Intl.NumberFormat('en').format(number);
}

/** "48 KB". */
export function bytes(number: number): string {
  if (number < 1000) return count(number, 'byte');
  if (number < 1_000_000) return `${Math.round(number / 1000)} KB`;
  if (number < 1_000_000_000) return `${(number / 1_000_000).toFixed(1)} MB`;
  return `${(number / 1_000_000_000).toFixed(1)} GB`;
}

/** What a label is called where it stands by itself. */
export const LABEL_NAMES: Readonly<Record<Label, string>> = { person: 'Person', vehicle: 'Vehicle', animal: 'Animal' };
