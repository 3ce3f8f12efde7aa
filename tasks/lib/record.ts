/** Whether a value, from JSON or XML for instance, is an object with named fields. An array is not. */
export function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
