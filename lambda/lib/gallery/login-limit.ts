/**
 * How often somebody may try a password. An attempt is counted before the password is looked at, each count by one
 * conditional write, so that a thousand attempts in parallel are as limited as a thousand in a row. A count begins with the
 * first attempt and ends with its window; the items expire by themselves.
 *
 * An attempt that a narrower limit refuses is not counted by the wider ones behind it: one network alone cannot keep a user
 * out whom others let in. And whoever has logged in from a network of late is not kept out there by what others try elsewhere.
 */
import { createHash } from 'node:crypto';
import { all, any, Change, isAbsent, isAtMost, isGreater, isLess } from '../table/expression';
import { attemptsKey, EXPIRES, loggedInKey } from '../table/keys';
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
/** So long it is remembered from where a user has logged in, in seconds. */
const OF_LATE = 30 * 24 * HOUR;

/** Counts an attempt. Throws a Problem (429) that says when to try again, when there were too many. */
export async function countAttempt(table: Table, user: string, network: string, now: number): Promise<void> {
  const limits: Limit[] = [
    { key: pairKey(user, network), most: 5, window: QUARTER },
    { key: `NETWORK#${network}`, most: 30, window: QUARTER },
    { key: `USER#${hashOf(user)}`, most: 100, window: HOUR },
  ];
  for (const limit of limits) {
    if (limit === limits.at(-1) && (await hasLoggedIn(table, user, network, now))) return;
    const seconds = await waitingTime(table, limit, Math.floor(now / 1000));
    if (seconds > 0) throw tooMany(seconds);
  }
}

/** The right password was given: what this user got wrong from this network is forgotten, and the network remembered. */
export async function clearAttempts(table: Table, user: string, network: string, now: number): Promise<void> {
  await table.remove(attemptsKey(pairKey(user, network)));
  await table.replace(loggedInKey(hashOf(user), network), { [EXPIRES]: Math.floor(now / 1000) + OF_LATE });
}

async function hasLoggedIn(table: Table, user: string, network: string, now: number): Promise<boolean> {
  const until = (await table.get(loggedInKey(hashOf(user), network)))?.[EXPIRES];
  return typeof until === 'number' && until * 1000 > now;
}

/** Counts one attempt; 0 when it may be made, otherwise the seconds after which the next one may. */
async function waitingTime(table: Table, { key, most, window }: Limit, now: number): Promise<number> {
  const another = new Change().add({ attempts: 1 }).when(all(isGreater(EXPIRES, now), isLess('attempts', most)));
  const again = () => table.update(attemptsKey(key), another);
  const anew = new Change().set({ attempts: 1, [EXPIRES]: now + window });
  const first = () => table.update(attemptsKey(key), anew.when(any(isAbsent('pk'), isAtMost(EXPIRES, now))));
  // Of several that find no count, one begins it; the others are counted by it.
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

function pairKey(user: string, network: string): string {
  return `USER#${hashOf(user)}#NETWORK#${network}`;
}

/** Users that do not exist are counted too, and their names may be anything. */
function hashOf(user: string): string {
  return createHash('sha256').update(user).digest('base64url');
}
