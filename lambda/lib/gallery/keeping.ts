/**
 * Keeps an event for ever, and lets it expire again.
 *
 * An event expires in two places: its items by DynamoDB's time to live, its objects by the bucket's lifecycle, which
 * their tag selects. Both are changed, also for the event's versions and for portraits cut from it. Each step may be
 * repeated, so asking again completes an interrupted change.
 */
import { LONGEST_RETENTION, readAccount } from '../table/account-item';
import { eventOf, isShown, type PublishedEvent } from '../table/event-item';
import { removeKeptMark, writeKept, writeKeptMark, writeReleased } from '../table/kept-item';
import { eventKey } from '../table/keys';
import { keepPortrait } from '../table/person-item';
import { KEPT, keptUntil } from '../table/retention';
import { keepVersions, releaseVersions } from '../table/version-item';
import type { Gallery } from './gallery';
import { tagCurrentVersions } from './objects';
import { livingPersons } from './persons';

/**
 * Keeps an event for ever. `note`: undefined leaves the note as it is, '' removes it.
 *
 * @returns the event as stored; `undefined` if there is none.
 */
export async function keepEvent(
  gallery: Gallery,
  account: string,
  id: string,
  note?: string,
): Promise<PublishedEvent | undefined> {
  const event = await shownEvent(gallery, account, id);
  if (!event) return undefined;
  if (!event.kept) await writeKeptMark(gallery.table, event);
  const kept = await writeKept(gallery.table, event, note);
  if (!kept) {
    await removeKeptMark(gallery.table, event);
    return undefined;
  }
  // Also if it was kept before: that attempt may have ended here.
  await tagCurrentVersions(gallery.s3, gallery.settings.productionBucket, `${account}/${id}/`, KEPT);
  await keepVersions(gallery.table, account, id);
  for (const person of await portrayed(gallery, kept)) await keepPortrait(gallery.table, kept, person);
  return kept;
}

/**
 * Lets an event expire like the account's other events, counted from when it was received: an older event expires at
 * once.
 *
 * @returns the event as stored; `undefined` if there is none.
 */
export async function releaseEvent(gallery: Gallery, account: string, id: string): Promise<PublishedEvent | undefined> {
  const { table, s3, settings } = gallery;
  const event = await shownEvent(gallery, account, id);
  if (!event?.kept) return event;
  const days = (await readAccount(table, account))?.retentionDays ?? LONGEST_RETENTION;
  const expires = keptUntil(event.received, days);
  const released = await writeReleased(table, event, expires);
  await releaseVersions(table, account, id, (received) => keptUntil(received, days));
  for (const person of await portrayed(gallery, event)) await keepPortrait(table, event, person, expires);
  await tagCurrentVersions(s3, settings.productionBucket, `${account}/${id}/`, String(days));
  await removeKeptMark(table, event);
  return released;
}

/** The persons who are on an event, by the ids that have a portrait. */
async function portrayed({ table }: Gallery, { account, faces }: PublishedEvent): Promise<Set<string>> {
  const ids = new Set(faces.map(({ person }) => person));
  const living = ids.size === 0 ? [] : (await livingPersons(table, account, ids)).values();
  return new Set([...living].map(({ id }) => id));
}

async function shownEvent({ table, now }: Gallery, account: string, id: string): Promise<PublishedEvent | undefined> {
  const item = await table.get(eventKey(account, id));
  return item && isShown(item, now()) ? eventOf(item) : undefined;
}
