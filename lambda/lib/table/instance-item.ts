/**
 * One Kerberos instance of an account. Ingest writes when it was last seen and which time zone its configuration names;
 * the time zone in which it is shown, and how long it may be silent, are the owner's to choose, and ingest leaves them
 * alone.
 */
import { createHash } from 'node:crypto';
import type { PublishedEvent } from './event-item';
import { any, Change, is, isAbsent, isLess, isPresent } from './expression';
import { type Fields, fieldsOf, number, optional, text } from './fields';
import { instanceKey, instancePartition, timeKey } from './keys';
import type { Table } from './table';

/** An instance, as it is stored. */
export interface Instance {
  /** Opaque, 22 letters: made of account and name. */
  id: string;
  name: string;
  /** When its last upload came, by the clock of S3. */
  lastSeen: Date;
  /** That upload's event, by the camera's clock; absent when it was deleted and there is no other. */
  lastEvent?: { id: string; time: Date } | undefined;
  /** The last sign of life of its `grunt sync`; absent when there was none. */
  alive?: SignOfLife | undefined;
  /** The last event whose time was wrong; absent when there was none. */
  wrongClock?: WrongClock | undefined;
  /** IANA name, as its owner has chosen; absent when nobody has. */
  timeZone?: string | undefined;
  /** IANA name that the camera's own configuration has; absent when that is not known. */
  cameraTimeZone?: string | undefined;
  /** Absent when nobody has chosen. */
  silentAfterHours?: number | undefined;
}

/** How a camera was when it last said that it is there. What it does not know is absent. */
export interface SignOfLife {
  /** By the clock of S3. */
  at: Date;
  /** Files that wait to be uploaded. */
  queue?: number | undefined;
  /** When a file last came into its capture directory or went. */
  lastCapture?: Date | undefined;
  /** Of the capture directory's disk, in bytes. */
  freeDisk?: number | undefined;
  /** Of its processor, in degrees Celsius. */
  temperature?: number | undefined;
  /** How long the machine has been running, in seconds. */
  uptime?: number | undefined;
  /** Of `grunt sync`. */
  version?: string | undefined;
}

/** What a camera did while its clock was wrong. */
export interface WrongClock {
  /** What to add to the camera's time to have the true one, in ms. */
  offset: number;
  /** The event that has the wrong time. */
  id: string;
  time: Date;
  /** When it came, by the clock of S3. */
  received: Date;
}

/** What its owner can change; `null` takes the choice back. */
export interface InstanceChange {
  timeZone?: string | null | undefined;
  silentAfterHours?: number | undefined;
}

/** An instance's id: it tells nothing of the name, and is another one in another account. */
export function instanceId(account: string, name: string): string {
  return createHash('sha256')
    .update(JSON.stringify([account, name]))
    .digest('base64url')
    .slice(0, 22);
}

/**
 * Remembers an instance's last event, by the clock of S3: a camera's own clock may be wrong. Of two events the later one
 * stays, in whatever order they come.
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
 * Remembers an instance's last sign of life; an earlier one that comes later is dropped. An instance that never had an
 * event is first seen by it.
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

/** All instances of an account, by name: a query a megabyte, some 4,000 instances. */
export async function readInstances(table: Table, account: string): Promise<Instance[]> {
  const items = await table.list({ partition: instancePartition(account) });
  return items.map((item) => instanceOf(account, item));
}

/** Whether an account has an instance of this name. */
export async function hasInstance(table: Table, account: string, name: string): Promise<boolean> {
  return (await table.get(instanceKey(account, name))) !== undefined;
}

/** The names of an account's instances, of at most so many: one query. */
export async function readInstanceNames(table: Table, account: string, most: number): Promise<string[]> {
  const query = { partition: instancePartition(account), attributes: ['instance'], pageSize: most };
  for await (const page of table.pages(query)) return page.map((item) => text(item, 'instance'));
  return [];
}

/** Removes an instance. It comes back with its next upload. */
export async function removeInstance(table: Table, account: string, name: string): Promise<void> {
  await table.remove(instanceKey(account, name));
}

/** Changes an instance; undefined when there is none of that name. */
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

/** Puts another event, or none, in the place of an instance's last one. */
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
