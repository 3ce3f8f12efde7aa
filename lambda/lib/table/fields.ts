/** An object of unknown shape, from a notification or from an item that an older version may have written. */
export type Fields = Readonly<Record<string, unknown>>;

/** The fields of an object; none for any other value. */
export function fieldsOf(value: unknown): Fields {
  return typeof value === 'object' && value !== null ? Object.fromEntries(Object.entries(value)) : {};
}

/**
 * A text.
 *
 * @throws Error that names the field if it is missing or no text.
 */
export function text(from: Fields, name: string): string {
  const value = from[name];
  if (typeof value === 'string') return value;
  throw new Error(`"${name}" is missing where a text is expected.`);
}

/**
 * A number.
 *
 * @throws Error that names the field if it is missing or no number.
 */
export function number(from: Fields, name: string): number {
  const value = from[name];
  if (typeof value === 'number') return value;
  throw new Error(`"${name}" is missing where a number is expected.`);
}

/** A list; empty if the field is missing or no list. */
export function list(from: Fields, name: string): readonly unknown[] {
  const value = from[name];
  return Array.isArray(value) ? value : [];
}

/** A field that may be absent; `read` reads it if it is present. */
export function optional<T>(from: Fields, name: string, read: (from: Fields, name: string) => T): T | undefined {
  return from[name] === undefined ? undefined : read(from, name);
}

/** When an item expires, from `expires` in seconds since 1970; `undefined` if never. */
export function expiryOf(from: Fields): Date | undefined {
  return typeof from.expires === 'number' ? new Date(from.expires * 1000) : undefined;
}

/** The value of `expires` for a time: whole seconds since 1970. */
export function expiresAt(time: Date | undefined): number | undefined {
  return time && Math.floor(time.getTime() / 1000);
}

/** A set of texts, as DynamoDB stores them; empty if missing. */
export function texts(from: Fields, name: string): ReadonlySet<string> {
  const value = from[name];
  return new Set(value instanceof Set ? [...value].map(String) : []);
}
