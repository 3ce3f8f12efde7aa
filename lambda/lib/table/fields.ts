/** Reading values whose shape nobody has checked yet: notifications, and items that an older version may have written. */
export type Fields = Readonly<Record<string, unknown>>;

/** The value's own fields; none when it is not an object. */
export function fieldsOf(value: unknown): Fields {
  return typeof value === 'object' && value !== null ? Object.fromEntries(Object.entries(value)) : {};
}

/** A text; throws an Error that names the field when there is none. */
export function text(from: Fields, name: string): string {
  const value = from[name];
  if (typeof value === 'string') return value;
  throw new Error(`"${name}" is missing where a text is expected.`);
}

/** A number; throws an Error that names the field when there is none. */
export function number(from: Fields, name: string): number {
  const value = from[name];
  if (typeof value === 'number') return value;
  throw new Error(`"${name}" is missing where a number is expected.`);
}

/** A list; empty when there is none. */
export function list(from: Fields, name: string): readonly unknown[] {
  const value = from[name];
  return Array.isArray(value) ? value : [];
}

/** A field that may be absent, read by `read` when it is there. */
export function optional<T>(from: Fields, name: string, read: (from: Fields, name: string) => T): T | undefined {
  return from[name] === undefined ? undefined : read(from, name);
}

/** When an item expires: `expires` is in seconds since 1970. Undefined when it stays. */
export function expiryOf(from: Fields): Date | undefined {
  return typeof from.expires === 'number' ? new Date(from.expires * 1000) : undefined;
}

/** An instant as `expires` has it: in whole seconds since 1970. */
export function expiresAt(time: Date | undefined): number | undefined {
  return time && Math.floor(time.getTime() / 1000);
}

/** A set of texts, as DynamoDB has them; empty when there is none. */
export function texts(from: Fields, name: string): ReadonlySet<string> {
  const value = from[name];
  return new Set(value instanceof Set ? [...value].map(String) : []);
}
