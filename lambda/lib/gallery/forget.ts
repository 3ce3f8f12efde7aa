/**
 * Forgetting a person: the name, the portrait, the descriptors and the appearances of it and of everybody who was merged
 * into it. The events stay, with nobody known on them; whoever comes again is a new person without a name.
 *
 * First the person's item says that it is forgotten, which hides it everywhere; then the log says so, so that nobody
 * writes a descriptor any more; then everything goes. Interrupted, it is finished by doing it again. Who was merged into
 * the person by the time that the log says so is forgotten with it, whatever the items say.
 */
import { FaceLog } from '../table/face-log';
import { appearancePartition } from '../table/keys';
import { readPersons, writeForgotten } from '../table/person-item';
import { keyIn } from '../table/table';
import type { Gallery } from './gallery';
import { idsOf, rootPerson } from './persons';

/**
 * Forgets the person that an id stands for. Returns false when there is none. Reads the whole log of the person's
 * engines, as a cold Lambda does, and deletes as many appearances as there are.
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
