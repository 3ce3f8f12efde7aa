/** Recognises the persons of an account on pictures, by the account's log of faces (face-log.ts). */
import { createHash } from 'node:crypto';
import type { Face, FaceEngine, Match } from '../faces/engine';
import type { EventFace } from '../table/event-item';
import { FaceLog, type KnownPrint } from '../table/face-log';
import type { Table } from '../table/table';

/** Most descriptors of one person: more add cost, and hardly any chance of a match. */
const MOST_PRINTS = 8;

/** Most attempts to append to a log. Other Lambdas append only for a moment, so more failures in a row are a fault. */
const MOST_ATTEMPTS = 50;

/**
 * Most descriptors that one picture may add: a family at the door. A picture with more new faces shows a crowd of
 * strangers, or was made to fill the log; its unknown faces are put aside, and become no persons.
 */
export const MOST_ENROLLED = 8;

/** Two faces of one picture that are nearer than this share of `sure` are one face twice: a mirror, or a copy. */
const SAME_FACE = 2 / 3;

/** The persons on a picture. */
export interface Recognised {
  faces: EventFace[];
  /** Unknown faces that were not kept, because the picture had too many; mostly 0. */
  aside: number;
}

/** A face of a picture, and what was decided about it. */
interface Decided {
  face: Face;
  id: string;
  person: string;
  match?: Match;
  /** Whether its descriptor is to be kept. */
  enrol: boolean;
}

/** Recognises persons. Keeps the log of each account that this process has met. */
export class People {
  readonly #table: Table;
  readonly #engine: FaceEngine;
  readonly #logs = new Map<string, FaceLog>();

  constructor(table: Table, engine: FaceEngine) {
    this.#table = table;
    this.#engine = engine;
  }

  /**
   * Tells who the faces of one picture are, and keeps the descriptors of new persons and of new views of known persons.
   * Two different faces of one picture are never the same person; copies of one face count as one face. `picture`
   * identifies event and content: the same `picture` gives the same persons.
   *
   * @throws Error if the log cannot be appended to because of other writers.
   */
  async recognise(account: string, picture: string, found: readonly Face[]): Promise<Recognised> {
    const faces = this.#withoutCopies(found);
    const enrolled: Uint8Array[] = [];
    for (let attempt = 0; attempt < MOST_ATTEMPTS; attempt++) {
      const log = await this.#read(account);
      const { decided, aside } = withoutCrowd(await this.#decide(account, picture, faces, log));
      if (!(await this.#append(account, log, decided, enrolled))) continue;
      // Discard descriptors that did not reach the log: no later deletion would find them.
      const stray = enrolled.filter((one) => !log.prints.some(({ print }) => Buffer.from(print).equals(one)));
      if (stray.length > 0) await this.#engine.discard(account, stray);
      return { faces: decided.map((one) => this.#eventFace(one)), aside };
    }
    throw new Error(`The face log of account "${account}" was written to by others ${MOST_ATTEMPTS} times in a row.`);
  }

  /** Of faces that are copies of one face, keeps the one that the engine is surest of. */
  #withoutCopies(faces: readonly Face[]): Face[] {
    const { between, sure } = this.#engine;
    const kept: Face[] = [];
    for (const face of [...faces].sort((one, other) => other.score - one.score)) {
      const isCopy = (other: Face) => between !== undefined && between(face, other) < sure * SAME_FACE;
      if (!kept.some(isCopy)) kept.push(face);
    }
    return faces.filter((face) => kept.includes(face));
  }

  #eventFace({ face, person, match }: Decided): EventFace {
    const { box, score } = face;
    if (!match) return { box, score, person, sure: true };
    return { box, score, person, sure: match.distance < this.#engine.sure, distance: match.distance };
  }

  async #read(account: string): Promise<FaceLog> {
    const log = this.#logs.get(account) ?? new FaceLog(this.#table, account, this.#engine.name);
    await log.read();
    this.#logs.set(account, log);
    return log;
  }

  async #decide(account: string, picture: string, faces: readonly Face[], log: FaceLog): Promise<Decided[]> {
    const isOwn = ({ face }: KnownPrint) => face.startsWith(`${picture}.`);
    const known = log.prints.filter((print) => !isOwn(print));
    // The decisions of an earlier delivery of this picture.
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
      // Decided at an earlier delivery. The descriptor that a person began with has no match.
      if (before !== undefined) {
        return { face, id, person: before, enrol: false, ...(match?.person === before ? { match } : {}) };
      }
      if (!match) return { face, id, person: newPerson(id, log), enrol: true };
      const prints = log.prints.filter((print) => print.person === match.person).length;
      const newSide = match.distance > this.#engine.sure / 2;
      const enrol = match.distance < this.#engine.sure && newSide && prints < MOST_PRINTS;
      return { face, id, person: match.person, match, enrol };
    });
  }

  /** Appends the new descriptors one by one; false if another process has appended meanwhile. */
  async #append(account: string, log: FaceLog, decided: readonly Decided[], enrolled: Uint8Array[]): Promise<boolean> {
    for (const { face, id, person, enrol } of decided) {
      if (!enrol) continue;
      const print = await this.#engine.enrol(account, face, id);
      enrolled.push(print);
      if (!(await log.append({ entry: 'face', face: id, person, print }))) return false;
    }
    return true;
  }
}

/** A picture that would add too many descriptors adds none, and only its known faces stay. */
function withoutCrowd(decided: readonly Decided[]): { decided: Decided[]; aside: number } {
  if (decided.filter(({ enrol }) => enrol).length <= MOST_ENROLLED) return { decided: [...decided], aside: 0 };
  const known = decided.filter(({ enrol, match }) => !enrol || match).map((one) => ({ ...one, enrol: false }));
  return { decided: known, aside: decided.length - known.length };
}

/**
 * The id of a new person: opaque, and the same at every delivery of the picture that the person was first seen on. A
 * forgotten person's id is not used again, not even for that picture.
 */
function newPerson(face: string, log: FaceLog): string {
  for (let attempt = 0; ; attempt++) {
    const seed = attempt === 0 ? face : `${face}/${attempt}`;
    const person = createHash('sha256').update(seed).digest('base64url').slice(0, 16);
    if (!log.isForgotten(person)) return log.rootOf(person);
  }
}

/** Matches faces and persons, nearest first, so that no face and no person is used twice. */
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
