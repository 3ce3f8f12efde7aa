/**
 * A cloud with a gallery and cameras: what they see is ingested as Lambda does it. Faces are numbers: their distance is
 * the difference in hundredths, and their descriptor is a text that can be looked for.
 */
import { expect } from 'chai';
import type { FaceEngine } from '../../../lambda/lib/faces/engine';
import { originOf } from '../../../lambda/lib/ingest/event';
import type { Account } from '../../../lambda/lib/table/account-item';
import { Table } from '../../../lambda/lib/table/table';
import { type GalleryOptions, type S3Record, TestCloud } from '../cloud';
import * as corpus from '../media/corpus';
import { addAccount, GalleryServer, type Visitor } from './gallery-server';

/** What every descriptor of a test starts with. */
export const PRINT = 'a-descriptor:';

export const ENGINE = 'numbers';

/** What a camera saw. */
export interface Sight {
  account?: string;
  instance?: string;
  /** By the camera's clock. */
  time: string;
  /** When S3 has it; the same, when left out. */
  received?: string;
  faces?: number[];
  token?: number;
  /** With other values, other bytes. */
  content?: number;
}

export class Scene {
  readonly cloud: TestCloud;
  /** The clock of the gallery, and of S3 for what is uploaded without saying when. */
  now: number;
  readonly discarded: { engine: string; account: string; prints: string[] }[] = [];
  readonly #servers: GalleryServer[] = [];
  #faces: number[] = [];
  #token = 0;

  private constructor(cloud: TestCloud, now: string) {
    this.cloud = cloud;
    this.now = Date.parse(now);
  }

  static async start(now = '2026-04-22T12:00:00Z', bucketNow?: () => number): Promise<Scene> {
    return new Scene(await TestCloud.start(bucketNow), now);
  }

  async stop(): Promise<void> {
    for (const server of this.#servers) await server.stop();
    await this.cloud.stop();
    expect(this.cloud.failures).to.deep.equal([]);
  }

  get table(): Table {
    return new Table(this.cloud.documents, this.cloud.tableName);
  }

  async account(name: string, other: Partial<Account> = {}): Promise<Account> {
    return await addAccount(this.cloud, name, other);
  }

  /** A visitor of a new gallery, logged in. */
  async visit(user: string, options: GalleryOptions = {}): Promise<Visitor> {
    const server = await this.serve(options);
    return await server.loggedIn(user);
  }

  async serve(options: GalleryOptions = {}): Promise<GalleryServer> {
    const handler = this.cloud.gallery({
      now: () => this.now,
      discard: async (engine, account, prints) => {
        this.discarded.push({ engine, account, prints: prints.map((print) => Buffer.from(print).toString()) });
      },
      ...options,
    });
    const server = await GalleryServer.start(handler);
    this.#servers.push(server);
    return server;
  }

  /** A Lambda that ingests; it stays warm for as long as it is kept. */
  lambda(options: Parameters<TestCloud['lambda']>[0] = {}): (event: unknown) => Promise<unknown> {
    return this.cloud.lambda({ engine: this.engine, now: () => this.now, ...options });
  }

  readonly engine: FaceEngine = {
    name: ENGINE,
    sure: 0.45,
    possible: 0.55,
    detect: async () =>
      this.#faces.map((number, i) => ({ box: [i * 50, 0, i * 50 + 40, 40], score: 0.9, print: printOf(number) })),
    between: undefined,
    match: async (_account, face, known) => {
      const nearest = new Map<string, number>();
      for (const { person, print } of known) {
        const distance = Math.abs(numberIn(face.print) - numberIn(print)) / 100;
        nearest.set(person, Math.min(distance, nearest.get(person) ?? Number.POSITIVE_INFINITY));
      }
      return [...nearest].map(([person, distance]) => ({ person, distance }));
    },
    enrol: async (_account, face) => face.print,
    discard: async () => {},
  };

  /** What S3 tells of an upload; it is not ingested yet. */
  async upload({
    account = 'jane',
    instance = 'door',
    time,
    received = time,
    content = 1,
    ...sight
  }: Sight): Promise<{ id: string; key: string; record: S3Record }> {
    this.#token += 1;
    const instant = Date.parse(time);
    const seconds = Math.floor(instant / 1000);
    const micros = String((instant % 1000) * 1000).padStart(6, '0');
    const key = `${account}/${seconds}_6-${micros}_${instance}_1-2-3-4_5_${sight.token ?? this.#token}.jpg`;
    const record = await this.cloud.upload(key, await picture(content));
    return { id: originOf(key).id, key, record: { ...record, eventTime: new Date(received).toISOString() } };
  }

  /** Ingests what a camera saw. Returns the event's id. */
  async see(sight: Sight, lambda = this.lambda()): Promise<string> {
    const { id, record } = await this.upload(sight);
    await this.deliver(record, sight.faces, lambda);
    return id;
  }

  async deliver(record: S3Record, faces: number[] = [], lambda = this.lambda()): Promise<void> {
    this.#faces = faces;
    await lambda({ Records: [record] });
  }

  /** A picture of 64 x 48 pixels. */
  async picture(): Promise<Buffer> {
    return await picture(1);
  }

  /** Whether a descriptor is anywhere in the table. */
  async hasPrint(number: number): Promise<boolean> {
    const found = printOf(number);
    return (await this.cloud.items()).some((item) =>
      Object.values(item).some((value) => value instanceof Uint8Array && Buffer.from(value).includes(found)),
    );
  }
}

const pictures = new Map<number, Promise<Buffer>>();

function picture(content: number): Promise<Buffer> {
  const made = pictures.get(content) ?? corpus.jpeg(64, 48, content);
  pictures.set(content, made);
  return made;
}

function printOf(number: number): Buffer {
  return Buffer.from(`${PRINT}${number};`);
}

function numberIn(print: Uint8Array): number {
  return Number.parseInt(Buffer.from(print).toString().slice(PRINT.length), 10);
}
