import { Hono } from 'hono';
import { z } from 'zod';
import type { Env } from '../env';
import { countDay, countListed } from '../event-counts';
import { FILTERS, ID, RANKING, readFilters } from '../filters';
import type { Gallery } from '../gallery';
import { heatOf } from '../heat';
import { queryOf } from '../input';
import { isDay } from '../local-time';
import { Problem } from '../problem';
import { readRanking } from '../ranking';

const QUERY = z.object({ ...FILTERS, ...RANKING }).refine(({ area, instance }) => !area || instance !== undefined, {
  path: ['area'],
  message: 'is a part of the picture of an instance; it needs `instance`',
});

const HEAT = z.object({ instance: ID });

/** The hours of a day, and where things moved. A page requests the hours every few seconds. */
export function days({ table, now }: Gallery): Hono<Env> {
  const app = new Hono<Env>();

  // The queries of readFilters, then those of countDay; with `area` or `unusual`, a query a megabyte of events.
  app.get('/:day', async (c) => {
    const day = dayIn(c.req.param('day'));
    const account = c.get('account');
    const { area, unusual, ...asked } = queryOf(c, QUERY);
    const filters = await readFilters(table, account, asked);
    const query = { account: account.name, now: now(), ...filters };
    if (!area && !unusual) return c.json({ day, ...(await countDay(table, day, query)) });
    const ranking = { day: unusual ? day : undefined, area, unusual };
    const { matches } = await readRanking(table, account, filters.places, ranking, now());
    return c.json({ day, ...(await countListed(table, { ...query, filter: { day, matches, ...filters } })) });
  });

  // Reads the instances, the grid, and the camera's events of the day, a query a megabyte.
  app.get('/:day/heat', async (c) => {
    const day = dayIn(c.req.param('day'));
    const account = c.get('account');
    const { places, instance } = await readFilters(table, account, queryOf(c, HEAT));
    return c.json({ day, ...(await heatOf(table, account.name, { places, instance, day, now: now() })) });
  });

  return app;
}

function dayIn(day: string): string {
  if (!isDay(day)) throw new Problem(400, 'Invalid request', 'A day is written like 2026-04-22.');
  return day;
}
