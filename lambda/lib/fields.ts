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
