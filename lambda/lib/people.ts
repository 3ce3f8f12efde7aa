/**
 * Who is known to an account: a log of faces, one item each, numbered from 1, per face engine.
 *
 * Two pictures of a new visitor may be looked at in the same moment, by two Lambdas that do not know of each other; both
 * must not found a person. So a Lambda reads the whole log, decides, and appends under the next number on the condition
 * that nobody has: who comes second reads what the first one wrote and decides anew. One conditional write is all that
 * takes, no lock and no transaction.
 *
 * An entry says `face` (a print of a person; the first of its person founds it), `merged` (one person is another), or
 * `forgotten` (a person is nobody any more; the prints of their entries have been removed). The log is only appended to,
 * so a warm Lambda reads what is new and keeps the rest.
 *
 * An entry carries the id of the face that it was made for, event, content and place in the picture; so a second delivery of
 * the event finds what the first one decided.
 */
import { createHash } from 'node:crypto';
import type { EventFace } from './event-item';
import type { Face, FaceEngine, KnownFace, Match } from './faces/engine';
import { type Fields, number, text } from './fields';
import { faceKey } from './keys';
import type { Table } from './table';

/** More prints of one person than this add cost and hardly any chance of a match. */
const MOST_PRINTS = 8;

/** A log of many prints is looked at by many Lambdas at once only for a moment; losing this often in a row is a fault. */
const MOST_ATTEMPTS = 50;

interface KnownPrint extends KnownFace {
  /** Id of the face that the print was made of. */
  face: string;
}

/** What a log says, up to and including the entry `length`. */
interface Log {
  length: number;
  prints: KnownPrint[];
}

/** A face of a picture, with what was decided about it. */
interface Decided {
  face: Face;
  id: string;
  person: string;
  match?: Match;
  /** Its print is to be kept. */
  enrol: boolean;
}

/** The persons of all accounts that one process has had to do with. */
export class People {
  readonly #table: Table;
  readonly #engine: FaceEngine;
  readonly #logs = new Map<string, Log>();

  constructor(table: Table, engine: FaceEngine) {
    this.#table = table;
    this.#engine = engine;
  }

  /**
   * Says who the faces of one picture are, and keeps the prints of new persons and of new sides of known ones. Two faces
   * of one picture are never the same person. `picture` names event and content: the same name gives the same persons.
   */
  async recognise(account: string, picture: string, faces: readonly Face[]): Promise<EventFace[]> {
    for (let attempt = 0; attempt < MOST_ATTEMPTS; attempt++) {
      const log = await this.#read(account);
      const decided = await this.#decide(account, picture, faces, log);
      if (await this.#append(account, log, decided)) return decided.map((one) => this.#eventFace(one));
    }
    throw new Error(`The face log of account "${account}" was written to by others ${MOST_ATTEMPTS} times in a row.`);
  }

  #eventFace({ face, person, match }: Decided): EventFace {
    const { box, score } = face;
    if (!match) return { box, score, person, sure: true };
    return { box, score, person, sure: match.distance < this.#engine.sure, distance: match.distance };
  }

  async #read(account: string): Promise<Log> {
    const log = this.#logs.get(account) ?? { length: 0, prints: [] };
    const last = faceKey(account, this.#engine.name, log.length);
    for await (const entry of this.#table.all(last.pk, last.sk)) follow(log, entry);
    this.#logs.set(account, log);
    return log;
  }

  async #decide(account: string, picture: string, faces: readonly Face[], log: Log): Promise<Decided[]> {
    const isOwn = ({ face }: KnownPrint) => face.startsWith(`${picture}.`);
    const known = log.prints.filter((print) => !isOwn(print));
    // What an earlier delivery of this picture decided and kept.
    const own = new Map(log.prints.filter(isOwn).map((print) => [print.face, print.person]));
    const candidates: { index: number; match: Match }[] = [];
    for (const [index, face] of faces.entries()) {
      const matches = await this.#engine.match(account, face, known);
      candidates.push(...matches.map((match) => ({ index, match })));
    }
    const idOf = (index: number) => `${picture}.${index}`;
    const free = ({ index, match }: { index: number; match: Match }) =>
      match.distance < this.#engine.possible &&
      [...own].every(([id, person]) => id === idOf(index) || person !== match.person);
    const matched = onePersonEach(candidates.filter(free));
    return faces.map((face, index) => {
      const id = idOf(index);
      const match = matched.get(index);
      const before = own.get(id);
      // Decided at an earlier delivery. A print that founded its person has no match.
      if (before !== undefined) {
        return { face, id, person: before, enrol: false, ...(match?.person === before ? { match } : {}) };
      }
      if (!match) return { face, id, person: personFoundedBy(id), enrol: true };
      const prints = log.prints.filter((print) => print.person === match.person).length;
      const newSide = match.distance > this.#engine.sure / 2;
      const enrol = match.distance < this.#engine.sure && newSide && prints < MOST_PRINTS;
      return { face, id, person: match.person, match, enrol };
    });
  }

  /** Appends the new prints one by one; false when somebody else has appended in between. */
  async #append(account: string, log: Log, decided: readonly Decided[]): Promise<boolean> {
    let next = log.length + 1;
    for (const { face, id, person, enrol } of decided) {
      if (!enrol) continue;
      const entry = {
        entry: 'face',
        number: next,
        face: id,
        person,
        print: await this.#engine.enrol(account, face, id),
      };
      const key = faceKey(account, this.#engine.name, next);
      if (!(await this.#table.create(key, entry))) return false;
      next += 1;
    }
    return true;
  }
}

/** A person's id, opaque and the same at every delivery of the picture that founded it. */
function personFoundedBy(face: string): string {
  return createHash('sha256').update(face).digest('base64url').slice(0, 16);
}

/** Of all pairs of a face and a person, the nearest first; no face and no person twice. */
function onePersonEach(candidates: readonly { index: number; match: Match }[]): Map<number, Match> {
  const taken = new Map<number, Match>();
  const persons = new Set<string>();
  for (const { index, match } of [...candidates].sort((a, b) => a.match.distance - b.match.distance)) {
    if (taken.has(index) || persons.has(match.person)) continue;
    taken.set(index, match);
    persons.add(match.person);
  }
  return taken;
}

/** Takes the next entry into account. */
function follow(log: Log, entry: Fields): void {
  log.length = number(entry, 'number');
  switch (entry.entry) {
    case 'face':
      // A forgotten person's entries stay in their place, without a print.
      if (entry.print instanceof Uint8Array) {
        log.prints.push({ face: text(entry, 'face'), person: text(entry, 'person'), print: entry.print });
      }
      break;
    case 'merged':
      for (const print of log.prints) if (print.person === entry.from) print.person = text(entry, 'into');
      break;
    case 'forgotten':
      log.prints = log.prints.filter((print) => print.person !== entry.person);
      break;
    default:
      throw new Error(`The face log has an entry "${String(entry.entry)}" that this version does not know.`);
  }
}
