/** Longest name of a person, in letters. */
export const LONGEST_PERSON_NAME = 100;

/** Control characters, line separators, halves of letters, and what makes text run the other way. */
const NOT_IN_NAMES = /[\p{Cc}\p{Cs}\p{Zl}\p{Zp}\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]/u;

/** Something to see. */
const VISIBLE = /[\p{L}\p{N}\p{P}\p{S}]/u;

/**
 * A name as it is stored: without space around it, in Unicode's composed form. Empty where only space was typed;
 * undefined when it is no name: too long, invisible, or with letters that are none.
 */
export function personName(typed: string): string | undefined {
  const name = typed.normalize('NFC').trim();
  if (name === '') return name;
  const isName = [...name].length <= LONGEST_PERSON_NAME && !NOT_IN_NAMES.test(name) && VISIBLE.test(name);
  return isName ? name : undefined;
}

/** Whether two names are the same to who reads them: the case of letters, and how wide they are, does not matter. */
export function isSameName(one: string, other: string): boolean {
  const folded = (name: string) => name.normalize('NFKC').toLowerCase();
  return folded(one) === folded(other);
}
