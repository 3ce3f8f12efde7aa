import { expect } from 'chai';
import { type Fields, fieldsOf, list } from '../../../lambda/lib/table/fields';
import type { Visitor } from './gallery-server';
import { Scene } from './scene';

describe('gallery: instances', () => {
  let scene: Scene;
  let jane: Visitor;
  beforeEach(async () => {
    scene = await Scene.start();
    await scene.account('jane', { timeZone: 'Europe/Brussels' });
    jane = await scene.visit('jane');
  });
  afterEach(() => scene.stop());

  const instances = async () => list(await jane.read('/api/instances'), 'instances').map(fieldsOf);
  const only = async (): Promise<Fields> => (await instances())[0] ?? {};
  const change = async (id: unknown, body: unknown) => await jane.send('PATCH', `/api/instances/${String(id)}`, body);

  it('are listed by name, each with its last event and the time zone of the account', async () => {
    const id = await scene.see({ time: '2026-04-22T10:00:00Z', instance: 'door <1>' });
    await scene.see({ time: '2026-04-22T10:00:00Z', instance: 'café' });
    const [cafe, door] = await instances();
    expect(cafe?.name).to.equal('café');
    expect(door).to.deep.include({
      name: 'door <1>',
      lastSeen: '2026-04-22T10:00:00.000Z',
      lastEvent: { id, time: '2026-04-22T10:00:00.000Z' },
      timeZone: 'Europe/Brussels',
      ownTimeZone: false,
      silent: false,
      silentAfterHours: 24,
    });
    expect(door?.id).to.match(/^[\w-]{22}$/);
  });

  it('one of which nothing came for as long as its owner says is silent, until something comes', async () => {
    await scene.see({ time: '2026-04-21T12:00:00Z' });
    expect(await only()).to.include({ silent: false });
    scene.now += 1000;
    expect(await only()).to.include({ silent: true });
    const { id } = await only();
    expect((await change(id, { silentAfterHours: 48 })).json).to.include({ silent: false, silentAfterHours: 48 });
    scene.now += 25 * 3600_000;
    expect(await only()).to.include({ silent: true });
    await scene.see({ time: '1970-01-02T00:00:00Z', received: new Date(scene.now).toISOString() });
    expect(await only()).to.include({ silent: false, silentAfterHours: 48 });
  });

  it('one that gives signs of life is alive, also where nothing moves, and is gone a quarter of an hour after the last', async () => {
    const sign = async (time: string) => {
      const said = Buffer.from(JSON.stringify({ instance: 'door', queue: 2, freeDisk: 5e9, version: '1.0.0' }));
      const record = await scene.cloud.upload('jane/.kerberos-alive-door.json', said);
      await scene.deliver({ ...record, eventTime: time });
    };
    await scene.see({ time: '2026-04-22T11:59:00Z' });
    expect((await only()).state).to.deep.equal({ is: 'sending', since: '2026-04-22T11:59:00.000Z' });
    await sign('2026-04-22T11:59:30Z');
    expect((await only()).state).to.deep.equal({ is: 'alive', since: '2026-04-22T11:59:00.000Z' });
    scene.now = Date.parse('2026-04-22T13:05:00Z');
    expect((await only()).state).to.deep.equal({ is: 'gone', since: '2026-04-22T11:59:30.000Z' });
    await sign('2026-04-22T13:04:00Z');
    expect((await only()).state).to.deep.equal({ is: 'quiet', since: '2026-04-22T11:59:00.000Z' });
    expect((await only()).alive).to.include({ queue: 2, freeDisk: 5e9, version: '1.0.0' });
  });

  it('one whose clock was wrong says by how much, and which event has the wrong time', async () => {
    const record = await scene.cloud.upload(
      'jane/37_6-123456_porch_200-200-400-400_24_501.jpg',
      await scene.picture(),
      { uploadtime: '40' },
    );
    await scene.deliver({ ...record, eventTime: '2026-04-22T12:00:00.000Z' });
    const [event] = await scene.cloud.itemsOf('EVENT');
    expect((await only()).wrongClock).to.deep.equal({
      offset: Date.parse('2026-04-22T12:00:00Z') - 40_000,
      event: { id: event?.id, time: '1970-01-01T00:00:37.123Z' },
      received: '2026-04-22T12:00:00.000Z',
    });
    expect((await jane.send('DELETE', `/api/events/${String(event?.id)}`)).status).to.equal(204);
    expect(await only()).not.to.have.property('wrongClock');
  });

  it('a time zone of its own is kept, and given back', async () => {
    await scene.see({ time: '2026-04-22T10:00:00Z' });
    const { id } = await only();
    expect((await change(id, { timeZone: 'Asia/Tokyo' })).json).to.include({
      timeZone: 'Asia/Tokyo',
      ownTimeZone: true,
    });
    await scene.see({ time: '2026-04-22T11:00:00Z' });
    expect(await only()).to.include({ timeZone: 'Asia/Tokyo', ownTimeZone: true });
    expect((await change(id, { timeZone: null })).json).to.include({ timeZone: 'Europe/Brussels', ownTimeZone: false });
    expect((await change(id, {})).status).to.equal(200);
  });

  it('one that is removed goes with its events, 50 a request; nobody else’s go, and it comes back with its next upload', async function () {
    this.timeout(300_000);
    const kept = await scene.see({ time: '2026-04-21T10:00:00Z', instance: 'door' });
    const objects = await scene.cloud.published();
    for (let i = 0; i < 51; i++) {
      await scene.see({ time: new Date(Date.UTC(2026, 3, 21, 8, i)).toISOString(), instance: 'old' });
    }
    const [door, old] = await instances();
    await scene.account('john');
    const john = await scene.visit('john');
    expect((await john.send('DELETE', `/api/instances/${String(old?.id)}`)).status, 'by another account').to.equal(404);
    const remove = async () => (await jane.send('DELETE', `/api/instances/${String(old?.id)}`)).status;
    expect(await remove()).to.equal(202);
    expect(list(await jane.read('/api/events?limit=100'), 'events')).to.have.length(2);
    expect(await remove()).to.equal(204);
    expect((await instances()).map(({ name }) => name)).to.deep.equal(['door']);
    const left = list(await jane.read('/api/events?limit=100'), 'events').map(fieldsOf);
    expect(left.map(({ id }) => id)).to.deep.equal([kept]);
    expect((await scene.cloud.published()).filter((key) => !objects.includes(key))).to.deep.equal([]);
    expect(await remove()).to.equal(404);
    await scene.see({ time: '2026-04-21T11:00:00Z', instance: 'old' });
    expect((await instances()).map(({ id }) => id)).to.deep.equal([door?.id, old?.id]);
  });

  it('a change that makes no sense is refused', async () => {
    await scene.see({ time: '2026-04-22T10:00:00Z' });
    const { id } = await only();
    for (const body of [
      { timeZone: 'Mars/Phobos' },
      { timeZone: '+05:30' },
      { timeZone: '' },
      { silentAfterHours: 0 },
      { silentAfterHours: 8761 },
      { silentAfterHours: 1.5 },
      { name: 'x' },
    ]) {
      expect((await change(id, body)).status, JSON.stringify(body)).to.equal(400);
    }
    expect((await change('nobodynobody', { silentAfterHours: 5 })).status).to.equal(404);
    expect(await scene.cloud.itemsOf('INSTANCES')).to.have.length(1);
  });
});

describe('gallery: refused uploads', () => {
  let scene: Scene;
  let jane: Visitor;
  beforeEach(async () => {
    scene = await Scene.start();
    await scene.account('jane');
    jane = await scene.visit('jane');
  });
  afterEach(() => scene.stop());

  it('say what was refused, from which camera, and why; newest first, paged, for 30 days', async () => {
    for (let i = 0; i < 130; i++) {
      const metadata = { 'event-instancename': 'door' };
      const record = await scene.cloud.upload(`jane/${i}.jpg`, Buffer.from('<html>'), metadata);
      await scene.deliver({ ...record, eventTime: new Date(scene.now + i * 1000).toISOString() });
    }
    const names: unknown[] = [];
    const lengths: number[] = [];
    let path = '/api/rejected';
    for (;;) {
      const page = await jane.read(path);
      const rejected = list(page, 'rejected').map(fieldsOf);
      lengths.push(rejected.length);
      names.push(...rejected.map(({ fileName }) => fileName));
      if (page.cursor === undefined) break;
      path = `/api/rejected?cursor=${String(page.cursor)}`;
    }
    expect(lengths).to.deep.equal([60, 60, 10]);
    expect(names).to.deep.equal(Array.from({ length: 130 }, (_, i) => `${129 - i}.jpg`));
    const [first] = list(await jane.read('/api/rejected'), 'rejected');
    expect(first).to.deep.include({ fileName: '129.jpg', instance: 'door', reason: 'NotAnImage', size: 6 });
    scene.now += 30 * 24 * 3600_000 + 100_000;
    // A session lasts 7 days.
    jane = await scene.visit('jane');
    expect(list(await jane.read('/api/rejected'), 'rejected')).to.have.length(29);
  });
});
