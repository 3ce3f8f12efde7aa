/**
 * The cloud application: the page, and the API that serves it (openapi.yaml). Each request passes the same checks in
 * the same order: the headers of every answer, no change from another origin, and a session for everything that belongs
 * to an account.
 */
import { Hono } from 'hono';
import { assets } from './assets';
import type { Env } from './env';
import type { Gallery } from './gallery';
import { sameOrigin } from './origin';
import { notFound, Problem, problemAnswer } from './problem';
import { account } from './routes/account';
import { bursts } from './routes/bursts';
import { days } from './routes/days';
import { events } from './routes/events';
import { instances } from './routes/instances';
import { months } from './routes/months';
import { notifications } from './routes/notifications';
import { persons } from './routes/persons';
import { pictures } from './routes/pictures';
import { rejected } from './routes/rejected';
import { session } from './routes/session';
import { securityHeaders } from './security-headers';
import { loggedIn } from './session';

export type { Env } from './env';

/** The application, for a caller that passes it requests: Lambda or a test. */
export function galleryApp(gallery: Gallery): Hono<Env> {
  const app = new Hono<Env>();
  app.use(securityHeaders(gallery));
  app.use(sameOrigin);
  app.route('/api/session', session(gallery));

  app.use('/api/*', loggedIn(gallery));
  app.use('/events/*', loggedIn(gallery));
  app.route('/api/account', account(gallery));
  app.route('/api/months', months(gallery));
  app.route('/api/days', days(gallery));
  app.route('/api/bursts', bursts(gallery));
  app.route('/api/events', events(gallery));
  app.route('/api/persons', persons(gallery));
  app.route('/api/instances', instances(gallery));
  app.route('/api/rejected', rejected(gallery));
  app.route('/api/notifications', notifications(gallery));
  app.route('/events', pictures(gallery));

  app.route('/', assets());
  app.notFound((c) => problemAnswer(c, notFound()));
  app.onError((error, c) => {
    if (error instanceof Problem) return problemAnswer(c, error);
    gallery.log(error);
    const detail = 'The cloud failed to answer; nothing is lost. Try again in a moment.';
    return problemAnswer(c, new Problem(500, 'Failed', detail));
  });
  return app;
}
