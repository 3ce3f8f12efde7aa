import { expect } from 'chai';
import { copyUpload } from '../../../lambda/lib/ingest/bucket';
import { FairTurns } from '../../../lambda/lib/ingest/fair-turns';
import { MOST_INSTANCES } from '../../../lambda/lib/ingest/known-instances';
import { MOST_COUNTED } from '../../../lambda/lib/table/counts';
import { minuteKey } from '../../../lambda/lib/table/keys';
import { Table } from '../../../lambda/lib/table/table';
import { s3 as S3 } from '../../../lambda/test-packages';
import { type Item, type S3Record, TestCloud } from '../cloud';
import * as corpus from '../media/corpus';
import { hostilePictures, hostileVideos } from '../media/hostile';

/** As SQS hands messages over. */
function batchOf(records: readonly S3Record[]): object {
  const message = (record: S3Record, i: number) => ({
    ...{ eventSource: 'aws:sqs', messageId: `m${i}` },
    body: JSON.stringify({ Records: [record] }),
  });
  return { Records: records.map(message) };
}

const NOTHING_FAILED = { batchItemFailures: [] };

describe('lambda: what an uploader can choose ends as published or as refused', () => {
  let cloud: TestCloud;
  let picture: Buffer;
  before(async () => {
    picture = await corpus.jpeg();
  });
  beforeEach(async () => {
    cloud = await TestCloud.start();
  });
  afterEach(() => cloud.stop());

  const reasons = async () => (await cloud.itemsOf('REJECTED')).map(({ reason }: Item) => reason);

  it('twenty hostile files in batches with thirty pictures of somebody else: all thirty are published', async () => {
    const hostile = [...hostileVideos().slice(0, 16), ...(await hostilePictures()).slice(0, 4)];
    const uploads: { key: string; file: Buffer }[] = [];
    for (let i = 0; i < 30; i++) {
      const bad = hostile[Math.floor((i * 2) / 3)];
      if (bad && i % 3 !== 2) uploads.push({ key: `mallory/${i}${bad.extension}`, file: bad.file });
      uploads.push({ key: `jane/${i}.jpg`, file: picture });
    }
    const records: S3Record[] = [];
    for (const { key, file } of uploads) records.push(await cloud.upload(key, file));
    expect(records).to.have.length(50);
    const lambda = cloud.lambda();
    for (let at = 0; at < records.length; at += 10) {
      expect(await lambda(batchOf(records.slice(at, at + 10)))).to.deep.equal(NOTHING_FAILED);
    }
    const accounts = (items: Item[]) => items.map(({ account }) => account);
    expect(accounts(await cloud.itemsOf('EVENT')).filter((account) => account === 'jane')).to.have.length(30);
    expect(accounts(await cloud.itemsOf('REJECTED')).every((account) => account === 'mallory')).to.equal(true);
  });

  it('an account whose uploads take long waits for those of others, not they for it', async () => {
    let now = 0;
    const turns = new FairTurns(() => now);
    const done: string[] = [];
    const work = (account: string, takes: number) =>
      turns.run(account, async () => {
        now += takes;
        done.push(account);
      });
    await work('mallory', 4000);
    await Promise.all(
      ['mallory', 'mallory', 'jane', 'mallory', 'jane', 'jane'].map((who) => work(who, who === 'jane' ? 40 : 4000)),
    );
    expect(done).to.deep.equal(['mallory', 'jane', 'jane', 'jane', 'mallory', 'mallory', 'mallory']);
  });

  it('a picture so high that its thumbnail has more rows than a JPEG can have', async () => {
    const high = (await hostilePictures()).filter(({ name }) => /65,53/.test(name));
    expect(high).to.have.length(2);
    for (const { file, name } of high) {
      await cloud.lambda()(batchOf([await cloud.upload(`jane/${name}.png`, file)]));
    }
    expect(await cloud.itemsOf('EVENT')).to.have.length(2);
    expect(await cloud.published()).to.have.length(4);
  });

  it('metadata that grows beyond the limit of S3 when it is encoded, and names that are special to a program', async () => {
    await cloud.upload('jane/a.jpg', picture);
    const { etag } = { etag: (await cloud.object('jane/a.jpg', cloud.uploads)).ETag ?? '' };
    // As a header has the 700 bytes of 350 letters.
    const token = Buffer.from('\u00fc'.repeat(350), 'utf8').toString('latin1');
    const metadata: Record<string, string> = JSON.parse(
      '{"__proto__": "x", "constructor": "y", "event-instancename": "door"}',
    );
    const from = { bucket: cloud.uploads, key: 'jane/a.jpg', etag, metadata: { 'event-token': token, ...metadata } };
    Object.defineProperty(from.metadata, '__proto__', { value: 'x', enumerable: true });
    const to = {
      bucket: cloud.production,
      key: 'jane/a',
      kind: 'image/jpeg',
      fileName: 'a.jpg',
      retentionDays: 7,
    } as const;
    expect(await copyUpload(cloud.s3, from, to)).to.equal(true);
    expect((await cloud.object('jane/a')).Metadata).to.deep.equal({ constructor: 'y', 'event-instancename': 'door' });
  });

  it('more events of one camera in one minute than an item of the table could hold', async () => {
    const table = new Table(cloud.documents, cloud.tableName);
    const time = new Date('2026-03-01T10:00:00Z');
    const ids = Array.from({ length: MOST_COUNTED }, (_, i) => String(i).padStart(11, 'x'));
    const { pk, sk } = minuteKey('jane', 'door', time);
    await table.replace({ pk, sk }, { present: new Set(ids) });
    const record = await cloud.upload(`jane/${time.getTime() / 1000}_6-000000_door_1-1-2-2_1_1.jpg`, picture);
    expect(await cloud.lambda()(batchOf([record]))).to.deep.equal(NOTHING_FAILED);
    expect(await cloud.itemsOf('EVENT')).to.have.length(1);
    const [minute] = await cloud.itemsOf('MINUTES');
    expect(minute?.present).to.have.property('size', MOST_COUNTED);
  });

  it('an object in an archive, or one that is encrypted with a key of the device, is refused as Locked', async () => {
    const answers = [
      new S3.InvalidObjectState({
        message: "The operation is not valid for the object's storage class",
        $metadata: {},
      }),
      new S3.S3ServiceException({
        ...{ name: 'InvalidRequest', $fault: 'client', $metadata: { httpStatusCode: 400 } },
        message:
          'The object was stored using a form of Server Side Encryption. The correct parameters must be provided to retrieve the object.',
      }),
    ];
    for (const [i, answer] of answers.entries()) {
      const lambda = cloud.lambda({
        before: (command) => {
          if (command === 'GetObjectCommand') throw answer;
        },
      });
      expect(await lambda(batchOf([await cloud.upload(`jane/${i}.jpg`, picture)]))).to.deep.equal(NOTHING_FAILED);
    }
    expect(await reasons()).to.deep.equal(['Locked', 'Locked']);
  });

  it('a key that is replaced again and again while it is looked at is left to its later notifications', async () => {
    const record = await cloud.upload('jane/a.jpg', picture);
    let others = 0;
    const lambda = cloud.lambda({
      after: async (command) => {
        if (command === 'GetObjectCommand') await cloud.upload('jane/a.jpg', await corpus.jpeg(64, 64, ++others + 1));
      },
    });
    expect(await lambda(batchOf([record]))).to.deep.equal(NOTHING_FAILED);
    expect(others).to.equal(5);
  });

  it('names of more cameras than an account may have are refused; those that it has go on', async () => {
    const table = new Table(cloud.documents, cloud.tableName);
    for (let i = 0; i < MOST_INSTANCES; i++) {
      const Item = { pk: 'ACCOUNT#jane#INSTANCES', sk: `INSTANCE#c${i}`, instance: `c${i}`, lastSeen: 1, lastKey: '' };
      await table.replace({ pk: Item.pk, sk: Item.sk }, Item);
    }
    const of = (instance: string) => cloud.upload(`jane/1429700000_6-000000_${instance}_1-1-2-2_1_1.jpg`, picture);
    const lambda = cloud.lambda();
    expect(await lambda(batchOf([await of('another'), await of('c7')]))).to.deep.equal(NOTHING_FAILED);
    expect(await reasons()).to.deep.equal(['TooManyInstances']);
    expect((await cloud.itemsOf('EVENT')).map(({ instance }) => instance)).to.deep.equal(['c7']);
    expect(await cloud.itemsOf('INSTANCES')).to.have.length(MOST_INSTANCES);
  });
});
