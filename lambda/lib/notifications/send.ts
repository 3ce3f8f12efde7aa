/**
 * Sends what is in the outbox. Each message is taken by one sender at a time and sent to each channel that has not had it;
 * one that a channel did not take comes again later, to that channel alone. A sender that dies in between leaves the message
 * to the next one: then a channel may get it twice, with the same id.
 */
import { readAccount } from '../table/account-item';
import { type Channel, readChannels, removeChannel, writeFailure, writeSent } from '../table/channel-item';
import type { Key } from '../table/keys';
import {
  closeMessage,
  dueMessages,
  type Message,
  nextDue,
  postponeMessage,
  takeMessage,
  writeDone,
} from '../table/message-item';
import { sendMailOf } from './mail';
import { type Notice, noticeOf } from './notice';
import type { Notifier } from './notifier';
import { NotTaken, PATIENCE } from './post';
import { sendPush } from './push';
import { sendWebhook } from './webhook';

/** Messages of one run. */
const MOST_MESSAGES = 200;
/** Accounts that are sent to at the same time. */
const MOST_AT_ONCE = 8;
/** After this time, in ms, a run begins no further message: the function may run for a minute. */
const RUN_FOR = 30_000;
/** Longer than a message takes: all its channels are sent to at the same time. */
const LEASE = 3 * PATIENCE;
/** The first pause (ms) before a message is sent again; each is twice as long as the one before, up to an hour. */
const FIRST_PAUSE = 15_000;
const LONGEST_PAUSE = 3_600_000;
/** Most attempts for a message: with the pauses above, three days. */
const MOST_ATTEMPTS = 80;

/** Sends all that is due, or the messages of these keys. Returns when the next one is due; undefined when none waits. */
export async function sendMessages(notifier: Notifier, keys?: readonly Key[]): Promise<Date | undefined> {
  const { table, now, log } = notifier;
  const start = now();
  const due = keys ?? (await dueMessages(table, new Date(start), MOST_MESSAGES));
  const accounts = new Map<string, Key[]>();
  for (const key of due) accounts.set(key.pk, [...(accounts.get(key.pk) ?? []), key]);
  const waiting = [...accounts.values()];
  const work = async () => {
    for (let own = waiting.shift(); own; own = waiting.shift()) {
      // A channel that failed once is not tried again in this run.
      const failed = new Set<string>();
      for (const key of own) {
        if (now() - start >= RUN_FOR) return;
        // It is taken again once its lease is over.
        await sendMessage(notifier, key, failed).catch((error: unknown) => log('failed', { message: key.sk, error }));
      }
    }
  };
  await Promise.all(Array.from({ length: MOST_AT_ONCE }, work));
  return await nextDue(table);
}

async function sendMessage(notifier: Notifier, key: Key, failed: Set<string>): Promise<void> {
  const { table, now, log } = notifier;
  const message = await takeMessage(table, key, new Date(now()), LEASE);
  if (!message) return;
  const { account: name, id } = message;
  const account = await readAccount(table, name);
  const notice = account?.state === 'active' ? await noticeOf(notifier, account, message) : undefined;
  const channels = notice ? channelsFor(message, await readChannels(table, name)) : [];
  const taken = await Promise.all(channels.map((channel) => sendTo(notifier, message, channel, notice, failed)));
  if (taken.every(Boolean)) await closeMessage(table, message, new Date(now()));
  else if (message.attempts + 1 >= MOST_ATTEMPTS) {
    log('given up', { account: name, id });
    await closeMessage(table, message, new Date(now()));
  } else {
    const pause = Math.min(LONGEST_PAUSE, FIRST_PAUSE * 2 ** Math.min(20, message.attempts));
    await postponeMessage(table, message, new Date(now() + pause));
  }
}

/** Those that have not had it. An address that nobody confirmed gets its code, and nothing else. */
function channelsFor({ news, channel, done }: Message, channels: readonly Channel[]): Channel[] {
  return channels.filter(
    ({ id, target }) =>
      !done.has(id) &&
      (channel === undefined || channel === id) &&
      (target.kind !== 'mail' || target.confirmed || news.kind === 'confirm'),
  );
}

/**
 * Sends to one channel.
 * @returns whether it needs no more: it took the message, or is gone for good
 */
async function sendTo(
  notifier: Notifier,
  message: Message,
  channel: Channel,
  notice: Notice | undefined,
  failed: Set<string>,
): Promise<boolean> {
  const { table, now, log } = notifier;
  const { account } = message;
  if (failed.has(channel.id) || !notice) return false;
  try {
    await deliver(notifier, channel, notice);
    await writeDone(table, message, channel.id);
    await writeSent(table, account, channel.id, new Date(now()));
    return true;
  } catch (error) {
    failed.add(channel.id);
    // The browser has ended the subscription: RFC 8030, section 7.3.
    if (error instanceof NotTaken && channel.target.kind === 'push' && (error.status === 404 || error.status === 410)) {
      await removeChannel(table, account, channel.id);
      return true;
    }
    if (!(error instanceof NotTaken)) log('failed', { account, channel: channel.id, error });
    const text = error instanceof NotTaken ? error.message : 'The cloud failed to send; it tries again.';
    await writeFailure(table, account, channel.id, { at: new Date(now()), text });
    return false;
  }
}

async function deliver(notifier: Notifier, { id, target }: Channel, notice: Notice): Promise<void> {
  switch (target.kind) {
    case 'push':
      return await sendPush(notifier, target, notice);
    case 'webhook':
      return await sendWebhook(notifier, target, notice);
    case 'mail':
      return await sendMailOf(notifier, target, id, notice);
  }
}
