import { randomBytes } from 'node:crypto';
import { expect } from 'chai';
import { hashPassword } from '../../../lambda/lib/accounts/password';
import { changeAccount } from '../../../lambda/lib/table/account-item';
import { fieldsOf, list } from '../../../lambda/lib/table/fields';
import { documents } from '../../../lambda/test-packages';
import * as corpus from '../media/corpus';
import { PASSWORD, type Visitor } from './gallery-server';
import { Scene } from './scene';

describe('gallery: requests that overtake each other', function () {
  this.timeout(120_000);
  let scene: Scene;
  let jane: Visitor;

  beforeEach(async () => {
    scene = await Scene.start();
    await scene.account('jane');
    jane = await scene.visit('jane');
  });
  afterEach(() => scene.stop());

  /** The person on each event, the earliest event first. */
  async function people(): Promise<string[]> {
    const events = (await scene.cloud.itemsOf('EVENT')).sort((a, b) => Number(a.time) - Number(b.time));
    return events.map(({ persons }) => (persons instanceof Set ? String([...persons][0]) : ''));
  }
  /** Does something behind the first command of that name. */
  const behind = (name: string, what: () => Promise<unknown>) => {
    let isDone = false;
    return async (command: string) => {
      if (isDone || command !== name) return;
      isDone = true;
      await what();
    };
  };

  it('who is merged into somebody who is being forgotten stays who it was', async () => {
    await scene.see({ time: '2026-04-22T08:00:00Z', faces: [100] });
    await scene.see({ time: '2026-04-22T09:00:00Z', faces: [300] });
    const [ann = '', ben = ''] = await people();
    await jane.send('PATCH', `/api/persons/${ann}`, { name: 'Ann' });
    const tab = await scene.visit('jane', {
      after: behind('BatchGetItemCommand', async () => {
        expect((await jane.send('DELETE', `/api/persons/${ben}`)).status).to.equal(204);
      }),
    });
    expect((await tab.send('POST', `/api/persons/${ann}/merge`, { into: ben })).status).to.equal(404);
    await scene.see({ time: '2026-04-22T10:00:00Z', faces: [100] });
    const { persons } = await jane.read('/api/persons');
    expect(persons).to.have.length(1);
    expect(persons).to.have.nested.property('0.name', 'Ann');
    expect((await jane.send('DELETE', `/api/persons/${ann}`)).status).to.equal(204);
    expect([await scene.hasPrint(100), await scene.hasPrint(300)]).to.deep.equal([false, false]);
    expect(await scene.cloud.itemsOf('PERSON')).to.deep.equal([]);
  });

  it('who is forgotten while a picture is looked at leaves no appearance behind', async () => {
    await scene.see({ time: '2026-04-22T08:00:00Z', faces: [100] });
    const [person = ''] = await people();
    let isForgotten = false;
    const lambda = scene.lambda({
      after: async (command: string, input: object) => {
        if (isForgotten || command !== 'UpdateItemCommand' || !JSON.stringify(input).includes('settled')) return;
        isForgotten = true;
        await jane.send('DELETE', `/api/persons/${person}`);
      },
    });
    await scene.see({ time: '2026-04-22T09:00:00Z', faces: [100] }, lambda);
    expect(isForgotten).to.equal(true);
    expect(await scene.cloud.itemsOf('PERSON')).to.deep.equal([]);
  });

  it("the password that the cloud's operator sets wins over the one that is being changed", async () => {
    let isLoggedIn = false;
    let isReset = false;
    const tab = await scene.visit('jane', {
      after: async (command: string) => {
        // Behind the look at the current one, before the new one is written.
        if (!isLoggedIn || isReset || command !== 'DeleteItemCommand') return;
        isReset = true;
        const login = { passwordHash: await hashPassword('the-operators-one'), sessionKey: randomBytes(32) };
        await changeAccount(scene.table, 'jane', login);
      },
    });
    isLoggedIn = true;
    const change = { current: PASSWORD, new: 'kept by somebody' };
    expect((await tab.send('PUT', '/api/account/password', change)).status).to.equal(401);
    expect(isReset).to.equal(true);
    const visitor = (await scene.serve()).visitor();
    expect((await visitor.logIn('jane', 'kept by somebody')).status).to.equal(401);
    expect((await visitor.logIn('jane', 'the-operators-one')).status).to.equal(204);
  });

  it('a deletion that failed half-way is not forgotten, and is finished when the page is opened', async () => {
    const id = await scene.see({ time: '2026-04-22T08:00:00Z', faces: [100] });
    const crashing = await scene.visit('jane', {
      before: (command: string) => {
        if (command === 'ListObjectVersionsCommand') throw new Error('S3 is away');
      },
    });
    // A crash is an answer that openapi.yaml does not have.
    expect(await crashing.send('DELETE', `/api/events/${id}`).then(({ text }) => text, String)).to.include('500');
    expect(String(scene.cloud.failures.splice(0))).to.include('S3 is away');
    const [item] = await scene.cloud.itemsOf('EVENT');
    expect(item).to.include({ state: 'deleted', id }).and.not.have.property('expires');
    expect(await scene.hasPrint(100)).to.equal(true);
    scene.now += 3600_000;
    const later = await scene.visit('jane');
    expect((await later.get('/api/account')).status).to.equal(200);
    expect(await scene.hasPrint(100)).to.equal(false);
    expect(await scene.cloud.published()).to.deep.equal([]);
    expect(Object.keys((await scene.cloud.itemsOf('EVENT'))[0] ?? {}).sort()).to.deep.equal([
      ...['expires', 'pk', 'sk', 'state'],
    ]);
  });

  it('what cannot be finished of earlier deletions is no failure of what was asked for', async () => {
    const id = await scene.see({ time: '2026-04-22T08:00:00Z' });
    const tab = await scene.visit('jane', {
      before: (command: string, input: object) => {
        if (command === 'QueryCommand' && JSON.stringify(input).includes('#DELETING')) throw new Error('no such luck');
      },
    });
    expect((await tab.get('/api/account')).status).to.equal(200);
    expect((await tab.send('DELETE', `/api/events/${id}`)).status).to.equal(204);
    expect(scene.cloud.failures.splice(0).map(String)).to.deep.equal(['Error: no such luck', 'Error: no such luck']);
  });

  it('names of any length are published, counted, listed and deleted', async () => {
    const uploads: [string, Record<string, string>][] = [
      ['jane/a.jpg', { 'event-instancename': 'x'.repeat(1100), 'event-timestamp': '1776852000' }],
      [`jane/1776852000_6-000000_${'门'.repeat(230)}_1-2-3-4_5_6.jpg`, {}],
      ['jane/c.jpg', { 'event-instancename': '%25'.repeat(600), 'event-timestamp': '1776852000' }],
    ];
    for (const [key, metadata] of uploads) {
      await scene.lambda()({ Records: [await scene.cloud.upload(key, await corpus.jpeg(64, 48, 3), metadata)] });
    }
    expect((await jane.read('/api/days/2026-04-22')).total).to.equal(3);
    const events = list(await jane.read('/api/events'), 'events').map(fieldsOf);
    expect(events.map(({ fileName }) => `jane/${fileName}`).sort()).to.deep.equal(uploads.map(([key]) => key).sort());
    for (const { id } of events) expect((await jane.send('DELETE', `/api/events/${id}`)).status).to.equal(204);
    expect(await scene.cloud.published()).to.deep.equal([]);
  });

  it('a person where the person hardly ever was is found without reading for ever', async () => {
    const lambda = scene.lambda();
    await scene.see({ time: '2026-04-22T08:00:00Z', faces: [100], instance: 'hall' }, lambda);
    await scene.see({ time: '2026-04-22T08:00:00Z', instance: 'door' }, lambda);
    const person = (await people()).find((one) => one !== '');
    const items = Array.from({ length: 6000 }, (_, i) => ({
      pk: `ACCOUNT#jane#PERSON#${person}`,
      sk: `${new Date(Date.parse('2026-04-01T00:00:00Z') + i * 60_000).toISOString()}#${'x'.repeat(18)}${String(i).padStart(4, '0')}`,
      ...{ event: `${'x'.repeat(18)}${String(i).padStart(4, '0')}`, instance: 'hall', received: 1 },
    }));
    for (let i = 0; i < items.length; i += 25) {
      const writes = items.slice(i, i + 25).map((Item) => ({ PutRequest: { Item } }));
      await scene.cloud.documents.send(
        new documents.BatchWriteCommand({ RequestItems: { [scene.cloud.tableName]: writes } }),
      );
    }
    const commands: string[] = [];
    const tab = await scene.visit('jane', { before: (command: string) => void commands.push(command) });
    const { instances } = await tab.read('/api/instances');
    const door = Array.isArray(instances) ? instances.find(({ name }) => name === 'door') : undefined;
    commands.length = 0;
    const page = await tab.read(`/api/events?person=${person}&instance=${door?.id}`);
    expect(page.events).to.deep.equal([]);
    expect(page.cursor).to.be.a('string');
    expect(commands.length).to.be.below(20);
  });
});
