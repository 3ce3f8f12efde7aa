/**
 * The item of one account, which is one licence: a folder, a login and a key pair for any number of instances. Its name is
 * the user's, and the first segment of all its keys. A folder without such an item is nobody's: what is uploaded there is
 * published, but nobody can log in to see it.
 */
import { any, Change, is, isAbsent, isOneOf, isPresent } from './expression';
import { type Fields, number, text } from './fields';
import { ACCOUNTS, accountKey, BY_DAY, EXPIRES } from './keys';
import type { Table } from './table';

/** Lower case, so that no two names differ by what a phone's keyboard does; no slash, as it is one segment of a key. */
export const ACCOUNT_NAME = /^[a-z0-9][a-z0-9._-]{0,62}$/;

/** For how many days events may be kept; the production bucket has a lifecycle rule for each. */
export const RETENTIONS = [7, 30, 90, 365] as const;

export type RetentionDays = (typeof RETENTIONS)[number];

/** How long the events of a folder are kept that has no account. */
export const LONGEST_RETENTION: RetentionDays = 365;

export interface Account {
  name: string;
  /** A suspended one can neither upload nor look. */
  state: 'active' | 'suspended';
  /** When it was last suspended: what began before may still be at work for a while. */
  suspended?: Date | undefined;
  /** IANA name; UTC when there is none. */
  timeZone?: string | undefined;
  retentionDays: RetentionDays;
  /** Of accounts/password.ts. */
  passwordHash: string;
  /** 32 random bytes that sign this account's sessions; another key ends them all. */
  sessionKey: Uint8Array;
  /** Ids of sessions that were logged out before they expired. */
  endedSessions: ReadonlySet<string>;
  /** The public half of the key pair that cameras upload with. */
  accessKeyId: string;
  created: Date;
}

/** What can be changed of an account. */
export type AccountChange = Partial<
  Pick<Account, 'state' | 'timeZone' | 'retentionDays' | 'passwordHash' | 'sessionKey' | 'accessKeyId'>
> & { suspended?: undefined };

/** How long it is remembered that an account was removed: longer than any notification of its uploads is delivered again. */
const REMEMBERED_SECONDS = 30 * 24 * 3600;

/** Whether a number of days is one that can be chosen. */
export function isRetention(days: unknown): days is RetentionDays {
  return RETENTIONS.some((one) => one === days);
}

/** The account of a name; undefined when there is none, or none any more. */
export async function readAccount(table: Table, name: string): Promise<Account | undefined> {
  const found = await readFolder(table, name);
  return found === 'removed' ? undefined : found;
}

/** Whose a folder is: an account's, nobody's (undefined), or one's that was removed not long ago. */
export async function readFolder(table: Table, name: string): Promise<Account | 'removed' | undefined> {
  const item = await table.get(accountKey(name));
  if (item?.state === 'removed') return 'removed';
  return item && accountOf(item);
}

/** Writes a new account's item. Returns false when there is one already. */
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

/** Suspends an account, at `now`; false when there is none. One that is suspended already stays so since then. */
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
 * Changes an account and returns it as it then is; undefined when there is none, or when it has another password by now
 * than `from` says.
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
 * Remembers that a session was logged out. `id` starts with the second since 1970 at which the session expires, and a dot;
 * those that have expired at `now` (milliseconds) are forgotten.
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

/** All accounts, by name. One that was made in this moment may be missing. */
export async function allAccounts(table: Table): Promise<Account[]> {
  const items = await table.list({ index: BY_DAY, partition: ACCOUNTS });
  return items.map(accountOf);
}

/** Takes a new account's item away, as if it had never been there. */
export async function dropAccount(table: Table, name: string): Promise<void> {
  await table.remove(accountKey(name));
}

/** Removes an account, at `now`: for a while its item says that it was, so that late deliveries of its uploads end there. */
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
