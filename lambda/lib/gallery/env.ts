import type { Context } from 'hono';
import { z } from 'zod';
import type { Account } from '../table/account-item';

/** What Hono hands from one handler to the next: the account whose session it is, once session.ts has seen it. */
export type Env = { Variables: { account: Account; sessionId: string } };

const INVOCATION = z.object({ requestContext: z.object({ http: z.object({ sourceIp: z.string() }) }) });

/** Whether the visitor speaks https. Only one machine has plain http, and says so. */
export function isHttps(c: Context): boolean {
  return c.req.header('x-forwarded-proto') !== 'http';
}

/** The visitor's address, as Lambda saw it: what the visitor says of it (X-Forwarded-For) counts for nothing. */
export function sourceIp(c: Context): string {
  return INVOCATION.safeParse(c.env).data?.requestContext.http.sourceIp ?? 'unknown';
}
