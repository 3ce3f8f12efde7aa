/**
 * Two persons that are one. The face log decides: it is appended to under the next number, so of two mergers at the same
 * time one comes second, reads what the first one did, and cannot close a circle. From then on new faces of either are
 * the one's. The items follow; they say to readers what ids of earlier events stand for. Interrupted, it is finished by
 * doing it again.
 */
import { FaceLog } from '../table/face-log';
import { type Person, readPersons, writeMerged, writeMerger } from '../table/person-item';
import type { Table } from '../table/table';
import { idsOf, livingPerson } from './persons';
import { notFound, Problem } from './problem';

/**
 * Merges a living person into another, and returns that one as it then is: with its name, or the other's when it has
 * none. Throws a Problem: 400 when both are the same person already, 404 when one of them is being forgotten. Reads the
 * whole log, as a cold Lambda does.
 */
export async function mergePersons(table: Table, account: string, from: Person, into: Person): Promise<Person> {
  if (from.id === into.id) throw samePerson();
  const family = [...idsOf(from), ...idsOf(into)];
  const items = [...(await readPersons(table, account, family)).values()];
  // Always in the same order, so that those who merge the same persons meet in the first log.
  const engines = [...new Set(items.flatMap(({ engine }) => engine ?? []))].sort();
  const merged = new Set(idsOf(from));
  for (const engine of engines) {
    const log = new FaceLog(table, account, engine);
    await log.read();
    for (const one of idsOf(from)) {
      for (;;) {
        // Who is merged into somebody forgotten would be forgotten too, and nobody asked for that.
        if (log.isForgotten(into.id) || log.isForgotten(one)) throw notFound('person');
        // Somebody else has merged that one into this one meanwhile, or into a third.
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
