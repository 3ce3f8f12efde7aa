/**
 * A Kerberos instance of an account. Ingest writes when it was last seen, and the time zone of its configuration. The
 * owner chooses the time zone in which it is shown, and how long it may be silent; ingest leaves these alone.
 */
import { createHash } from 'node:crypto';
import type { PublishedEvent } from './event-item';
import { any, Change, is, isAbsent, isLess, isPresent } from './expression';
import { type Fields, fieldsOf, number, optional, text } from './fields';
import { instanceKey, instancePartition, timeKey } from './keys';
import type { Table } from './table';

/** An instance, as it is stored. */
export interface Instance {
  /** Opaque, 22 characters, made from account and name. */
  id: string;
  name: string;
  /** When its last upload came, by S3's clock. */
  lastSeen: Date;
  /** The event of that upload, by the camera's clock; absent when it was deleted and there is no other. */
  lastEvent?: { id: string; time: Date } | undefined;
  /** The last sign of life of its `grunt sync`; absent when there was none. */
  alive?: SignOfLife | undefined;
  /** The last event whose time was wrong; absent when there was none. */
  wrongClock?: WrongClock | undefined;
  /** Since when it is gone, where its owner was told of that. */
  goneSince?: Date | undefined;
  /** Since when files wait at it, and how many did then; absent where few do. */
  growing?: { since: Date; from: number } | undefined;
  /** IANA time zone that its owner chose; absent without a choice. */
  timeZone?: string | undefined;
  /** IANA time zone in the camera's configuration; absent where unknown. */
  cameraTimeZone?: string | undefined;
  /** After how many hours without an upload it counts as silent; absent without a choice. */
  silentAfterHours?: number | undefined;
}

/** A camera's last sign of life. Unknown fields are absent. */
export interface SignOfLife {
  /** By S3's clock. */
  at: Date;
  /** Files that wait to be uploaded. */
  queue?: number | undefined;
  /** When a file last appeared in or vanished from its capture directory. */
  lastCapture?: Date | undefined;
  /** Free bytes on the disk of the capture directory. */
  freeDisk?: number | undefined;
  /** Temperature of its processor, in °C. */
  temperature?: number | undefined;
  /** Seconds since the machine started. */
  uptime?: number | undefined;
  /** Version of `grunt sync`. */
  version?: string | undefined;
}

/** An event with a wrong time. */
export interface WrongClock {
  /** Ms to add to the camera's time to get the true time. */
  offset: number;
  /** Id of the event. */
  id: string;
  time: Date;
  /** When the event came, by S3's clock. */
  received: Date;
}

/** A change by the owner; `null` removes the choice. */
export interface InstanceChange {
  timeZone?: string | null | undefined;
  silentAfterHours?: number | undefined;
}

/** The id of an instance: does not reveal the name, and differs between accounts. */
export function instanceId(account: string, name: string): string {
  return createHash('sha256')
    .update(JSON.stringify([account, name]))
    .digest('base64url')
    .slice(0, 22);
}

/**
 * Records an instance's last event, by S3's clock: a camera's own clock may be wrong. The later of two events stays, in
 * whatever order they arrive.
 */
export async function writeLastEvent(table: Table, event: PublishedEvent): Promise<void> {
  const { account, instance, received, id, time, cameraTimeZone, clockOffset } = event;
  const lastKey = timeKey(received, id);
  const zone = cameraTimeZone === undefined ? {} : { cameraTimeZone };
  const clock =
    clockOffset === undefined
      ? {}
      : { wrongClock: { offset: clockOffset, id, time: time.getTime(), received: received.getTime() } };
  const last = { lastSeen: received.getTime(), lastEvent: id, lastEventTime: time.getTime(), lastKey };
  await table.update(
    instanceKey(account, instance),
    new Change()
      .set({ instance, ...last, ...zone, ...clock })
      .when(any(isAbsent('lastKey'), isLess('lastKey', lastKey))),
  );
}

/**
 * Records an instance's last sign of life, unless a later one is known. Makes the item of an instance without an event.
 */
export async function writeSignOfLife(
  table: Table,
  account: string,
  instance: string,
  sign: SignOfLife,
): Promise<void> {
  const { at, lastCapture, ...rest } = sign;
  const known = Object.fromEntries(Object.entries(rest).filter(([, value]) => value !== undefined));
  const alive = { at: at.getTime(), ...(lastCapture && { lastCapture: lastCapture.getTime() }), ...known };
  await table.update(
    instanceKey(account, instance),
    new Change()
      .setOnce({ instance, lastSeen: at.getTime() })
      .set({ alive })
      .when(any(isAbsent('alive'), isLess('alive.at', at.getTime()))),
  );
}

/** Remembers since when an instance is gone, or that it is back. */
export async function writeGone(table: Table, account: string, name: string, since: Date | undefined): Promise<void> {
  const change = new Change().set({ goneSince: since?.getTime() });
  await table.update(instanceKey(account, name), change.when(isPresent('pk')));
}

/** Remembers since when files wait at an instance, or that they do not any more. */
export async function writeQueue(
  table: Table,
  account: string,
  name: string,
  growing: { since: Date; from: number } | undefined,
): Promise<void> {
  const change = new Change().set({ growing: growing && { since: growing.since.getTime(), from: growing.from } });
  await table.update(instanceKey(account, name), change.when(isPresent('pk')));
}

/** All instances of an account, by name: a query a megabyte, some 4,000 instances. */
export async function readInstances(table: Table, account: string): Promise<Instance[]> {
  const items = await table.list({ partition: instancePartition(account) });
  return items.map((item) => instanceOf(account, item));
}

/** An instance by its name; one that has no item yet has only that. */
export async function readInstance(
  table: Table,
  account: string,
  name: string,
): Promise<Pick<Instance, 'id' | 'name' | 'timeZone' | 'cameraTimeZone'>> {
  const item = await table.get(instanceKey(account, name));
  return item ? instanceOf(account, item) : { id: instanceId(account, name), name };
}

/** The time zone of an instance: its owner's choice, else what the camera is set to, else the account's, else UTC. */
export function timeZoneOf(
  instance: Pick<Instance, 'timeZone' | 'cameraTimeZone'> | undefined,
  account: { timeZone?: string | undefined } | undefined,
): string {
  return instance?.timeZone ?? instance?.cameraTimeZone ?? account?.timeZone ?? 'UTC';
}

/** Whether an account has an instance of this name. */
export async function hasInstance(table: Table, account: string, name: string): Promise<boolean> {
  return (await table.get(instanceKey(account, name))) !== undefined;
}

/** The names of at most `most` of an account's instances, in one query. */
export async function readInstanceNames(table: Table, account: string, most: number): Promise<string[]> {
  const query = { partition: instancePartition(account), attributes: ['instance'], pageSize: most };
  for await (const page of table.pages(query)) return page.map((item) => text(item, 'instance'));
  return [];
}

/** Removes an instance. It returns with its next upload. */
export async function removeInstance(table: Table, account: string, name: string): Promise<void> {
  await table.remove(instanceKey(account, name));
}

/**
 * Changes an instance.
 *
 * @returns the changed instance; `undefined` if there is none of that name.
 */
export async function changeInstance(
  table: Table,
  account: string,
  name: string,
  change: InstanceChange,
): Promise<Instance | undefined> {
  const { timeZone, silentAfterHours } = change;
  const chosen = {
    ...(timeZone === undefined ? {} : { timeZone: timeZone ?? undefined }),
    ...(silentAfterHours === undefined ? {} : { silentAfterHours }),
  };
  const update = new Change().set({ instance: name, ...chosen }).when(isPresent('pk'));
  const item = await table.update(instanceKey(account, name), update);
  return item && instanceOf(account, item);
}

/** Replaces an instance's last event, if it is `id`, by another event or by none. */
export async function replaceLastEvent(
  table: Table,
  { account, instance, id }: Pick<PublishedEvent, 'account' | 'instance' | 'id'>,
  next: Pick<PublishedEvent, 'id' | 'time'> | undefined,
): Promise<void> {
  const change = new Change().set({ lastEvent: next?.id, lastEventTime: next?.time.getTime() });
  await table.update(instanceKey(account, instance), change.when(is('lastEvent', id)));
}

function instanceOf(account: string, item: Fields): Instance {
  const name = text(item, 'instance');
  const lastEvent = optional(item, 'lastEvent', text);
  return {
    id: instanceId(account, name),
    name,
    lastSeen: new Date(number(item, 'lastSeen')),
    lastEvent: lastEvent === undefined ? undefined : { id: lastEvent, time: new Date(number(item, 'lastEventTime')) },
    alive: optional(item, 'alive', signOf),
    wrongClock: optional(item, 'wrongClock', wrongClockOf),
    goneSince: typeof item.goneSince === 'number' ? new Date(item.goneSince) : undefined,
    growing: optional(item, 'growing', growingOf),
    timeZone: optional(item, 'timeZone', text),
    cameraTimeZone: optional(item, 'cameraTimeZone', text),
    silentAfterHours: optional(item, 'silentAfterHours', number),
  };
}

function signOf(item: Fields, name: string): SignOfLife {
  const from = fieldsOf(item[name]);
  const lastCapture = optional(from, 'lastCapture', number);
  return {
    at: new Date(number(from, 'at')),
    queue: optional(from, 'queue', number),
    lastCapture: lastCapture === undefined ? undefined : new Date(lastCapture),
    freeDisk: optional(from, 'freeDisk', number),
    temperature: optional(from, 'temperature', number),
    uptime: optional(from, 'uptime', number),
    version: optional(from, 'version', text),
  };
}

function wrongClockOf(item: Fields, name: string): WrongClock {
  const from = fieldsOf(item[name]);
  return {
    offset: number(from, 'offset'),
    id: text(from, 'id'),
    time: new Date(number(from, 'time')),
    received: new Date(number(from, 'received')),
  };
}

function growingOf(item: Fields, name: string): { since: Date; from: number } {
  const from = fieldsOf(item[name]);
  return { since: new Date(number(from, 'since')), from: number(from, 'from') };
}
