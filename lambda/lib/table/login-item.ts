/** What the table knows of attempts to log in, beside their counts (gallery/login-limit.ts). */
import { createHash } from 'node:crypto';
import { EXPIRES, rescueKey } from './keys';
import type { Table } from './table';

/** How long the limits of a user are lifted after whoever runs the cloud has given them a new password, in seconds. */
const RESCUE_SECONDS = 60 * 60;

/** A user's name in keys. Those that do not exist are counted too, and their names may be anything. */
export function userHash(user: string): string {
  return createHash('sha256').update(user).digest('base64url');
}

/**
 * Lets a user, who was given a new password just now, log in whatever was tried before: until then, or for an hour, in which
 * nobody can guess a password of 98 bits.
 * @param now milliseconds since 1970
 */
export async function rescue(table: Table, user: string, now: number): Promise<void> {
  await table.replace(rescueKey(userHash(user)), { [EXPIRES]: Math.floor(now / 1000) + RESCUE_SECONDS });
}
