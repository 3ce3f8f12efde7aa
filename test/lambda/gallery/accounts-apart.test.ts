import { expect } from 'chai';
import { fieldsOf, list } from '../../../lambda/lib/table/fields';
import type { Answer } from './contract';
import type { Visitor } from './gallery-server';
import { Scene } from './scene';

/** All that one account has, by ids and cursors. */
interface Estate {
  event: string;
  person: string;
  instance: string;
  cursor: string;
  dayCursor: string;
  rejectedCursor: string;
}

describe('gallery: two accounts', () => {
  let scene: Scene;
  let jane: Visitor;
  let john: Visitor;
  let hers: Estate;
  let his: Estate;

  const day = '2026-04-22';

  before(async () => {
    scene = await Scene.start();
    const lambda = scene.lambda();
    // The same names, the same instances, the same face and the same bytes.
    for (const account of ['jane', 'john']) {
      await scene.account(account);
      for (const [i, token] of [1, 2, 3].entries()) {
        await scene.see({ account, time: `${day}T10:0${i}:00Z`, token, faces: [1000] }, lambda);
      }
      for (let i = 0; i < 62; i++) {
        const record = await scene.cloud.upload(`${account}/bad${i}.jpg`, Buffer.from('no picture'));
        await scene.deliver({ ...record, eventTime: new Date(scene.now + i).toISOString() }, [], lambda);
      }
    }
    jane = await scene.visit('jane');
    john = await scene.visit('john');
    [hers, his] = [await estateOf(jane), await estateOf(john)];
  });
  after(() => scene.stop());

  async function estateOf(visitor: Visitor): Promise<Estate> {
    const first = async (path: string, name: string) => String(fieldsOf(list(await visitor.read(path), name)[0]).id);
    const cursor = async (path: string) => String((await visitor.read(path)).cursor);
    return {
      event: await first('/api/events', 'events'),
      person: await first('/api/persons', 'persons'),
      instance: await first('/api/instances', 'instances'),
      cursor: await cursor('/api/events?limit=1'),
      dayCursor: await cursor(`/api/events?limit=1&day=${day}`),
      rejectedCursor: await cursor('/api/rejected'),
    };
  }

  it('have nothing in common, though they saw the same person with cameras of the same name', () => {
    for (const name of ['event', 'person', 'instance', 'cursor', 'dayCursor', 'rejectedCursor'] as const) {
      expect(hers[name], name).to.match(/^[\w-]{10,}$/);
      expect(hers[name], name).not.to.equal(his[name]);
    }
  });

  it("no path takes the other's ids: they are as unknown as any, and nothing happens to them", async () => {
    const before = await scene.cloud.items();
    const asked: [method: string, path: (estate: Estate) => string, body?: (estate: Estate) => unknown][] = [
      ['GET', ({ event }) => `/api/events/${event}`],
      ['DELETE', ({ event }) => `/api/events/${event}`],
      ['GET', ({ event }) => `/events/${event}/thumbnail`],
      ['GET', ({ event }) => `/events/${event}/image`],
      ['GET', ({ event }) => `/events/${event}/download`],
      ['PATCH', ({ person }) => `/api/persons/${person}`, () => ({ name: 'Eve' })],
      ['DELETE', ({ person }) => `/api/persons/${person}`],
      ['POST', ({ person }) => `/api/persons/${person}/merge`, () => ({ into: hers.person })],
      ['POST', () => `/api/persons/${hers.person}/merge`, ({ person }) => ({ into: person })],
      ['PATCH', ({ instance }) => `/api/instances/${instance}`, () => ({ silentAfterHours: 1 })],
      ['GET', ({ person }) => `/api/events?person=${person}`],
      ['GET', ({ instance }) => `/api/events?instance=${instance}`],
      ['GET', ({ person }) => `/api/days/${day}?person=${person}`],
      ['GET', ({ instance }) => `/api/days/${day}?instance=${instance}`],
      ['GET', ({ person }) => `/api/months/2026-04?person=${person}`],
      ['GET', ({ instance }) => `/api/months/2026-04?instance=${instance}`],
    ];
    const unknown: Estate = { ...his, event: 'A'.repeat(22), person: 'A'.repeat(16), instance: 'A'.repeat(22) };
    for (const [method, path, body] of asked) {
      const ask = async (estate: Estate): Promise<Answer> =>
        method === 'GET' ? await jane.get(path(estate)) : await jane.send(method, path(estate), body?.(estate));
      const [answer, ofNobody] = [await ask(his), await ask(unknown)];
      expect(answer.status, `${method} ${path(his)}`).to.equal(404);
      expect(answer.text).to.equal(ofNobody.text);
    }
    expect(await scene.cloud.items()).to.deep.equal(before);
    expect(await john.read(`/api/events/${his.event}`)).to.include({ id: his.event });
  });

  it("no list takes the other's cursors, nor one of another question", async () => {
    for (const path of [
      `/api/events?limit=1&cursor=${his.cursor}`,
      `/api/events?limit=1&day=${day}&cursor=${his.dayCursor}`,
      `/api/events?limit=1&day=${day}&cursor=${hers.cursor}`,
      `/api/events?limit=1&cursor=${hers.rejectedCursor}`,
      `/api/events?limit=1&person=${hers.person}&cursor=${hers.cursor}`,
      `/api/rejected?cursor=${his.rejectedCursor}`,
      `/api/rejected?cursor=${hers.cursor}`,
    ]) {
      expect((await jane.get(path)).status, path).to.equal(400);
    }
    expect((await jane.get(`/api/events?limit=1&cursor=${hers.cursor}`)).status).to.equal(200);
    expect(list(await jane.read(`/api/rejected?cursor=${hers.rejectedCursor}`), 'rejected')).to.have.length(2);
  });

  it('no header and no trick of a path changes whose they are', async () => {
    const headers = { 'x-account': 'john', 'x-forwarded-user': 'john', 'x-original-url': `/events/${his.event}/image` };
    const { json } = await jane.get('/api/events', headers);
    expect(list(fieldsOf(json), 'events').map((event) => fieldsOf(event).id)).not.to.include(his.event);
    for (const path of [
      `/events/..%2f..%2fjohn%2f${his.event}/image`,
      `/events/${encodeURIComponent(`x#EVENT#${his.event}`)}/image`,
      `/events/${encodeURIComponent(`../${his.event}`)}/image`,
      `/events/john%23EVENT%23${his.event}/image`,
      `/api/events/%00`,
      `/api/events/${'x'.repeat(3000)}`,
      `/api/persons/%2e%2e`,
      `/api/events?account=john&user=john&limit=100`,
    ]) {
      const { status, text } = await jane.get(path);
      expect(status, path).to.be.oneOf([200, 404]);
      expect(text, path).not.to.include(his.event);
    }
  });

  it('see nothing of the other in any list', async () => {
    const theirs = new Set(Object.values(his));
    for (const path of [
      '/api/events?limit=100',
      `/api/events?day=${day}`,
      '/api/persons',
      '/api/instances',
      '/api/rejected',
      `/api/days/${day}`,
    ]) {
      const text = JSON.stringify(await jane.read(path));
      for (const id of theirs) expect(text, path).not.to.include(id);
    }
    expect((await jane.read(`/api/days/${day}`)).total).to.equal(3);
  });

  it('what one forgets, deletes and merges leaves the other as it is', async () => {
    const ofHis = async () => (await scene.cloud.items()).filter(({ pk }) => String(pk).startsWith('ACCOUNT#john#'));
    const before = await ofHis();
    const objects = async () => (await scene.cloud.published()).filter((key) => key.startsWith('john/'));
    const [published, prints] = [await objects(), scene.discarded.length];
    expect((await jane.send('DELETE', `/api/persons/${hers.person}`)).status).to.equal(204);
    expect((await jane.send('DELETE', `/api/events/${hers.event}`)).status).to.equal(204);
    expect(await ofHis()).to.deep.equal(before);
    expect(await objects()).to.deep.equal(published);
    expect(scene.discarded.length).to.be.above(prints);
    expect(scene.discarded.every(({ account }) => account === 'jane')).to.equal(true);
  });
});
