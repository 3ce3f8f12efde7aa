import { Hono } from 'hono';
import { z } from 'zod';
import { type BurstPosition, burstViews, listBursts } from '../bursts';
import { cursorAt, isCursorOf, positionOf, type Question } from '../cursor';
import type { Env } from '../env';
import {
  LISTING,
  RANKING_NEEDS,
  rankingIsWhole,
  readFilters,
  UNTIL_NEEDS_DAY,
  untilHasDay,
  wholeNumber,
} from '../filters';
import type { Gallery } from '../gallery';
import { queryOf } from '../input';
import { readRanking } from '../ranking';

/** Seconds within which pictures of a camera form a burst, unless the request has a `gap`. */
const GAP_SECONDS = 20;
const LONGEST_GAP_SECONDS = 600;

const DEFAULT_LIMIT = 60;

const QUERY = z
  .object({
    ...LISTING,
    limit: wholeNumber(1, 100).optional(),
    gap: wholeNumber(0, LONGEST_GAP_SECONDS).optional(),
  })
  .refine(untilHasDay, UNTIL_NEEDS_DAY)
  .refine(rankingIsWhole, RANKING_NEEDS);

/**
 * Lists of bursts: the queries of readFilters and readRanking, then a query a megabyte of events, a batch of covers and
 * a batch of persons.
 */
export function bursts({ table, now }: Gallery): Hono<Env> {
  return new Hono<Env>().get('/', async (c) => {
    const { gap = GAP_SECONDS, limit = DEFAULT_LIMIT, cursor, instance, person, label, ...asked } = queryOf(c, QUERY);
    const { day, until, kept, area, unusual } = asked;
    const account = c.get('account');
    const question = (isCut: boolean): Question => {
      return [
        account.name,
        isCut ? 'cut bursts' : 'bursts',
        gap,
        day,
        until,
        instance,
        person,
        label,
        kept,
        area,
        unusual,
      ];
    };
    const after = cursor === undefined ? undefined : startAt(cursor, question);
    const { places, ...filters } = await readFilters(table, account, { instance, person, label });
    const { usual, matches } = await readRanking(table, account, places, { day, area, unusual }, now());
    const filter = { day, until, kept, matches, ...filters };
    const query = { account: account.name, places, filter, limit, after, now: now(), gap: gap * 1000, usual };
    const page = await listBursts(table, query);
    return c.json({
      bursts: await burstViews(table, account.name, places, page.bursts, now()),
      ...(page.next ? { cursor: cursorAt(question(page.next.isCut), page.next.position) } : {}),
    });
  });
}

/**
 * @throws Problem (400) if the cursor does not belong to this question.
 */
function startAt(cursor: string, question: (isCut: boolean) => Question): BurstPosition {
  const isCut = isCursorOf(question(true), cursor);
  return { position: positionOf(question(isCut), cursor), isCut };
}
