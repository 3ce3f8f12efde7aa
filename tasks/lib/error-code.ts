/** What an error is called, for programs: `ENOENT`, `NoSuchKey`, `TimeoutError`. */

/**
 * What the operating system, Node or the SDK calls an error: its `code`, or else its `name`; where both say nothing, that
 * of its cause. `Error` where nothing is known.
 */
export function codeOf(error: unknown): string {
  if (!(error instanceof Error)) return 'Error';
  if ('code' in error && typeof error.code === 'string' && error.code !== '') return error.code;
  if (error instanceof AggregateError && error.errors.length > 0) return codeOf(error.errors[0]);
  if (error.name !== 'Error') return error.name;
  return error.cause === undefined ? 'Error' : codeOf(error.cause);
}

/** An error's message, whatever was thrown. */
export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
