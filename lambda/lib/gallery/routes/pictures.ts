import { type Context, Hono } from 'hono';
import { eventOf, filmKey, isShown, type PublishedEvent } from '../../table/event-item';
import { eventKey } from '../../table/keys';
import { type EventVersion, readVersion } from '../../table/version-item';
import type { Env } from '../env';
import { ID, idIn } from '../filters';
import type { Gallery } from '../gallery';
import { notFound } from '../problem';
import { KEPT_SECONDS, saveAs, signedUrl } from '../signing';

/**
 * Redirects to an event's files: to a URL of the bucket that is signed for 100 seconds. The event's item is read by the
 * session's account; the key in the bucket comes from the item, and nothing of the request goes into it.
 */
export function pictures(gallery: Gallery): Hono<Env> {
  const { table, now } = gallery;
  const app = new Hono<Env>();

  const shownEvent = async (c: Context<Env>): Promise<PublishedEvent> => {
    const item = await table.get(eventKey(c.get('account').name, idIn(c, 'event')));
    if (!item || !isShown(item, now())) throw notFound('event');
    return eventOf(item);
  };
  /** The versions of an event that is not shown are not shown either, so both items are read, at once. */
  const shownVersion = async (c: Context<Env>): Promise<{ event: PublishedEvent; version: EventVersion }> => {
    const id = ID.safeParse(c.req.param('version'));
    if (!id.success) throw notFound('upload');
    const [event, version] = await Promise.all([
      shownEvent(c),
      readVersion(table, c.get('account').name, idIn(c, 'event'), id.data, now()),
    ]);
    if (!version) throw notFound('upload');
    return { event, version };
  };
  const redirect = (c: Context<Env>, url: string) => {
    c.header('Cache-Control', `private, max-age=${KEPT_SECONDS}`);
    return c.redirect(url, 302);
  };

  app.get('/:id/thumbnail', async (c) => {
    const { thumbnailKey } = await shownEvent(c);
    if (thumbnailKey === undefined) throw notFound('thumbnail; no frame of the video could be decoded');
    return redirect(c, await signedUrl(gallery, thumbnailKey, { kind: 'image/jpeg' }));
  });

  app.get('/:id/frames', async (c) => {
    const { key, film } = await shownEvent(c);
    if (!film) throw notFound('frame');
    return redirect(c, await signedUrl(gallery, filmKey(key, '.frames.jpg'), { kind: 'image/jpeg' }));
  });

  app.get('/:id/frames/:frame', async (c) => {
    const { key, film, faces } = await shownEvent(c);
    const frame = Number(c.req.param('frame'));
    const isKept = film?.poster === frame || faces.some((face) => face.frame === frame);
    if (!isKept) throw notFound('frame');
    return redirect(c, await signedUrl(gallery, filmKey(key, `.frame-${frame}.jpg`), { kind: 'image/jpeg' }));
  });

  app.get('/:id/image', async (c) => {
    const { key, kind } = await shownEvent(c);
    return redirect(c, await signedUrl(gallery, key, { kind }));
  });

  app.get('/:id/download', async (c) => {
    const event = await shownEvent(c);
    const { key, kind } = event;
    return redirect(c, await signedUrl(gallery, key, { kind, disposition: saveAs(event) }));
  });

  app.get('/:id/versions/:version/image', async (c) => {
    const { key, kind } = (await shownVersion(c)).version;
    return redirect(c, await signedUrl(gallery, key, { kind }));
  });

  app.get('/:id/versions/:version/download', async (c) => {
    const { event, version } = await shownVersion(c);
    const { key, kind } = version;
    return redirect(c, await signedUrl(gallery, key, { kind, disposition: saveAs({ ...event, kind }) }));
  });

  return app;
}
