/**
 * The item of an account. An account is one licence: a folder, a login and a key pair for any number of instances. Its
 * name is the user's name, and the first segment of all its keys. A folder without such an item belongs to no account:
 * uploads to it are published, but no one can log in to see them.
 */
import { any, Change, is, isAbsent, isOneOf, isPresent } from './expression';
import { type Fields, number, text } from './fields';
import { ACCOUNTS, accountKey, BY_DAY, EXPIRES } from './keys';
import type { Table } from './table';

/** Lower case, so that a phone's keyboard makes no other name; no slash, because the name is one segment of a key. */
export const ACCOUNT_NAME = /^[a-z0-9][a-z0-9._-]{0,62}$/;

/** The days for which events may be kept. The production bucket has a lifecycle rule for each. */
export const RETENTIONS = [7, 30, 90, 365] as const;

/** One of `RETENTIONS`, in days. */
export type RetentionDays = (typeof RETENTIONS)[number];

/** Retention of the events in a folder without an account, in days. */
export const LONGEST_RETENTION: RetentionDays = 365;

/** An account, as it is stored. */
export interface Account {
  name: string;
  /** A suspended account can neither upload nor log in. */
  state: 'active' | 'suspended';
  /** When it was last suspended. Work that began before may go on for a while. */
  suspended?: Date | undefined;
  /** IANA name; UTC where absent. */
  timeZone?: string | undefined;
  /** For how many days its events are kept. */
  retentionDays: RetentionDays;
  /** Made by accounts/password.ts. */
  passwordHash: string;
  /** 32 random bytes that sign this account's sessions. Another key ends all sessions. */
  sessionKey: Uint8Array;
  /** Ids of sessions that were logged out before they expired. */
  endedSessions: ReadonlySet<string>;
  /** Access key id of the key pair that cameras upload with. */
  accessKeyId: string;
  created: Date;
}

/** A change of an account. */
export type AccountChange = Partial<
  Pick<Account, 'state' | 'timeZone' | 'retentionDays' | 'passwordHash' | 'sessionKey' | 'accessKeyId'>
> & { suspended?: undefined };

/** Seconds for which a removed account is remembered: longer than any notification is delivered again. */
const REMEMBERED_SECONDS = 30 * 24 * 3600;

/** Whether a value is one of `RETENTIONS`. */
export function isRetention(days: unknown): days is RetentionDays {
  return RETENTIONS.some((one) => one === days);
}

/** The account of this name; `undefined` where there is none, or it was removed. */
export async function readAccount(table: Table, name: string): Promise<Account | undefined> {
  const found = await readFolder(table, name);
  return found === 'removed' ? undefined : found;
}

/** The account of a folder; `removed` if it was removed not long ago; `undefined` if there is none. */
export async function readFolder(table: Table, name: string): Promise<Account | 'removed' | undefined> {
  const item = await table.get(accountKey(name));
  if (item?.state === 'removed') return 'removed';
  return item && accountOf(item);
}

/**
 * Writes a new account's item.
 *
 * @returns false if there is an account of this name already.
 */
export async function createAccount(table: Table, account: Account): Promise<boolean> {
  const { name, created, suspended: _, endedSessions: __, ...rest } = account;
  const index = { dayKey: ACCOUNTS, timeKey: name };
  const item = await table.update(
    accountKey(name),
    new Change()
      .set({ name, ...rest, created: created.getTime(), ...index, [EXPIRES]: undefined })
      .when(any(isAbsent('pk'), is('state', 'removed'))),
  );
  return item !== undefined;
}

/**
 * Suspends an account at `now`; an account that is suspended already keeps its time.
 *
 * @returns false if there is no such account.
 */
export async function suspendAccount(table: Table, name: string, now: Date): Promise<boolean> {
  const item = await table.update(
    accountKey(name),
    new Change()
      .set({ state: 'suspended' })
      .setOnce({ suspended: now.getTime() })
      .when(isOneOf('state', ['active', 'suspended'])),
  );
  return item !== undefined;
}

/**
 * Changes an account. With `from`, only if its password hash is still that one.
 *
 * @returns the changed account; `undefined` if it does not exist, or its password was changed meanwhile.
 */
export async function changeAccount(
  table: Table,
  name: string,
  change: AccountChange,
  from?: Pick<Account, 'passwordHash'>,
): Promise<Account | undefined> {
  const isUnchanged = from ? is('passwordHash', from.passwordHash) : isPresent('passwordHash');
  const item = await table.update(accountKey(name), new Change().set(change).when(isUnchanged));
  return item && accountOf(item);
}

/**
 * Records that a session was logged out. `id` begins with the time at which the session expires, in seconds since 1970,
 * and a dot. Sessions that have expired at `now` (ms since 1970) are forgotten.
 */
export async function endSession(
  table: Table,
  { name, endedSessions }: Account,
  id: string,
  now: number,
): Promise<void> {
  const exists = new Change().when(isPresent('pk'));
  await table.update(accountKey(name), exists.add({ endedSessions: new Set([id]) }));
  const expired = [...endedSessions].filter((one) => Number.parseInt(one, 10) * 1000 <= now);
  if (expired.length === 0) return;
  await table.update(accountKey(name), exists.deleteFrom({ endedSessions: new Set(expired) }));
}

/** All accounts, by name. An account made in this moment may be missing. */
export async function allAccounts(table: Table): Promise<Account[]> {
  const items = await table.list({ index: BY_DAY, partition: ACCOUNTS });
  return items.map(accountOf);
}

/** Removes a new account's item without a trace. */
export async function dropAccount(table: Table, name: string): Promise<void> {
  await table.remove(accountKey(name));
}

/** Removes an account at `now`. Its item records that for a while, so that late deliveries of its uploads end there. */
export async function removeAccount(table: Table, name: string, now: Date): Promise<void> {
  const expires = Math.floor(now.getTime() / 1000) + REMEMBERED_SECONDS;
  await table.replace(accountKey(name), { name, state: 'removed', [EXPIRES]: expires });
}

function accountOf(from: Fields): Account {
  const { state, retentionDays, sessionKey, timeZone, endedSessions } = from;
  if (state !== 'active' && state !== 'suspended') throw new Error('"state" is neither active nor suspended.');
  if (!isRetention(retentionDays)) throw new Error(`"retentionDays" is none of ${RETENTIONS.join(', ')}.`);
  if (!(sessionKey instanceof Uint8Array)) throw new Error('"sessionKey" is missing where bytes are expected.');
  return {
    name: text(from, 'name'),
    state,
    ...(typeof timeZone === 'string' ? { timeZone } : {}),
    ...(typeof from.suspended === 'number' ? { suspended: new Date(from.suspended) } : {}),
    retentionDays,
    passwordHash: text(from, 'passwordHash'),
    sessionKey,
    endedSessions: endedSessions instanceof Set ? endedSessions : new Set(),
    accessKeyId: text(from, 'accessKeyId'),
    created: new Date(number(from, 'created')),
  };
}
