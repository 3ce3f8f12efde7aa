import { Hono } from 'hono';
import { z } from 'zod';
import { eventOf, isShown } from '../../table/event-item';
import { eventKey } from '../../table/keys';
import { type EventVersion, lastVersions } from '../../table/version-item';
import { cursorAt, positionOf, type Question } from '../cursor';
import { deleteEvent, finishDeletions } from '../deletion';
import type { Env } from '../env';
import { listEvents } from '../event-list';
import { eventViews } from '../event-view';
import {
  idIn,
  LISTING,
  RANKING_NEEDS,
  rankingIsWhole,
  readFilters,
  UNTIL_NEEDS_DAY,
  untilHasDay,
  wholeNumber,
} from '../filters';
import type { Gallery } from '../gallery';
import { bodyOf, queryOf } from '../input';
import { keepEvent, releaseEvent } from '../keeping';
import { readPlaces } from '../places';
import { notFound } from '../problem';
import { readRanking } from '../ranking';
import { batches, NOTE } from './batches';

const INSTANT = z.iso.datetime({ precision: 3 }).transform((text) => new Date(text));

const QUERY = z
  .object({
    ...LISTING,
    limit: wholeNumber(1, 500).optional(),
    from: INSTANT.optional(),
    to: INSTANT.optional(),
  })
  .refine(untilHasDay, UNTIL_NEEDS_DAY)
  .refine(rankingIsWhole, RANKING_NEEDS);

/** Only a kept event may have a note. */
const CHANGE = z.union([
  z.strictObject({ kept: z.literal(true), note: NOTE.optional() }),
  z.strictObject({ kept: z.literal(false) }),
]);

const DEFAULT_LIMIT = 60;

/** Most versions of an event that are listed, the last ones. */
const MOST_VERSIONS = 100;

/** Lists of events, and single events. */
export function events(gallery: Gallery): Hono<Env> {
  const { table, now } = gallery;
  const app = new Hono<Env>();
  app.route('/', batches(gallery));

  // The queries of readFilters, then of listEvents, then a batch of persons.
  app.get('/', async (c) => {
    const { limit = DEFAULT_LIMIT, cursor, instance, person, label, ...asked } = queryOf(c, QUERY);
    const { day, until, from, to, kept, area, unusual } = asked;
    const account = c.get('account');
    const question: Question = [
      account.name,
      'events',
      day,
      until,
      instance,
      person,
      label,
      from,
      to,
      kept,
      area,
      unusual,
    ];
    const after = cursor === undefined ? undefined : positionOf(question, cursor);
    const filters = await readFilters(table, account, { instance, person, label });
    const { places, ...meant } = filters;
    const needed = area || unusual ? day : undefined;
    const ranking = { area, unusual, day: needed };
    const { matches } = await readRanking(table, account, places, ranking, now());
    const filter = { day, until, from, to, kept, matches, ...meant };
    const page = await listEvents(table, { account: account.name, places, filter, limit, after, now: now() });
    return c.json({
      events: await eventViews(table, account.name, places, page.events),
      ...(page.next === undefined ? {} : { cursor: cursorAt(question, page.next) }),
    });
  });

  // Reads the item and the instances, then a batch of persons.
  app.get('/:id', async (c) => {
    const account = c.get('account');
    const key = eventKey(account.name, idIn(c, 'event'));
    const [places, item] = await Promise.all([readPlaces(table, account), table.get(key)]);
    if (!item || !isShown(item, now())) throw notFound('event');
    const [view] = await eventViews(table, account.name, places, [eventOf(item)]);
    return c.json(view);
  });

  // Reads the item, then a query of the versions.
  app.get('/:id/versions', async (c) => {
    const account = c.get('account').name;
    const id = idIn(c, 'event');
    const item = await table.get(eventKey(account, id));
    if (!item || !isShown(item, now())) throw notFound('event');
    return c.json({ versions: (await lastVersions(table, account, id, MOST_VERSIONS, now())).map(versionView) });
  });

  app.patch('/:id', async (c) => {
    const { kept, note } = { note: undefined, ...(await bodyOf(c, CHANGE)) };
    const account = c.get('account');
    const id = idIn(c, 'event');
    const change = kept === false ? releaseEvent : keepEvent;
    const event = await change(gallery, account.name, id, note);
    if (!event) throw notFound('event');
    const [view] = await eventViews(table, account.name, await readPlaces(table, account), [event]);
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

/** `Version` of openapi.yaml. */
function versionView({ id, received, kind, width, height, size, duration, incomplete }: EventVersion) {
  return {
    ...{ id, received: received.toISOString(), kind, width, height, size },
    ...(duration === undefined ? {} : { duration }),
    ...(incomplete ? { incomplete: true } : {}),
  };
}
