/** Longest name of a person, in characters. */
export const LONGEST_PERSON_NAME = 100;

/** Control characters, line separators, lone surrogates and bidirectional controls. */
const NOT_IN_NAMES = /[\p{Cc}\p{Cs}\p{Zl}\p{Zp}\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]/u;

/** A visible character. */
const VISIBLE = /[\p{L}\p{N}\p{P}\p{S}]/u;

/**
 * A typed name in the form in which it is stored: without surrounding space, in Unicode's composed form; '' if only
 * space was typed; `undefined` if it cannot be a name: too long, invisible, or with forbidden characters.
 */
export function personName(typed: string): string | undefined {
  const name = typed.normalize('NFC').trim();
  if (name === '') return name;
  const isName = [...name].length <= LONGEST_PERSON_NAME && !NOT_IN_NAMES.test(name) && VISIBLE.test(name);
  return isName ? name : undefined;
}

/** Whether two names look the same to a reader: case and width of characters do not matter. */
export function isSameName(one: string, other: string): boolean {
  const folded = (name: string) => name.normalize('NFKC').toLowerCase();
  return folded(one) === folded(other);
}
