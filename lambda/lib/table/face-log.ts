/**
 * The log of faces of an account and a face engine: one item for each entry, numbered from 1.
 *
 * Two Lambdas may inspect two pictures of a new visitor in the same moment, but only one of them may make a person of
 * the visitor. So a writer reads the whole log, decides, and appends under the next number on the condition that this
 * number is free; the second writer then reads the first one's entry and decides anew. That takes one conditional
 * write, no lock and no transaction.
 *
 * The kinds of entries:
 * - `face`: a descriptor (`print`) of a `person`; the person begins with its first entry. `face` is the id of the face:
 *   event, content and index in the picture. So a second delivery of the event finds the decision of the first;
 * - `merged`: the person `from` is the person `into`;
 * - `forgotten`: the `person`, and all who were merged into it, are forgotten;
 * - `erased`: the owner deleted the `event`.
 *
 * The log is only appended to, so a warm Lambda reads the new entries and keeps the rest. A `forgotten` or `erased`
 * entry also deletes the descriptors of earlier entries; writers that are behind cannot append them again.
 */

import type { KnownFace } from '../faces/engine';
import { Change, isPresent } from './expression';
import { type Fields, number, text } from './fields';
import { faceKey } from './keys';
import type { Table } from './table';

/** A descriptor in force. */
export interface KnownPrint extends KnownFace {
  /** Number of its entry. */
  number: number;
  /** Id of the face that the descriptor was made of. */
  face: string;
  /** The person that it was made for; `person` is the person today. */
  madeFor: string;
}

/** An entry of the log. A `print` is a descriptor. */
export type Entry =
  | { entry: 'face'; face: string; person: string; print: Uint8Array }
  | { entry: 'merged'; from: string; into: string }
  | { entry: 'forgotten'; person: string }
  | { entry: 'erased'; event: string };

/** A log, as far as it was read. */
export class FaceLog {
  readonly #table: Table;
  readonly #account: string;
  readonly #engine: string;
  #length = 0;
  /** What identifies the last entry that was read (`nameOf`). */
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

  /** The descriptors in force, with the persons that they belong to now. */
  get prints(): readonly KnownPrint[] {
    return this.#prints;
  }

  /** Numbers of the entries whose descriptors a later entry has revoked, and which may still have to be removed. */
  get leftovers(): readonly number[] {
    return this.#leftovers;
  }

  /** The person that `person` was merged into; `person` itself if it was not merged. */
  rootOf(person: string): string {
    return this.#merged.get(person) ?? person;
  }

  /** The persons who were merged into a person, directly or not. */
  mergedInto(person: string): string[] {
    return [...this.#merged].filter(([, into]) => into === person).map(([from]) => from);
  }

  /** Whether a person, or the person it was merged into, was forgotten. */
  isForgotten(person: string): boolean {
    return this.#forgotten.has(person) || this.#forgotten.has(this.rootOf(person));
  }

  /**
   * Reads the new entries, one query a megabyte; at first the whole log. The last known entry is read again: if it has
   * changed or is gone, the account was removed meanwhile, and everything is read anew.
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

  /**
   * Appends an entry.
   *
   * @returns false if another writer has appended meanwhile: read again, and decide anew.
   */
  async append(entry: Entry): Promise<boolean> {
    const numbered = { ...entry, number: this.#length + 1 };
    const made = await this.#table.create(faceKey(this.#account, this.#engine, numbered.number), numbered);
    if (made) this.#follow(numbered);
    return made;
  }

  /**
   * Removes the revoked descriptors for good: `discard` first removes them where the engine keeps them, then they are
   * removed from the table. May be repeated, which completes it after a crash.
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

  /** Applies the next entry. */
  #follow(entry: Fields): void {
    this.#length = number(entry, 'number');
    this.#last = nameOf(entry);
    switch (entry.entry) {
      case 'face':
        // A revoked entry stays without its descriptor.
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
        // A person that was merged meanwhile loses its own descriptors, too.
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

/** Identifies an entry, without its descriptor, which may be removed later. */
function nameOf({ entry, face, person, from, into, event }: Fields): string {
  return JSON.stringify([entry, face, person, from, into, event]);
}
