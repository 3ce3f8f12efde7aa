import type { RetentionDays } from '../table/account-item';
import { Change, is, isPresent } from '../table/expression';
import { expiresAt, type Fields, fieldsOf } from '../table/fields';
import { EXPIRES, type Key } from '../table/keys';
import { keptUntil, minuteKeptUntil } from '../table/retention';
import type { Table } from '../table/table';
import type { AccountsCloud } from './cloud';
import { inParallel, itemsOf, tagRetention, versionsOf } from './stored';

/**
 * Another retention for what an account has already: items get another `expires`, objects another tag, as ingest gives
 * them to what comes from now on. It may be repeated.
 */
export async function keepFor(cloud: AccountsCloud, account: string, days: RetentionDays): Promise<void> {
  const { place, table } = cloud;
  for await (const versions of versionsOf(cloud, place.productionBucket, account)) {
    await tagRetention(cloud, versions, days);
  }
  for await (const items of itemsOf(cloud, account, ['state', 'received', 'portrait'])) {
    await inParallel(items, (item) => keepItem(table, item, days));
  }
}

async function keepItem(table: Table, item: Key & Fields, days: RetentionDays): Promise<void> {
  const kind = item.pk.split('#')[2];
  if (kind === 'PERSONS') return await keepPortrait(table, item, days);
  const state = kind === 'EVENT' && (item.state === 'published' || item.state === 'version') ? item.state : undefined;
  if (state === undefined && kind !== 'PERSON' && kind !== 'LABEL' && kind !== 'COUNTS' && kind !== 'MINUTES') return;
  if (typeof item.received !== 'number') return;
  const expires = keptUntil(new Date(item.received), days);
  const change = new Change().set({ [EXPIRES]: expiresAt(kind === 'MINUTES' ? minuteKeptUntil(expires) : expires) });
  // What was deleted or replaced in this moment has an `expires` of its own.
  await table.update(keyOf(item), change.when(state === undefined ? isPresent('pk') : is('state', state)));
}

/** A portrait says when its event expires. */
async function keepPortrait(table: Table, item: Key & Fields, days: RetentionDays): Promise<void> {
  const { at } = fieldsOf(item.portrait);
  const received = typeof at === 'string' ? new Date(at.split('#', 1)[0] ?? '') : undefined;
  if (!received || Number.isNaN(received.getTime())) return;
  const change = new Change().set({ [`portrait.${EXPIRES}`]: expiresAt(keptUntil(received, days)) });
  await table.update(keyOf(item), change.when(is('portrait.at', at)));
}

function keyOf({ pk, sk }: Key): Key {
  return { pk, sk };
}
