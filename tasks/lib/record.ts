/** Whether a value, such as one out of JSON or XML, is an object with named fields; an array is none. */
export function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
