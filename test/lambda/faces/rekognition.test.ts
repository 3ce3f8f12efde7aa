import { readFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import { join } from 'node:path';
import { expect } from 'chai';
import { embeddedEngine } from '../../../lambda/lib/faces/embedded';
import type { FaceEngine, KnownFace } from '../../../lambda/lib/faces/engine';
import { rekognitionEngine } from '../../../lambda/lib/faces/rekognition';
import { discardFaces } from '../../../lambda/lib/faces/rekognition-collection';
import { deleteEvent } from '../../../lambda/lib/gallery/deletion';
import { forgetPerson } from '../../../lambda/lib/gallery/forget';
import { decode } from '../../../lambda/lib/media/image';
import { eventOf } from '../../../lambda/lib/table/event-item';
import { fieldsOf, list, text } from '../../../lambda/lib/table/fields';
import { allPersons } from '../../../lambda/lib/table/person-item';
import { Table } from '../../../lambda/lib/table/table';
import { RekognitionClient, sharp } from '../../../lambda/test-packages';
import { TestCloud } from '../cloud';

const ASTRONAUT = readFileSync(join(__dirname, '..', '..', 'fixtures', 'astronaut.jpg'));

/**
 * Speaks the five calls of Rekognition that we make, as its API reference has them, with the embedded engine for eyes.
 * No server of Rekognition exists outside AWS; what it cannot show is how well Amazon tells people apart.
 */
class Rekognition {
  readonly calls: string[] = [];
  readonly collections = new Map<string, KnownFace[]>();
  readonly #eyes: FaceEngine;
  readonly #server: Server;

  constructor(eyes: FaceEngine) {
    this.#eyes = eyes;
    this.#server = createServer(async (request, response) => {
      const chunks: Buffer[] = [];
      for await (const chunk of request) chunks.push(chunk);
      const action = String(request.headers['x-amz-target']).replace('RekognitionService.', '');
      this.calls.push(action);
      const answer = await this.#answer(action, fieldsOf(JSON.parse(Buffer.concat(chunks).toString())));
      response.statusCode = '__type' in answer ? 400 : 200;
      response.setHeader('content-type', 'application/x-amz-json-1.1');
      response.end(JSON.stringify(answer));
    });
  }

  async start(): Promise<RekognitionClient> {
    await new Promise<void>((resolve) => this.#server.listen(0, '127.0.0.1', resolve));
    const address = this.#server.address();
    const port = typeof address === 'object' ? address?.port : undefined;
    return new RekognitionClient({
      endpoint: `http://127.0.0.1:${port}`,
      region: 'eu-west-1',
      credentials: { accessKeyId: 'x', secretAccessKey: 'x' },
      maxAttempts: 1,
    });
  }

  stop(): void {
    this.#server.close();
    this.#server.closeAllConnections();
  }

  async #answer(action: string, input: Readonly<Record<string, unknown>>): Promise<object> {
    if (action === 'CreateCollection') {
      this.collections.set(text(input, 'CollectionId'), []);
      return { StatusCode: 200 };
    }
    if (action === 'DeleteFaces') {
      const id = text(input, 'CollectionId');
      const known = this.collections.get(id);
      if (!known) return { __type: 'ResourceNotFoundException', Message: 'The collection id does not exist' };
      const ids = list(input, 'FaceIds');
      this.collections.set(
        id,
        known.filter(({ person }) => !ids.includes(person)),
      );
      return { DeletedFaces: ids };
    }
    const file = Buffer.from(text(fieldsOf(input.Image), 'Bytes'), 'base64');
    const { upright } = await decode(file, 'image/jpeg', 24_000_000);
    const faces = await this.#eyes.detect(upright);
    if (action === 'DetectFaces') {
      const { width, height } = upright;
      const FaceDetails = faces.map(({ box: [x1, y1, x2, y2], score }) => ({
        BoundingBox: { Left: x1 / width, Top: y1 / height, Width: (x2 - x1) / width, Height: (y2 - y1) / height },
        Confidence: score * 100,
      }));
      return { FaceDetails };
    }
    const collection = this.collections.get(text(input, 'CollectionId'));
    if (!collection) return { __type: 'ResourceNotFoundException', Message: 'The collection id does not exist' };
    const [face] = faces;
    if (action === 'IndexFaces') {
      const person = `face-${text(input, 'ExternalImageId')}`;
      if (face && !collection.some((known) => known.person === person)) collection.push({ person, print: face.print });
      return { FaceRecords: face ? [{ Face: { FaceId: person } }] : [] };
    }
    if (!face) return { __type: 'InvalidParameterException', Message: 'There are no faces in the image' };
    const matches = await this.#eyes.match('', face, collection);
    const FaceMatches = matches
      .map(({ person, distance }) => ({ Similarity: 100 - distance * 18, Face: { FaceId: person } }))
      .filter(({ Similarity }) => Similarity >= Number(input.FaceMatchThreshold));
    return { FaceMatches };
  }
}

describe("lambda: faces found by Amazon's engine", function () {
  this.timeout(60_000);
  let cloud: TestCloud;
  let amazon: Rekognition;
  let client: RekognitionClient;
  let engine: FaceEngine;
  let eyes: FaceEngine;

  before(async () => {
    eyes = await embeddedEngine();
  });
  beforeEach(async () => {
    cloud = await TestCloud.start();
    amazon = new Rekognition(eyes);
    client = await amazon.start();
    engine = rekognitionEngine(client);
  });
  afterEach(async () => {
    client.destroy();
    amazon.stop();
    await cloud.stop();
  });

  const ingest = async (account: string, ...files: Buffer[]) => {
    const lambda = cloud.lambda({ engine });
    for (const [i, file] of files.entries()) {
      await lambda({ Records: [await cloud.upload(`${account}/142970000${i}_6-000000_door_1-1-2-2_1_1.jpg`, file)] });
    }
    return (await cloud.itemsOf('EVENT'))
      .map(eventOf)
      .filter((event) => event.account === account)
      .sort((a, b) => Number(a.time) - Number(b.time))
      .map((event) => event.faces);
  };

  it('the same person in two pictures is one person, whose faces lie in the collection of the account', async () => {
    const darker = await sharp(ASTRONAUT).modulate({ brightness: 0.7 }).jpeg().toBuffer();
    const [first = [], second = []] = await ingest('jane', ASTRONAUT, darker);
    expect(first).to.have.length(1);
    expect(first[0]?.box[0]).to.be.closeTo(181, 10);
    expect(second[0]?.person).to.equal(first[0]?.person);
    expect([...amazon.collections.keys()]).to.have.length(1);
    expect([...amazon.collections.keys()][0]).to.match(/^kerberos-[0-9a-f]{32}$/);
  });

  it('accounts have a collection each, and never meet', async () => {
    const [[jane] = []] = await ingest('jane', ASTRONAUT);
    const [[john] = []] = await ingest('john', ASTRONAUT);
    expect(jane?.person).to.be.a('string');
    expect(john?.person).not.to.equal(jane?.person);
    expect(amazon.collections.size).to.equal(2);
  });

  it('who is forgotten, and who was on a deleted event, is gone from the collection; others stay', async () => {
    await ingest('jane', ASTRONAUT);
    await ingest('john', ASTRONAUT);
    const faces = () => [...amazon.collections.values()].map((known) => known.length);
    expect(faces()).to.deep.equal([1, 1]);
    const table = new Table(cloud.documents, cloud.tableName);
    const gallery = {
      settings: {
        productionBucket: cloud.production,
        uploadsBucket: cloud.uploads,
        tableName: '',
        faces: 'off' as const,
      },
      s3: cloud.s3,
      table,
      discard: async (name: string, account: string, prints: readonly Uint8Array[]) => {
        expect(name).to.equal('rekognition');
        await discardFaces(client, account, prints);
      },
      now: Date.now,
      log: () => {},
    };
    const [ofJane] = await allPersons(table, 'jane');
    expect(await forgetPerson(gallery, 'jane', ofJane?.id ?? '')).to.equal(true);
    expect(faces()).to.deep.equal([0, 1]);
    const ofJohn = (await cloud.itemsOf('EVENT')).map(eventOf).find(({ account }) => account === 'john');
    expect(await deleteEvent(gallery, 'john', ofJohn?.id ?? '')).to.equal(true);
    expect(faces()).to.deep.equal([0, 0]);
    expect((await cloud.itemsOf('FACES')).some((entry) => 'print' in entry)).to.equal(false);
    // Once more, and of an account that has no collection, is no error.
    await discardFaces(client, 'john', [Buffer.from('face-x')]);
    await discardFaces(client, 'nobody', [Buffer.from('face-x')]);
  });

  it('a picture without a face costs one call', async () => {
    await ingest(
      'jane',
      await sharp({ create: { width: 400, height: 300, channels: 3, background: 'grey' } })
        .jpeg()
        .toBuffer(),
    );
    expect(amazon.calls).to.deep.equal(['DetectFaces']);
  });

  it('a failure of Amazon is ours: the picture is looked at again later', async () => {
    const broken = rekognitionEngine(client);
    amazon.stop();
    const record = await cloud.upload('jane/a.jpg', ASTRONAUT);
    expect(
      await cloud
        .lambda({ engine: broken })({ Records: [record] })
        .then(String, String),
    ).to.match(/ECONNREFUSED/);
    expect(await cloud.items()).to.deep.equal([]);
  });
});
