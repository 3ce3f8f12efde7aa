/**
 * Limits attempts to log in. An attempt is counted before the password is checked, each count by one conditional write,
 * so that a thousand parallel attempts are limited like a thousand in a row. A count begins with the first attempt and
 * ends with its window; its item expires by itself.
 *
 * An attempt that a narrow limit refuses is not counted by the wider limits, so that one network alone cannot lock a
 * user out everywhere. A network from which the user has recently logged in is not locked by attempts from other
 * networks.
 *
 * Behind a proxy or a tunnel all visitors are one network, and a neighbour's attempts would count as the owner's. So a
 * browser that has logged in before (session.ts) has a limit of its own. And the operator can lift all limits of a user
 * for an hour, with a new password that cannot be guessed in that time (table/login-item.ts).
 */
import { all, any, Change, isAbsent, isAtMost, isGreater, isLess } from '../table/expression';
import { attemptsKey, EXPIRES, type Key, loggedInKey, rescueKey } from '../table/keys';
import { userHash } from '../table/login-item';
import type { Table } from '../table/table';
import { Problem } from './problem';

interface Limit {
  key: string;
  most: number;
  /** Seconds. */
  window: number;
}

const QUARTER = 15 * 60;
const HOUR = 60 * 60;
/** Seconds for which it is remembered from which networks a user has logged in. */
const OF_LATE = 30 * 24 * HOUR;

/** An attempt to log in. */
export interface Attempt {
  /** As typed, without surrounding spaces and in lower case. */
  readonly user: string;
  readonly network: string;
  /** The id of a browser that has logged in as this user before. */
  readonly device?: string | undefined;
}

/**
 * Counts an attempt. `now` in ms since 1970.
 *
 * @throws Problem (429) that tells when to try again, if there were too many attempts.
 */
export async function countAttempt(table: Table, attempt: Attempt, now: number): Promise<void> {
  const { user, network, device } = attempt;
  if (device !== undefined) return await count(table, [{ key: deviceKey(device), most: 5, window: QUARTER }], now);
  if (await isThere(table, rescueKey(userHash(user)), now)) return;
  const narrow: Limit[] = [
    { key: pairKey(user, network), most: 5, window: QUARTER },
    { key: `NETWORK#${network}`, most: 30, window: QUARTER },
  ];
  await count(table, narrow, now);
  if (await isThere(table, loggedInKey(userHash(user), network), now)) return;
  await count(table, [{ key: `USER#${userHash(user)}`, most: 100, window: HOUR }], now);
}

/** After the right password: forgets the failed attempts from here, and remembers the network. */
export async function clearAttempts(table: Table, { user, network, device }: Attempt, now: number): Promise<void> {
  await table.remove(attemptsKey(device === undefined ? pairKey(user, network) : deviceKey(device)));
  await table.remove(rescueKey(userHash(user)));
  await table.replace(loggedInKey(userHash(user), network), { [EXPIRES]: Math.floor(now / 1000) + OF_LATE });
}

/** Whether an item exists and has not expired. */
async function isThere(table: Table, key: Key, now: number): Promise<boolean> {
  const until = (await table.get(key))?.[EXPIRES];
  return typeof until === 'number' && until * 1000 > now;
}

async function count(table: Table, limits: readonly Limit[], now: number): Promise<void> {
  for (const limit of limits) {
    const seconds = await waitingTime(table, limit, Math.floor(now / 1000));
    if (seconds > 0) throw tooMany(seconds);
  }
}

/**
 * Counts one attempt.
 *
 * @returns 0 if it may be made, otherwise the seconds after which the next may.
 */
async function waitingTime(table: Table, { key, most, window }: Limit, now: number): Promise<number> {
  const another = new Change().add({ attempts: 1 }).when(all(isGreater(EXPIRES, now), isLess('attempts', most)));
  const again = () => table.update(attemptsKey(key), another);
  const anew = new Change().set({ attempts: 1, [EXPIRES]: now + window });
  const first = () => table.update(attemptsKey(key), anew.when(any(isAbsent('pk'), isAtMost(EXPIRES, now))));
  // If several attempts find no count, one of them begins it, and it counts the others.
  if ((await again()) ?? (await first()) ?? (await again())) return 0;
  const until = (await table.get(attemptsKey(key)))?.[EXPIRES];
  return Math.max(1, (typeof until === 'number' ? until : now + window) - now);
}

function tooMany(seconds: number): Problem {
  const minutes = Math.ceil(seconds / 60);
  const when = minutes === 1 ? 'a minute' : `${minutes} minutes`;
  const headers = { 'Retry-After': String(seconds) };
  return new Problem(429, 'Too many attempts', `Too many attempts to log in. Try again in ${when}.`, {}, headers);
}

function deviceKey(device: string): string {
  return `DEVICE#${device}`;
}

function pairKey(user: string, network: string): string {
  return `USER#${userHash(user)}#NETWORK#${network}`;
}
