/** `1 file`, `2 files`: the plural of a word that takes an s. */
export function plural(count: number, word: string): string {
  return `${count} ${word}${count === 1 ? '' : 's'}`;
}
