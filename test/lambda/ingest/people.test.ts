import { expect } from 'chai';
import type { Face, FaceEngine, KnownFace } from '../../../lambda/lib/faces/engine';
import { MOST_ENROLLED, People } from '../../../lambda/lib/ingest/people';
import type { EventFace } from '../../../lambda/lib/table/event-item';
import { Change } from '../../../lambda/lib/table/expression';
import { FaceLog } from '../../../lambda/lib/table/face-log';
import { faceKey } from '../../../lambda/lib/table/keys';
import { Table } from '../../../lambda/lib/table/table';
import { TestCloud } from '../cloud';

/** An engine for which a face is one number, and the distance of two faces their difference in hundredths. */
const engine: FaceEngine = {
  name: 'numbers',
  sure: 0.45,
  possible: 0.55,
  detect: async () => [],
  between: (one, other) => Math.abs(numberIn(one) - numberIn(other)) / 100,
  match: async (_account, face, known) => {
    const nearest = new Map<string, number>();
    for (const { person, print } of known) {
      const distance = Math.abs(numberIn(face) - numberIn({ print })) / 100;
      nearest.set(person, Math.min(distance, nearest.get(person) ?? Number.POSITIVE_INFINITY));
    }
    return [...nearest].map(([person, distance]) => ({ person, distance }));
  },
  enrol: async (_account, face) => face.print,
  discard: async () => {},
};

function numberIn({ print }: Pick<KnownFace, 'print'>): number {
  return Buffer.from(print).readUInt16BE();
}

function face(number: number): Face {
  const print = Buffer.alloc(2);
  print.writeUInt16BE(number);
  return { box: [0, 0, 40, 40], score: 0.9, print };
}

describe('lambda: who the faces are', () => {
  let cloud: TestCloud;
  let table: Table;
  beforeEach(async () => {
    cloud = await TestCloud.start();
    table = new Table(cloud.documents, cloud.tableName);
  });
  afterEach(() => cloud.stop());

  const people = (otherEngine = engine) => new People(table, otherEngine);
  const see = async (who: People, picture: string, ...numbers: number[]): Promise<EventFace[]> =>
    (await who.recognise('jane', picture, numbers.map(face))).faces;
  const person = (faces: EventFace[], index = 0) => faces[index]?.person ?? 'nobody';
  const prints = async () => (await cloud.itemsOf('FACES')).length;

  it('a face nobody knows is a new person, sure and without a distance', async () => {
    const [found] = await see(people(), 'a', 1000);
    expect(found).to.include({ sure: true }).and.not.have.property('distance');
    expect(found?.person).to.match(/^[\w-]{16}$/);
  });

  it('under .45 it is the same person, to .55 it may be, above it is another', async () => {
    const who = people();
    const first = person(await see(who, 'a', 1000));
    const [same] = await see(who, 'b', 1010);
    expect(same).to.include({ person: first, sure: true, distance: 0.1 });
    const [perhaps] = await see(who, 'c', 1050);
    expect(perhaps).to.include({ person: first, sure: false, distance: 0.5 });
    const [another] = await see(who, 'e', 1055);
    expect(another?.person).not.to.equal(first);
    expect(person(await see(who, 'd', 2000))).not.to.equal(first);
  });

  it('the nearest of several prints counts: a person is known from several sides', async () => {
    const who = people();
    const first = person(await see(who, 'a', 1000));
    for (const [picture, number] of [
      ['b', 1040],
      ['c', 1080],
      ['d', 1120],
    ] as const) {
      const [found] = await see(who, picture, number);
      expect(found).to.include({ person: first, sure: true, distance: 0.4 });
    }
  });

  it('prints that say nothing new are not kept, nor more than eight of one person', async () => {
    const who = people();
    const first = person(await see(who, 'same', 1000));
    for (let i = 0; i < 5; i++) await see(who, `same${i}`, 1000 + i);
    expect(await prints()).to.equal(1);
    for (let i = 1; i < 20; i++) await see(who, `side${i}`, 1000 + i * 40);
    const ofFirst = (await cloud.itemsOf('FACES')).filter((entry) => entry.person === first);
    expect(ofFirst).to.have.length(8);
  });

  it('a face that may be a person is not taken for a print of that person', async () => {
    const who = people();
    const first = person(await see(who, 'a', 1000));
    expect(person(await see(who, 'b', 1050))).to.equal(first);
    expect(await prints()).to.equal(1);
  });

  it('two faces in one picture are never the same person; the nearer one is the known one', async () => {
    const who = people();
    const first = person(await see(who, 'a', 1000));
    const two = await see(who, 'b', 1042, 1010);
    expect(person(two, 1)).to.equal(first);
    expect(person(two, 0)).not.to.equal(first);
    const sisters = await see(who, 'c', 5000, 5031);
    expect(person(sisters, 0)).not.to.equal(person(sisters, 1));
  });

  it('copies of one face in a picture are one face, and make no look-alikes of its person', async () => {
    const who = people();
    const first = person(await see(who, 'a', 1000));
    // As few as a family, and as many as a crowd.
    for (const count of [6, 49]) {
      const copies = await see(who, `${count} copies`, ...Array.from({ length: count }, (_, i) => 1005 + (i % 5)));
      expect(copies.map(({ person: one }) => one)).to.deep.equal([first]);
    }
    for (const number of [1000, 1003, 1010, 1020]) {
      expect(person(await see(who, `later${number}`, number))).to.equal(first);
    }
    expect(await prints()).to.equal(1);
  });

  it('a picture of more new faces than a family has founds nobody; who is known on it is said all the same', async () => {
    const who = people();
    const first = person(await see(who, 'a', 1000));
    const crowd = Array.from({ length: MOST_ENROLLED + 1 }, (_, i) => face(3000 + i * 100));
    const { faces, aside } = await who.recognise('jane', 'crowd', [face(1001), ...crowd]);
    expect(faces.map(({ person: one }) => one)).to.deep.equal([first]);
    expect(aside).to.equal(MOST_ENROLLED + 1);
    expect(await prints()).to.equal(1);
    const family = await who.recognise('jane', 'family', crowd.slice(1));
    expect(family).to.have.property('aside', 0);
    expect(family.faces).to.have.length(MOST_ENROLLED);
  });

  it('a person who is taken for look-alikes is recognised again when the events that brought these are deleted', async () => {
    const who = people();
    const first = person(await see(who, 'a:1', 1000));
    // Beside somebody who is nearer, a face is never the same person: it founds a look-alike.
    const look = await see(who, 'attack:1', 1001, 1032);
    expect(person(look, 1)).not.to.equal(first);
    expect(person(await see(who, 'b:1', 1030))).to.equal(person(look, 1));
    const log = new FaceLog(table, 'jane', engine.name);
    await log.read();
    expect(await log.append({ entry: 'erased', event: 'attack' })).to.equal(true);
    expect(person(await see(who, 'c:1', 1030))).to.equal(first);
    expect(person(await see(people(), 'd:1', 1030))).to.equal(first);
  });

  it('the same picture seen again has the same persons, also by another Lambda that knows nothing yet', async () => {
    const first = await see(people(), 'a', 1000, 1040, 3000);
    const again = await see(people(), 'a', 1000, 1040, 3000);
    expect(again.map(({ person: who }) => who)).to.deep.equal(first.map(({ person: who }) => who));
    expect(await prints()).to.equal(3);
  });

  it('a new visitor seen by many Lambdas at once is one person', async () => {
    const seen = await Promise.all(Array.from({ length: 12 }, (_, i) => see(people(), `p${i}`, 1000 + i, 4000 + i)));
    expect(new Set(seen.map((faces) => person(faces, 0))).size).to.equal(1);
    expect(new Set(seen.map((faces) => person(faces, 1))).size).to.equal(1);
    const entries = await cloud.itemsOf('FACES');
    expect(entries.map(({ number }) => number)).to.deep.equal(entries.map((_, i) => i + 1));
  });

  it('accounts and engines know nothing of each other', async () => {
    const who = people();
    const first = person(await see(who, 'a', 1000));
    expect(person((await who.recognise('john', 'b', [face(1000)])).faces)).not.to.equal(first);
    expect(person(await see(people({ ...engine, name: 'other' }), 'c', 1000))).not.to.equal(first);
  });

  it('a Lambda that is warm reads only what is new', async () => {
    const inputs: object[] = [];
    const { documents: watched } = cloud.clients({ before: (_, input) => inputs.push(input) });
    const who = new People(new Table(watched, cloud.tableName), engine);
    for (const [i, number] of [1000, 3000, 5000, 7000].entries()) await see(who, `p${i}`, number);
    inputs.length = 0;
    await see(who, 'c', 1002);
    // The last known entry is read once more: it tells whether this is still the same log.
    expect(JSON.stringify(inputs)).to.include('000000000003').and.have.lengthOf.below(600);
  });

  it('merged persons are one from then on, and forgotten ones are strangers again, for warm Lambdas too', async () => {
    const who = people();
    const first = person(await see(who, 'a', 1000));
    const second = person(await see(who, 'b', 3000));
    const append = async (number: number, entry: Record<string, unknown>) =>
      await table.update(faceKey('jane', 'numbers', number), new Change().set({ ...entry, number }));
    await append(3, { entry: 'merged', from: second, into: first });
    expect(person(await see(who, 'c', 3001))).to.equal(first);
    await append(4, { entry: 'forgotten', person: first });
    for (const lambda of [who, people()]) {
      const after = await see(lambda, `d${lambda === who}`, 1000);
      expect(person(after)).not.to.be.oneOf([first, second]);
    }
  });
});
