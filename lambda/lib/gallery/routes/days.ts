import { Hono } from 'hono';
import { z } from 'zod';
import type { Env } from '../env';
import { countDay } from '../event-counts';
import { FILTERS, readFilters } from '../filters';
import type { Gallery } from '../gallery';
import { queryOf } from '../input';
import { isDay } from '../local-time';
import { Problem } from '../problem';

const QUERY = z.object(FILTERS);

/** The hours of a day: the queries of readFilters, then those of countDay; a page asks every few seconds. */
export function days({ table, now }: Gallery): Hono<Env> {
  return new Hono<Env>().get('/:day', async (c) => {
    const day = c.req.param('day');
    if (!isDay(day)) throw new Problem(400, 'Invalid request', 'A day is written like 2026-04-22.');
    const account = c.get('account');
    const filters = await readFilters(table, account, queryOf(c, QUERY));
    const counted = await countDay(table, day, { account: account.name, now: now(), ...filters });
    return c.json({ day, ...counted });
  });
}
