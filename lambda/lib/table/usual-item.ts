/**
 * The usual grid of a camera: where things usually move on its picture, computed for one day. It is computed from the
 * events themselves (lib/gallery/usual.ts) and can be computed again at any time, so repeated deliveries do no harm.
 */

import { type Fields, list, number, text } from './fields';
import { EXPIRES, usualKey } from './keys';
import type { Table } from './table';

/** Seconds after which a grid expires. It is computed again when it is asked for. */
const KEPT_SECONDS = 30 * 24 * 3600;

/** The grid of a camera, for a day. */
export interface UsualGrid {
  instance: string;
  /** For each cell, row by row: in how many intervals of ten minutes of its busiest day something moved there. */
  cells: readonly number[];
  /** In 95 % of the usual movements, at most this number of pixels changes. */
  changes: number;
  /** When it was computed, in ms since 1970. */
  made: number;
}

/** The stored grids of an account for a day such as `2026-04-22`, by instance: one batch. */
export async function readUsual(
  table: Table,
  account: string,
  day: string,
  instances: readonly string[],
): Promise<Map<string, UsualGrid>> {
  const items = await table.batchGet(instances.map((instance) => usualKey(account, day, instance)));
  return new Map(items.map((item) => [text(item, 'instance'), gridOf(item)]));
}

/** Stores a grid. */
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
