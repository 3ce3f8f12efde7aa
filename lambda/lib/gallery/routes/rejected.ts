import { Hono } from 'hono';
import { z } from 'zod';
import { expiryOf, type Fields, number, optional, text } from '../../table/fields';
import { BY_DAY, rejectedDayKey } from '../../table/keys';
import { cursorAt, positionOf, type Question } from '../cursor';
import type { Env } from '../env';
import { CURSOR } from '../filters';
import type { Gallery } from '../gallery';
import { queryOf } from '../input';

const QUERY = z.object({ cursor: CURSOR.optional() });
const LIMIT = 60;

/** Refused uploads and the reasons: a query of a page's size, mostly one. Expired items are at the end of the list. */
export function rejected({ table, now }: Gallery): Hono<Env> {
  return new Hono<Env>().get('/', async (c) => {
    const account = c.get('account').name;
    const { cursor } = queryOf(c, QUERY);
    const question: Question = [account, 'rejected'];
    const after = cursor === undefined ? undefined : positionOf(question, cursor);
    const query = { index: BY_DAY, partition: rejectedDayKey(account), backwards: true, pageSize: LIMIT + 2 } as const;
    const found: Fields[] = [];
    for await (const page of table.pages({ ...query, to: after })) {
      const isListed = (item: Fields) => item.timeKey !== after && !hasExpired(item, now());
      found.push(...page.filter(isListed));
      if (found.length > LIMIT || page.some((item) => hasExpired(item, now()))) break;
    }
    const listed = found.slice(0, LIMIT);
    const last = listed.at(-1);
    return c.json({
      rejected: listed.map(view),
      ...(found.length > LIMIT && last ? { cursor: cursorAt(question, text(last, 'timeKey')) } : {}),
    });
  });
}

/** `Rejected` of openapi.yaml. */
function view(item: Fields) {
  const instance = optional(item, 'instance', text);
  return {
    id: text(item, 'id'),
    fileName: text(item, 'fileName'),
    ...(instance === undefined ? {} : { instance }),
    reason: text(item, 'reason'),
    message: text(item, 'message'),
    size: number(item, 'size'),
    received: new Date(number(item, 'received')).toISOString(),
  };
}

function hasExpired(item: Fields, now: number): boolean {
  const expires = expiryOf(item);
  return expires !== undefined && expires.getTime() <= now;
}
