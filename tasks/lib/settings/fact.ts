/** A value and where it was found. */
export interface Fact {
  /** Without the white space and quotation marks that copying leaves around a value. */
  readonly value: string;
  /** For people: `<clouds><S3><bucket> in /etc/opt/kerberosio/config/cloud.xml`, `SYNC_BUCKET`, `--bucket`. */
  readonly origin: string;
}

/** A value without the white space, invisible characters and one pair of quotation marks that copying leaves around it. */
export function tidy(value: string): string {
  const trimmed = value.replace(/^[\s\u200b]+|[\s\u200b]+$/g, '');
  const quoted = /^(["'])(.*)\1$/s.exec(trimmed)?.[2];
  return quoted === undefined ? trimmed : quoted.trim();
}
