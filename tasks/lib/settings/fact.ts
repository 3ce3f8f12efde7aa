/** A value, and where it was found. */
export interface Fact {
  /** Without the white space and quotation marks that copying leaves around a value. */
  readonly value: string;
  /**
   * For people, such as `<clouds><S3><bucket> in /etc/opt/kerberosio/config/cloud.xml`, `SYNC_BUCKET` or `--bucket`.
   */
  readonly origin: string;
}

/** Removes the white space, invisible characters and one pair of quotation marks that copying leaves around a value. */
export function tidy(value: string): string {
  const trimmed = trim(value);
  const quote = trimmed[0];
  const isQuoted = trimmed.length > 1 && (quote === '"' || quote === "'") && trimmed.endsWith(quote);
  return isQuoted ? trimmed.slice(1, -1).trim() : trimmed;
}

/** Also removes zero-width spaces. Takes linear time, unlike a pattern for the end of a text. */
function trim(value: string): string {
  let text = value.trim();
  while (text.startsWith('\u200b') || text.endsWith('\u200b')) {
    text = text.slice(text.startsWith('\u200b') ? 1 : 0, text.endsWith('\u200b') ? -1 : undefined).trim();
  }
  return text;
}
