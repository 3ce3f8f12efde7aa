import { Hono } from 'hono';
import { z } from 'zod';
import type { Env } from '../env';
import { countMonth } from '../event-counts';
import { FILTERS, readFilters } from '../filters';
import type { Gallery } from '../gallery';
import { queryOf } from '../input';
import { isDay } from '../local-time';
import { Problem } from '../problem';

const QUERY = z.object(FILTERS);

/** The days of a month that have events: the queries of readFilters, then those of countMonth. */
export function months({ table, now }: Gallery): Hono<Env> {
  return new Hono<Env>().get('/:month', async (c) => {
    const month = c.req.param('month');
    if (!isDay(`${month}-01`)) throw new Problem(400, 'Invalid request', 'A month is written like 2026-04.');
    const account = c.get('account');
    const filters = await readFilters(table, account, queryOf(c, QUERY));
    const counted = await countMonth(table, month, { account: account.name, now: now(), ...filters });
    return c.json({ month, days: counted });
  });
}
