/** What of a day is unusual and therefore stands first; the rest of the day is below it. */
import { api, type BurstsQuery } from '../api';
import type { Burst, BurstPage } from '../api-types';

/** The most bursts that are shown first. */
const MOST = 12;

/** Ms for which the list waits for the unusual bursts, so that they do not push it down later. */
const PATIENCE_MS = 3000;

/** The bursts that are shown first; `hasMore`: there are more than fit. */
export interface Unusual {
  bursts: Burst[];
  hasMore: boolean;
}

/** Shows nothing first. */
export const NOTHING_UNUSUAL: Unusual = { bursts: [], hasMore: false };

/** Whether a query can show unusual bursts first: a day by its bursts, the usual ones included. */
export function isRanked({ day, unusual, kept, gap }: BurstsQuery): boolean {
  return day !== undefined && !unusual && !kept && gap !== 0;
}

/** The newest that rank high. @throws ApiError, Unreachable */
export async function loadUnusual(which: BurstsQuery, signal: AbortSignal): Promise<BurstPage> {
  return await api.bursts({ ...which, unusual: true, limit: MOST }, signal);
}

/** The answer, if it comes within `PATIENCE_MS`; otherwise undefined. */
export async function inTime(answer: Promise<BurstPage | undefined>): Promise<BurstPage | undefined> {
  const late = new Promise<undefined>((resolve) => setTimeout(() => resolve(undefined), PATIENCE_MS));
  return await Promise.race([answer, late]);
}

/**
 * The bursts to show first; none if nothing ranks low, because all would be there twice. `shown`: the bursts of the
 * list loaded so far. `total`: the events of the whole list.
 */
export function standingOut(page: BurstPage, shown: readonly Burst[], total: number): Unusual {
  const pictures = page.bursts.reduce((sum, { count }) => sum + count, 0);
  const hasMore = page.cursor !== undefined;
  const isAllHigh = hasMore ? !shown.some(({ usual }) => usual) : pictures >= total;
  return isAllHigh ? NOTHING_UNUSUAL : { bursts: page.bursts, hasMore };
}
