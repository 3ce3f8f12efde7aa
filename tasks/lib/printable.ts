/**
 * Makes text from outside safe to print. Names of files and objects come from cameras, and from whoever has got hold of
 * a camera's key: a line feed in a name would forge a line of our output, and an escape sequence would reach the
 * terminal.
 */

/** Control characters, line separators, bidirectional controls and lone surrogates. */
const NOT_PRINTABLE = /[\p{Cc}\p{Cs}\p{Zl}\p{Zp}\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]/gu;

const NAMED: Readonly<Record<string, string>> = { '\n': '\\n', '\r': '\\r', '\t': '\\t' };

/**
 * The text as one line that is safe to print: `\n`, `\x1b` or `\u202e` stand for characters that a terminal would obey.
 */
export function printable(text: string): string {
  return text.replace(NOT_PRINTABLE, (character) => NAMED[character] ?? escapeOf(character.charCodeAt(0)));
}

function escapeOf(unit: number): string {
  const digits = unit.toString(16);
  return unit < 0x100 ? `\\x${digits.padStart(2, '0')}` : `\\u${digits.padStart(4, '0')}`;
}
