import { expect } from 'chai';
import { suspendAccount } from '../../../lambda/lib/table/account-item';
import { type Fields, fieldsOf, list } from '../../../lambda/lib/table/fields';
import { Webhook } from '../../../lambda/test-packages';
import type { NotifyOptions } from '../cloud';
import type { Visitor } from '../gallery/gallery-server';
import { Scene } from '../gallery/scene';
import { Receiver } from './receiver';

const MINUTE = 60_000;

describe('lambda: what is told reaches a webhook', () => {
  let scene: Scene;
  let jane: Visitor;
  let receiver: Receiver;
  let secret: string;
  beforeEach(async () => {
    // Signatures are of this moment.
    scene = await Scene.start(new Date().toISOString());
    await scene.account('jane');
    jane = await scene.visit('jane');
    receiver = await Receiver.start();
    const { json, status } = await jane.send('POST', '/api/notifications/channels', {
      ...{ kind: 'webhook', url: `${receiver.url}/hook` },
    });
    expect(status).to.equal(201);
    secret = String(fieldsOf(json).secret);
    await jane.send('PUT', '/api/notifications/settings', {
      rules: [{ cameras: [], anything: true, persons: [], unknownFaces: false, labels: [], coolDownMinutes: 0 }],
      health: true,
    });
  });
  afterEach(async () => {
    await receiver.down();
    await scene.stop();
  });

  const send = async (options: NotifyOptions = {}) => {
    await scene.cloud.notify({ now: () => scene.now, ...options })({ task: 'send' });
  };
  const see = (secondsAgo: number) => scene.see({ time: new Date(scene.now - secondsAgo * 1000).toISOString() });
  /** What came, each checked by its signature as any receiver does it. */
  const came = (): Fields[] =>
    receiver.received.map(({ headers, body }) => {
      const signed = Object.fromEntries(Object.entries(headers).map(([name, value]) => [name, String(value)]));
      return fieldsOf(new Webhook(secret).verify(body.toString(), signed));
    });
  const channels = async () => list(await jane.read('/api/notifications'), 'channels').map(fieldsOf);

  it('signed, with words, an address that opens the event, and a picture that can be fetched', async () => {
    const id = await see(1);
    await send();
    const [message, ...others] = came();
    expect(others).to.deep.equal([]);
    const data = fieldsOf(message?.data);
    expect(message?.type).to.equal('event');
    expect(data).to.include({ id: `event-${id}`, title: 'door: something moved', camera: 'door', event: id });
    expect(data.url).to.equal(`https://cloud.example/?event=${id}`);
    const picture = await fetch(String(data.picture));
    expect(picture.headers.get('content-type')).to.equal('image/jpeg');
    expect(String(data.picture)).to.include('X-Amz-Expires=100');
  });

  it('and a message that somebody has changed, or that is old, does not pass for one', async () => {
    await see(1);
    await send();
    const [one] = receiver.received;
    const headers = Object.fromEntries(Object.entries(one?.headers ?? {}).map(([key, value]) => [key, String(value)]));
    const verify = (body: string, changed: Record<string, string>) =>
      new Webhook(secret).verify(body, { ...headers, ...changed });
    const body = one?.body.toString() ?? '';
    verify(body, {});
    expect(() => verify(body.replace('door', 'bank'), {})).to.throw();
    expect(() => verify(body, { 'webhook-id': 'another' })).to.throw();
    expect(() => verify(body, { 'webhook-timestamp': String(Math.floor(scene.now / 1000) - 600) })).to.throw();
  });

  it('that is slow, down, broken, and up again: nothing is lost, and nothing comes twice', async () => {
    const ids = [await see(300)];
    receiver.delay = 1500;
    // Two senders at once, as a schedule and the stream make them.
    await Promise.all([send(), send()]);
    receiver.delay = 0;
    await receiver.down();
    for (const seconds of [250, 200]) ids.push(await see(seconds));
    await send();
    expect((await channels())[0]?.failure).to.deep.include({ text: 'Nothing listens there.' });
    await receiver.up();
    receiver.status = 503;
    scene.now += MINUTE;
    ids.push(await see(1));
    await send();
    expect((await channels())[0]?.failure).to.deep.include({ text: 'It answered with status 503.' });
    receiver.status = 204;
    for (let i = 0; i < 5; i++) {
      scene.now += 5 * MINUTE;
      await send();
    }
    // The test's receiver checks signatures by the clock of this machine.
    const told = receiver.received.map(({ body }) => fieldsOf(fieldsOf(JSON.parse(body.toString())).data).event);
    expect(told).to.have.members(ids).and.to.have.length(ids.length);
    expect((await channels())[0]).not.to.have.property('failure');
  });

  it('a receiver that does not answer holds up no publication', async () => {
    // It would be waited for, and this test would not end.
    receiver.delay = 3_600_000;
    await see(1);
    expect(await scene.cloud.itemsOf('MESSAGES')).to.have.length(1);
  });

  it('a sender that dies before it has sent leaves the message to the next one', async () => {
    await see(1);
    let queries = 0;
    await send({
      before: (command) => {
        queries += command === 'QueryCommand' ? 1 : 0;
        // The first one finds the message, the second one its channels.
        if (command === 'QueryCommand' && queries === 2) throw new Error('crash');
      },
    });
    expect(scene.cloud.failures.splice(0)).to.have.length(1);
    expect(receiver.received).to.deep.equal([]);
    await send();
    expect(receiver.received).to.deep.equal([]);
    scene.now += MINUTE;
    await send();
    expect(receiver.received).to.have.length(1);
  });

  it('nothing of an event that its owner has deleted meanwhile, nor while the licence is suspended', async () => {
    const id = await see(100);
    expect((await jane.send('DELETE', `/api/events/${id}`)).status).to.equal(204);
    await send();
    expect(receiver.received).to.deep.equal([]);
    await see(1);
    await suspendAccount(scene.table, 'jane', new Date(scene.now));
    await send();
    expect(receiver.received).to.deep.equal([]);
  });

  it('the stream of the table sends at once what was put into the outbox', async () => {
    await see(1);
    const [item] = await scene.cloud.itemsOf('MESSAGES');
    const Keys = { pk: { S: item?.pk }, sk: { S: item?.sk } };
    await scene.cloud.notify({ now: () => scene.now })({ Records: [{ eventName: 'INSERT', dynamodb: { Keys } }] });
    expect(receiver.received).to.have.length(1);
  });

  it('never follows a redirect, and calls no private network, whatever the address says', async () => {
    receiver.status = 307;
    receiver.location = `${receiver.url}/elsewhere`;
    await see(1);
    await send();
    expect(receiver.received).to.deep.equal([]);
    receiver.status = 204;
    scene.now += MINUTE;
    // Without the exception for one machine.
    await send({ reach: { loopback: false } });
    expect(receiver.received).to.deep.equal([]);
    expect((await channels())[0]?.failure).to.deep.include({
      text: 'Its address must be https, on the public internet.',
    });
  });
});

describe('lambda: a camera that is gone is told', () => {
  let scene: Scene;
  const mail: { to: string; raw: string }[] = [];
  beforeEach(async () => {
    mail.length = 0;
    scene = await Scene.start();
    await scene.account('jane', { timeZone: 'Europe/Brussels' });
  });
  afterEach(() => scene.stop());

  const look = () => scene.cloud.notify({ now: () => scene.now, mail })({ task: 'look' });
  const sign = async (said: object) => {
    const body = Buffer.from(JSON.stringify({ instance: 'door', ...said }));
    const record = await scene.cloud.upload('jane/.kerberos-alive-door.json', body);
    await scene.deliver({ ...record, eventTime: new Date(scene.now).toISOString() });
  };
  const addMail = async () => {
    const jane = await scene.visit('jane');
    const { json } = await jane.send('POST', '/api/notifications/channels', {
      kind: 'mail',
      address: 'j@jane.example',
    });
    await look();
    const code = /Subject: Your code is (\d{6})/.exec(mail.shift()?.raw ?? '')?.[1];
    const path = `/api/notifications/channels/${String(fieldsOf(json).id)}/confirm`;
    expect((await jane.send('POST', path, { code: '000' })).status).to.equal(400);
    expect((await jane.send('POST', path, { code })).status).to.equal(200);
  };
  const subjects = () => mail.map(({ raw }) => /^Subject: (.*)$/m.exec(raw)?.[1]);

  it('within twenty minutes, once, and again that it is back', async () => {
    await addMail();
    await sign({ queue: 0 });
    for (let minutes = 0; minutes < 20; minutes += 5) {
      await look();
      scene.now += 5 * MINUTE;
    }
    await look();
    expect(subjects()).to.deep.equal(['door is gone since 14:00']);
    for (let i = 0; i < 5; i++) {
      scene.now += 60 * MINUTE;
      await Promise.all([look(), look()]);
    }
    expect(mail).to.have.length(1);
    await sign({ queue: 0 });
    await look();
    await look();
    expect(subjects()).to.deep.equal(['door is gone since 14:00', 'door is back']);
  });

  it('and files that pile up at a camera, once', async () => {
    await addMail();
    for (const queue of [60, 80, 100, 120, 140]) {
      await sign({ queue });
      await look();
      scene.now += 10 * MINUTE;
    }
    expect(subjects()).to.deep.equal(['More and more files wait at door']);
  });

  it('nothing at an address that nobody has confirmed', async () => {
    const jane = await scene.visit('jane');
    await jane.send('POST', '/api/notifications/channels', { kind: 'mail', address: 'j@jane.example' });
    await sign({});
    scene.now += 30 * MINUTE;
    await look();
    expect(subjects().join()).to.match(/^Your code is \d{6}$/);
  });
});
