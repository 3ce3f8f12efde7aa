import { Hono } from 'hono';
import { z } from 'zod';
import { inParallel } from '../../in-parallel';
import { eventOf, isShown } from '../../table/event-item';
import { eventKey } from '../../table/keys';
import { deleteEvent, finishDeletions } from '../deletion';
import type { Env } from '../env';
import { ID } from '../filters';
import type { Gallery } from '../gallery';
import { bodyOf } from '../input';
import { keepEvent, releaseEvent } from '../keeping';
import { fileNameOf, saveAs, signedUrl } from '../signing';

/** Most events of one request; each takes some ten requests to S3 and DynamoDB. */
const MOST = 100;

/** A note, at most 500 characters. */
export const NOTE = z.string().trim().max(500);

const IDS = z.array(ID).min(1).max(MOST);

const BATCH = z.discriminatedUnion('action', [
  z.strictObject({ action: z.literal('delete'), ids: IDS }),
  z.strictObject({ action: z.literal('keep'), ids: IDS, note: NOTE.optional() }),
  z.strictObject({ action: z.literal('release'), ids: IDS }),
]);

const ADDRESSES = z.strictObject({ ids: IDS });

/** Routes that handle up to 100 events in one request. */
export function batches(gallery: Gallery): Hono<Env> {
  const { table, now } = gallery;
  const app = new Hono<Env>();

  // A missing event was deleted or has expired. It is reported, and does not fail the others.
  app.post('/batch', async (c) => {
    const batch = await bodyOf(c, BATCH);
    const account = c.get('account').name;
    const done = new Set<string>();
    await inParallel([...new Set(batch.ids)], async (id) => {
      if (await act(gallery, account, id, batch)) done.add(id);
    });
    if (batch.action === 'delete') await finishDeletions(gallery, account);
    return c.json({ done: batch.ids.filter((id) => done.has(id)), missing: batch.ids.filter((id) => !done.has(id)) });
  });

  // Reads a batch of the events; signing makes no request.
  app.post('/addresses', async (c) => {
    const { ids } = await bodyOf(c, ADDRESSES);
    const account = c.get('account').name;
    const items = await table.batchGet(ids.map((id) => eventKey(account, id)));
    const shown = new Map(items.filter((item) => isShown(item, now())).map((item) => [item.id, eventOf(item)]));
    const events = [...new Set(ids)].flatMap((id) => shown.get(id) ?? []);
    const addresses = events.map(async (event) => {
      const { id, key, kind, size, time } = event;
      const url = await signedUrl(gallery, key, { kind, disposition: saveAs(event) });
      return { id, url, fileName: fileNameOf(event), size, time: time.toISOString() };
    });
    return c.json({ addresses: await Promise.all(addresses) });
  });

  return app;
}

async function act(gallery: Gallery, account: string, id: string, batch: z.infer<typeof BATCH>): Promise<boolean> {
  switch (batch.action) {
    case 'delete':
      return await deleteEvent(gallery, account, id);
    case 'keep':
      return (await keepEvent(gallery, account, id, batch.note)) !== undefined;
    case 'release':
      return (await releaseEvent(gallery, account, id)) !== undefined;
  }
}
