import type { Problem } from '../bucket/problem';

/** Receives what an uploader has to tell, and shows it. */
export interface Report {
  /** The file `name`, of `size` bytes, is in the bucket under `key`. */
  uploaded(name: string, key: string, size: number): void;
  /** The file was deleted before it was uploaded, by the disk clean-up for instance. */
  vanished(name: string): void;
  /** An attempt failed. The file will be tried again. */
  failed(name: string, problem: Problem): void;
  /** A line for the owner. */
  say(text: string): void;
  /** A line for the owner about something that is wrong. */
  warn(text: string): void;
}
