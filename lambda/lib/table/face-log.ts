/**
 * An account's log of faces, one item each, numbered from 1, per face engine.
 *
 * Two pictures of a new visitor may be looked at in the same moment, by two Lambdas that do not know of each other; both
 * must not found a person. So whoever writes reads the whole log, decides, and appends under the next number on the
 * condition that nobody has: who comes second reads what the first one wrote and decides anew. One conditional write is
 * all that takes, no lock and no transaction.
 *
 * An entry says
 * - `face`: a print of a `person`; the first of its person founds it. `face` is the id of the face that it was made for,
 *   event, content and place in the picture; so a second delivery of the event finds what the first one decided;
 * - `merged`: the person `from` is the person `into`;
 * - `forgotten`: the `person`, and who was merged into it, is nobody any more;
 * - `erased`: the owner deleted the `event`.
 *
 * The log is only appended to, so a warm Lambda reads what is new and keeps the rest. What an entry takes back is then
 * removed for good: the `print` of the earlier entries. Behind that entry nobody can append such a print any more.
 */

import type { KnownFace } from '../faces/engine';
import { Change, isPresent } from './expression';
import { type Fields, number, text } from './fields';
import { faceKey } from './keys';
import type { Table } from './table';

/** A print that is in force. */
export interface KnownPrint extends KnownFace {
  /** Number of its entry. */
  number: number;
  /** Id of the face that the print was made of. */
  face: string;
  /** Whose it was when it was made. */
  madeFor: string;
}

/** What can be appended. */
export type Entry =
  | { entry: 'face'; face: string; person: string; print: Uint8Array }
  | { entry: 'merged'; from: string; into: string }
  | { entry: 'forgotten'; person: string }
  | { entry: 'erased'; event: string };

/** One log, as far as it was read. */
export class FaceLog {
  readonly #table: Table;
  readonly #account: string;
  readonly #engine: string;
  #length = 0;
  /** The entry of that number, but its print. */
  #last = '';
  #prints: KnownPrint[] = [];
  readonly #merged = new Map<string, string>();
  readonly #forgotten = new Set<string>();
  #leftovers: number[] = [];

  constructor(table: Table, account: string, engine: string) {
    this.#table = table;
    this.#account = account;
    this.#engine = engine;
  }

  /** The prints in force, by the persons that they are of now. */
  get prints(): readonly KnownPrint[] {
    return this.#prints;
  }

  /** Numbers of the entries that had a print when they were read, which a later entry has taken back. */
  get leftovers(): readonly number[] {
    return this.#leftovers;
  }

  /** Who a person is now: the same, or who it was merged into. */
  rootOf(person: string): string {
    return this.#merged.get(person) ?? person;
  }

  /** Who was merged into a person, directly or not. */
  mergedInto(person: string): string[] {
    return [...this.#merged].filter(([, into]) => into === person).map(([from]) => from);
  }

  /** Whether a person was forgotten, or whoever it was merged into. */
  isForgotten(person: string): boolean {
    return this.#forgotten.has(person) || this.#forgotten.has(this.rootOf(person));
  }

  /**
   * Reads what is new: a query a megabyte; all of the log the first time. The last known entry is read once more: where it
   * is another one, or gone, the account was removed since, and nothing of its log is known any more.
   */
  async read(): Promise<void> {
    const { pk, sk } = faceKey(this.#account, this.#engine, Math.max(0, this.#length - 1));
    let isKnown = this.#length === 0;
    for await (const entry of this.#table.all(pk, sk)) {
      if (isKnown) this.#follow(entry);
      else if (number(entry, 'number') !== this.#length || nameOf(entry) !== this.#last) break;
      else isKnown = true;
    }
    if (isKnown) return;
    this.#forgetAll();
    await this.read();
  }

  /** Appends an entry. Returns false when somebody else has appended in between: read, and decide anew. */
  async append(entry: Entry): Promise<boolean> {
    const numbered = { ...entry, number: this.#length + 1 };
    const made = await this.#table.create(faceKey(this.#account, this.#engine, numbered.number), numbered);
    if (made) this.#follow(numbered);
    return made;
  }

  /**
   * Removes the prints that were taken back, for good: first `discard` has them gone where the engine keeps them, then
   * they go from the table. Repeated after a crash, it finishes.
   */
  async removeLeftovers(discard: (prints: Uint8Array[]) => Promise<void>): Promise<void> {
    if (this.#leftovers.length === 0) return;
    const keys = this.#leftovers.map((entry) => faceKey(this.#account, this.#engine, entry));
    const entries = await this.#table.batchGet(keys, ['print']);
    const prints = entries.flatMap(({ print }) => (print instanceof Uint8Array ? [print] : []));
    if (prints.length > 0) await discard(prints);
    for (const key of keys) {
      await this.#table.update(key, new Change().set({ print: undefined }).when(isPresent('pk')));
    }
    this.#leftovers = [];
  }

  #forgetAll(): void {
    this.#length = 0;
    this.#last = '';
    this.#prints = [];
    this.#merged.clear();
    this.#forgotten.clear();
    this.#leftovers = [];
  }

  /** Takes the next entry into account. */
  #follow(entry: Fields): void {
    this.#length = number(entry, 'number');
    this.#last = nameOf(entry);
    switch (entry.entry) {
      case 'face':
        // An entry that was taken back stays in its place, without a print.
        if (entry.print instanceof Uint8Array) {
          const { print } = entry;
          const person = text(entry, 'person');
          this.#prints.push({ number: this.#length, face: text(entry, 'face'), person, madeFor: person, print });
        }
        break;
      case 'merged':
        this.#merge(text(entry, 'from'), text(entry, 'into'));
        break;
      case 'forgotten': {
        const person = text(entry, 'person');
        this.#forgotten.add(person);
        // Who was merged meanwhile takes its own prints along.
        this.#takeBack((print) => print.person === person || print.madeFor === person);
        break;
      }
      case 'erased': {
        const event = text(entry, 'event');
        this.#takeBack(({ face }) => face.startsWith(`${event}:`));
        break;
      }
      default:
        throw new Error(`The face log has an entry "${String(entry.entry)}" that this version does not know.`);
    }
  }

  #merge(from: string, into: string): void {
    for (const print of this.#prints) if (print.person === from) print.person = into;
    for (const [person, root] of this.#merged) if (root === from) this.#merged.set(person, into);
    this.#merged.set(from, into);
  }

  #takeBack(isIt: (print: KnownPrint) => boolean): void {
    this.#leftovers.push(...this.#prints.filter(isIt).map(({ number: entry }) => entry));
    this.#prints = this.#prints.filter((print) => !isIt(print));
  }
}

/** What tells an entry from another one; its print may be removed later. */
function nameOf({ entry, face, person, from, into, event }: Fields): string {
  return JSON.stringify([entry, face, person, from, into, event]);
}
