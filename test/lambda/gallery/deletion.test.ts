import { expect } from 'chai';
import { fieldsOf, list } from '../../../lambda/lib/table/fields';
import { documents, s3 as S3 } from '../../../lambda/test-packages';
import { type Item, OTHER } from '../cloud';
import type { Visitor } from './gallery-server';
import { ENGINE, Scene } from './scene';

describe('gallery: deleting an event', () => {
  let scene: Scene;
  let jane: Visitor;
  beforeEach(async () => {
    scene = await Scene.start();
    await scene.account('jane');
    jane = await scene.visit('jane');
  });
  afterEach(() => scene.stop());

  const persons = async () => list(await jane.read('/api/persons'), 'persons').map(fieldsOf);
  const remove = async (id: string) => expect((await jane.send('DELETE', `/api/events/${id}`)).status).to.equal(204);
  const uploads = async () => {
    const { Contents = [] } = await scene.cloud.s3.send(new S3.ListObjectsV2Command({ Bucket: scene.cloud.uploads }));
    return Contents.map(({ Key = '' }) => Key);
  };
  /** Items, without the log, whose numbers stay for ever. */
  const itemsAbout = async (id: string): Promise<Item[]> =>
    (await scene.cloud.items()).filter(
      (item) => JSON.stringify(item).includes(id) && !String(item.pk).includes('#FACES#'),
    );

  it('picture, thumbnail, upload, item, appearances, counts and descriptors go; what remains says only that', async () => {
    const id = await scene.see({ time: '2026-04-22T10:00:00Z', faces: [1000, 5000] });
    const other = await scene.see({ time: '2026-04-22T10:00:10Z', faces: [9000] });
    await remove(id);
    expect((await scene.cloud.published()).every((key) => key.startsWith(`jane/${other}/`))).to.equal(true);
    expect(await uploads()).to.have.length(1);
    expect(await scene.hasPrint(1000)).to.equal(false);
    expect(await scene.hasPrint(5000)).to.equal(false);
    expect(await scene.hasPrint(9000)).to.equal(true);
    expect(scene.discarded.flatMap(({ prints }) => prints)).to.have.length(2);
    expect(scene.discarded[0]).to.include({ engine: ENGINE, account: 'jane' });
    expect((await jane.read('/api/days/2026-04-22')).total).to.equal(1);
    for (const path of [
      `/api/events/${id}`,
      `/events/${id}/image`,
      `/events/${id}/thumbnail`,
      `/events/${id}/download`,
    ]) {
      expect((await jane.get(path)).status, path).to.equal(404);
    }
    expect(await itemsAbout(id)).to.deep.equal([
      { pk: `ACCOUNT#jane#EVENT#${id}`, sk: 'EVENT', state: 'deleted', expires: scene.now / 1000 + 30 * 86400 },
    ]);
    const [instance] = list(await jane.read('/api/instances'), 'instances').map(fieldsOf);
    expect(fieldsOf(instance?.lastEvent).id).to.equal(other);
    await remove(other);
    expect(list(await jane.read('/api/instances'), 'instances')[0]).not.to.have.property('lastEvent');
    expect(await scene.cloud.published()).to.deep.equal([]);
  });

  it('in a bucket that keeps versions, none of them stays, and no delete marker', async function () {
    // The embedded S3 keeps none; moto does (npm run test:moto).
    if (!OTHER) this.skip();
    const Bucket = scene.cloud.production;
    const VersioningConfiguration = { Status: 'Enabled' as const };
    await scene.cloud.s3.send(new S3.PutBucketVersioningCommand({ Bucket, VersioningConfiguration }));
    const id = await scene.see({ time: '2026-04-22T10:00:00Z', token: 1 });
    const [Key = ''] = await scene.cloud.published();
    await scene.cloud.s3.send(new S3.PutObjectCommand({ Bucket, Key, Body: 'another version' }));
    await scene.cloud.s3.send(new S3.DeleteObjectCommand({ Bucket, Key }));
    const left = async () => {
      const found = await scene.cloud.s3.send(new S3.ListObjectVersionsCommand({ Bucket }));
      return (found.Versions ?? []).length + (found.DeleteMarkers ?? []).length;
    };
    expect(await left()).to.equal(4);
    await remove(id);
    expect(await left()).to.equal(0);
  });

  it('a late delivery of the upload, or the same upload again, does not bring it back', async () => {
    const { id, record } = await scene.upload({ time: '2026-04-22T10:00:00Z', token: 1 });
    await scene.deliver(record, [1000]);
    await remove(id);
    await scene.deliver(record, [1000]);
    await scene.see({ time: '2026-04-22T10:00:00Z', token: 1, faces: [1000] });
    expect((await jane.get(`/api/events/${id}`)).status).to.equal(404);
    expect(await scene.cloud.published()).to.deep.equal([]);
    expect(await scene.hasPrint(1000)).to.equal(false);
  });

  it('a warm Lambda does not match against its faces any more', async () => {
    const warm = scene.lambda();
    const id = await scene.see({ time: '2026-04-22T10:00:00Z', faces: [1000] }, warm);
    const [before] = await persons();
    await remove(id);
    await scene.see({ time: '2026-04-22T10:05:00Z', faces: [1001] }, warm);
    const ids = (await persons()).map((person) => person.id);
    expect(ids).to.have.length(2).and.include(before?.id);
  });

  it('portraits move on to the next picture of the person, or are none', async () => {
    const first = await scene.see({ time: '2026-04-22T10:00:00Z', faces: [1000] });
    const second = await scene.see({ time: '2026-04-22T10:10:00Z', faces: [1010] });
    // Possibly the same person; that makes no portrait.
    const possibly = await scene.see({ time: '2026-04-22T10:20:00Z', faces: [950] });
    const portrait = async () => fieldsOf((await persons())[0]?.portrait).event;
    expect(await portrait()).to.equal(second);
    await remove(second);
    expect(await portrait()).to.equal(first);
    await remove(first);
    expect(await portrait()).to.equal(undefined);
    expect(list(await jane.read('/api/events'), 'events').map((event) => fieldsOf(event).id)).to.deep.equal([possibly]);
  });

  it('a crash after any request is finished by deleting it again; the event is not shown without its picture', async () => {
    const prepare = async () => {
      await scene.cloud.wipe();
      await scene.account('jane');
      const id = await scene.see({ time: '2026-04-22T10:00:00Z', faces: [1000, 5000], token: 1 });
      await scene.see({ time: '2026-04-22T10:10:00Z', faces: [1010], token: 2 });
      jane = await scene.visit('jane');
      return id;
    };
    const stable = async () =>
      (await scene.cloud.items())
        .filter(({ pk }) => !/^LOGIN|#ACCOUNT$/.test(String(pk)))
        .map(({ sequencer, ...item }) => item);
    let id = await prepare();
    let requests = 0;
    const counting = await scene.visit('jane', { after: () => void requests++ });
    requests = 0;
    await counting.send('DELETE', `/api/events/${id}`);
    const [total, expected] = [requests, { items: await stable(), published: await scene.cloud.published() }];
    expect(total).to.be.above(15);
    // The first request reads the account.
    for (let survived = 1; survived < total; survived++) {
      id = await prepare();
      let begun: number | undefined;
      const crashing = await scene.visit('jane', {
        before: () => {
          if (begun === undefined) return;
          if (begun >= survived) throw new Error('crashed');
          begun += 1;
        },
      });
      begun = 0;
      // A crash is an answer that openapi.yaml does not have.
      const done = await crashing.send('DELETE', `/api/events/${id}`).then(({ status }) => status, String);
      if (done !== 204) {
        expect(done).to.include('500');
        const shown = list(await jane.read('/api/events'), 'events').map((event) => fieldsOf(event).id);
        if (shown.includes(id)) {
          const keys = (await scene.cloud.published()).filter((key) => key.startsWith(`jane/${id}/`));
          expect(keys, `shown without its pictures after request ${survived}`).to.have.length(2);
        }
        await remove(id);
      }
      const healed = { items: await stable(), published: await scene.cloud.published() };
      expect(healed, `after a crash behind request ${survived} of ${total}`).to.deep.equal(expected);
    }
    expect(scene.cloud.failures.splice(0).every((error) => String(error).includes('crashed'))).to.equal(true);
  }).timeout(120_000);

  it('what was abandoned half-way is finished by the next deletion of another event', async () => {
    const id = await scene.see({ time: '2026-04-22T10:00:00Z', faces: [1000] });
    const other = await scene.see({ time: '2026-04-22T10:10:00Z' });
    const crashing = await scene.visit('jane', {
      before: (command) => {
        if (command === 'DeleteObjectsCommand') throw new Error('crashed');
      },
    });
    expect(await crashing.send('DELETE', `/api/events/${id}`).then(({ text }) => text, String)).to.include('500');
    expect(String(scene.cloud.failures.splice(0))).to.include('crashed');
    expect(await scene.hasPrint(1000)).to.equal(true);
    scene.now += 10 * 60_000;
    await remove(other);
    expect(await scene.hasPrint(1000)).to.equal(false);
    expect(await scene.cloud.published()).to.deep.equal([]);
  });

  it('what ingest writes while the event is deleted is removed as well', async () => {
    const other = await scene.see({ time: '2026-04-22T10:30:00Z' });
    for (const [token, isThen] of [
      // Before the item is written, and behind it.
      [101, (command: string) => command === 'CopyObjectCommand'],
      [102, (command: string, input: string) => command === 'UpdateItemCommand' && input.includes('#EVENT#')],
    ] as const) {
      const sight = { time: '2026-04-22T10:00:00Z', token };
      const id = await scene.see({ ...sight, faces: [token * 1000] });
      const { record } = await scene.upload({ ...sight, content: 2 });
      let done = false;
      const racing = scene.lambda({
        after: async (command, input) => {
          if (done || !isThen(command, JSON.stringify(input))) return;
          done = true;
          await remove(id);
        },
      });
      await scene.deliver(record, [token * 1000 + 500], racing);
      expect(done).to.equal(true);
      scene.now += 10 * 60_000;
    }
    await remove(other);
    for (const number of [101_000, 101_500, 102_000, 102_500]) expect(await scene.hasPrint(number)).to.equal(false);
    expect(await scene.cloud.published()).to.deep.equal([]);
    expect(await scene.cloud.itemsOf('PERSON')).to.deep.equal([]);
    expect((await persons()).every((person) => person.portrait === undefined)).to.equal(true);
  });

  it('where a whole file took the place of a cut off one that showed others, nothing of the first stays', async () => {
    const cut = await scene.see({ time: '2026-04-22T10:00:00Z', token: 1, faces: [1000] });
    await scene.cloud.documents.send(
      new documents.UpdateCommand({
        TableName: scene.cloud.tableName,
        Key: { pk: `ACCOUNT#jane#EVENT#${cut}`, sk: 'EVENT' },
        UpdateExpression: 'SET incomplete = :yes',
        ExpressionAttributeValues: { ':yes': true },
      }),
    );
    const id = await scene.see({ time: '2026-04-22T10:00:00Z', token: 1, content: 2, faces: [5000] });
    const all = await persons();
    const totals = await Promise.all(
      all.map(async (person) => (await jane.read(`/api/days/2026-04-22?person=${String(person.id)}`)).total),
    );
    expect(totals.sort()).to.deep.equal([0, 1]);
    await remove(id);
    expect(await scene.hasPrint(1000)).to.equal(false);
    expect(await scene.hasPrint(5000)).to.equal(false);
    expect(await scene.cloud.published()).to.deep.equal([]);
  });
});
