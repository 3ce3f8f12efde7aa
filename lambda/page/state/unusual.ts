/** What of a day is unusual and therefore stands first; the rest of the day is below it. */
import { api, type BurstsQuery } from '../api';
import type { Burst, BurstPage } from '../api-types';

/** Bursts that stand first at most. */
const MOST = 12;

/** The list waits so long for what stands first, in milliseconds, so that it is not pushed down by it later. */
const PATIENCE_MS = 3000;

export interface Unusual {
  bursts: Burst[];
  hasMore: boolean;
}

export const NOTHING_UNUSUAL: Unusual = { bursts: [], hasMore: false };

/** Whether something can stand first of what is asked for: a day by its bursts, the usual ones among them. */
export function isRanked({ day, unusual, kept, gap }: BurstsQuery): boolean {
  return day !== undefined && !unusual && !kept && gap !== 0;
}

/** The newest that rank high. @throws ApiError, Unreachable */
export async function loadUnusual(which: BurstsQuery, signal: AbortSignal): Promise<BurstPage> {
  return await api.bursts({ ...which, unusual: true, limit: MOST }, signal);
}

/** The answer, where it comes in time; undefined where it does not. */
export async function inTime(answer: Promise<BurstPage | undefined>): Promise<BurstPage | undefined> {
  const late = new Promise<undefined>((resolve) => setTimeout(() => resolve(undefined), PATIENCE_MS));
  return await Promise.race([answer, late]);
}

/**
 * What stands first: nothing where nothing ranks low, as it would all be there twice. `shown` are the bursts of the list as
 * far as they are loaded, `total` the events of all of it.
 */
export function standingOut(page: BurstPage, shown: readonly Burst[], total: number): Unusual {
  const pictures = page.bursts.reduce((sum, { count }) => sum + count, 0);
  const hasMore = page.cursor !== undefined;
  const isAllHigh = hasMore ? !shown.some(({ usual }) => usual) : pictures >= total;
  return isAllHigh ? NOTHING_UNUSUAL : { bursts: page.bursts, hasMore };
}
