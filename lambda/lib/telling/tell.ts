/**
 * What ingest finds worth telling: it makes a message and goes on. Nothing is sent here, so no receiver can hold up an
 * upload, and an upload that is delivered again makes no second message.
 */
import type { Refused } from '../media/refused';
import { readAccount } from '../table/account-item';
import { claimBurst, continueBurst, type Sighting } from '../table/burst-item';
import type { PublishedEvent } from '../table/event-item';
import { readInstance, timeZoneOf } from '../table/instance-item';
import { createMessage } from '../table/message-item';
import { type Rule, readNotifications } from '../table/notifications-item';
import { readPersons } from '../table/person-item';
import type { Table } from '../table/table';
import { clockAt, matches, type Seen } from './rules';

/** What is older (ms) when it arrives is no news: a backlog comes after the line was away for days. */
const NEWS_FOR = 3_600_000;

/** Refused uploads of a camera make one message in this time, in ms. */
const REFUSED_EVERY = 6 * 3_600_000;

/**
 * Tells of a published event, by the owner's rules: once a burst, and not within a rule's cool-down. One read where nobody
 * is to be told anything.
 */
export async function tellEvent(table: Table, event: PublishedEvent): Promise<void> {
  const { account, instance, id, received } = event;
  const settings = await readNotifications(table, account);
  const time = event.time.getTime() + (event.clockOffset ?? 0);
  if (!settings || settings.rules.length === 0 || received.getTime() - time > NEWS_FOR) return;
  // A reference picture is taken at each start of a camera: nothing moved.
  if (event.reference) return;
  const sighting: Sighting = { account, instance, id, time };
  const burst = await continueBurst(table, sighting);
  const seen = await seenOn(table, event, settings.rules, new Date(time));
  const now = received.getTime();
  let isTold = false;
  for (const rule of settings.rules.filter((one) => matches(one, seen))) {
    const claim = { rule: rule.id, burst, coolDown: rule.coolDownMinutes * 60_000, now };
    isTold = (await claimBurst(table, sighting, claim)) || isTold;
  }
  // Two rules that are about the same event make one message.
  if (!isTold) return;
  const news = { kind: 'event', instance, event: id } as const;
  await createMessage(table, { account, id: `event-${id}`, news, at: new Date(time) }, received);
}

/** Tells that an upload was refused, once in a while for each camera. */
export async function tellRefused(
  table: Table,
  { account, fileName, instance, received }: { account: string; fileName: string; instance?: string; received: Date },
  { reason, message }: Pick<Refused, 'reason' | 'message'>,
): Promise<void> {
  if (account === '' || !(await readNotifications(table, account))?.health) return;
  const turn = Math.floor(received.getTime() / REFUSED_EVERY);
  const id = `refused-${turn}-${Buffer.from(instance ?? '').toString('base64url')}`;
  const news = { kind: 'refused', instance, fileName, reason, why: message } as const;
  await createMessage(table, { account, id, news, at: received }, received);
}

async function seenOn(
  table: Table,
  { account, instance, faces, labels = [] }: PublishedEvent,
  rules: readonly Rule[],
  time: Date,
): Promise<Seen> {
  const needsNames = rules.some(({ unknownFaces }) => unknownFaces) && faces.length > 0;
  const [camera, owner, persons] = await Promise.all([
    readInstance(table, account, instance),
    readAccount(table, account),
    needsNames
      ? readPersons(
          table,
          account,
          faces.map(({ person }) => person),
        )
      : new Map<string, { name?: string }>(),
  ]);
  return {
    camera: camera.id,
    clock: clockAt(timeZoneOf(camera, owner), time),
    persons: faces.filter(({ sure }) => sure).map(({ person }) => person),
    unknownFace: needsNames && faces.some(({ person }) => persons.get(person)?.name === undefined),
    labels,
  };
}
