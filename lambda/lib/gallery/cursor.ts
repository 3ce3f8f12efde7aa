/**
 * Cursors of lists. A cursor is the position of the last listed item, with a digest of the question: it is valid only
 * for the same question of the same account. It is no secret and needs no signature, because every query starts from
 * the account of the session, whatever the cursor.
 *
 * Because it is a position and not a count, new items do not shift the pages: no page repeats or loses any.
 */
import { createHash } from 'node:crypto';
import { Problem } from './problem';

/** What was asked: the account first, then the list and its filters. */
export type Question = readonly [account: string, list: string, ...filters: unknown[]];

const DIGEST_BYTES = 9;

/** A `timeKey`. */
const POSITION = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}\.\d{3}Z#[\w-]{1,64}$/;

/** The cursor of a position: a `timeKey`. */
export function cursorAt(question: Question, position: string): string {
  return Buffer.concat([digestOf(question, position), Buffer.from(position)]).toString('base64url');
}

/**
 * The position of a cursor.
 *
 * @throws Problem (400) if the cursor does not belong to this question.
 */
export function positionOf(question: Question, cursor: string): string {
  if (!isCursorOf(question, cursor)) {
    throw new Problem(400, 'Invalid cursor', 'The cursor does not belong to this list; begin at its start.');
  }
  return positionIn(cursor);
}

/** Whether a cursor belongs to this question. */
export function isCursorOf(question: Question, cursor: string): boolean {
  const position = positionIn(cursor);
  return POSITION.test(position) && cursorAt(question, position) === cursor;
}

function positionIn(cursor: string): string {
  return Buffer.from(cursor, 'base64url').subarray(DIGEST_BYTES).toString();
}

function digestOf(question: Question, position: string): Buffer {
  return createHash('sha256')
    .update(JSON.stringify([...question, position]))
    .digest()
    .subarray(0, DIGEST_BYTES);
}
