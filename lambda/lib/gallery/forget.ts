/**
 * Forgets a person: the name, portrait, descriptors and appearances of the person, and of all who were merged into it.
 * The events stay, without the person; if the person comes again, it is a new person without a name.
 *
 * First the person's item is marked, which hides it everywhere; then the log is marked, so that no descriptor is
 * written any more; then everything is removed. After a crash, forgetting the person again completes it. Whoever was
 * merged into the person before the log was marked is forgotten, too, whatever the items say.
 */
import { FaceLog } from '../table/face-log';
import { appearancePartition } from '../table/keys';
import { readPersons, writeForgotten } from '../table/person-item';
import { keyIn } from '../table/table';
import type { Gallery } from './gallery';
import { idsOf, rootPerson } from './persons';

/**
 * Forgets the person of an id. Reads the whole log of the person's engines, as a cold Lambda does, and deletes all
 * appearances.
 *
 * @returns false if there is no such person.
 */
export async function forgetPerson({ table, discard }: Gallery, account: string, id: string): Promise<boolean> {
  const person = await rootPerson(table, account, id);
  if (!person) return false;
  await writeForgotten(table, account, person.id, 'begun');
  const ids = new Set(idsOf(person));
  const family = await readPersons(table, account, [...ids]);
  const engines = new Set([...family.values()].map(({ engine }) => engine));
  for (const engine of engines) {
    if (engine === undefined) continue;
    const log = new FaceLog(table, account, engine);
    await log.read();
    for (const one of ids) {
      while (!log.isForgotten(one)) if (!(await log.append({ entry: 'forgotten', person: one }))) await log.read();
    }
    for (const one of log.mergedInto(person.id)) ids.add(one);
    await log.removeLeftovers((prints) => discard(engine, account, prints));
  }
  for (const one of ids) {
    const query = { partition: appearancePartition(account, one), attributes: ['pk', 'sk'] };
    for await (const page of table.pages(query)) await table.removeAll(page.map(keyIn));
    if (one !== person.id) await writeForgotten(table, account, one, 'done');
  }
  await writeForgotten(table, account, person.id, 'done');
  return true;
}
