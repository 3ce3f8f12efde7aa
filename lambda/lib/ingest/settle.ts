/** What follows from an event's item: appearances of persons, labels, counts, the instance's last event. */
import { count } from '../table/counts';
import { reopenDeletion } from '../table/deleted-item';
import { type PublishedEvent, writeSettled } from '../table/event-item';
import { writeLastEvent } from '../table/instance-item';
import { writeLabels } from '../table/label-item';
import { writeAppearances } from '../table/person-item';
import type { Table } from '../table/table';
import { removeRejected } from './rejected-item';

/** Writes it and marks the event as settled. May be done twice: whatever a crash left out is written by the next one. */
export async function settle(table: Table, event: PublishedEvent): Promise<void> {
  await writeAppearances(table, event);
  await writeLabels(table, event);
  await count(table, event);
  await writeLastEvent(table, event);
  await removeRejected(table, event, event.sequencer);
  // The owner may have deleted the event, and all that follows from it, before that was written.
  if (!(await writeSettled(table, event))) await reopenDeletion(table, event);
}
