import type { Problem } from '../bucket/problem';

/** What an uploader has to tell, for whoever shows it. */
export interface Report {
  /** The file `name`, of `size` bytes, is in the bucket under `key`. */
  uploaded(name: string, key: string, size: number): void;
  /** The disk clean-up deleted the file before its turn. */
  vanished(name: string): void;
  /** An attempt failed; the file is tried again. */
  failed(name: string, problem: Problem): void;
  /** A line for the owner. */
  say(text: string): void;
  /** A line for the owner about something that is wrong. */
  warn(text: string): void;
}
