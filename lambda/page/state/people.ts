/** The persons of the account, and what they are called. */
import { batch, computed, signal } from '@preact/signals';
import { api } from '../api';
import type { Appearance, Id, Person } from '../api-types';

/** Undefined until they are known. */
export const persons = signal<Person[] | undefined>(undefined);

const byId = computed(() => new Map((persons.value ?? []).map((person) => [person.id, person])));

/** Persons merged on this page, by id: events on the page still have the old id. */
const merges = signal(new Map<Id, Id>());

/** The persons with a name. */
export const namedPersons = computed(() => (persons.value ?? []).filter(hasName));

/** Loads the persons. @throws ApiError, Unreachable */
export async function loadPersons(): Promise<void> {
  persons.value = await api.persons();
}

/** The person of an id; undefined if unknown. */
export function personOf(id: Id | undefined): Person | undefined {
  if (id === undefined) return undefined;
  const into = merges.value.get(id);
  return into === undefined ? byId.value.get(id) : personOf(into);
}

/** The name of a face, with a question mark if it is only possibly that person; undefined if there is none. */
export function nameOf({ person, sure }: Partial<Appearance> & { sure: boolean }): string | undefined {
  const name = personOf(person)?.name;
  return name === undefined || name === '' ? undefined : sure ? name : `${name}?`;
}

/** The names of the persons on a burst, each once, and the number of persons without a name. */
export function namesOf(people: readonly Appearance[]): { names: string[]; unnamed: number } {
  const names = people.map(nameOf);
  const known = names.filter((name) => name !== undefined);
  return { names: [...new Set(known)], unnamed: names.length - known.length };
}

/** Loads the persons again if one of `ids` is unknown. */
export function learn(ids: Id[]): void {
  const isKnown = (id: Id) => personOf(id) !== undefined || asked.has(id);
  if (persons.value === undefined || ids.every(isKnown)) return;
  // Each id once: an id that the server does not list would be asked for at every poll.
  for (const id of ids) asked.add(id);
  void loadPersons().catch(() => {});
}

const asked = new Set<Id>();

/** @throws ApiError (409 with the person who has the name), Unreachable */
export async function namePerson(id: Id, name: string): Promise<void> {
  const named = await api.namePerson(id, name);
  persons.value = sorted([...(persons.value ?? []).filter((person) => person.id !== id), named]);
}

/** @throws ApiError, Unreachable */
export async function mergePerson(id: Id, into: Id): Promise<void> {
  const merged = await api.mergePerson(id, into);
  batch(() => {
    if (merged.id !== id) merges.value = new Map(merges.value).set(id, merged.id);
    persons.value = sorted([...(persons.value ?? []).filter((one) => one.id !== id && one.id !== merged.id), merged]);
  });
}

/** @throws ApiError, Unreachable */
export async function forgetPerson(id: Id): Promise<void> {
  await api.forgetPerson(id);
  persons.value = (persons.value ?? []).filter((person) => person.id !== id);
}

/** Whether a person has a name. */
export function hasName(person: Person): person is Person & { name: string } {
  return person.name !== undefined && person.name !== '';
}

/** Named ones first, by name, as the server sorts them. */
function sorted(list: Person[]): Person[] {
  return list.sort(
    (a, b) =>
      Number(hasName(b)) - Number(hasName(a)) ||
      (a.name ?? '').localeCompare(b.name ?? '') ||
      b.since.localeCompare(a.since),
  );
}
