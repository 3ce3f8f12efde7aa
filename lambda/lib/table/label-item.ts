/**
 * Makes an event findable by its labels. As with persons, an entry is a pointer: it counts only while the event's item
 * has the label.
 */
import { LABELS } from '../labels/engine';
import type { PublishedEvent } from './event-item';
import { any, Change, isAbsent, isAtMost } from './expression';
import { expiresAt } from './fields';
import { type Key, labelKey } from './keys';
import type { Table } from './table';

/** Writes an entry for each label of an event. */
export async function writeLabels(table: Table, event: PublishedEvent): Promise<void> {
  const { account, id, time, instance, expires, labels = [] } = event;
  const received = event.received.getTime();
  for (const label of labels) {
    await table.update(
      labelKey(account, label, time, id),
      new Change()
        .set({ event: id, instance, received, expires: expiresAt(expires) })
        .when(any(isAbsent('pk'), isAbsent('received'), isAtMost('received', received))),
    );
  }
}

/** The keys of all entries that an event may have, whatever its labels. */
export function labelKeysOf({ account, id, time }: Pick<PublishedEvent, 'account' | 'id' | 'time'>): Key[] {
  return LABELS.map((label) => labelKey(account, label, time, id));
}
