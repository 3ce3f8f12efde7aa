/**
 * Merges two persons who are one. The face log decides: an entry is appended under the next number, so of two mergers
 * at the same time the second reads what the first did, and cannot make a cycle. From then on new faces of either
 * person belong to the one. The items follow, so that readers know which person the ids of earlier events mean. After a
 * crash, merging again completes it.
 */
import { FaceLog } from '../table/face-log';
import { type Person, readPersons, writeMerged, writeMerger } from '../table/person-item';
import type { Table } from '../table/table';
import { idsOf, livingPerson } from './persons';
import { notFound, Problem } from './problem';

/**
 * Merges a living person into another. Reads the whole log, as a cold Lambda does.
 *
 * @returns the person `into` as stored, with its name, or that of `from` if it has none.
 * @throws Problem: 400 if both are the same person already, 404 if one is being forgotten.
 */
export async function mergePersons(table: Table, account: string, from: Person, into: Person): Promise<Person> {
  if (from.id === into.id) throw samePerson();
  const family = [...idsOf(from), ...idsOf(into)];
  const items = [...(await readPersons(table, account, family)).values()];
  // Always in the same order, so that mergers of the same persons meet in the first log.
  const engines = [...new Set(items.flatMap(({ engine }) => engine ?? []))].sort();
  const merged = new Set(idsOf(from));
  for (const engine of engines) {
    const log = new FaceLog(table, account, engine);
    await log.read();
    for (const one of idsOf(from)) {
      for (;;) {
        // A person merged into a forgotten person would be forgotten, too, which was not asked for.
        if (log.isForgotten(into.id) || log.isForgotten(one)) throw notFound('person');
        // Another merger has merged `into` into this person meanwhile, or into a third.
        if (log.rootOf(into.id) !== into.id) throw samePerson();
        if (log.rootOf(one) === into.id) break;
        if (!(await log.append({ entry: 'merged', from: log.rootOf(one), into: into.id }))) await log.read();
      }
    }
    for (const one of log.mergedInto(into.id)) merged.add(one);
  }
  await writeMerger(table, account, into, from, merged);
  for (const one of merged) await writeMerged(table, account, one, into.id);
  return (await livingPerson(table, account, into.id)) ?? into;
}

function samePerson(): Problem {
  return new Problem(400, 'Same person', 'The two are one person already; a person cannot be merged into itself.');
}
