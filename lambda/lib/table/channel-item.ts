/**
 * Where an account is told: a browser (Web Push), a webhook or a mail address. Who has a channel's secrets could read what
 * is told, or send in the cloud's name, so they stay in the table.
 */
import { all, Change, is, isLess, isPresent } from './expression';
import { type Fields, fieldsOf, number, optional, text } from './fields';
import { channelKey, channelPartition } from './keys';
import type { Table } from './table';

/** A browser that has subscribed: where its push service is, and the keys that messages are encrypted for. */
export interface PushTarget {
  kind: 'push';
  endpoint: string;
  /** Base64url, as browsers give them. */
  p256dh: string;
  auth: string;
}

/** A program that is called with POST, and can check by the secret who calls. */
export interface WebhookTarget {
  kind: 'webhook';
  url: string;
  /** 32 bytes in Base64, behind `whsec_`. */
  secret: string;
}

/** A mail address. */
export interface MailTarget {
  kind: 'mail';
  address: string;
  /** Nothing is told there before its owner has typed the code that was sent there. */
  confirmed: boolean;
  /** The code; gone when it was typed. */
  code?: string | undefined;
  /** How often another one was typed. */
  tries: number;
}

/** Where messages of a channel go. */
export type Target = PushTarget | WebhookTarget | MailTarget;

/** A channel, as it is stored. */
export interface Channel {
  /** Opaque. */
  id: string;
  /** For its owner to know it by. */
  name: string;
  created: Date;
  target: Target;
  /** When it last took a message. */
  sentAt?: Date | undefined;
  /** Why it did not take the last one, for its owner to read. */
  failure?: { at: Date; text: string } | undefined;
}

/** All channels of an account: one query. */
export async function readChannels(table: Table, account: string): Promise<Channel[]> {
  return (await table.list({ partition: channelPartition(account) })).map(channelOf);
}

/** A channel; undefined when there is none of that id. */
export async function readChannel(table: Table, account: string, id: string): Promise<Channel | undefined> {
  const item = await table.get(channelKey(account, id));
  return item && channelOf(item);
}

/** Makes a channel, or puts it in the place of the one of its id. */
export async function writeChannel(table: Table, account: string, channel: Channel): Promise<void> {
  const { id, name, created, target } = channel;
  await table.replace(channelKey(account, id), { id, name, created: created.getTime(), target: { ...target } });
}

/** Removes a channel. */
export async function removeChannel(table: Table, account: string, id: string): Promise<void> {
  await table.remove(channelKey(account, id));
}

/** Remembers that a channel took a message. */
export async function writeSent(table: Table, account: string, id: string, at: Date): Promise<void> {
  const change = new Change().set({ sentAt: at.getTime(), failure: undefined });
  await table.update(channelKey(account, id), change.when(isPresent('pk')));
}

/** Remembers why a channel did not take a message. */
export async function writeFailure(
  table: Table,
  account: string,
  id: string,
  failure: { at: Date; text: string },
): Promise<void> {
  const change = new Change().set({ failure: { at: failure.at.getTime(), text: failure.text } });
  await table.update(channelKey(account, id), change.when(isPresent('pk')));
}

/**
 * Confirms a mail address with the code that was sent there; false when it is another one. After `mostTries` wrong ones no
 * code is right any more.
 */
export async function confirmMail(
  table: Table,
  account: string,
  id: string,
  code: string,
  mostTries: number,
): Promise<boolean> {
  // Counted first, so that no two requests at once have a try for the price of one.
  const counted = new Change().add({ tries: 1 }).when(isPresent('target.code'));
  if (!(await table.update(channelKey(account, id), counted))) return false;
  const confirmed = await table.update(
    channelKey(account, id),
    new Change()
      .set({ 'target.confirmed': true, 'target.code': undefined })
      .when(all(is('target.code', code), isLess('tries', mostTries + 1))),
  );
  return confirmed !== undefined;
}

function channelOf(item: Fields): Channel {
  return {
    id: text(item, 'id'),
    name: text(item, 'name'),
    created: new Date(number(item, 'created')),
    target: targetOf(item),
    sentAt: typeof item.sentAt === 'number' ? new Date(item.sentAt) : undefined,
    failure: optional(item, 'failure', failureOf),
  };
}

function targetOf(item: Fields): Target {
  const from = fieldsOf(item.target);
  switch (from.kind) {
    case 'push':
      return { kind: 'push', endpoint: text(from, 'endpoint'), p256dh: text(from, 'p256dh'), auth: text(from, 'auth') };
    case 'webhook':
      return { kind: 'webhook', url: text(from, 'url'), secret: text(from, 'secret') };
    case 'mail':
      return {
        ...{ kind: 'mail', address: text(from, 'address'), confirmed: from.confirmed === true },
        code: optional(from, 'code', text),
        tries: typeof item.tries === 'number' ? item.tries : 0,
      };
    default:
      throw new Error('"target" is none of push, webhook and mail.');
  }
}

function failureOf(item: Fields, name: string): { at: Date; text: string } {
  const from = fieldsOf(item[name]);
  return { at: new Date(number(from, 'at')), text: text(from, 'text') };
}
