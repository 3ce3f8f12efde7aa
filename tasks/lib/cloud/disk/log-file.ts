import { appendFileSync, mkdirSync, renameSync, statSync } from 'node:fs';
import { dirname } from 'node:path';
import { isMissing } from './missing';

/** Bytes after which a log file is renamed to FILE.1, which replaces the former FILE.1. */
const MOST_BYTES = 10_000_000;

/**
 * A log that only its owner can read, and that cannot fill the disk: FILE, and its former content in FILE.1. Each may
 * have `mostBytes` and one more line.
 */
export class LogFile {
  readonly #path: string;
  readonly #mostBytes: number;
  #bytes: number;

  /** Continues the existing file; makes its directory. */
  constructor(path: string, mostBytes = MOST_BYTES) {
    mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
    this.#path = path;
    this.#mostBytes = mostBytes;
    this.#bytes = sizeOf(path);
  }

  /**
   * Appends a line. It is in the file when this returns, unless the file cannot be written: a full disk must stop
   * nothing but the log.
   */
  write(line: string): void {
    try {
      if (this.#bytes >= this.#mostBytes) {
        renameSync(this.#path, `${this.#path}.1`);
        this.#bytes = 0;
      }
      appendFileSync(this.#path, `${line}\n`, { mode: 0o600 });
      this.#bytes += Buffer.byteLength(line) + 1;
    } catch {
      // There is nowhere left to report it.
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
