/**
 * A queue on disk, as SQS is one: a message is there until it has been handled, is handed out again, later and later,
 * when handling it failed, and is laid aside as a dead letter when that has happened too often.
 *
 *     DIR/waiting/ID.json        a message: {"body", "received"}, `received` being how often it was handed out
 *     DIR/dead-letters/ID.json   the same, with {"error"}, what its handling last failed with
 *
 * Ids grow with time, so that names sort by age. To replay dead letters is to move files: the queue looks for files that it
 * does not know, and whoever moves them need not be the process that runs it.
 */
import { randomBytes } from 'node:crypto';
import {
  closeSync,
  fsyncSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { isMissing } from '../disk/missing';

export interface Message {
  readonly id: string;
  readonly body: string;
  /** How often it has been handed out, this time included. */
  readonly received: number;
}

export interface QueueOptions {
  /** How often a message is handed out before it is a dead letter. */
  readonly mostReceived: number;
  /** Wait before a message is handed out for the second time, in milliseconds; then twice as long each time. */
  readonly firstDelay: number;
  /** The longest such wait, in milliseconds. */
  readonly longestDelay: number;
  /** Milliseconds since 1970. */
  readonly now: () => number;
}

interface Waiting {
  received: number;
  /** Not handed out before then: milliseconds since 1970. */
  notBefore: number;
  /** Handed out, and not settled yet. */
  out: boolean;
}

export class MessageQueue {
  readonly #waiting: string;
  readonly #dead: string;
  readonly #options: QueueOptions;
  readonly #known = new Map<string, Waiting>();
  #sequence = 0;

  /** Opens the queue of a directory, which is made where it is not there. What was handed out before waits again. */
  constructor(directory: string, options: QueueOptions) {
    this.#options = options;
    this.#waiting = join(directory, 'waiting');
    this.#dead = join(directory, 'dead-letters');
    for (const folder of [this.#waiting, this.#dead]) mkdirSync(folder, { recursive: true, mode: 0o700 });
    this.discover();
  }

  /** Messages that wait or are handed out. */
  get length(): number {
    return this.#known.size;
  }

  /** Stores a message. When this returns, neither a crash nor a power cut loses it. */
  add(body: string): void {
    this.#sequence += 1;
    const time = this.#options.now().toString().padStart(15, '0');
    const id = `${time}-${this.#sequence.toString().padStart(9, '0')}-${randomBytes(3).toString('hex')}`;
    write(join(this.#waiting, `${id}.json`), { body, received: 0 });
    this.#known.set(id, { received: 0, notBefore: 0, out: false });
  }

  /** Looks for messages that others have put into the directory. */
  discover(): void {
    for (const id of idsIn(this.#waiting)) {
      if (this.#known.has(id)) continue;
      const { received } = read(join(this.#waiting, `${id}.json`));
      this.#known.set(id, { received, notBefore: 0, out: false });
    }
  }

  /**
   * Hands out up to `most` messages that are due, oldest first. One that has failed before is handed out alone: whatever
   * it does to its handler, it does to no other message.
   */
  receive(most: number): Message[] {
    const now = this.#options.now();
    const due = [...this.#known].filter(([, { out, notBefore }]) => !out && notBefore <= now);
    const [first] = due;
    if (!first) return [];
    const fresh = due.filter(([, { received }]) => received === 0).slice(0, most);
    return (fresh.length > 0 ? fresh : [first]).map(([id, state]) => {
      state.out = true;
      state.received += 1;
      return { id, body: read(join(this.#waiting, `${id}.json`)).body, received: state.received };
    });
  }

  /** When the next message is due that is not handed out, in milliseconds since 1970; undefined when none waits. */
  nextDue(): number | undefined {
    const times = [...this.#known.values()].flatMap(({ out, notBefore }) => (out ? [] : [notBefore]));
    return times.length > 0 ? Math.min(...times) : undefined;
  }

  /** The message has been handled, for good. */
  done({ id }: Message): void {
    rmSync(join(this.#waiting, `${id}.json`), { force: true });
    this.#known.delete(id);
  }

  /** Handling the message failed. Returns whether it is a dead letter now. */
  failed({ id, body, received }: Message, error: string): boolean {
    const { mostReceived, firstDelay, longestDelay, now } = this.#options;
    write(join(this.#waiting, `${id}.json`), { body, received, error });
    if (received >= mostReceived) {
      renameSync(join(this.#waiting, `${id}.json`), join(this.#dead, `${id}.json`));
      this.#known.delete(id);
      return true;
    }
    const delay = Math.min(longestDelay, firstDelay * 2 ** (received - 1));
    this.#known.set(id, { received, notBefore: now() + delay, out: false });
    return false;
  }
}

/** Puts all dead letters of a queue's directory back into the queue, as if they were new. Returns how many there were. */
export function replayDeadLetters(directory: string): number {
  const dead = join(directory, 'dead-letters');
  const ids = idsIn(dead);
  for (const id of ids) {
    const file = join(dead, `${id}.json`);
    write(file, { body: read(file).body, received: 0 });
    renameSync(file, join(directory, 'waiting', `${id}.json`));
  }
  return ids.length;
}

function idsIn(folder: string): string[] {
  try {
    const names = readdirSync(folder).filter((name) => name.endsWith('.json'));
    return names.map((name) => name.slice(0, -'.json'.length)).sort();
  } catch (error) {
    if (isMissing(error)) return [];
    throw error;
  }
}

function read(file: string): { body: string; received: number } {
  const content: unknown = JSON.parse(readFileSync(file, 'utf8'));
  if (typeof content === 'object' && content !== null && 'body' in content && 'received' in content) {
    const { body, received } = content;
    if (typeof body === 'string' && typeof received === 'number') return { body, received };
  }
  throw new Error(`${file} is no message of this queue. Remove it.`);
}

/** Whole or not at all, and for good when this returns, also where the power fails: S3 confirms an upload after it. */
function write(file: string, content: object): void {
  writeFileSync(`${file}.new`, JSON.stringify(content), { mode: 0o600, flush: true });
  renameSync(`${file}.new`, file);
  const folder = openSync(dirname(file), 'r');
  fsyncSync(folder);
  closeSync(folder);
}
