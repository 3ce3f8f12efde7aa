/**
 * A queue on disk that works as SQS does: a message stays until it has been handled. If handling fails, the message is
 * handed out again after longer and longer delays, and becomes a dead letter after too many failures.
 *
 *     DIR/waiting/ID.json        a message: {"body", "received"}, `received` being how often it was handed out
 *     DIR/dead-letters/ID.json   the same, with {"error"}, what its handling last failed with
 *     DIR/returned/ID.json       dead letters to try again, put there by another process
 *     DIR/damaged/ID.json        what could not be read as a message
 *
 * Ids grow with time, so that names sort by age. Each message belongs to a group, an account: groups take turns, so
 * that a flood in one group does not delay the others, and a batch holds messages of one group only. All steps take
 * constant time, however many messages wait; only names are kept in memory.
 */
import { createHash, randomBytes } from 'node:crypto';
import { mkdirSync, readdirSync, readFileSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { messageOf } from '../../error-code';
import { isRecord } from '../../record';
import { Heap, type HeapNode } from '../../upload/heap';
import { isMissing } from '../disk/missing';
import { putAside } from '../disk/put-aside';
import { replaceFileSync } from '../disk/replace-file';
import { Fifo } from './fifo';

/** A message that was handed out. */
export interface Message {
  readonly id: string;
  readonly body: string;
  /** How often it was handed out, this time included. */
  readonly received: number;
}

/** Options of a queue. */
export interface QueueOptions {
  /** Times that a message is handed out before it becomes a dead letter. */
  readonly mostReceived: number;
  /** Ms before a message is handed out for the second time; doubled each time. */
  readonly firstDelay: number;
  /** The longest such delay, in ms. */
  readonly longestDelay: number;
  /** Returns ms since 1970. */
  readonly now: () => number;
  /** Receives for a person which file was put aside. */
  readonly onDamaged: (text: string) => void;
}

/** A message that was handed out before, without success. */
interface Failed extends HeapNode {
  readonly id: string;
  /** When it may be handed out again, in ms since 1970. */
  readonly notBefore: number;
}

/** The queue in one directory. */
export class MessageQueue {
  readonly #folders: Readonly<Record<'waiting' | 'dead' | 'returned' | 'damaged', string>>;
  readonly #options: QueueOptions;
  /** Messages that were never handed out, by group; the group whose turn is next comes first. */
  readonly #fresh = new Map<string, Fifo<string>>();
  readonly #failed = new Heap<Failed>((a, b) => a.notBefore < b.notBefore);
  /** Number of messages of each group that wait or are handed out. */
  readonly #counts = new Map<string, number>();
  #length = 0;
  #sequence = 0;
  /** Whether a due failed message goes before fresh messages. They take turns. */
  #failedFirst = false;

  /** Opens the queue of a directory, which is made if needed. Messages that were handed out before wait again. */
  constructor(directory: string, options: QueueOptions) {
    this.#options = options;
    this.#folders = foldersOf(directory);
    const { waiting, dead, returned } = this.#folders;
    for (const folder of [waiting, dead, returned]) mkdirSync(folder, { recursive: true, mode: 0o700 });
    for (const name of readdirSync(waiting)) if (name.endsWith('.new')) rmSync(join(waiting, name), { force: true });
    for (const id of idsIn(waiting)) this.#enter(id);
    this.discover();
  }

  /** Number of messages that wait or are handed out. */
  get length(): number {
    return this.#length;
  }

  /** Number of messages of a group that wait or are handed out. */
  lengthOf(group: string): number {
    return this.#counts.get(tokenOf(group)) ?? 0;
  }

  /**
   * Stores a message. When this returns, neither a crash nor a power cut loses it.
   *
   * @throws Error of the file system, on a full disk for instance; then the message is not stored.
   */
  add(body: string, group = ''): void {
    this.#sequence += 1;
    const time = this.#options.now().toString().padStart(15, '0');
    const id = `${time}-${this.#sequence.toString().padStart(9, '0')}-${randomBytes(3).toString('hex')}-${tokenOf(group)}`;
    replaceFileSync(this.#file(id), JSON.stringify({ body, received: 0 }));
    this.#enter(id);
  }

  /** Takes in the messages that were put into DIR/returned, perhaps by another process. */
  discover(): void {
    for (const id of idsIn(this.#folders.returned)) {
      renameSync(join(this.#folders.returned, `${id}.json`), this.#file(id));
      this.#enter(id);
    }
  }

  /**
   * Hands out up to `most` due messages of one group, oldest first. A message that failed before is handed out alone:
   * whatever it does to its handler, it does to no other message.
   */
  receive(most: number): Message[] {
    const kinds = [() => this.#receiveFresh(most), () => this.#receiveFailed()];
    for (const kind of this.#failedFirst ? kinds.reverse() : kinds) {
      const messages = kind();
      if (messages.length === 0) continue;
      this.#failedFirst = messages[0]?.received === 1;
      return messages;
    }
    return [];
  }

  /** When the next waiting message is due, in ms since 1970; `undefined` when none waits. */
  nextDue(): number | undefined {
    return this.#fresh.size > 0 ? 0 : this.#failed.peek()?.notBefore;
  }

  /** The message has been handled: removes it. */
  done({ id }: Message): void {
    rmSync(this.#file(id), { force: true });
    this.#leave(id);
  }

  /**
   * Handling the message failed.
   *
   * @returns whether it is a dead letter now.
   */
  failed({ id, body, received }: Message, error: string): boolean {
    const { mostReceived, firstDelay, longestDelay, now, onDamaged } = this.#options;
    try {
      replaceFileSync(this.#file(id), JSON.stringify({ body, received, error }));
      if (received >= mostReceived) {
        renameSync(this.#file(id), join(this.#folders.dead, `${id}.json`));
        this.#leave(id);
        return true;
      }
    } catch (reason) {
      // On a full disk only the count of this attempt is lost.
      onDamaged(`${this.#file(id)} cannot be written: ${messageOf(reason)}`);
    }
    const delay = Math.min(longestDelay, firstDelay * 2 ** (received - 1));
    this.#failed.push({ id, notBefore: now() + delay, heapIndex: -1 });
    return false;
  }

  #receiveFresh(most: number): Message[] {
    for (const [token, ids] of this.#fresh) {
      this.#fresh.delete(token);
      const messages: Message[] = [];
      for (let id = ids.shift(); id !== undefined; id = messages.length < most ? ids.shift() : undefined) {
        const message = this.#read(id);
        if (message === undefined) continue;
        // It failed before this process began.
        if (message.received > 0) this.#failed.push({ id, notBefore: 0, heapIndex: -1 });
        else messages.push({ id, body: message.body, received: 1 });
      }
      // The group's other messages come first next time.
      if (ids.size > 0) this.#fresh.set(token, ids);
      if (messages.length > 0) return messages;
    }
    return [];
  }

  #receiveFailed(): Message[] {
    const now = this.#options.now();
    for (let next = this.#failed.peek(); next && next.notBefore <= now; next = this.#failed.peek()) {
      this.#failed.pop();
      const message = this.#read(next.id);
      if (message) return [{ id: next.id, body: message.body, received: message.received + 1 }];
    }
    return [];
  }

  /** Reads a message's file. A file that is no message is put aside. */
  #read(id: string): { body: string; received: number } | undefined {
    try {
      return read(this.#file(id));
    } catch (error) {
      this.#leave(id);
      // The file was deleted by hand: the message is dropped.
      if (isMissing(error)) return undefined;
      const aside = tryPutAside(this.#file(id), this.#folders.damaged);
      this.#options.onDamaged(`A message of the queue is damaged (${messageOf(error)}). ${aside}`);
      return undefined;
    }
  }

  #enter(id: string): void {
    const token = groupIn(id);
    const ids = this.#fresh.get(token) ?? new Fifo();
    ids.push(id);
    this.#fresh.set(token, ids);
    this.#counts.set(token, (this.#counts.get(token) ?? 0) + 1);
    this.#length += 1;
  }

  #leave(id: string): void {
    const token = groupIn(id);
    const left = (this.#counts.get(token) ?? 0) - 1;
    if (left > 0) this.#counts.set(token, left);
    else this.#counts.delete(token);
    this.#length -= 1;
  }

  #file(id: string): string {
    return join(this.#folders.waiting, `${id}.json`);
  }
}

/**
 * Returns all dead letters of a queue's directory to the queue, as if they were new. Damaged ones are put aside.
 *
 * @returns their number.
 * @throws Error of the file system
 */
export function replayDeadLetters(directory: string): number {
  const { dead, returned, damaged } = foldersOf(directory);
  let replayed = 0;
  for (const id of idsIn(dead)) {
    const file = join(dead, `${id}.json`);
    try {
      replaceFileSync(file, JSON.stringify({ body: read(file).body, received: 0 }));
    } catch (error) {
      if (!(error instanceof NotAMessage)) throw error;
      putAside(file, damaged);
      continue;
    }
    mkdirSync(returned, { recursive: true, mode: 0o700 });
    renameSync(file, join(returned, `${id}.json`));
    replayed += 1;
  }
  return replayed;
}

/** A file of the queue holds no message. */
class NotAMessage extends Error {}

function foldersOf(directory: string) {
  return {
    waiting: join(directory, 'waiting'),
    dead: join(directory, 'dead-letters'),
    returned: join(directory, 'returned'),
    damaged: join(directory, 'damaged'),
  };
}

/** A part of file names, of the same length for every group. */
function tokenOf(group: string): string {
  return group === '' ? '' : createHash('sha256').update(group).digest('hex').slice(0, 16);
}

/** The group's token in an id; ids of earlier versions have none. */
function groupIn(id: string): string {
  return id.split('-')[3] ?? '';
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

/** @throws NotAMessage, or Error of the file system */
function read(file: string): { body: string; received: number } {
  const text = readFileSync(file, 'utf8');
  let content: unknown;
  try {
    content = JSON.parse(text);
  } catch {
    throw new NotAMessage(`${file} is no JSON`);
  }
  const { body, received } = isRecord(content) ? content : {};
  if (typeof body === 'string' && typeof received === 'number') return { body, received };
  throw new NotAMessage(`${file} is no message`);
}

function tryPutAside(file: string, folder: string): string {
  try {
    return `It is now ${putAside(file, folder)}.`;
  } catch (error) {
    return `It cannot be moved: ${messageOf(error)}`;
  }
}
