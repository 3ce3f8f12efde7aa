/**
 * The one place that decides where an error comes from: the file, the line, the bucket, or this program.
 *
 * An exception of our own code is a fault to report. It is never a reason to ask whether the machine is online, and
 * never a reason to send a file again.
 */
import { AssertionError } from 'node:assert';
import { basename } from 'node:path';
import { codeOf, messageOf } from '../error-code';
import { lineProblem } from './line-problem';
import { type Place, Problem } from './problem';
import { S3Error } from './s3-error';
import { s3Problem } from './s3-problem';

/** System calls on a file. `read` is also one on sockets, so `SOCKET_CODES` are excluded. */
const FILE_CALLS = new Set(['open', 'read', 'fstat', 'stat', 'lstat', 'close']);
const SOCKET_CODES = /^E(CONN|PIPE|TIMEDOUT|HOST|NET|ADDR|AI_|NOT(CONN|SOCK))|^ENOTFOUND$|^ENONET$/;
const FAULTS = [TypeError, ReferenceError, RangeError, SyntaxError, EvalError, URIError, AssertionError];
/** Error codes of Node.js for a wrong argument or a missing module. */
const FAULT_CODES =
  /^ERR_(INVALID_(ARG|CHAR|HTTP_TOKEN|PROTOCOL|RETURN)|ASSERTION|OUT_OF_RANGE|HTTP_INVALID)|MODULE_NOT_FOUND$/;

/** The `Problem` for any error that an upload to `place` threw. */
export function problemOf(error: unknown, place: Place): Problem {
  if (error instanceof Problem) return error;
  if (error instanceof S3Error) return s3Problem(error, place);
  if (isFault(error)) return faultOf(error);
  if (isOfFile(error)) return problemOfReading('The file', error);
  return lineProblem(error, place);
}

/** Whether an error comes from the file system and not from the network: it names a system call on a file. */
export function isOfFile(error: unknown): error is NodeJS.ErrnoException {
  if (!(error instanceof Error) || !('syscall' in error) || typeof error.syscall !== 'string') return false;
  return FILE_CALLS.has(error.syscall) && !SOCKET_CODES.test(codeOf(error));
}

/** Whether an error is an exception of our own code or its libraries, so that another attempt cannot help. */
export function isFault(error: unknown): boolean {
  if (!(error instanceof Error)) return true;
  // The SDK throws such errors for an answer that it cannot read. The answer is the cause.
  if ('$metadata' in error || '$response' in error) return false;
  return FAULTS.some((fault) => error instanceof fault) || FAULT_CODES.test(codeOf(error));
}

/** The `Problem` for an error that came up while the file `name` was read. */
export function problemOfReading(name: string, error: unknown): Problem {
  if (isFault(error)) return faultOf(error);
  const code = codeOf(error);
  return new Problem('file', code, `${name} cannot be read (${code}).`, remedyOfFile(code), error);
}

function remedyOfFile(code: string): string {
  if (code === 'EACCES' || code === 'EPERM') return 'Let the user that runs grunt read it.';
  if (code === 'EMFILE' || code === 'ENFILE') return 'Too many files are open on this machine.';
  return 'The disk or SD card may be failing.';
}

function faultOf(error: unknown): Problem {
  const code = codeOf(error);
  if (code === 'MODULE_NOT_FOUND' || code === 'ERR_MODULE_NOT_FOUND') {
    return new Problem(
      'fault',
      code,
      `This program is not whole: ${messageOf(error).split('\n', 1)[0]}.`,
      'Install it again: npm install --omit=dev in its directory, then restart it.',
      error,
    );
  }
  const name = error instanceof Error ? error.name : 'thrown';
  return new Problem(
    'fault',
    code,
    `A fault of this program${placeInCode(error)}: ${name}: ${messageOf(error)}`,
    `Please report it at https://github.com/kerberos-io/sync-s3/issues, with this line (Node.js ${process.version}).`,
    error,
  );
}

/** ` (uploader.js:213)`: where in the code an error was thrown. Holds no path of this machine. */
function placeInCode(error: unknown): string {
  const stack = error instanceof Error ? (error.stack ?? '') : '';
  const frames = stack.matchAll(/\(?([^\s()]+):(\d+):\d+\)?$/gm);
  for (const [, file = '', line] of frames) if (!file.startsWith('node:')) return ` (${basename(file)}:${line})`;
  return '';
}
