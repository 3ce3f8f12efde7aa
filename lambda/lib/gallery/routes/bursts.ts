import { Hono } from 'hono';
import { z } from 'zod';
import { type BurstPosition, burstViews, listBursts } from '../bursts';
import { cursorAt, isCursorOf, positionOf, type Question } from '../cursor';
import type { Env } from '../env';
import { LISTING, readFilters, UNTIL_NEEDS_DAY, untilHasDay, wholeNumber } from '../filters';
import type { Gallery } from '../gallery';
import { queryOf } from '../input';

/** Pictures of a camera that follow each other within so many seconds are one burst, unless somebody asks otherwise. */
const GAP_SECONDS = 20;
const LONGEST_GAP_SECONDS = 600;

const DEFAULT_LIMIT = 60;

const QUERY = z
  .object({
    ...LISTING,
    limit: wholeNumber(1, 100).optional(),
    gap: wholeNumber(0, LONGEST_GAP_SECONDS).optional(),
  })
  .refine(untilHasDay, UNTIL_NEEDS_DAY);

/** Lists of bursts: the queries of readFilters, then a query a megabyte of events, a batch of covers and one of persons. */
export function bursts({ table, now }: Gallery): Hono<Env> {
  return new Hono<Env>().get('/', async (c) => {
    const { instance, person, label, day, until, gap = GAP_SECONDS, limit = DEFAULT_LIMIT, cursor } = queryOf(c, QUERY);
    const account = c.get('account');
    const question = (isCut: boolean): Question => {
      return [account.name, isCut ? 'cut bursts' : 'bursts', gap, day, until, instance, person, label];
    };
    const after = cursor === undefined ? undefined : startAt(cursor, question);
    const { places, ...filters } = await readFilters(table, account, { instance, person, label });
    const filter = { day, until, ...filters };
    const asked = { account: account.name, places, filter, limit, after, now: now(), gap: gap * 1000 };
    const page = await listBursts(table, asked);
    return c.json({
      bursts: await burstViews(table, account.name, places, page.bursts, now()),
      ...(page.next ? { cursor: cursorAt(question(page.next.isCut), page.next.position) } : {}),
    });
  });
}

/** Throws a Problem (400) when the cursor is none for this question. */
function startAt(cursor: string, question: (isCut: boolean) => Question): BurstPosition {
  const isCut = isCursorOf(question(true), cursor);
  return { position: positionOf(question(isCut), cursor), isCut };
}
