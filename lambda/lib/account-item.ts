/**
 * The item of one account, which is one licence: a folder, a login and a key pair for any number of instances. Its name is
 * the user's, and the first segment of all its keys. A folder without such an item is nobody's: what is uploaded there is
 * published, but nobody can log in to see it.
 */
import { type Fields, number, text } from './fields';
import { ACCOUNTS, accountKey, BY_DAY } from './keys';
import { setting, type Table } from './table';

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
>;

/** Whether a number of days is one that can be chosen. */
export function isRetention(days: unknown): days is RetentionDays {
  return RETENTIONS.some((one) => one === days);
}

/** The account of a name; undefined when there is none. */
export async function readAccount(table: Table, name: string): Promise<Account | undefined> {
  const item = await table.get(accountKey(name));
  return item && accountOf(item);
}

/** Writes a new account's item. Returns false when there is one already. */
export async function createAccount(table: Table, account: Account): Promise<boolean> {
  const { name, created, endedSessions: _, ...rest } = account;
  const listed = { dayKey: ACCOUNTS, timeKey: name };
  return await table.create(accountKey(name), { name, ...rest, created: created.getTime(), ...listed });
}

/** Changes an account and returns it as it then is; undefined when there is none. */
export async function changeAccount(table: Table, name: string, change: AccountChange): Promise<Account | undefined> {
  const item = await table.update(accountKey(name), {
    ...setting(change),
    ConditionExpression: 'attribute_exists(pk)',
  });
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
  const exists = { ConditionExpression: 'attribute_exists(pk)' };
  await table.update(accountKey(name), {
    ...exists,
    UpdateExpression: 'ADD endedSessions :ids',
    ExpressionAttributeValues: { ':ids': new Set([id]) },
  });
  const expired = [...endedSessions].filter((one) => Number.parseInt(one, 10) * 1000 <= now);
  if (expired.length === 0) return;
  await table.update(accountKey(name), {
    ...exists,
    UpdateExpression: 'DELETE endedSessions :ids',
    ExpressionAttributeValues: { ':ids': new Set(expired) },
  });
}

/** All accounts, by name. One that was made in this moment may be missing. */
export async function allAccounts(table: Table): Promise<Account[]> {
  const items = await table.list({ index: BY_DAY, partition: ACCOUNTS });
  return items.map(accountOf);
}

/** Removes an account's own item. */
export async function removeAccount(table: Table, name: string): Promise<void> {
  await table.remove(accountKey(name));
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
    retentionDays,
    passwordHash: text(from, 'passwordHash'),
    sessionKey,
    endedSessions: endedSessions instanceof Set ? endedSessions : new Set(),
    accessKeyId: text(from, 'accessKeyId'),
    created: new Date(number(from, 'created')),
  };
}
