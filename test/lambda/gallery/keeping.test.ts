import { expect } from 'chai';
import { keepFor } from '../../../lambda/lib/accounts/keep-for';
import { fieldsOf, list } from '../../../lambda/lib/table/fields';
import { s3 } from '../../../lambda/test-packages';
import type { Visitor } from './gallery-server';
import { Scene } from './scene';

const DAY = '2026-04-22';
const DAY_MS = 86_400_000;

describe('gallery: keeping', () => {
  let scene: Scene;
  let jane: Visitor;
  beforeEach(async () => {
    scene = await Scene.start();
    await scene.account('jane', { timeZone: 'Europe/Brussels', retentionDays: 30 });
    jane = await scene.visit('jane');
  });
  afterEach(() => scene.stop());

  /** What the lifecycle of the production bucket reads, of each object of an event. */
  const tags = async (id: string, objects = 2) => {
    const keys = (await scene.cloud.published()).filter((key) => key.startsWith(`jane/${id}/`));
    expect(keys).to.have.length(objects);
    const answers = keys.map((Key) =>
      scene.cloud.s3.send(new s3.GetObjectTaggingCommand({ Bucket: scene.cloud.production, Key })),
    );
    const sets = (await Promise.all(answers)).map(({ TagSet = [] }) =>
      TagSet.map(({ Key, Value }) => `${Key}=${Value}`),
    );
    return [...new Set(sets.flat())].join();
  };
  const expiryOf = async (id: string) => (await scene.cloud.itemsOf('EVENT')).find((item) => item.id === id)?.expires;
  const keep = async (id: string, note?: string) =>
    await jane.send('PATCH', `/api/events/${id}`, { kept: true, ...(note === undefined ? {} : { note }) });
  const keepAllFor = async (days: 7 | 90) => {
    const place = { productionBucket: scene.cloud.production, tableName: scene.cloud.tableName };
    await keepFor({ ...scene.cloud.clients(), table: scene.table, place }, 'jane', days);
  };
  const versionsOf = async () => (await scene.cloud.itemsOf('EVENT')).filter(({ state }) => state === 'version');
  const later = async (days: number) => {
    scene.now += days * DAY_MS;
    jane = await scene.visit('jane');
  };

  it('what is kept stays when its day expires, with its note, its place in the calendar and who is on it', async () => {
    const kept = await scene.see({ time: `${DAY}T10:00:00Z`, faces: [1000] });
    await scene.see({ time: `${DAY}T10:01:00Z`, faces: [1000] });
    const answer = await keep(kept, ' The burglar ');
    expect(fieldsOf(answer.json)).to.include({ kept: true, note: 'The burglar' });
    expect(await tags(kept)).to.equal('retention=none');
    expect(await expiryOf(kept)).to.equal(undefined);
    expect((await jane.read(`/api/days/${DAY}`)).total).to.equal(2);
    await later(40);
    expect(list(await jane.read(`/api/events?day=${DAY}`), 'events').map((one) => fieldsOf(one).id)).to.deep.equal([
      kept,
    ]);
    expect((await jane.read(`/api/days/${DAY}`)).total).to.equal(1);
    expect((await jane.read('/api/months/2026-04')).days).to.deep.equal({ [DAY]: 1 });
    const [{ id: person = '' } = {}] = list(await jane.read('/api/persons'), 'persons').map(fieldsOf);
    expect((await jane.read(`/api/days/${DAY}?person=${String(person)}`)).total).to.equal(1);
    expect(list(await jane.read(`/api/events?person=${String(person)}`), 'events')).to.have.length(1);
    expect((await jane.get(`/events/${kept}/image`)).status).to.equal(302);
    for (const path of ['/api/events?kept=true', '/api/bursts?kept=true']) {
      expect(Object.values(await jane.read(path))[0], path).to.have.length(1);
    }
  });

  it('another retention for the account leaves it alone, also where it is kept in that moment', async () => {
    const kept = await scene.see({ time: `${DAY}T10:00:00Z` });
    const meanwhile = await scene.see({ time: `${DAY}T11:00:00Z` });
    const other = await scene.see({ time: `${DAY}T12:00:00Z` });
    await keep(kept);
    let wasKept = false;
    const clients = scene.cloud.clients({
      after: async (command) => {
        if (command !== 'ListObjectVersionsCommand' || wasKept) return;
        wasKept = true;
        expect((await keep(meanwhile)).status).to.equal(200);
      },
    });
    const place = { productionBucket: scene.cloud.production, tableName: scene.cloud.tableName };
    await keepFor({ ...clients, table: scene.table, place }, 'jane', 90);
    expect(wasKept).to.equal(true);
    expect([await tags(kept), await tags(meanwhile), await tags(other)]).to.deep.equal([
      'retention=none',
      'retention=none',
      'retention=90',
    ]);
    expect([await expiryOf(kept), await expiryOf(meanwhile)]).to.deep.equal([undefined, undefined]);
    expect(await expiryOf(other)).to.equal((Date.parse(`${DAY}T12:00:00Z`) + 90 * DAY_MS) / 1000);
  });

  it('an upload of the same picture, once more, leaves it kept', async () => {
    const { id, key, record } = await scene.upload({ time: `${DAY}T10:00:00Z` });
    await scene.deliver(record);
    await keep(id, 'mine');
    const body = (await scene.cloud.object(key, scene.cloud.uploads)).body;
    const again = await scene.cloud.upload(key, body);
    await scene.deliver({ ...again, eventTime: `${DAY}T11:00:00Z` });
    expect(await tags(id)).to.equal('retention=none');
    expect(await expiryOf(id)).to.equal(undefined);
    expect((await jane.read(`/api/events/${id}`)).note).to.equal('mine');
  });

  it('other uploads of what is kept stay with it, whenever they came, and the portraits cut from it, whatever the retention', async () => {
    const sight = { time: `${DAY}T10:00:00Z`, token: 7 };
    const kept = await scene.see({ ...sight, faces: [1000] });
    await scene.see({ ...sight, content: 2 });
    await keep(kept);
    await scene.see({ ...sight, content: 3 });
    await keepAllFor(7);
    expect((await versionsOf()).map(({ expires }) => expires)).to.deep.equal([undefined, undefined]);
    expect(await tags(kept, 6)).to.equal('retention=none');
    await later(400);
    const versions = list(await jane.read(`/api/events/${kept}/versions`), 'versions').map(fieldsOf);
    expect(versions).to.have.length(2);
    for (const { id } of versions) {
      expect((await jane.get(`/events/${kept}/versions/${String(id)}/image`)).status).to.equal(302);
    }
    const [person] = list(await jane.read('/api/persons'), 'persons').map(fieldsOf);
    expect(fieldsOf(person?.portrait).event).to.equal(kept);
  });

  it('what is kept is found by who and what is on it, also when the same picture is uploaded once more', async () => {
    const lambda = scene.lambda({ labels: { name: 'one', detect: async () => ['person'] } });
    const { id, key, record } = await scene.upload({ time: `${DAY}T10:00:00Z` });
    await scene.deliver(record, [1000], lambda);
    await keep(id);
    const again = await scene.cloud.upload(key, (await scene.cloud.object(key, scene.cloud.uploads)).body);
    await scene.deliver({ ...again, eventTime: `${DAY}T11:00:00Z` }, [1000], lambda);
    for (const kind of ['PERSON', 'LABEL']) {
      const pointers = await scene.cloud.itemsOf(kind);
      expect(
        pointers.map(({ expires }) => expires),
        kind,
      ).to.deep.equal([undefined]);
    }
    await keepAllFor(7);
    await later(400);
    const [person] = list(await jane.read('/api/persons'), 'persons').map(fieldsOf);
    for (const which of [`person=${String(person?.id)}`, 'label=person']) {
      expect(list(await jane.read(`/api/events?${which}`), 'events'), which).to.have.length(1);
    }
  });

  it('what is released takes its other uploads and its portrait along', async () => {
    const sight = { time: `${DAY}T10:00:00Z`, token: 7 };
    const id = await scene.see({ ...sight, faces: [1000] });
    await scene.see({ ...sight, content: 2 });
    const before = (await versionsOf()).map(({ expires }) => expires);
    await keep(id);
    expect((await jane.send('PATCH', `/api/events/${id}`, { kept: false })).status).to.equal(200);
    expect((await versionsOf()).map(({ expires }) => expires)).to.deep.equal(before);
    expect(await tags(id, 4)).to.equal('retention=30');
    await later(40);
    const [person] = list(await jane.read('/api/persons'), 'persons').map(fieldsOf);
    expect(person?.portrait).to.equal(undefined);
  });

  it('what is released expires as if it had never been kept', async () => {
    const id = await scene.see({ time: `${DAY}T10:00:00Z`, faces: [1000] });
    const before = await expiryOf(id);
    await keep(id, 'for a while');
    const answer = await jane.send('PATCH', `/api/events/${id}`, { kept: false });
    expect(fieldsOf(answer.json)).not.to.have.any.keys('kept', 'note');
    expect(await expiryOf(id)).to.equal(before);
    expect(await tags(id)).to.equal('retention=30');
    expect(await jane.read('/api/events?kept=true')).to.deep.equal({ events: [] });
    await later(40);
    expect((await jane.read(`/api/days/${DAY}`)).total).to.equal(0);
    expect((await jane.get(`/api/events/${id}`)).status).to.equal(404);
  });

  it('a kept event can be deleted, and nothing of it stays', async () => {
    const id = await scene.see({ time: `${DAY}T10:00:00Z` });
    await keep(id);
    expect((await jane.send('DELETE', `/api/events/${id}`)).status).to.equal(204);
    expect((await jane.read(`/api/days/${DAY}`)).total).to.equal(0);
    expect(await scene.cloud.itemsOf('KEPT')).to.deep.equal([]);
    expect(await jane.read('/api/events?kept=true')).to.deep.equal({ events: [] });
  });

  it('many at once: kept with one note, released, deleted; what is not there is told, and is no failure', async () => {
    const ids: string[] = [];
    for (let i = 0; i < 6; i++) ids.push(await scene.see({ time: `${DAY}T10:00:0${i}Z` }));
    await scene.account('john');
    const johns = await scene.see({ account: 'john', time: `${DAY}T10:00:00Z` });
    const batch = async (body: object) => await jane.send('POST', '/api/events/batch', body);
    const kept = await batch({ action: 'keep', ids: [...ids.slice(0, 4), johns], note: 'all of it' });
    expect(kept.json).to.deep.equal({ done: ids.slice(0, 4), missing: [johns] });
    const [burst] = list(await jane.read(`/api/bursts?day=${DAY}`), 'bursts').map(fieldsOf);
    expect(burst).to.include({ count: 6, kept: 4 });
    expect((await batch({ action: 'release', ids: ids.slice(0, 1) })).json).to.deep.include({ done: ids.slice(0, 1) });
    expect((await batch({ action: 'delete', ids })).json).to.deep.equal({ done: ids, missing: [] });
    expect((await jane.read(`/api/days/${DAY}`)).total).to.equal(0);
    expect(await scene.cloud.itemsOf('KEPT')).to.deep.equal([]);
    expect((await scene.cloud.published()).filter((key) => key.startsWith('jane/'))).to.deep.equal([]);
    const john = await scene.visit('john');
    expect((await john.read(`/api/events/${johns}`)).kept).to.equal(undefined);
    for (const wrong of [
      { action: 'burn', ids },
      { action: 'keep', ids: [] },
      { action: 'delete', ids, note: 'x' },
      { action: 'keep', ids: Array.from({ length: 101 }, () => ids[0]) },
      { action: 'keep', ids, note: 'x'.repeat(501) },
    ]) {
      expect((await batch(wrong)).status, JSON.stringify(wrong).slice(0, 60)).to.equal(400);
    }
  });

  it('signed addresses of many open the pictures, for a page of any origin, and of nobody else', async () => {
    await scene.account('john');
    const johns = await scene.see({ account: 'john', time: `${DAY}T10:00:00Z` });
    scene.now = Date.now();
    jane = await scene.visit('jane');
    const ids = [];
    for (let i = 0; i < 2; i++) ids.push(await scene.see({ time: new Date(scene.now - i * 1000).toISOString() }));
    const answer = await jane.send('POST', '/api/events/addresses', { ids: [...ids, johns] });
    const addresses = list(fieldsOf(answer.json), 'addresses').map(fieldsOf);
    expect(addresses.map(({ id }) => id)).to.deep.equal(ids);
    for (const { url, size, fileName } of addresses) {
      const response = await fetch(String(url), { headers: { origin: 'https://cloud.example' } });
      expect(response.headers.get('access-control-allow-origin')).to.equal('*');
      expect((await response.arrayBuffer()).byteLength).to.equal(size);
      expect(fileName).to.match(/^\d+_6-\d+_door_.*\.jpg$/);
      const policy = (await jane.get('/')).headers.get('content-security-policy') ?? '';
      expect(/connect-src 'self' (\S+);/.exec(policy)?.[1]).to.equal(new URL(String(url)).origin);
      const forged = String(url).replace(/.$/, (last) => (last === '0' ? '1' : '0'));
      expect((await fetch(forged)).status).to.equal(403);
    }
  });
});
