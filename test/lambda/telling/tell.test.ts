import { expect } from 'chai';
import { fieldsOf } from '../../../lambda/lib/table/fields';
import { beginNotifications, type Rule, writeNotifications } from '../../../lambda/lib/table/notifications-item';
import { Scene } from '../gallery/scene';

const RULE: Rule = {
  ...{ id: 'a-rule', cameras: [], anything: true, persons: [], unknownFaces: false, labels: [], coolDownMinutes: 0 },
};

describe('lambda: what ingest has told', () => {
  let scene: Scene;
  beforeEach(async () => {
    scene = await Scene.start();
    await scene.account('jane', { timeZone: 'Europe/Brussels' });
  });
  afterEach(() => scene.stop());

  const rule = (change: Partial<Rule> = {}) =>
    writeNotifications(scene.table, 'jane', { rules: [{ ...RULE, ...change }], health: true });
  const told = async () => (await scene.cloud.itemsOf('MESSAGES')).map(({ news }) => fieldsOf(news));
  const events = async () => (await told()).map(({ event }) => event);
  const at = (seconds: number) => new Date(Date.parse('2026-04-22T10:00:00Z') + seconds * 1000).toISOString();

  it('nothing, while nobody wants to be told', async () => {
    await scene.see({ time: at(0) });
    expect(await told()).to.deep.equal([]);
  });

  it('each burst of a camera once, in whatever order its pictures come', async () => {
    await rule();
    const later = await scene.see({ time: at(5) });
    await scene.see({ time: at(0) });
    for (const seconds of [15, 30, 48]) await scene.see({ time: at(seconds) });
    const garden = await scene.see({ time: at(10), instance: 'garden' });
    const next = await scene.see({ time: at(69) });
    expect(await events()).to.have.members([later, garden, next]);
  });

  it('the first picture of a burst that a rule is about, though the burst began before', async () => {
    await rule({ anything: false, unknownFaces: true });
    await scene.see({ time: at(0) });
    const face = await scene.see({ time: at(5), faces: [100] });
    await scene.see({ time: at(10) });
    await scene.see({ time: at(15), faces: [900] });
    expect(await events()).to.deep.equal([face]);
  });

  it('a burst that began within the cool-down as soon as that is over', async () => {
    await rule({ coolDownMinutes: 1 });
    const first = await scene.see({ time: at(0) });
    for (const seconds of [30, 45]) await scene.see({ time: at(seconds) });
    const after = await scene.see({ time: at(60) });
    await scene.see({ time: at(75) });
    expect(await events()).to.have.members([first, after]);
  });

  it('an event once, though it is delivered again and again, by several at once', async () => {
    await rule();
    const { id, record } = await scene.upload({ time: at(0) });
    await Promise.all([1, 2, 3].map(() => scene.deliver(record)));
    await scene.deliver(record);
    expect(await events()).to.deep.equal([id]);
  });

  it('an event whose message a crash kept from being made, when it is delivered again', async () => {
    await rule();
    const { id, record } = await scene.upload({ time: at(0) });
    const isMessage = (input: object) => JSON.stringify(input).includes('#MESSAGES');
    const crashing = scene.lambda({
      before: (command, input) => {
        if (command === 'UpdateItemCommand' && isMessage(input)) throw new Error('crash');
      },
    });
    await scene.deliver(record, [], crashing).then(
      () => expect.fail('it did not crash'),
      (error: Error) => expect(error.message).to.equal('crash'),
    );
    expect(await told()).to.deep.equal([]);
    await scene.deliver(record);
    expect(await events()).to.deep.equal([id]);
  });

  it('nobody of a face that has a name, where unknown faces are asked for; and of the person, where that one is', async () => {
    await scene.see({ time: at(0), faces: [100] });
    const [person] = await scene.cloud.itemsOf('PERSONS');
    const jane = await scene.visit('jane');
    await jane.send('PATCH', `/api/persons/${String(person?.person)}`, { name: 'Ada' });
    await rule({ anything: false, unknownFaces: true });
    await scene.see({ time: at(100), faces: [100] });
    expect(await told()).to.deep.equal([]);
    await rule({ anything: false, persons: [String(person?.person)] });
    const ada = await scene.see({ time: at(200), faces: [100] });
    await scene.see({ time: at(300), faces: [900] });
    expect(await events()).to.deep.equal([ada]);
  });

  it("by the hours of the camera's own clock, also where that is wrong by years", async () => {
    // 10:00 in UTC is 12:00 in Brussels.
    await rule({ hours: { from: '11:59', to: '12:01' } });
    const right = await scene.see({ time: at(0) });
    await scene.see({ time: at(120) });
    const record = await scene.cloud.upload('jane/37_6-0_porch_1-2-3-4_5_501.jpg', await scene.picture(), {
      uploadtime: '40',
    });
    await scene.deliver({ ...record, eventTime: at(0) });
    expect(await events())
      .to.include(right)
      .and.to.have.length(2);
  });

  it('no backlog: what is older than an hour is no news', async () => {
    await rule();
    await scene.see({ time: at(0), received: at(3700) });
    expect(await told()).to.deep.equal([]);
  });

  it('a refused upload of a camera once in six hours', async () => {
    await beginNotifications(scene.table, 'jane');
    for (let i = 0; i < 3; i++) {
      const record = await scene.cloud.upload(`jane/${i}.jpg`, Buffer.from('<html>'), { 'event-instancename': 'door' });
      await scene.deliver({ ...record, eventTime: at(i) });
    }
    const [first, ...others] = await told();
    expect(first).to.include({ kind: 'refused', instance: 'door', fileName: '0.jpg', reason: 'NotAnImage' });
    expect(others).to.deep.equal([]);
  });
});
