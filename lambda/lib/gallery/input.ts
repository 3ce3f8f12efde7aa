import type { Context } from 'hono';
import type { z } from 'zod';
import { Problem } from './problem';

/** More than any request of the API needs, in bytes. */
const MOST_BYTES = 16_384;

/** A request's body, as the schema has it. Throws a Problem: 413 when it is too large, 400 when it is anything else. */
export async function bodyOf<T>(c: Context, schema: z.ZodType<T>): Promise<T> {
  const bytes = await c.req.arrayBuffer();
  if (bytes.byteLength > MOST_BYTES) {
    throw new Problem(413, 'Too large', `The request has ${bytes.byteLength} bytes; ${MOST_BYTES} are allowed.`);
  }
  return checked(json(bytes), schema);
}

/** A request's query, as the schema has it; a parameter that comes twice counts once. Throws a Problem (400). */
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
  // The value itself is not repeated: it may be a password.
  const wrong = error.issues.map(({ path, message }) => [path.join('.'), message].filter(Boolean).join(': '));
  throw new Problem(400, 'Invalid request', `${wrong.join('; ')}.`);
}
