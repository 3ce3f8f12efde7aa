import type { Context } from 'hono';
import { z } from 'zod';
import { LABELS, type Label } from '../labels/engine';
import type { Account } from '../table/account-item';
import type { Instance } from '../table/instance-item';
import type { Table } from '../table/table';
import type { Part } from './grid';
import { isDay } from './local-time';
import { idsOf, livingPerson } from './persons';
import { type Places, readPlaces } from './places';
import { notFound } from './problem';

/** An id, as openapi.yaml has it. */
export const ID = z.string().regex(/^[A-Za-z0-9_-]{10,64}$/, 'must be an id');

/**
 * The id in a request's path. `what` names the kind of thing.
 *
 * @throws Problem (404) if it cannot be an id.
 */
export function idIn(c: Context, what: string): string {
  const { success, data } = ID.safeParse(c.req.param('id'));
  if (!success) throw notFound(what);
  return data;
}

/** A cursor, as openapi.yaml has it. */
export const CURSOR = z.string().regex(/^[A-Za-z0-9_-]{1,400}$/, 'must be a cursor');

/** The filters that counts and lists of events share. */
export const FILTERS = { instance: ID.optional(), person: ID.optional(), label: z.enum(LABELS).optional() };

/** A whole number in a query, from `least` to `most`. */
export function wholeNumber(least: number, most: number) {
  return z
    .string()
    .regex(/^\d{1,5}$/, 'must be a whole number')
    .transform(Number)
    .refine((number) => number >= least && number <= most, `must be ${least} to ${most}`);
}

const TRUE = z
  .literal('true')
  .transform(() => true)
  .optional();

/** Four thousandths of the picture's width and height: `x1,y1,x2,y2`. */
const AREA = z
  .string()
  .regex(/^\d{1,4}(,\d{1,4}){3}$/, 'must be four whole numbers, such as 0,250,500,1000')
  .transform((text): Part => {
    const [x1 = 0, y1 = 0, x2 = 0, y2 = 0] = text.split(',').map((thousandths) => Number(thousandths) / 1000);
    return [x1, y1, x2, y2];
  })
  .refine(([x1, y1, x2, y2]) => x1 < x2 && y1 < y2 && x2 <= 1 && y2 <= 1, 'must be a part of the picture');

/** Filters by where on the picture something changed. */
export const RANKING = { area: AREA.optional(), unusual: TRUE };

/** Whether `area` comes with the instance whose picture it refers to, and `unusual` with a day. */
export function rankingIsWhole(query: {
  area?: Part | undefined;
  unusual?: boolean | undefined;
  instance?: string | undefined;
  day?: string | undefined;
}): boolean {
  return (query.area === undefined || query.instance !== undefined) && (!query.unusual || query.day !== undefined);
}

/** The error if `rankingIsWhole` is false. */
export const RANKING_NEEDS = { path: ['area'], message: 'needs `instance`, and `unusual` needs `day`' };

/** The filters of lists of events and bursts, and the cursor. */
export const LISTING = {
  ...FILTERS,
  ...RANKING,
  day: z.string().refine(isDay, 'must be a day, such as 2026-04-22').optional(),
  until: wholeNumber(0, 23).optional(),
  kept: TRUE,
  cursor: CURSOR.optional(),
};

/** Whether `until` comes with the day whose hour it is. */
export function untilHasDay({ day, until }: { day?: string | undefined; until?: number | undefined }): boolean {
  return until === undefined || day !== undefined;
}

/** The error if `untilHasDay` is false. */
export const UNTIL_NEEDS_DAY = { path: ['until'], message: 'is an hour of a day; it needs `day`' };

/** The values of the filters. */
export interface Filters {
  places: Places;
  instance?: Instance;
  /** All ids of the person. */
  persons?: string[];
  label?: Label;
}

/**
 * Looks up the instance and the person of a request in the account. Reads the account's instances and, for a person,
 * one or two items, all at once.
 *
 * @throws Problem (404) if there is no such instance or person.
 */
export async function readFilters(
  table: Table,
  account: Account,
  {
    instance,
    person,
    label,
  }: { instance?: string | undefined; person?: string | undefined; label?: Label | undefined },
): Promise<Filters> {
  const [places, who] = await Promise.all([
    readPlaces(table, account),
    person === undefined ? undefined : livingPerson(table, account.name, person),
  ]);
  const where = instance === undefined ? undefined : places.byId(instance);
  if (instance !== undefined && !where) throw notFound('camera');
  if (person !== undefined && !who) throw notFound('person');
  return {
    places,
    ...(where ? { instance: where } : {}),
    ...(who ? { persons: idsOf(who) } : {}),
    ...(label ? { label } : {}),
  };
}
