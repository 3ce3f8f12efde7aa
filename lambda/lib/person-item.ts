import type { PublishedEvent } from './event-item';
import { appearanceKey, personKey } from './keys';
import type { Table } from './table';

/**
 * Makes an event findable by its persons, and each person by the account. A person's item is made once, with this event
 * for its portrait, and never overwritten: its name, or that it was merged or forgotten, is the owner's to write.
 *
 * An appearance is a pointer: it counts only while the event's item names the person.
 */
export async function writeAppearances(table: Table, event: PublishedEvent): Promise<void> {
  const { account, id, time } = event;
  for (const { person, box } of event.faces) {
    const portrait = { event: id, box };
    await table.create(personKey(account, person), { person, since: time.getTime(), portrait, engine: event.engine });
    await table.create(appearanceKey(account, person, time, id), { event: id });
  }
}
