import { Hono } from 'hono';
import { z } from 'zod';
import { eventOf, isShown } from '../../table/event-item';
import { eventKey } from '../../table/keys';
import { cursorAt, positionOf, type Question } from '../cursor';
import { deleteEvent, finishDeletions } from '../deletion';
import type { Env } from '../env';
import { listEvents } from '../event-list';
import { eventViews } from '../event-view';
import { CURSOR, FILTERS, idIn, readFilters } from '../filters';
import type { Gallery } from '../gallery';
import { queryOf } from '../input';
import { isDay } from '../local-time';
import { readPlaces } from '../places';
import { notFound } from '../problem';

const wholeNumber = z
  .string()
  .regex(/^\d{1,3}$/, 'must be a whole number')
  .transform(Number);

const QUERY = z
  .object({
    ...FILTERS,
    day: z.string().refine(isDay, 'must be a day, such as 2026-04-22').optional(),
    until: wholeNumber.refine((hour) => hour <= 23, 'must be an hour, 0 to 23').optional(),
    limit: wholeNumber.refine((limit) => limit >= 1 && limit <= 100, 'must be 1 to 100').optional(),
    cursor: CURSOR.optional(),
  })
  .refine(({ day, until }) => until === undefined || day !== undefined, {
    path: ['until'],
    message: 'is an hour of a day; it needs `day`',
  });

const DEFAULT_LIMIT = 60;

/** Lists of events, and single ones. */
export function events(gallery: Gallery): Hono<Env> {
  const { table, now } = gallery;
  const app = new Hono<Env>();

  // The queries of readFilters, then of listEvents, then a batch of persons.
  app.get('/', async (c) => {
    const { instance, person, day, until, limit = DEFAULT_LIMIT, cursor } = queryOf(c, QUERY);
    const account = c.get('account');
    const question: Question = [account.name, 'events', day, until, instance, person];
    const after = cursor === undefined ? undefined : positionOf(question, cursor);
    const filters = await readFilters(table, account, { instance, person });
    const { places } = filters;
    const filter = { day, until, instance: filters.instance, persons: filters.persons };
    const page = await listEvents(table, { account: account.name, places, filter, limit, after, now: now() });
    return c.json({
      events: await eventViews(table, account.name, places, page.events),
      ...(page.next === undefined ? {} : { cursor: cursorAt(question, page.next) }),
    });
  });

  // The item, with the instances; then a batch of persons.
  app.get('/:id', async (c) => {
    const account = c.get('account');
    const key = eventKey(account.name, idIn(c, 'event'));
    const [places, item] = await Promise.all([readPlaces(table, account), table.get(key)]);
    if (!item || !isShown(item, now())) throw notFound('event');
    const [view] = await eventViews(table, account.name, places, [eventOf(item)]);
    return c.json(view);
  });

  app.delete('/:id', async (c) => {
    const account = c.get('account').name;
    if (!(await deleteEvent(gallery, account, idIn(c, 'event')))) throw notFound('event');
    await finishDeletions(gallery, account);
    return c.body(null, 204);
  });

  return app;
}
