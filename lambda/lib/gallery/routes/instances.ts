import { Hono } from 'hono';
import { z } from 'zod';
import { cameraState, isSilent, SILENT_AFTER_HOURS } from '../../alive/camera-state';
import { isShown } from '../../table/event-item';
import {
  changeInstance,
  type Instance,
  removeInstance,
  type SignOfLife,
  type WrongClock,
} from '../../table/instance-item';
import { eventKey } from '../../table/keys';
import type { Table } from '../../table/table';
import { isTimeZone } from '../../time-zone';
import { deleteEvent } from '../deletion';
import type { Env } from '../env';
import { listEvents } from '../event-list';
import { idIn } from '../filters';
import type { Gallery } from '../gallery';
import { bodyOf } from '../input';
import { type Places, readPlaces } from '../places';
import { notFound } from '../problem';

/** Most events that one request deletes. */
const MOST_REMOVED = 50;

const CHANGE = z.strictObject({
  timeZone: z.string().refine(isTimeZone, 'must be a name of the IANA time zone database').nullable().optional(),
  silentAfterHours: z.int().min(1).max(8760).optional(),
});

/** The Kerberos instances of the licence: when they were last seen, and whether that is too long ago. */
export function instances(gallery: Gallery): Hono<Env> {
  const { table, now } = gallery;
  const app = new Hono<Env>();

  // Reads the instances, then a batch of their last events.
  app.get('/', async (c) => {
    const places = await readPlaces(table, c.get('account'));
    return c.json({ instances: await views(table, c.get('account').name, places, places.instances, now()) });
  });

  app.patch('/:id', async (c) => {
    const change = await bodyOf(c, CHANGE);
    const account = c.get('account');
    const places = await readPlaces(table, account);
    const found = places.byId(idIn(c, 'camera'));
    const changed = found && (await changeInstance(table, account.name, found.name, change));
    if (!changed) throw notFound('camera');
    const others = places.instances.filter(({ id }) => id !== changed.id);
    const [view] = await views(table, account.name, places.with([changed, ...others]), [changed], now());
    return c.json(view);
  });

  // Each event takes some ten requests.
  app.delete('/:id', async (c) => {
    const account = c.get('account');
    const places = await readPlaces(table, account);
    const found = places.byId(idIn(c, 'camera'));
    if (!found) throw notFound('camera');
    const query = { account: account.name, places, filter: { instance: found }, limit: MOST_REMOVED, now: now() };
    const { events, next } = await listEvents(table, query);
    for (const { id } of events) await deleteEvent(gallery, account.name, id);
    if (next !== undefined) return c.body(null, 202);
    await removeInstance(table, account.name, found.name);
    return c.body(null, 204);
  });

  return app;
}

/** Instances as the API returns them: `Instance` of openapi.yaml. A last event that has expired is left out. */
async function views(
  table: Table,
  account: string,
  places: Places,
  instances: readonly Instance[],
  now: number,
): Promise<object[]> {
  const named = instances.flatMap(({ lastEvent, wrongClock }) => [lastEvent?.id ?? [], wrongClock?.id ?? []].flat());
  const keys = named.map((id) => eventKey(account, id));
  const items = await table.batchGet(keys, ['id', 'state', 'expires', 'kept']);
  const shown = new Set(items.filter((item) => isShown(item, now)).map(({ id }) => id));
  return instances.map((instance) => {
    const { id, name, lastSeen, lastEvent, wrongClock, silentAfterHours = SILENT_AFTER_HOURS } = instance;
    const { is, since } = cameraState(instance, now);
    return {
      ...{ id, name, silentAfterHours },
      lastSeen: lastSeen.toISOString(),
      ...(lastEvent && shown.has(lastEvent.id)
        ? { lastEvent: { id: lastEvent.id, time: lastEvent.time.toISOString() } }
        : {}),
      ...(instance.alive && { alive: aliveView(instance.alive) }),
      state: { is, since: since.toISOString() },
      ...(wrongClock && shown.has(wrongClock.id) && { wrongClock: wrongClockView(wrongClock) }),
      timeZone: places.timeZoneOf(name),
      ownTimeZone: instance.timeZone !== undefined,
      silent: isSilent(instance, now),
    };
  });
}

/** Unknown fields are undefined, which JSON leaves out. */
function aliveView({ at, lastCapture, ...rest }: SignOfLife): object {
  return { ...rest, at: at.toISOString(), lastCapture: lastCapture?.toISOString() };
}

function wrongClockView({ offset, id, time, received }: WrongClock): object {
  return { offset, event: { id, time: time.toISOString() }, received: received.toISOString() };
}
