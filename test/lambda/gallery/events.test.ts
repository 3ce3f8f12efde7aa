import { expect } from 'chai';
import { Change } from '../../../lambda/lib/table/expression';
import { fieldsOf, list } from '../../../lambda/lib/table/fields';
import type { Visitor } from './gallery-server';
import { Scene } from './scene';

/** Ids of a list of events. */
async function idsOf(visitor: Visitor, path: string): Promise<unknown[]> {
  return list(await visitor.read(path), 'events').map((event) => fieldsOf(event).id);
}

/** Ids of each page, to the end. */
async function pagesOf(
  visitor: Visitor,
  path: string,
  between: () => Promise<void> = async () => {},
): Promise<unknown[][]> {
  const pages: unknown[][] = [];
  let cursor: unknown;
  do {
    const page = await visitor.read(cursor === undefined ? path : `${path}&cursor=${String(cursor)}`);
    pages.push(list(page, 'events').map((event) => fieldsOf(event).id));
    cursor = page.cursor;
    await between();
  } while (cursor !== undefined);
  return pages;
}

describe('gallery: events', () => {
  let scene: Scene;
  let jane: Visitor;
  beforeEach(async () => {
    scene = await Scene.start();
    await scene.account('jane', { timeZone: 'Europe/Brussels' });
    jane = await scene.visit('jane');
  });
  afterEach(() => scene.stop());

  it('an account without any has empty lists and zeros, and no error', async () => {
    expect(await jane.read('/api/events')).to.deep.equal({ events: [] });
    expect(await jane.read('/api/events?day=2026-04-22')).to.deep.equal({ events: [] });
    expect(await jane.read('/api/months/2026-04')).to.deep.equal({ month: '2026-04', days: {} });
    expect(await jane.read('/api/days/2026-04-22')).to.deep.include({ total: 0 });
    expect(await jane.read('/api/persons')).to.deep.equal({ persons: [] });
    expect(await jane.read('/api/instances')).to.deep.equal({ instances: [] });
    expect(await jane.read('/api/rejected')).to.deep.equal({ rejected: [] });
  });

  it('an event tells what it is, by the clock on the wall, and nothing of the bucket', async () => {
    const id = await scene.see({ time: '2026-04-22T10:45:00.123Z', faces: [1000] });
    const [event] = list(await jane.read('/api/events?day=2026-04-22'), 'events');
    expect(event).to.deep.include({
      id,
      time: '2026-04-22T10:45:00.123Z',
      localTime: '2026-04-22T12:45:00.123',
      timeZone: 'Europe/Brussels',
      kind: 'image/jpeg',
      width: 64,
      height: 48,
      region: [1, 2, 3, 4],
      changes: 5,
    });
    expect(fieldsOf(fieldsOf(event).instance).name).to.equal('door');
    const [face] = list(fieldsOf(event), 'faces').map(fieldsOf);
    expect(face).to.include({ sure: true });
    expect(face?.person).to.match(/^[\w-]{16}$/);
    expect(await jane.read(`/api/events/${id}`)).to.deep.equal(event);
    expect(JSON.stringify(event)).not.to.match(new RegExp(`${scene.cloud.production}|sha256|etag|X-Amz`));
  });

  it('days, hours and months are those of the wall, with the clock put forward and back', async () => {
    for (const time of [
      '2026-03-28T22:59:00Z', // 23:59 on the 28th
      '2026-03-28T23:00:00Z', // 00:00 on the 29th
      '2026-03-29T00:59:00Z', // 01:59
      '2026-03-29T01:00:00Z', // 03:00
      '2026-03-29T21:59:00Z', // 23:59
      '2026-03-29T22:00:00Z', // 00:00 on the 30th
      '2026-03-31T22:30:00Z', // April
    ]) {
      await scene.see({ time });
    }
    const day = await jane.read('/api/days/2026-03-29');
    const filled = list(day, 'hours').flatMap((events, hour) => (events === 0 ? [] : [[hour, events]]));
    expect(filled).to.deep.equal([
      [0, 1],
      [1, 1],
      [3, 1],
      [23, 1],
    ]);
    expect(day.total).to.equal(4);
    expect(await idsOf(jane, '/api/events?day=2026-03-29')).to.have.length(4);
    expect(await jane.read('/api/months/2026-03')).to.deep.equal({
      month: '2026-03',
      days: { '2026-03-28': 1, '2026-03-29': 4, '2026-03-30': 1 },
    });
    expect((await jane.read('/api/months/2026-04')).days).to.deep.equal({ '2026-04-01': 1 });
    expect(await idsOf(jane, '/api/events?day=2026-03-29&until=1')).to.have.length(2);
    expect(await idsOf(jane, '/api/events?day=2026-03-29&until=2')).to.have.length(2);
    expect(await idsOf(jane, '/api/events?day=2026-03-29&until=23')).to.have.length(4);
  });

  it('each instance has its own wall: lists, counts and days follow its time zone, at once when it is changed', async () => {
    const time = '2026-04-21T20:15:00Z'; // 22:15 in Brussels; in Kathmandu 02:00 on the 22nd
    const door = await scene.see({ time, instance: 'door' });
    const shop = await scene.see({ time, instance: 'shop' });
    const instances = list(await jane.read('/api/instances'), 'instances').map(fieldsOf);
    const id = String(instances.find(({ name }) => name === 'shop')?.id);
    expect(await idsOf(jane, '/api/events?day=2026-04-21')).to.have.members([door, shop]);
    const changed = await jane.send('PATCH', `/api/instances/${id}`, { timeZone: 'Asia/Kathmandu' });
    expect(changed.json).to.include({ timeZone: 'Asia/Kathmandu', ownTimeZone: true });
    expect(await idsOf(jane, '/api/events?day=2026-04-21')).to.deep.equal([door]);
    expect(await idsOf(jane, '/api/events?day=2026-04-22')).to.deep.equal([shop]);
    expect(list(await jane.read('/api/days/2026-04-22'), 'hours')[2]).to.equal(1);
    expect((await jane.read('/api/months/2026-04')).days).to.deep.equal({ '2026-04-21': 1, '2026-04-22': 1 });
    expect(await idsOf(jane, `/api/events?day=2026-04-22&instance=${id}`)).to.deep.equal([shop]);
    expect(await idsOf(jane, `/api/events?day=2026-04-21&instance=${id}`)).to.deep.equal([]);
    // What ingest writes leaves the choice alone.
    await scene.see({ time: '2026-04-22T20:15:00Z', instance: 'shop' });
    const again = list(await jane.read('/api/instances'), 'instances').map(fieldsOf);
    expect(again.find(({ name }) => name === 'shop')).to.include({ timeZone: 'Asia/Kathmandu' });
  });

  it('pages are full but for the last, and neither repeat nor lose anything while events arrive', async () => {
    const seen: string[] = [];
    for (let i = 0; i < 23; i++) {
      const time = new Date(Date.parse('2026-04-22T08:00:00Z') + i * 61_000).toISOString();
      seen.unshift(await scene.see({ time, instance: i % 3 === 0 ? 'garden' : 'door', faces: i % 2 ? [1000] : [] }));
    }
    let late = 0;
    const arrive = async () =>
      void (await scene.see({
        time: new Date(Date.parse('2026-04-22T11:00:00Z') + late++ * 1000).toISOString(),
        instance: 'door',
        faces: [1000],
      }));
    for (const filter of ['', '&day=2026-04-22']) {
      const before = await idsOf(jane, `/api/events?limit=100${filter}`);
      const pages = await pagesOf(jane, `/api/events?limit=5${filter}`, arrive);
      expect(pages.flat(), filter).to.deep.equal(before);
      expect(pages.slice(0, -1).every((page) => page.length === 5)).to.equal(true);
    }
    expect((await idsOf(jane, '/api/events?limit=100')).slice(-23)).to.deep.equal(seen);
    const [{ id: person = '' } = {}] = list(await jane.read('/api/persons'), 'persons').map(fieldsOf);
    const instances = list(await jane.read('/api/instances'), 'instances').map(fieldsOf);
    const garden = String(instances.find(({ name }) => name === 'garden')?.id);
    const of = (keep: (i: number) => boolean) => seen.filter((_, i) => keep(22 - i));
    const day = 'day=2026-04-22&until=10&limit=2';
    expect((await pagesOf(jane, `/api/events?${day}&instance=${garden}`)).flat()).to.deep.equal(of((i) => i % 3 === 0));
    expect((await pagesOf(jane, `/api/events?${day}&person=${String(person)}`)).flat()).to.deep.equal(
      of((i) => i % 2 === 1),
    );
    const both = `person=${String(person)}&instance=${garden}`;
    const onBoth = of((i) => i % 2 === 1 && i % 3 === 0);
    expect(await pagesOf(jane, `/api/events?${day}&${both}`)).to.deep.equal([onBoth.slice(0, 2), onBoth.slice(2, 4)]);
    expect((await jane.read(`/api/days/2026-04-22?${both}`)).total).to.equal(4);
    expect((await jane.read(`/api/months/2026-04?${both}`)).days).to.deep.equal({ '2026-04-22': 4 });
  });

  it('what has expired is not shown, and does not empty pages', async () => {
    for (let i = 0; i < 8; i++) await scene.see({ time: `2026-04-22T10:0${i}:00Z`, faces: [1000] });
    const items = await scene.cloud.itemsOf('EVENT');
    for (const { pk, sk, timeKey } of items) {
      if (!/10:0[1-6]/.test(String(timeKey))) continue;
      await scene.table.update({ pk: String(pk), sk: String(sk) }, new Change().set({ expires: scene.now / 1000 }));
      expect((await jane.get(`/api/events/${String(pk).split('#')[3]}`)).status).to.equal(404);
      expect((await jane.get(`/events/${String(pk).split('#')[3]}/image`)).status).to.equal(404);
    }
    const [{ id: person = '' } = {}] = list(await jane.read('/api/persons'), 'persons').map(fieldsOf);
    for (const filter of ['', '&day=2026-04-22', `&person=${String(person)}`]) {
      expect(await pagesOf(jane, `/api/events?limit=2${filter}`), filter).to.have.length(1);
      expect((await pagesOf(jane, `/api/events?limit=2${filter}`))[0], filter).to.have.length(2);
    }
  });

  it('what the retention of the account has taken is not counted any more, hour by hour', async () => {
    await scene.account('john', { retentionDays: 7 });
    for (const time of ['10:00:00', '10:01:00', '20:00:00']) {
      await scene.see({ account: 'john', time: `2026-04-15T${time}Z`, faces: [1000] });
    }
    // A camera whose clock is wrong, or that was offline for long: when it was received counts.
    await scene.see({
      account: 'john',
      instance: 'shed',
      time: '1970-01-01T05:00:00Z',
      received: '2026-04-16T00:00:00Z',
    });
    for (const [now, total] of [
      ['2026-04-22T09:59:00Z', 3],
      ['2026-04-22T10:20:00Z', 1],
      ['2026-04-22T20:20:00Z', 0],
    ] as const) {
      scene.now = Date.parse(now);
      const john = await scene.visit('john');
      expect((await john.read('/api/days/2026-04-15')).total, now).to.equal(total);
      expect(await idsOf(john, '/api/events?day=2026-04-15'), now).to.have.length(total);
      expect((await john.read('/api/months/2026-04')).days, now).to.deep.equal(total ? { '2026-04-15': total } : {});
      expect((await john.read('/api/days/1970-01-01')).total, now).to.equal(1);
      expect(await idsOf(john, '/api/events'), now).to.have.length(total + 1);
      const [person] = list(await john.read('/api/persons'), 'persons').map(fieldsOf);
      expect((await john.read(`/api/days/2026-04-15?person=${String(person?.id)}`)).total, now).to.equal(total);
      expect(person?.portrait !== undefined, now).to.equal(total > 0);
    }
  });

  it("a day's version is another one whenever an event came or went, and otherwise the same", async () => {
    const versions: unknown[] = [];
    const note = async () => {
      const { version } = await jane.read('/api/days/2026-04-22');
      expect((await jane.read('/api/days/2026-04-22')).version).to.equal(version);
      versions.push(version);
    };
    await note();
    const first = await scene.see({ time: '2026-04-22T10:00:00Z' });
    await note();
    const second = await scene.see({ time: '2026-04-22T10:00:30Z' });
    await note();
    await jane.send('DELETE', `/api/events/${first}`);
    await note();
    await jane.send('DELETE', `/api/events/${second}`);
    await note();
    expect(new Set(versions).size).to.equal(5);
  });

  it('what makes no sense is refused with a reason', async () => {
    for (const path of [
      '/api/events?limit=0',
      '/api/events?limit=501',
      '/api/events?limit=ten',
      '/api/events?day=2026-02-30',
      '/api/events?day=yesterday',
      '/api/events?until=5',
      '/api/events?day=2026-04-22&until=24',
      '/api/events?cursor=abc',
      '/api/events?cursor=!',
      '/api/events?person=x',
      '/api/rejected?cursor=abc',
      '/api/days/2026-02-30',
      '/api/months/2026-13',
    ]) {
      expect((await jane.get(path)).status, path).to.equal(400);
    }
    for (const path of [
      '/api/events?person=nobodynobody',
      '/api/days/2026-04-22?instance=nobodynobody',
      '/api/events/x',
    ]) {
      expect((await jane.get(path)).status, path).to.equal(404);
    }
  });
});
