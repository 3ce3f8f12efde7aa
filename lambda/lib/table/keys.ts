/**
 * The shape of the DynamoDB table, and all its keys. README.md lists the questions that it answers.
 *
 * Each key, except those of logins and of the cloud itself, begins with the account, percent-encoded so that no account's name can reach into
 * another's keys: a reader that builds its keys here, from the account of its session, cannot see other accounts'
 * items. Times in keys are ISO 8601 in UTC, so that they sort as text.
 */
import type { CreateTableCommandInput } from '@aws-sdk/client-dynamodb';

/** Index of a day's events, and of rejected uploads, newest last. */
export const BY_DAY = 'byDay';
/** Index of an instance's events, newest last. */
export const BY_INSTANCE = 'byInstance';
/** `dayKey` of all accounts' own items; every other `dayKey` but OUTBOX begins with `ACCOUNT#`. */
export const ACCOUNTS = 'ACCOUNTS';
/** The attribute for DynamoDB's time to live: seconds since 1970, after which the item is removed. */
export const EXPIRES = 'expires';

/** Primary key of an item. */
export interface Key {
  pk: string;
  sk: string;
}

/** The names of the two parts of a key, in the table or in an index. */
export function partitionOf(index?: typeof BY_DAY | typeof BY_INSTANCE): { partition: string; sort: string } {
  if (index === undefined) return { partition: 'pk', sort: 'sk' };
  return { partition: index === BY_DAY ? 'dayKey' : 'instanceKey', sort: 'timeKey' };
}

/** An account's own item. */
export function accountKey(account: string): Key {
  return { pk: `${of(account)}#ACCOUNT`, sk: 'ACCOUNT' };
}

/** The prefix of every `pk` of an account's items, and of no other `pk`. */
export function accountPrefix(account: string): string {
  return `${of(account)}#`;
}

/** Attempts to log in, counted for whatever is limited; no account's key begins like this. */
export function attemptsKey(limited: string): Key {
  return { pk: `LOGIN#${limited}`, sk: 'ATTEMPTS' };
}

/** Marks that a user has logged in from a network. */
export function loggedInKey(user: string, network: string): Key {
  return { pk: `LOGIN#${user}`, sk: `FROM#${network}` };
}

/** Marks that the operator has given a user a new password, so that login limits are lifted. */
export function rescueKey(user: string): Key {
  return { pk: `LOGIN#${user}`, sk: 'RESCUE' };
}

/** One event, by its id. */
export function eventKey(account: string, id: string): Key {
  return { pk: `${of(account)}#EVENT#${id}`, sk: 'EVENT' };
}

/** A version of an event (version-item.ts); all versions of an event share its `pk`. */
export function versionKey(account: string, event: string, version: string): Key {
  return { pk: eventKey(account, event).pk, sk: `VERSION#${version}` };
}

/** The range of an event's versions. */
export function versionsRange(account: string, event: string): { partition: string; from: string; to: string } {
  // `$` is the character after `#`.
  return { partition: eventKey(account, event).pk, from: 'VERSION#', to: 'VERSION$' };
}

/** `instanceKey` of an event's versions: they are read in the order of their uploads. */
export function versionsKey(account: string, event: string): string {
  return `${of(account)}#VERSIONS#${event}`;
}

/** One refused upload, by its id. */
export function rejectedKey(account: string, id: string): Key {
  return { pk: `${of(account)}#REJECTED#${id}`, sk: 'REJECTED' };
}

/** `dayKey` of an account's events of one day (UTC). */
export function dayKey(account: string, time: Date): string {
  return dayKeyOf(account, time.toISOString().slice(0, 10));
}

/** `dayKey` for a day (UTC) such as `2026-04-22`. */
export function dayKeyOf(account: string, day: string): string {
  return `${of(account)}#DAY#${day}`;
}

/** `dayKey` of an account's refused uploads of all days: they stay for 30 days. */
export function rejectedDayKey(account: string): string {
  return `${of(account)}#REJECTED`;
}

/** `dayKey` of an account's deleted events that may not be removed completely yet. */
export function deletingDayKey(account: string): string {
  return `${of(account)}#DELETING`;
}

/** The usual grid of an instance (usual-item.ts), for a day such as `2026-04-22`; an account's grids share the `pk`. */
export function usualKey(account: string, day: string, instance: string): Key {
  return { pk: `${of(account)}#USUAL`, sk: `${day}#${instance}` };
}

/** The mark of a kept event; an account's marks share the `pk`, in the order of time. */
export function keptKey(account: string, time: Date, id: string): Key {
  return { pk: keptPartition(account), sk: timeKey(time, id) };
}

/** `pk` of the marks of an account's kept events. */
export function keptPartition(account: string): string {
  return `${of(account)}#KEPT`;
}

/** `instanceKey` of an instance's events. */
export function instanceEventsKey(account: string, instance: string): string {
  return `${of(account)}#INSTANCE#${encodeURIComponent(instance)}`;
}

/** `timeKey`: the order within a day, an instance or a person; unique by the id. */
export function timeKey(time: Date, id: string): string {
  return `${time.toISOString()}#${id}`;
}

/** An instance; an account's instances share the `pk`. */
export function instanceKey(account: string, instance: string): Key {
  return { pk: instancePartition(account), sk: `INSTANCE#${instance}` };
}

/** `pk` of an account's instances. */
export function instancePartition(account: string): string {
  return `${of(account)}#INSTANCES`;
}

/** The counts of one instance on one day (UTC); a month of an account shares the `pk`, a day the start of the `sk`. */
export function dayCountsKey(account: string, instance: string, time: Date): Key {
  const day = time.toISOString();
  return { pk: `${of(account)}#COUNTS#${day.slice(0, 7)}`, sk: `${day.slice(0, 10)}#${instance}` };
}

/** The range of all instances' counts on a day (UTC) such as `2026-04-22`. A month shares the partition. */
export function dayCountsRange(account: string, day: string): { partition: string; from: string; to: string } {
  // `$` is the character after `#`.
  return { partition: `${of(account)}#COUNTS#${day.slice(0, 7)}`, from: `${day}#`, to: `${day}$` };
}

/** The events of one instance in one minute; a quarter of an hour shares the `pk`. */
export function minuteKey(account: string, instance: string, time: Date): Key {
  const quarter = new Date(Math.floor(time.getTime() / 900_000) * 900_000);
  const pk = `${of(account)}#MINUTES#${encodeURIComponent(instance)}#${quarter.toISOString().slice(0, 16)}`;
  return { pk, sk: time.toISOString().slice(0, 16) };
}

/** A person; an account's persons share the `pk`. */
export function personKey(account: string, person: string): Key {
  return { pk: personPartition(account), sk: `PERSON#${person}` };
}

/** `pk` of an account's persons. */
export function personPartition(account: string): string {
  return `${of(account)}#PERSONS`;
}

/** `pk` of a person's appearances. */
export function appearancePartition(account: string, person: string): string {
  return `${of(account)}#PERSON#${person}`;
}

/** An appearance of a person in an event; a person's appearances share the `pk`, in the order of time. */
export function appearanceKey(account: string, person: string, time: Date, id: string): Key {
  return { pk: appearancePartition(account, person), sk: timeKey(time, id) };
}

/** `pk` of the events that a label is on. */
export function labelPartition(account: string, label: string): string {
  return `${of(account)}#LABEL#${label}`;
}

/** A label on an event; all events of a label share the `pk`, in the order of time. */
export function labelKey(account: string, label: string, time: Date, id: string): Key {
  return { pk: labelPartition(account, label), sk: timeKey(time, id) };
}

/** An entry of an account's face log (face-log.ts); entries are numbered from 1. */
export function faceKey(account: string, engine: string, number: number): Key {
  return { pk: `${of(account)}#FACES#${engine}`, sk: String(number).padStart(12, '0') };
}

/** What an account wants to be told. */
export function notificationsKey(account: string): Key {
  return { pk: `${of(account)}#NOTIFICATIONS`, sk: 'SETTINGS' };
}

/** Where an account is told; all of an account's share the `pk`. */
export function channelKey(account: string, channel: string): Key {
  return { pk: channelPartition(account), sk: `CHANNEL#${channel}` };
}

/** `pk` of an account's channels. */
export function channelPartition(account: string): string {
  return `${of(account)}#CHANNELS`;
}

/** The burst of the moment of one camera, and which rules have told of it. */
export function burstKey(account: string, instance: string): Key {
  return { pk: `${of(account)}#BURSTS`, sk: `BURST#${instance}` };
}

/** A message to an account. */
export function messageKey(account: string, id: string): Key {
  return { pk: `${of(account)}#MESSAGES`, sk: `MESSAGE#${id}` };
}

/** `dayKey` of the messages of all accounts that are not sent everywhere yet; their `timeKey` is when to try. */
export const OUTBOX = 'OUTBOX';

/** The key pair with which the cloud identifies itself to push services. */
export const VAPID_KEY: Key = { pk: 'VAPID', sk: 'KEYS' };

/** The table's definition, to create it on one machine. template.yaml has the same for AWS; a test compares them. */
export function tableDefinition(name: string): CreateTableCommandInput {
  const index = (IndexName: string, partition: string) => ({
    IndexName,
    KeySchema: [
      { AttributeName: partition, KeyType: 'HASH' as const },
      { AttributeName: 'timeKey', KeyType: 'RANGE' as const },
    ],
    Projection: { ProjectionType: 'ALL' as const },
  });
  return {
    TableName: name,
    BillingMode: 'PAY_PER_REQUEST',
    AttributeDefinitions: ['pk', 'sk', 'dayKey', 'instanceKey', 'timeKey'].map((AttributeName) => ({
      AttributeName,
      AttributeType: 'S',
    })),
    KeySchema: [
      { AttributeName: 'pk', KeyType: 'HASH' },
      { AttributeName: 'sk', KeyType: 'RANGE' },
    ],
    GlobalSecondaryIndexes: [index(BY_DAY, 'dayKey'), index(BY_INSTANCE, 'instanceKey')],
  };
}

function of(account: string): string {
  return `ACCOUNT#${encodeURIComponent(account)}`;
}
