import { inParallel } from '../in-parallel';
import type { RetentionDays } from '../table/account-item';
import { all, Change, is, isAbsent, isPresent } from '../table/expression';
import { expiresAt, type Fields, fieldsOf } from '../table/fields';
import { readKeptMarks } from '../table/kept-item';
import { EXPIRES, eventKey, type Key } from '../table/keys';
import { KEPT, keptUntil, minuteKeptUntil } from '../table/retention';
import type { Table } from '../table/table';
import { itemsOf, type Stores, tagRetention, type Version, versionsOf } from './stored';

/**
 * Applies another retention to everything stored of an account: items get another `expires`, objects another tag, as
 * ingest will give to new ones. Events that the owner keeps for ever are left alone. May be repeated.
 */
export async function keepFor(cloud: Stores, account: string, days: RetentionDays): Promise<void> {
  const { place, table } = cloud;
  const kept = await readKept(table, account);
  for await (const versions of versionsOf(cloud, place.productionBucket, account)) {
    await tagRetention(
      cloud,
      versions.filter((version) => !kept.has(eventIn(version))),
      days,
    );
  }
  await keepWhatWasKeptMeanwhile(cloud, account, kept);
  for await (const items of itemsOf(cloud, account, ['state', 'received', 'portrait'])) {
    await inParallel(items, (item) => keepItem(table, item, days));
  }
}

/** Corrects the tags of events that the owner began to keep while their objects were being tagged. */
async function keepWhatWasKeptMeanwhile(cloud: Stores, account: string, known: Set<string>): Promise<void> {
  const { place, table } = cloud;
  for (const id of await readKept(table, account)) {
    if (known.has(id)) continue;
    // It may have been released in this moment.
    if ((await table.get(eventKey(account, id)))?.kept !== true) continue;
    for await (const versions of versionsOf(cloud, place.productionBucket, `${account}/${id}`)) {
      await tagRetention(cloud, versions, KEPT);
    }
  }
}

async function readKept(table: Table, account: string): Promise<Set<string>> {
  return new Set((await readKeptMarks(table, account)).map(({ event }) => event));
}

/** The event that an object of the production bucket belongs to: its key is `ACCOUNT/EVENT/…`. */
function eventIn({ key }: Version): string {
  return key.split('/')[1] ?? '';
}

async function keepItem(table: Table, item: Key & Fields, days: RetentionDays): Promise<void> {
  const kind = item.pk.split('#')[2];
  if (kind === 'PERSONS') return await keepPortrait(table, item, days);
  const state = kind === 'EVENT' && (item.state === 'published' || item.state === 'version') ? item.state : undefined;
  if (state === undefined && kind !== 'PERSON' && kind !== 'LABEL' && kind !== 'COUNTS' && kind !== 'MINUTES') return;
  if (typeof item.received !== 'number') return;
  const expires = keptUntil(new Date(item.received), days);
  const change = new Change().set({ [EXPIRES]: expiresAt(kind === 'MINUTES' ? minuteKeptUntil(expires) : expires) });
  // An item deleted or replaced in this moment has its own `expires`; a kept event has none.
  const isThere = state === undefined ? isPresent('pk') : is('state', state);
  await table.update(keyOf(item), change.when(all(isThere, isAbsent('kept'))));
}

/** A portrait expires with its event; that of a kept event never. */
async function keepPortrait(table: Table, item: Key & Fields, days: RetentionDays): Promise<void> {
  const { at } = fieldsOf(item.portrait);
  const received = typeof at === 'string' ? new Date(at.split('#', 1)[0] ?? '') : undefined;
  if (!received || Number.isNaN(received.getTime())) return;
  const change = new Change().set({ [`portrait.${EXPIRES}`]: expiresAt(keptUntil(received, days)) });
  await table.update(keyOf(item), change.when(all(is('portrait.at', at), isAbsent('portrait.kept'))));
}

function keyOf({ pk, sk }: Key): Key {
  return { pk, sk };
}
