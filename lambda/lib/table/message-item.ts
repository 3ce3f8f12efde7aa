/**
 * The outbox: what an account is to be told, one item a message. Whoever finds something worth telling makes the item, once
 * for each id, and goes on; the notify function sends it to each of the account's channels, and again where a channel did
 * not take it. What is sent stays for a while without being due, so that nobody makes it anew.
 */
import { all, any, Change, is, isAbsent, isAtMost } from './expression';
import { type Fields, fieldsOf, number, optional, text, texts } from './fields';
import { BY_DAY, EXPIRES, type Key, messageKey, OUTBOX, timeKey } from './keys';
import type { Table } from './table';

/** Longer than any notification of an upload is delivered again. */
const REMEMBERED_SECONDS = 30 * 24 * 3600;

/** What a message is about. Instants are in milliseconds since 1970, instances are names. */
export type News =
  | { kind: 'event'; instance: string; event: string }
  /** Nothing was heard of a camera since then. */
  | { kind: 'gone'; instance: string; since: number }
  /** It was gone since then, and is back. */
  | { kind: 'back'; instance: string; since: number }
  | { kind: 'refused'; instance?: string | undefined; fileName: string; reason: string; why: string }
  /** More and more files wait at a camera: so many, since then. */
  | { kind: 'queue'; instance: string; since: number; from: number; count: number }
  /** The owner wants to see whether a channel works. */
  | { kind: 'test' }
  /** The code that confirms a mail address. */
  | { kind: 'confirm'; code: string };

/** A message, as it is stored. */
export interface Message {
  account: string;
  /** The same for the same news: a receiver that is told twice can know it by that. */
  id: string;
  news: News;
  /** When it happened. */
  at: Date;
  /** The one channel it is for; absent: all. */
  channel?: string | undefined;
  /** Ids of the channels that took it, or never will. */
  done: ReadonlySet<string>;
  attempts: number;
}

/** Puts a message into the outbox, due at once, unless there was one of its id. Returns whether there was none. */
export async function createMessage(
  table: Table,
  { account, id, news, at, channel }: Omit<Message, 'done' | 'attempts'>,
  now: Date,
): Promise<boolean> {
  return await table.create(messageKey(account, id), {
    ...{ account, id, news: present(news), at: at.getTime(), channel, attempts: 0, created: now.getTime() },
    ...{ dayKey: OUTBOX, timeKey: timeKey(now, id) },
  });
}

/** The keys of messages that are due, the longest first: one query. */
export async function dueMessages(table: Table, now: Date, most: number): Promise<Key[]> {
  // `$` is what follows `#`.
  const query = { index: BY_DAY, partition: OUTBOX, to: `${now.toISOString()}$`, pageSize: most } as const;
  const items = await table.first({ ...query, attributes: ['pk', 'sk'] });
  return items.map((item) => ({ pk: text(item, 'pk'), sk: text(item, 'sk') }));
}

/** When the next message is due; undefined when there is none. */
export async function nextDue(table: Table): Promise<Date | undefined> {
  const [first] = await table.first({ index: BY_DAY, partition: OUTBOX, pageSize: 1, attributes: ['timeKey'] });
  return first && new Date(text(first, 'timeKey').split('#')[0] ?? '');
}

/** Takes a message for `leaseMs`, so that nobody else sends it; undefined when somebody has it, or it was sent. */
export async function takeMessage(table: Table, key: Key, now: Date, leaseMs: number): Promise<Message | undefined> {
  const isFree = any(isAbsent('leased'), isAtMost('leased', now.getTime()));
  const change = new Change().set({ leased: now.getTime() + leaseMs }).when(all(is('dayKey', OUTBOX), isFree));
  const item = await table.update(key, change);
  return item && messageOf(item);
}

/** Remembers that a channel took a message, or never will. */
export async function writeDone(table: Table, { account, id }: Message, channel: string): Promise<void> {
  await table.update(
    messageKey(account, id),
    new Change().add({ done: new Set([channel]) }).when(is('dayKey', OUTBOX)),
  );
}

/** Has a message sent again at `due`. */
export async function postponeMessage(table: Table, { account, id }: Message, due: Date): Promise<void> {
  const change = new Change().set({ timeKey: timeKey(due, id), leased: undefined }).add({ attempts: 1 });
  await table.update(messageKey(account, id), change.when(is('dayKey', OUTBOX)));
}

/** Every channel took a message, or never will. */
export async function closeMessage(table: Table, { account, id }: Message, now: Date): Promise<void> {
  const gone = { dayKey: undefined, timeKey: undefined, leased: undefined };
  const expires = Math.floor(now.getTime() / 1000) + REMEMBERED_SECONDS;
  await table.update(
    messageKey(account, id),
    new Change().set({ ...gone, news: { kind: 'sent' }, [EXPIRES]: expires }),
  );
}

function messageOf(item: Fields): Message {
  return {
    account: text(item, 'account'),
    id: text(item, 'id'),
    news: newsOf(fieldsOf(item.news)),
    at: new Date(number(item, 'at')),
    channel: optional(item, 'channel', text),
    done: texts(item, 'done'),
    attempts: number(item, 'attempts'),
  };
}

function newsOf(from: Fields): News {
  const instance = () => text(from, 'instance');
  switch (from.kind) {
    case 'event':
      return { kind: 'event', instance: instance(), event: text(from, 'event') };
    case 'gone':
    case 'back':
      return { kind: from.kind, instance: instance(), since: number(from, 'since') };
    case 'refused': {
      const said = { fileName: text(from, 'fileName'), reason: text(from, 'reason'), why: text(from, 'why') };
      return { kind: 'refused', instance: optional(from, 'instance', text), ...said };
    }
    case 'queue': {
      const numbers = { since: number(from, 'since'), from: number(from, 'from'), count: number(from, 'count') };
      return { kind: 'queue', instance: instance(), ...numbers };
    }
    case 'test':
      return { kind: 'test' };
    case 'confirm':
      return { kind: 'confirm', code: text(from, 'code') };
    default:
      throw new Error('"news" is of no known kind.');
  }
}

function present(news: News): Fields {
  return Object.fromEntries(Object.entries(news).filter(([, value]) => value !== undefined));
}
