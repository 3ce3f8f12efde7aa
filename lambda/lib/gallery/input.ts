import type { Context } from 'hono';
import type { z } from 'zod';
import { Problem } from './problem';

/** Most bytes of a request's body; no request of the API needs more. */
const MOST_BYTES = 16_384;

/**
 * A request's body, checked by the schema.
 *
 * @throws Problem: 413 if the body is too large, 400 if it does not match the schema.
 */
export async function bodyOf<T>(c: Context, schema: z.ZodType<T>): Promise<T> {
  const bytes = await c.req.arrayBuffer();
  if (bytes.byteLength > MOST_BYTES) {
    throw new Problem(413, 'Too large', `The request has ${bytes.byteLength} bytes; ${MOST_BYTES} are allowed.`);
  }
  return checked(json(bytes), schema);
}

/**
 * A request's query, checked by the schema; of a parameter that comes twice, one counts.
 *
 * @throws Problem (400) if the query does not match the schema.
 */
export function queryOf<T>(c: Context, schema: z.ZodType<T>): T {
  return checked(c.req.query(), schema);
}

function json(bytes: ArrayBuffer): unknown {
  try {
    return JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes));
  } catch {
    throw new Problem(400, 'Invalid request', 'The body is not JSON.');
  }
}

function checked<T>(value: unknown, schema: z.ZodType<T>): T {
  const { success, data, error } = schema.safeParse(value);
  if (success) return data;
  // The value is not repeated, because it may be a password.
  const wrong = error.issues.map(({ path, message }) => [path.join('.'), message].filter(Boolean).join(': '));
  throw new Problem(400, 'Invalid request', `${wrong.join('; ')}.`);
}
