/**
 * A camera's picture as 16 × 16 cells, row by row, and which cells a changed region covers. Regions are in pixels of
 * their picture, and cameras change their resolution; cells stay the same.
 */
import type { Box } from '../faces/engine';
import { boxOf } from '../table/event-item';
import { type Fields, number, optional } from '../table/fields';

/** Cells in a row, and in a column. */
export const SIDE = 16;
/** Cells of a picture. */
export const CELLS = SIDE * SIDE;

/** A part of a picture: `[x1, y1, x2, y2]`, each from 0 to 1 of its width or height. */
export type Part = readonly [x1: number, y1: number, x2: number, y2: number];

/** The attributes that `partOf` reads. */
export const PART_ATTRIBUTES = ['region', 'width', 'height'] as const;

/** The part of an event's picture that changed, by its item; `undefined` where it is unknown. */
export function partOf(item: Fields): Part | undefined {
  const region: Box | undefined = optional(item, 'region', boxOf);
  const width = optional(item, 'width', number);
  const height = optional(item, 'height', number);
  if (!region || !width || !height) return undefined;
  const [x1, y1, x2, y2] = region;
  const part = [x1 / width, y1 / height, x2 / width, y2 / height].map((at) => Math.min(1, Math.max(0, at)));
  const [left = 0, top = 0, right = 0, bottom = 0] = part;
  return [Math.min(left, right), Math.min(top, bottom), Math.max(left, right), Math.max(top, bottom)];
}

/** The cells whose centres a part covers; for a part that covers no centre, the cell of its own centre. */
export function cellsOf([x1, y1, x2, y2]: Part): number[] {
  const columns = middles(x1, x2);
  const rows = middles(y1, y2);
  return rows.flatMap((row) => columns.map((column) => row * SIDE + column));
}

/** Whether two parts of a picture overlap. */
export function doMeet([x1, y1, x2, y2]: Part, [u1, v1, u2, v2]: Part): boolean {
  return x1 < u2 && u1 < x2 && y1 < v2 && v1 < y2;
}

function middles(from: number, to: number): number[] {
  const first = Math.ceil(from * SIDE - 0.5);
  const last = Math.floor(to * SIDE - 0.5);
  if (first > last) return [Math.min(SIDE - 1, Math.floor(((from + to) / 2) * SIDE))];
  return Array.from({ length: last - first + 1 }, (_, i) => first + i);
}
