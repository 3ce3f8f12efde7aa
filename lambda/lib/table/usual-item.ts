/**
 * Where things usually move on a camera's picture, as it was worked out for one day. It is made from the events
 * themselves (lib/gallery/usual.ts) and can be made again at any time, so nothing that is delivered twice is in it twice.
 */

import { type Fields, list, number, text } from './fields';
import { EXPIRES, usualKey } from './keys';
import type { Table } from './table';

/** It is made again after so long where it is still asked for. */
const KEPT_SECONDS = 30 * 24 * 3600;

/** The grid of a camera, for a day. */
export interface UsualGrid {
  instance: string;
  /** Of each cell, row by row: in how many ten minutes of its busiest day something moved there. */
  cells: readonly number[];
  /** So many pixels change at most in nearly all (95 %) of what moves where things usually move. */
  changes: number;
  /** When it was worked out, in milliseconds since 1970. */
  made: number;
}

/** The grids of an account for a day (`2026-04-22`) that are there, by instance: a batch. */
export async function readUsual(
  table: Table,
  account: string,
  day: string,
  instances: readonly string[],
): Promise<Map<string, UsualGrid>> {
  const items = await table.batchGet(instances.map((instance) => usualKey(account, day, instance)));
  return new Map(items.map((item) => [text(item, 'instance'), gridOf(item)]));
}

/** Remembers a grid. */
export async function writeUsual(table: Table, account: string, day: string, grid: UsualGrid): Promise<void> {
  const expires = Math.floor(grid.made / 1000) + KEPT_SECONDS;
  await table.replace(usualKey(account, day, grid.instance), { ...grid, [EXPIRES]: expires });
}

function gridOf(item: Fields): UsualGrid {
  return {
    instance: text(item, 'instance'),
    cells: list(item, 'cells').map(Number),
    changes: number(item, 'changes'),
    made: number(item, 'made'),
  };
}
