/**
 * The burst of the moment of one camera, so that each rule tells of it once. Pictures that follow each other within the gap
 * are one burst, whatever is on them.
 */
import { all, any, Change, is, isAbsent, isAtLeast, isAtMost, isLess, isOther } from './expression';
import { optional, text } from './fields';
import { burstKey } from './keys';
import type { Table } from './table';

/** As the page shows bursts, in ms (gallery/routes/bursts.ts). */
const GAP = 20_000;

/** Something that a camera saw. */
export interface Sighting {
  account: string;
  instance: string;
  /** Its event's id. */
  id: string;
  /** When it was, by a clock that is right: milliseconds since 1970. */
  time: number;
}

/** Makes a sighting part of the camera's burst, or the start of another. Returns the burst: the id of its first event. */
export async function continueBurst(table: Table, { account, instance, id, time }: Sighting): Promise<string> {
  const key = burstKey(account, instance);
  const goesOn = new Change().set({ seen: time }).when(all(isAtMost('seen', time), isAtLeast('seen', time - GAP)));
  const same = await table.update(key, goesOn);
  if (same) return text(same, 'first');
  const begins = new Change().set({ seen: time, first: id }).when(any(isAbsent('pk'), isLess('seen', time - GAP)));
  if (await table.update(key, begins)) return id;
  // It came late: what followed it is known already.
  return optional((await table.get(key)) ?? {}, 'first', text) ?? id;
}

/**
 * Takes the one message that a rule has for a burst, unless the rule has told of this camera less than `coolDown` ms ago.
 * Who asks again for the same event is given it again: the message may not have been made, after a crash.
 */
export async function claimBurst(
  table: Table,
  { account, instance, id }: Sighting,
  { rule, burst, coolDown, now }: { rule: string; burst: string; coolDown: number; now: number },
): Promise<boolean> {
  const [told, by, at] = [`told:${rule}`, `by:${rule}`, `at:${rule}`];
  const isNew = all(any(isAbsent(told), isOther(told, burst)), any(isAbsent(at), isAtMost(at, now - coolDown)));
  const claim = new Change().set({ [told]: burst, [by]: id, [at]: now }).when(any(is(by, id), isNew));
  return (await table.update(burstKey(account, instance), claim)) !== undefined;
}
