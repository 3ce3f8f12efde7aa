import { Hono } from 'hono';
import { z } from 'zod';
import { type Person, writeName } from '../../table/person-item';
import type { Env } from '../env';
import { ID, idIn } from '../filters';
import { forgetPerson } from '../forget';
import type { Gallery } from '../gallery';
import { bodyOf } from '../input';
import { mergePersons } from '../merge';
import { isSameName, personName } from '../person-name';
import { allLiving, livingPersons } from '../persons';
import { notFound, Problem } from '../problem';

// A name in decomposed form is up to four times as long as the stored one.
const NAMING = z.strictObject({ name: z.string().max(1000) });
const MERGING = z.strictObject({ into: ID });

/**
 * The persons of an account: their names, merging, and forgetting. The id of a merged person means the person it was
 * merged into.
 */
export function persons(gallery: Gallery): Hono<Env> {
  const { table, now } = gallery;
  const app = new Hono<Env>();

  // Reads all of the account's persons.
  app.get('/', async (c) => {
    const living = await allLiving(table, c.get('account').name);
    return c.json({ persons: living.sort(byName).map((person) => shown(person, now())) });
  });

  // Reads all of the account's persons, because no two may have the same name.
  app.patch('/:id', async (c) => {
    const { name: typed } = await bodyOf(c, NAMING);
    const name = personName(typed);
    if (name === undefined) {
      const detail = 'A name has 1 to 100 letters that can be seen, without control characters.';
      throw new Problem(400, 'Invalid name', detail);
    }
    const account = c.get('account').name;
    const [person] = await living(gallery, account, idIn(c, 'person'));
    const others = name === '' ? [] : (await allLiving(table, account)).filter(({ id }) => id !== person?.id);
    const other = others.find((one) => one.name !== undefined && isSameName(one.name, name));
    if (other) {
      const detail = `Another person is called ${other.name}. If they are the same, merge them.`;
      throw new Problem(409, 'Name taken', detail, { person: other.id });
    }
    const named = person && (await writeName(table, account, person.id, name === '' ? undefined : name));
    if (!named) throw notFound('person');
    return c.json(shown(named, now()));
  });

  app.post('/:id/merge', async (c) => {
    const { into } = await bodyOf(c, MERGING);
    const account = c.get('account').name;
    const [person, other] = await living(gallery, account, idIn(c, 'person'), into);
    if (!person || !other) throw notFound('person');
    return c.json(shown(await mergePersons(table, account, person, other), now()));
  });

  app.delete('/:id', async (c) => {
    if (!(await forgetPerson(gallery, c.get('account').name, idIn(c, 'person')))) throw notFound('person');
    return c.body(null, 204);
  });

  return app;
}

/** The living persons that ids stand for, in the order of the ids; `undefined` where there is none. */
async function living({ table }: Gallery, account: string, ...ids: string[]): Promise<(Person | undefined)[]> {
  const found = await livingPersons(table, account, ids);
  return ids.map((id) => found.get(id));
}

/** Persons with a name come first, by name; then the others, the newest first. */
function byName(one: Person, other: Person): number {
  if (one.name !== undefined && other.name !== undefined) return one.name.localeCompare(other.name, 'en');
  if (one.name !== undefined || other.name !== undefined) return one.name === undefined ? 1 : -1;
  return Number(other.since) - Number(one.since) || (one.id < other.id ? -1 : 1);
}

/** `Person` of openapi.yaml. A portrait that has expired is left out. */
function shown({ id, name, since = new Date(0), portrait }: Person, now: number) {
  const { event, box, frame, expires } = portrait ?? {};
  const isLeft = event !== undefined && (expires === undefined || expires.getTime() > now);
  return {
    id,
    since: since.toISOString(),
    ...(name === undefined ? {} : { name }),
    ...(isLeft ? { portrait: { event, box, ...(frame === undefined ? {} : { frame }) } } : {}),
  };
}
