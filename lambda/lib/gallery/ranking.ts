/** Filters by where on the picture something changed: a part that was drawn, and what is unusual. */
import type { Account } from '../table/account-item';
import type { Fields } from '../table/fields';
import type { Table } from '../table/table';
import { doMeet, type Part, partOf } from './grid';
import type { Places } from './places';
import { type Usual, usualOn } from './usual';

/** The filters of a request. */
export interface RankingQuery {
  day?: string | undefined;
  area?: Part | undefined;
  unusual?: boolean | undefined;
}

/** What is usual on the day, and which events match. */
export interface Ranking {
  /** Undefined without a day. */
  usual?: Usual;
  /** Whether an event's item matches; undefined if all do. */
  matches?: (item: Fields) => boolean;
}

/** Reads what is usual on the day (see usualOn), if a day is given. */
export async function readRanking(
  table: Table,
  { name }: Pick<Account, 'name'>,
  places: Places,
  { day, area, unusual }: RankingQuery,
  now: number,
): Promise<Ranking> {
  const usual = day === undefined ? undefined : await usualOn(table, name, places, day, now);
  const isInArea = (item: Fields) => {
    const part = partOf(item);
    return area === undefined || (part !== undefined && doMeet(part, area));
  };
  const isUnusual = (item: Fields) => !unusual || usual?.spansOf(item) === undefined;
  const matches = area || unusual ? (item: Fields) => isInArea(item) && isUnusual(item) : undefined;
  return { ...(usual ? { usual } : {}), ...(matches ? { matches } : {}) };
}
