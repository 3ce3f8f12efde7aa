import type { Context } from 'hono';
import { z } from 'zod';
import type { Account } from '../table/account-item';

/** What handlers pass on through Hono: the account and id of the session, set by session.ts. */
export type Env = { Variables: { account: Account; sessionId: string } };

const INVOCATION = z.object({ requestContext: z.object({ http: z.object({ sourceIp: z.string() }) }) });

/** Whether the visitor uses https. Only a cloud on one machine has plain http, and says so in this header. */
export function isHttps(c: Context): boolean {
  return c.req.header('x-forwarded-proto') !== 'http';
}

/** The visitor's address as Lambda saw it. What the visitor claims (X-Forwarded-For) is ignored. */
export function sourceIp(c: Context): string {
  return INVOCATION.safeParse(c.env).data?.requestContext.http.sourceIp ?? 'unknown';
}
