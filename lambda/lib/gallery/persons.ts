/**
 * Finds the person that an id stands for today. Events keep the ids that ingest wrote; since then a person may have
 * been merged into another, that person into a third, or been forgotten.
 */
import { allPersons, type Person, readPersons } from '../table/person-item';
import type { Table } from '../table/table';

/**
 * The living persons that ids stand for: the person itself, or the person it was merged into. An id whose person was
 * forgotten or never existed has no entry. Reads a batch for each link of the longest chain of merges: mostly one
 * batch, two if someone was merged.
 */
export async function livingPersons(
  table: Table,
  account: string,
  ids: Iterable<string>,
): Promise<Map<string, Person>> {
  const asked = new Set(ids);
  const known = new Map<string, Person>();
  let missing = [...asked];
  while (missing.length > 0) {
    const found = await readPersons(table, account, missing);
    for (const [id, person] of found) known.set(id, person);
    const next = [...found.values()].flatMap(({ mergedInto }) => (mergedInto === undefined ? [] : [mergedInto]));
    missing = [...new Set(next)].filter((id) => !known.has(id));
  }
  return standingFor(asked, known);
}

/** All living persons of an account (see allPersons). */
export async function allLiving(table: Table, account: string): Promise<Person[]> {
  return (await allPersons(table, account)).filter(isLiving);
}

/** The living person that an id stands for; `undefined` if there is none. */
export async function livingPerson(table: Table, account: string, id: string): Promise<Person | undefined> {
  return (await livingPersons(table, account, [id])).get(id);
}

/**
 * The person that an id stands for, forgotten or not; `undefined` if there never was one. For a person who was merged
 * and then forgotten with others, it is the last of the chain.
 */
export async function rootPerson(table: Table, account: string, id: string): Promise<Person | undefined> {
  const seen = new Set<string>();
  for (let next = id; ; ) {
    const person = (await readPersons(table, account, [next])).get(next);
    if (person?.mergedInto === undefined || seen.has(next)) return person;
    seen.add(next);
    next = person.mergedInto;
  }
}

function isLiving({ forgotten, mergedInto }: Person): boolean {
  return !forgotten && mergedInto === undefined;
}

function standingFor(ids: ReadonlySet<string>, known: ReadonlyMap<string, Person>): Map<string, Person> {
  const living = new Map<string, Person>();
  for (const id of ids) {
    let person = known.get(id);
    const seen = new Set<string>();
    while (person?.mergedInto !== undefined && !person.forgotten && !seen.has(person.id)) {
      seen.add(person.id);
      person = known.get(person.mergedInto);
    }
    if (person && isLiving(person)) living.set(id, person);
  }
  return living;
}

/** All ids of a person, by its item: its own, and those of persons merged into it. */
export function idsOf({ id, merged }: Person): string[] {
  return [id, ...merged];
}
