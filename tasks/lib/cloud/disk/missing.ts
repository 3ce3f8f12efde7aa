import { codeOf } from '../../error-code';

/** Whether an error tells that a file does not exist. */
export function isMissing(error: unknown): boolean {
  return codeOf(error) === 'ENOENT';
}
