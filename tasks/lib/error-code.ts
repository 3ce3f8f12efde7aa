/** Reads errors of any origin. */

/**
 * The code of an error, such as `ENOENT`, `NoSuchKey` or `TimeoutError`: its `code`, or else its `name`, or else the
 * code of its cause; `Error` where all are missing.
 */
export function codeOf(error: unknown): string {
  if (!(error instanceof Error)) return 'Error';
  if ('code' in error && typeof error.code === 'string' && error.code !== '') return error.code;
  if (error instanceof AggregateError && error.errors.length > 0) return codeOf(error.errors[0]);
  if (error.name !== 'Error') return error.name;
  return error.cause === undefined ? 'Error' : codeOf(error.cause);
}

/** The message of an error; the text of anything else that was thrown. */
export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
