/**
 * Writes the projections of an event's item: appearances of persons, labels, counts, the instance's last event, and a
 * message to the owner.
 */
import { count } from '../table/counts';
import { reopenDeletion } from '../table/deleted-item';
import { type PublishedEvent, writeSettled } from '../table/event-item';
import { writeLastEvent } from '../table/instance-item';
import { writeLabels } from '../table/label-item';
import { writeAppearances } from '../table/person-item';
import type { Table } from '../table/table';
import { tellEvent } from '../telling/tell';
import { removeRejected } from './rejected-item';

/** Writes the projections and marks the event as settled. May be repeated, which completes them after a crash. */
export async function settle(table: Table, event: PublishedEvent): Promise<void> {
  await writeAppearances(table, event);
  await writeLabels(table, event);
  await count(table, event);
  await writeLastEvent(table, event);
  await removeRejected(table, event, event.sequencer);
  await tellEvent(table, event);
  // The owner may have deleted the event meanwhile, before these projections existed.
  if (!(await writeSettled(table, event))) await reopenDeletion(table, event);
}
