/**
 * What happens in the cloud: notifications twice and in the wrong order, services that fail at every step, uploads that are
 * overwritten while they are looked at, and files that no camera would write. In the end each upload is published or
 * refused, the published pictures are those that were uploaded, and the counts are those of the list.
 */
import { createHash } from 'node:crypto';
import { quartersOf } from '../../lambda/lib/table/counts';
import { type S3Record, TestCloud } from '../lambda/cloud';
import * as corpus from '../lambda/media/corpus';
import type { Random } from './random';
import { type Row, rowOf } from './table';

/** So often a notification is delivered before it would become a dead letter. */
const DELIVERIES = 100;
/** A mutated file may take this long (ms) to be judged. */
const JUDGED_WITHIN = 20_000;

/** After every so many deliveries it is looked whether all is as it must be at every moment. */
const LOOK_EVERY = 10;

interface Uploads {
  readonly cloud: TestCloud;
  /** What was not as it must be at every moment, each a sentence. */
  readonly broken: Set<string>;
  /** Everything that was uploaded, by key: its bytes, the latest last. */
  readonly uploaded: Map<string, Buffer[]>;
  readonly random: Random;
}

/** The rows of the cloud. How many files are mutated goes by the minutes: 2,000 in an hour. */
export async function cloudRows(
  random: Random,
  minutes: number,
  isMeant: (row: { name: string }) => boolean,
): Promise<Row[]> {
  const mutations = Math.max(60, Math.min(2_000, Math.round(minutes * 34)));
  const rows: { name: string; play: (uploads: Uploads) => Promise<{ struck: number; lost: number }> }[] = [
    { name: 'every notification three times, in any order', play: thriceInAnyOrder },
    { name: 'S3 and DynamoDB fail at every step, then are back', play: servicesFail },
    { name: 'uploads overwritten between check and copy', play: overwritten },
    { name: `${mutations} mutated images and videos`, play: (uploads) => mutated(uploads, mutations) },
  ];
  const results: Row[] = [];
  for (const { name, play } of rows.filter(isMeant)) {
    const cloud = await TestCloud.start();
    try {
      const broken = new Set<string>();
      const uploads = { cloud, broken, uploaded: new Map<string, Buffer[]>(), random: random.fork() };
      const { struck, lost } = await play(uploads);
      await look(uploads);
      const { settled, wrong } = await settledOf(uploads);
      for (const sentence of broken) console.log(`${name}: ${sentence}`);
      results.push({
        ...rowOf(name),
        rounds: 1,
        struck,
        written: uploads.uploaded.size,
        inBucket: uploads.uploaded.size,
        settled,
        lost: lost + (uploads.uploaded.size - settled),
        torn: wrong,
        broken: broken.size,
      });
    } finally {
      await cloud.stop();
    }
  }
  return results;
}

async function put({ cloud, uploaded }: Uploads, key: string, bytes: Buffer): Promise<S3Record> {
  uploaded.set(key, [...(uploaded.get(key) ?? []), bytes]);
  return await cloud.upload(key, bytes);
}

/** An event's key, in one of two accounts. */
function keyOf({ random }: Uploads, index: number, extension = 'jpg'): string {
  const name = `${1_776_000_000 + index * 7}_6-${random.between(1, 999_999)}_cam${index % 3}_10-20-60-80_24_${100 + index}`;
  return `${random.one(['jane', 'john'])}/${name}.${extension}`;
}

/** Delivers notifications until nothing fails any more; how many were given up. */
async function deliver(
  uploads: Uploads,
  lambda: (event: unknown) => Promise<unknown>,
  records: readonly S3Record[],
): Promise<number> {
  let givenUp = 0;
  for (const [at, record] of records.entries()) {
    if (at % LOOK_EVERY === LOOK_EVERY - 1) await look(uploads);
    let isDone = false;
    for (let i = 0; i < DELIVERIES && !isDone; i++) {
      isDone = await lambda({ Records: [record] }).then(
        () => true,
        () => false,
      );
    }
    if (!isDone) givenUp++;
  }
  return givenUp;
}

async function thriceInAnyOrder(uploads: Uploads): Promise<{ struck: number; lost: number }> {
  const { cloud, random } = uploads;
  const records: S3Record[] = [];
  for (let i = 0; i < 20; i++) records.push(await put(uploads, keyOf(uploads, i), await corpus.jpeg(64, 48, i + 1)));
  const lambdas = [cloud.lambda(), cloud.lambda(), cloud.lambda()];
  const deliveries = random.shuffled([...records, ...records, ...records]);
  const lost = await Promise.all(
    lambdas.map((lambda, at) =>
      deliver(
        uploads,
        lambda,
        deliveries.filter((_, i) => i % lambdas.length === at),
      ),
    ),
  );
  return { struck: deliveries.length, lost: lost.reduce((sum, one) => sum + one, 0) };
}

async function servicesFail(uploads: Uploads): Promise<{ struck: number; lost: number }> {
  const { cloud, random } = uploads;
  let struck = 0;
  const fail = () => {
    if (!random.chance(0.04)) return;
    struck++;
    throw new Error('The service is not available.');
  };
  const lambda = cloud.lambda({ before: fail, after: fail });
  const records: S3Record[] = [];
  for (let i = 0; i < 15; i++) records.push(await put(uploads, keyOf(uploads, i), await corpus.jpeg(64, 48, i + 1)));
  const lost = await deliver(uploads, lambda, records);
  return { struck, lost };
}

async function overwritten(uploads: Uploads): Promise<{ struck: number; lost: number }> {
  const { cloud, random } = uploads;
  const records: S3Record[] = [];
  let struck = 0;
  let current: string | undefined;
  const lambda = cloud.lambda({
    after: async (command) => {
      if (command !== 'GetObjectCommand' || current === undefined || !random.chance(0.5)) return;
      const key = current;
      current = undefined;
      struck++;
      records.push(await put(uploads, key, await corpus.jpeg(64, 48, random.between(100, 999))));
    },
  });
  for (let i = 0; i < 15; i++) {
    const key = keyOf(uploads, i);
    records.push(await put(uploads, key, await corpus.jpeg(64, 48, i + 1)));
  }
  let lost = 0;
  for (let record = records.shift(); record; record = records.shift()) {
    current = decodeURIComponent(record.s3.object.key.replaceAll('+', ' '));
    lost += await deliver(uploads, lambda, [record]);
  }
  return { struck, lost };
}

async function mutated(uploads: Uploads, count: number): Promise<{ struck: number; lost: number }> {
  const { cloud, random } = uploads;
  const good = [
    await corpus.jpeg(320, 240, 3),
    await corpus.png(160, 120),
    await corpus.mp4(),
    await corpus.jpeg(64, 48, 4),
  ];
  const lambda = cloud.lambda();
  let lost = 0;
  for (let i = 0; i < count; i++) {
    const bytes = mutate(random, good);
    const record = await put(uploads, keyOf(uploads, i, random.one(['jpg', 'png', 'mp4'])), bytes);
    if (i % LOOK_EVERY === LOOK_EVERY - 1) await look(uploads);
    const begun = performance.now();
    lost += await deliver(uploads, lambda, [record]);
    if (performance.now() - begun > JUDGED_WITHIN) lost++;
  }
  return { struck: count, lost };
}

/** One of the good files with something done to it. */
function mutate(random: Random, good: readonly Buffer[]): Buffer {
  const bytes = Buffer.from(random.one(good));
  const at = () => random.between(0, Math.max(0, bytes.length - 1));
  switch (random.between(0, 6)) {
    case 0:
      for (let i = random.between(1, 20); i > 0; i--) bytes[at()] = random.between(0, 255);
      return bytes;
    case 1:
      return bytes.subarray(0, at());
    case 2:
      return Buffer.concat([bytes.subarray(0, at()), random.one(good).subarray(at())]);
    case 3:
      return Buffer.concat([bytes, random.one(good)]);
    case 4:
      bytes.fill(random.one([0, 255]), at(), at());
      return bytes;
    case 5:
      // Lengths and counts stand in the first bytes of a box or segment.
      for (let i = 0; i < 4 && bytes.length > 8; i++)
        bytes.writeUInt32BE(0xffff_ffff - random.between(0, 9), Math.min(at(), bytes.length - 4));
      return bytes;
    default:
      return random.bytes(random.between(0, 2_000));
  }
}

/**
 * What must hold at every moment, also between two steps of ingest: an event that can be seen has its picture, with the
 * bytes of an upload; nothing is there that was not uploaded; and nothing that is published is gone later.
 */
async function look({ cloud, uploaded, broken }: Uploads): Promise<void> {
  const published = (await cloud.itemsOf('EVENT')).filter(({ sk, state }) => sk === 'EVENT' && state === 'published');
  const names = new Set<string>();
  for (const { account, fileName, key } of published) {
    const name = `${String(account)}/${String(fileName)}`;
    if (names.has(name)) broken.add(`${name} is two events`);
    names.add(name);
    const picture = await cloud.object(String(key)).catch(() => undefined);
    if (picture === undefined) broken.add(`${name} is an event without its picture`);
    else if (!uploaded.get(name)?.some((bytes) => bytes.equals(picture.body))) {
      broken.add(`${name} shows what was not uploaded under its name`);
    }
  }
  for (const { account, fileName } of await cloud.itemsOf('REJECTED')) {
    const name = `${String(account)}/${String(fileName)}`;
    if (!uploaded.has(name)) broken.add(`${name} was refused, and nobody has uploaded it`);
  }
}

/** How many keys are published or refused, each once; and what of it is wrong. */
async function settledOf({ cloud, uploaded }: Uploads): Promise<{ settled: number; wrong: number }> {
  const events = (await cloud.itemsOf('EVENT')).filter(({ sk, state }) => sk === 'EVENT' && state === 'published');
  const refused = await cloud.itemsOf('REJECTED');
  let wrong = 0;
  for (const event of events) {
    const bytes = uploaded.get(`${String(event.account)}/${String(event.fileName)}`) ?? [];
    const { body } = await cloud.object(String(event.key));
    const sha256 = createHash('sha256').update(body).digest('hex');
    const isUploaded = bytes.some((one) => one.equals(body));
    if (!isUploaded || sha256 !== event.sha256 || event.settled !== true) wrong++;
  }
  const counted = (await cloud.itemsOf('COUNTS')).flatMap(quartersOf).reduce((sum, one) => sum + one, 0);
  wrong += Math.abs(counted - events.length);
  const keys = new Set(
    [...events, ...refused].map(({ account, fileName }) => `${String(account)}/${String(fileName)}`),
  );
  return { settled: [...uploaded.keys()].filter((key) => keys.has(key)).length, wrong };
}
