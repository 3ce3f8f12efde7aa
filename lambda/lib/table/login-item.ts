/**
 * The rescue of a login: lifts the limits of attempts (gallery/login-limit.ts) after the operator set a new password.
 */
import { createHash } from 'node:crypto';
import { EXPIRES, rescueKey } from './keys';
import type { Table } from './table';

/** Seconds for which the limits of a user are lifted. */
const RESCUE_SECONDS = 60 * 60;

/** A user's name in keys. Attempts for users that do not exist are counted, too, and their names may be any text. */
export function userHash(user: string): string {
  return createHash('sha256').update(user).digest('base64url');
}

/**
 * Lets a user with a new password log in despite earlier failed attempts: until the login, or for an hour, in which a
 * password of 98 bits cannot be guessed.
 *
 * @param now ms since 1970
 */
export async function rescue(table: Table, user: string, now: number): Promise<void> {
  await table.replace(rescueKey(userHash(user)), { [EXPIRES]: Math.floor(now / 1000) + RESCUE_SECONDS });
}
