import { expect } from 'chai';
import { FaceLog } from '../../../lambda/lib/table/face-log';
import { fieldsOf, list } from '../../../lambda/lib/table/fields';
import type { Visitor } from './gallery-server';
import { ENGINE, Scene } from './scene';

describe('gallery: persons', () => {
  let scene: Scene;
  let jane: Visitor;
  beforeEach(async () => {
    scene = await Scene.start();
    await scene.account('jane');
    jane = await scene.visit('jane');
  });
  afterEach(() => scene.stop());

  const persons = async () => list(await jane.read('/api/persons'), 'persons').map(fieldsOf);
  const eventsOf = async (person: string, filter = '') =>
    list(await jane.read(`/api/events?person=${person}${filter}`), 'events').map((event) => fieldsOf(event).id);
  /** Who is on an event's only face. */
  const on = async (event: string) => {
    const [face] = list(await jane.read(`/api/events/${event}`), 'faces').map(fieldsOf);
    return face?.person === undefined ? undefined : String(face.person);
  };
  const whoIs = async (event: string) => (await on(event)) ?? 'nobody';
  const name = async (person: string, typed: unknown) =>
    await jane.send('PATCH', `/api/persons/${person}`, { name: typed });
  const merge = async (person: string, into: string) =>
    await jane.send('POST', `/api/persons/${person}/merge`, { into });
  const day = '2026-04-22';
  const at = (minute: number) => `${day}T10:${String(minute).padStart(2, '0')}:00Z`;

  /** Four strangers, one event each; returns events and persons. */
  const strangers = async (lambda = scene.lambda()) => {
    const events: string[] = [];
    for (const [i, face] of [1000, 2000, 3000, 4000].entries()) {
      events.push(await scene.see({ time: at(i), faces: [face] }, lambda));
    }
    const ids: string[] = [];
    for (const event of events) ids.push(await whoIs(event));
    const [a = '', b = '', c = '', d = ''] = ids;
    return { events, a, b, c, d };
  };

  describe('names', () => {
    it('a person that is named is named from then on, and named ones are listed first, by name', async () => {
      const { a, b } = await strangers();
      expect((await name(b, '  Zoe\u0308 ')).json).to.include({ id: b, name: 'Zo\u00eb' });
      expect((await name(a, 'Álvaro 🧑‍🍳')).json).to.include({ name: 'Álvaro 🧑‍🍳' });
      const listed = await persons();
      expect(listed.map((person) => person.name)).to.deep.equal(['Álvaro 🧑‍🍳', 'Zo\u00eb', undefined, undefined]);
      await scene.see({ time: at(20), faces: [2001] });
      expect((await persons())[1]).to.include({ id: b, name: 'Zo\u00eb' });
      expect((await name(b, '')).json).not.to.have.property('name');
      expect((await persons())[1]).not.to.have.property('name');
    });

    it('that are none are refused', async () => {
      const { a } = await strangers();
      for (const typed of ['x'.repeat(101), 'a\nb', 'a\u0000', 'evil\u202egnp.exe', '\u200d', '\u2066a', 5, null]) {
        expect((await name(a, typed)).status, JSON.stringify(typed)).to.equal(400);
      }
      expect((await name(a, '🧑'.repeat(100))).status).to.equal(200);
      expect((await name('nobodynobody', 'Bob')).status).to.equal(404);
      expect((await jane.send('PATCH', `/api/persons/${a}`, { name: 'x', forgotten: true })).status).to.equal(400);
    });

    it('of somebody else are refused, and it is said whose they are', async () => {
      const { a, b } = await strangers();
      await name(a, 'Bob');
      const answer = await name(b, 'bOB');
      expect(answer.status).to.equal(409);
      expect(answer.json).to.include({ person: a });
      expect((await name(a, 'BOB')).status).to.equal(200);
      await jane.send('DELETE', `/api/persons/${a}`);
      expect((await name(b, 'Bob')).status).to.equal(200);
    });
  });

  describe('merging', () => {
    it('events of both are of the one: in lists, counts and on the events; new ones too, for warm Lambdas', async () => {
      const warm = scene.lambda();
      const { events, a, b } = await strangers(warm);
      await name(a, 'Bob');
      const merged = await merge(a, b);
      expect(merged.json).to.include({ id: b, name: 'Bob' });
      const [first = '', second = ''] = events;
      expect([await on(first), await on(second)]).to.deep.equal([b, b]);
      const third = await scene.see({ time: at(30), faces: [1001] }, warm);
      expect(await on(third)).to.equal(b);
      expect(await eventsOf(b)).to.deep.equal([third, second, first]);
      expect(await eventsOf(a)).to.deep.equal([third, second, first]);
      expect((await jane.read(`/api/days/${day}?person=${b}`)).total).to.equal(3);
      expect((await jane.read(`/api/months/2026-04?person=${a}`)).days).to.deep.equal({ [day]: 3 });
      expect((await persons()).map(({ id }) => id))
        .to.have.length(3)
        .and.not.include(a);
    });

    it('chains stand for the last one, however they were made', async () => {
      const { events, a, b, c, d } = await strangers();
      await merge(a, b);
      await merge(c, d);
      await merge(b, d);
      for (const event of events) expect(await on(event)).to.equal(d);
      expect(await eventsOf(a)).to.have.length(4);
      expect(await persons()).to.have.length(1);
      // Who was merged stands for who it is now.
      expect((await name(a, 'Bob')).json).to.include({ id: d, name: 'Bob' });
    });

    it('into oneself, directly or through others, is refused; so is an unknown one', async () => {
      const { a, b, c } = await strangers();
      expect((await merge(a, a)).status).to.equal(400);
      await merge(a, b);
      expect((await merge(b, a)).status).to.equal(400);
      expect((await merge(a, b)).status).to.equal(400);
      await merge(b, c);
      expect((await merge(c, a)).status).to.equal(400);
      expect((await merge(a, 'nobodynobody')).status).to.equal(404);
      expect((await merge('nobodynobody', a)).status).to.equal(404);
      expect((await merge(a, '..')).status).to.equal(400);
    });

    it('in both directions at once closes no circle', async () => {
      const { events, a, b } = await strangers();
      const other = await scene.visit('jane');
      const answers = await Promise.all([
        merge(a, b),
        other.send('POST', `/api/persons/${b}/merge`, { into: a }),
        merge(a, b),
      ]);
      expect(answers.some(({ status }) => status === 200)).to.equal(true);
      expect(await persons()).to.have.length(3);
      expect(await on(events[0] ?? '')).to.equal(await on(events[1] ?? ''));
    });

    it('is finished by doing it again, after a crash behind any request', async () => {
      for (let survived = 1; ; survived++) {
        await scene.cloud.wipe();
        await scene.account('jane');
        jane = await scene.visit('jane');
        const { events, a, b } = await strangers();
        await name(a, 'Bob');
        let begun: number | undefined;
        const crashing = await scene.visit('jane', {
          before: () => {
            if (begun === undefined) return;
            if (begun >= survived) throw new Error('crashed');
            begun += 1;
          },
        });
        begun = 0;
        const done = await crashing
          .send('POST', `/api/persons/${a}/merge`, { into: b })
          .then(({ status }) => status, String);
        if (done !== 200) {
          expect([200, 400], String(survived)).to.include((await merge(a, b)).status);
        }
        expect(await on(events[0] ?? ''), `after request ${survived}`).to.equal(b);
        expect(await eventsOf(b)).to.have.length(2);
        expect((await persons()).map((person) => person.name)).to.deep.equal(['Bob', undefined, undefined]);
        if (done === 200) break;
      }
      expect(scene.cloud.failures.splice(0).length).to.be.above(5);
    }).timeout(120_000);
  });

  describe('forgetting', () => {
    it('ends, and takes the descriptors, when a merge was begun and its items are not written', async () => {
      const { a, b } = await strangers();
      const log = new FaceLog(scene.table, 'jane', ENGINE);
      await log.read();
      expect(await log.append({ entry: 'merged', from: a, into: b })).to.equal(true);
      expect((await jane.send('DELETE', `/api/persons/${a}`)).status).to.equal(204);
      expect(await scene.hasPrint(1000)).to.equal(false);
      expect(await scene.hasPrint(2000)).to.equal(true);
    });

    it('descriptors, name, portrait and appearances are gone; nobody is named on the events, which stay', async () => {
      const { events, a, b, c } = await strangers();
      await scene.see({ time: at(10), faces: [1040] });
      await name(b, 'Robert Tables');
      await merge(a, b);
      expect((await jane.send('DELETE', `/api/persons/${b}`)).status).to.equal(204);
      for (const number of [1000, 1040, 2000]) expect(await scene.hasPrint(number)).to.equal(false);
      for (const number of [3000, 4000]) expect(await scene.hasPrint(number)).to.equal(true);
      expect(scene.discarded.flatMap(({ prints }) => prints)).to.have.length(3);
      const items = await scene.cloud.items();
      expect(JSON.stringify(items)).not.to.include('Robert');
      const appearances = items.filter(({ pk }) => String(pk).includes('#PERSON#'));
      expect(appearances.map(({ pk }) => pk))
        .to.have.length(2)
        .and.include(`ACCOUNT#jane#PERSON#${c}`);
      expect(await on(events[0] ?? '')).to.equal(undefined);
      expect(list(await jane.read('/api/events'), 'events')).to.have.length(5);
      for (const id of [a, b]) {
        expect((await jane.get(`/api/events?person=${id}`)).status).to.equal(404);
        expect((await name(id, 'Bob')).status).to.equal(404);
        expect((await merge(id, c)).status).to.equal(404);
      }
      expect(await persons()).to.have.length(2);
    });

    it('who comes again is a new person without a name, for warm Lambdas too', async () => {
      const warm = scene.lambda();
      const { a } = await strangers(warm);
      await name(a, 'Bob');
      await jane.send('DELETE', `/api/persons/${a}`);
      for (const lambda of [warm, scene.lambda()]) {
        const again = await scene.see({ time: at(40), faces: [1000] }, lambda);
        expect(await whoIs(again)).not.to.be.oneOf([a, 'nobody']);
      }
      const listed = await persons();
      expect(listed).to.have.length(4);
      expect(listed.every((person) => person.name === undefined)).to.equal(true);
    });

    it('a warm Lambda that is at a picture of the person writes no descriptor behind it', async () => {
      const warm = scene.lambda();
      const { a } = await strangers(warm);
      let done = false;
      const racing = scene.lambda({
        after: async (command) => {
          if (command !== 'QueryCommand' || done) return;
          done = true;
          await jane.send('DELETE', `/api/persons/${a}`);
        },
      });
      const event = await scene.see({ time: at(50), faces: [1040] }, racing);
      expect(done).to.equal(true);
      expect(await whoIs(event)).not.to.equal(a);
      expect(await scene.hasPrint(1000)).to.equal(false);
    });

    it('is finished by doing it again, after a crash behind any request', async () => {
      for (let survived = 1; ; survived++) {
        await scene.cloud.wipe();
        await scene.account('jane');
        jane = await scene.visit('jane');
        const { events, a, b } = await strangers();
        await name(a, 'Robert Tables');
        await merge(b, a);
        let begun: number | undefined;
        const crashing = await scene.visit('jane', {
          before: () => {
            if (begun === undefined) return;
            if (begun >= survived) throw new Error('crashed');
            begun += 1;
          },
        });
        begun = 0;
        const done = await crashing.send('DELETE', `/api/persons/${a}`).then(({ status }) => status, String);
        expect((await jane.send('DELETE', `/api/persons/${a}`)).status).to.equal(204);
        expect(await scene.hasPrint(1000), `after request ${survived}`).to.equal(false);
        expect(await scene.hasPrint(2000)).to.equal(false);
        expect(JSON.stringify(await scene.cloud.items())).not.to.include('Robert');
        expect(await on(events[0] ?? '')).to.equal(undefined);
        expect(await scene.cloud.itemsOf('PERSON')).to.have.length(2);
        if (done === 204) break;
      }
      expect(scene.cloud.failures.splice(0).length).to.be.above(5);
    }).timeout(120_000);
  });
});
