/** Short messages that come and go, and are read out. */
import { signal } from '@preact/signals';

/** A message that is shown for a while. */
export interface Notice {
  number: number;
  text: string;
  isFailure: boolean;
}

const SECONDS = 6;

/** The messages that are shown now, the oldest first. */
export const notices = signal<Notice[]>([]);
/** What is read out without being shown. */
export const announcement = signal('');

let last = 0;

/** Shows a message. */
export function say(text: string, { isFailure = false } = {}): void {
  last += 1;
  const number = last;
  notices.value = [...notices.value.slice(-2), { number, text, isFailure }];
  setTimeout(() => dismiss(number), SECONDS * 1000 * (isFailure ? 2 : 1));
}

/** Removes a message. */
export function dismiss(number: number): void {
  notices.value = notices.value.filter((notice) => notice.number !== number);
}
