/**
 * Prevents another site's page from changing anything through a visitor's browser. A request that changes something
 * must have a Content-Type that no form can send, and that a script of another origin can send only after asking
 * (CORS), which is never granted; and if the browser tells where the request comes from, it must be from here. The
 * cookie's SameSite=Strict would prevent it, too.
 */
import type { MiddlewareHandler } from 'hono';
import { Problem } from './problem';

/**
 * Refuses requests that change something and may come from another origin.
 *
 * @throws Problem (403) for those.
 */
export const sameOrigin: MiddlewareHandler = async (c, next) => {
  if (c.req.method !== 'GET' && c.req.method !== 'HEAD') {
    const type = c.req.header('content-type')?.split(';', 1)[0]?.trim().toLowerCase();
    if (type !== 'application/json') throw refused('A request that changes something must be application/json.');
    const site = c.req.header('sec-fetch-site');
    if (site !== undefined && site !== 'same-origin') throw refused('The request comes from another site.');
    const origin = c.req.header('origin');
    const host = c.req.header('host') ?? new URL(c.req.url).host;
    if (origin !== undefined && hostOf(origin) !== host) throw refused('The request comes from another origin.');
  }
  await next();
};

function refused(detail: string): Problem {
  return new Problem(403, 'Refused', detail);
}

function hostOf(origin: string): string | undefined {
  return URL.canParse(origin) ? new URL(origin).host : undefined;
}
