/**
 * A version of an event: another upload of the event's key, with other bytes. The event goes on showing what it showed;
 * otherwise whoever holds a camera's key could blacken what the camera saw days ago. The event's item has the time of
 * the last version, so that its owner sees that there is one.
 *
 * Versions share the partition of their event and are named for their content: to write one twice is to write it once.
 * They expire by themselves, unless the event is kept for ever, and go when the event is deleted.
 */
import { inParallel } from '../in-parallel';
import type { Kind } from '../media/kind';
import { kindOf, type PublishedEvent } from './event-item';
import { all, any, Change, is, isAbsent, isAtMost, isLess, isPresent } from './expression';
import { expiresAt, expiryOf, type Fields, number, optional, text } from './fields';
import { BY_INSTANCE, EXPIRES, eventKey, timeKey, versionKey, versionsKey, versionsRange } from './keys';
import { keyIn, type Table } from './table';

/** A version of an event, as it is stored. */
export interface EventVersion {
  account: string;
  /** Id of the event. */
  event: string;
  /** Opaque, 22 characters, the same for the same content. */
  id: string;
  /** Key in the production bucket. */
  key: string;
  /** Key in the production bucket; absent where there is none. */
  thumbnailKey?: string | undefined;
  /** In bytes. */
  size: number;
  kind: Kind;
  /** Of the upright picture, in pixels. */
  width: number;
  height: number;
  /** Duration of a video, in ms. */
  duration?: number | undefined;
  /** Whether the file was cut off. */
  incomplete?: boolean | undefined;
  /** Sequencer of the upload's notification. */
  sequencer: string;
  /** When S3 received the upload. */
  received: Date;
  /** When it expires; absent if never. */
  expires?: Date | undefined;
}

/** A version of what is kept for ever. */
const STAYS = new Change().set({ kept: true, [EXPIRES]: undefined });

/** A version's id, by the SHA-256 of its bytes in hexadecimal. */
export function versionId(sha256: string): string {
  return Buffer.from(sha256, 'hex').toString('base64url').slice(0, 22);
}

/** The version that an upload would be, made from the event that it would be. */
export function versionOf(upload: PublishedEvent): EventVersion {
  const { account, id: event, sha256, key, thumbnailKey, size, kind, width, height, duration } = upload;
  const { incomplete, sequencer, received, expires } = upload;
  const shown = { key, thumbnailKey, size, kind, width, height, duration, incomplete };
  return { account, event, id: versionId(sha256), ...shown, sequencer, received, expires };
}

/**
 * Writes a version, then its mark on the event. If the same bytes were uploaded several times, the last upload counts.
 *
 * @returns false if the event was deleted meanwhile; then the version's item is removed again.
 */
export async function writeVersion(table: Table, version: EventVersion): Promise<boolean> {
  const { account, event, id, received, expires, ...rest } = version;
  const key = versionKey(account, event, id);
  const index = { instanceKey: versionsKey(account, event), timeKey: timeKey(received, id) };
  await table.update(
    key,
    new Change()
      .set({ account, event, id, ...rest, ...index, state: 'version' })
      .set({ received: received.getTime(), [EXPIRES]: expiresAt(expires) })
      .when(any(isAbsent('pk'), isAtMost('sequencer', version.sequencer))),
  );
  const otherUpload = received.getTime();
  const isLater = any(isAbsent('otherUpload'), isLess('otherUpload', otherUpload));
  const marked = await table.update(
    eventKey(account, event),
    new Change().set({ otherUpload }).when(all(is('state', 'published'), isLater)),
  );
  const shown = marked ?? (await table.get(eventKey(account, event)));
  if (shown?.state !== 'published') {
    await table.remove(key);
    return false;
  }
  // Whoever keeps the event marks it first and its versions afterwards: either that or this sees the other.
  if (shown.kept === true) await table.update(key, STAYS.when(isPresent('pk')));
  return true;
}

/** Has all versions of an event stay with it, as its owner keeps it for ever. */
export async function keepVersions(table: Table, account: string, event: string): Promise<void> {
  await inParallel(await table.list(versionsRange(account, event)), async (item) => {
    await table.update(keyIn(item), STAYS.when(isPresent('pk')));
  });
}

/** Lets the versions of an event expire again, each at the time that `expiresOf` tells for when it was received. */
export async function releaseVersions(
  table: Table,
  account: string,
  event: string,
  expiresOf: (received: Date) => Date,
): Promise<void> {
  await inParallel(await table.list(versionsRange(account, event)), async (item) => {
    const expires = expiresAt(expiresOf(new Date(number(item, 'received'))));
    const change = new Change().set({ kept: undefined, [EXPIRES]: expires });
    await table.update(keyIn(item), change.when(isPresent('pk')));
  });
}

/** Changes when a version expires, if it exists and expires at all. */
export async function keepVersionFor(
  table: Table,
  { account, event, id }: Pick<EventVersion, 'account' | 'event' | 'id'>,
  expires: Date,
): Promise<void> {
  const change = new Change().set({ [EXPIRES]: expiresAt(expires) });
  await table.update(versionKey(account, event, id), change.when(all(isPresent('pk'), isAbsent('kept'))));
}

/** A version of an event; `undefined` if there is none, or it has expired at `now` (ms since 1970). */
export async function readVersion(
  table: Table,
  account: string,
  event: string,
  id: string,
  now: number,
): Promise<EventVersion | undefined> {
  const item = await table.get(versionKey(account, event, id));
  return item && isKept(item, now) ? versionIn(item) : undefined;
}

/** At most `most` of an event's versions that have not expired at `now` (ms since 1970), newest first: one query. */
export async function lastVersions(
  table: Table,
  account: string,
  event: string,
  most: number,
  now: number,
): Promise<EventVersion[]> {
  const query = {
    index: BY_INSTANCE,
    partition: versionsKey(account, event),
    backwards: true,
    pageSize: most,
  } as const;
  for await (const page of table.pages(query)) {
    return page.filter((item) => isKept(item, now)).map(versionIn);
  }
  return [];
}

/** Removes the items of all versions of an event. */
export async function removeVersions(table: Table, account: string, event: string): Promise<void> {
  const query = { ...versionsRange(account, event), attributes: ['pk', 'sk'] };
  for await (const page of table.pages(query)) await table.removeAll(page.map(keyIn));
}

function isKept(item: Fields, now: number): boolean {
  const expires = expiryOf(item);
  return expires === undefined || expires.getTime() > now;
}

function versionIn(item: Fields): EventVersion {
  return {
    account: text(item, 'account'),
    event: text(item, 'event'),
    id: text(item, 'id'),
    key: text(item, 'key'),
    thumbnailKey: optional(item, 'thumbnailKey', text),
    size: number(item, 'size'),
    kind: kindOf(text(item, 'kind')),
    width: number(item, 'width'),
    height: number(item, 'height'),
    duration: optional(item, 'duration', number),
    incomplete: item.incomplete === true || undefined,
    sequencer: text(item, 'sequencer'),
    received: new Date(number(item, 'received')),
    expires: expiryOf(item),
  };
}
