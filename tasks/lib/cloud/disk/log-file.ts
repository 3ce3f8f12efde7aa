import { appendFileSync, mkdirSync, renameSync, statSync } from 'node:fs';
import { dirname } from 'node:path';
import { isMissing } from './missing';

/** A log file of so many bytes becomes FILE.1, in place of the one before it. */
const MOST_BYTES = 10_000_000;

/**
 * A log that its owner alone can read, and that does not fill a disk: FILE, and what was before it in FILE.1. Both may
 * have `mostBytes`, and a line more.
 */
export class LogFile {
  readonly #path: string;
  readonly #mostBytes: number;
  #bytes: number;

  /** Goes on with the file that is there; its directory is made. */
  constructor(path: string, mostBytes = MOST_BYTES) {
    mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
    this.#path = path;
    this.#mostBytes = mostBytes;
    this.#bytes = sizeOf(path);
  }

  /** It is in the file when this returns, unless the file cannot be written: a full disk ends nothing but the log. */
  write(line: string): void {
    try {
      if (this.#bytes >= this.#mostBytes) {
        renameSync(this.#path, `${this.#path}.1`);
        this.#bytes = 0;
      }
      appendFileSync(this.#path, `${line}\n`, { mode: 0o600 });
      this.#bytes += Buffer.byteLength(line) + 1;
    } catch {
      // There is nowhere left to say so.
    }
  }
}

function sizeOf(path: string): number {
  try {
    return statSync(path).size;
  } catch (error) {
    if (isMissing(error)) return 0;
    throw error;
  }
}
