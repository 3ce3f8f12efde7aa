import type { Problem } from '../bucket/problem';

/** What an uploader has to tell, for whoever shows it. */
export interface Report {
  uploaded(name: string, key: string, size: number): void;
  /** The disk clean-up was faster. */
  vanished(name: string): void;
  failed(name: string, problem: Problem): void;
  say(text: string): void;
  warn(text: string): void;
}
