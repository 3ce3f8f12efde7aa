import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { GetObjectCommand, ListObjectsV2Command, PutObjectCommand, S3Client } from '@aws-sdk/client-s3';
import { expect } from 'chai';
import { createTable, startDynamoDB } from '../../lambda/local-dynamodb';
import { documents, dynamodb } from '../../lambda/test-packages';
import * as corpus from './media/corpus';

const GRUNT = join(__dirname, '..', '..', 'node_modules', 'grunt', 'bin', 'grunt');
const GRUNTFILE = join(__dirname, '..', '..', 'Gruntfile.js');

/** `grunt cloud` as an operator runs it. */
class Run {
  readonly child: ChildProcess;
  output = '';
  readonly #exit: Promise<unknown>;

  constructor(
    readonly data: string,
    env: NodeJS.ProcessEnv,
  ) {
    this.child = spawn(
      process.execPath,
      [GRUNT, '--no-color', '--gruntfile', GRUNTFILE, 'cloud', '--port=0', `--data=${data}`],
      { env: { ...process.env, ...env } },
    );
    for (const stream of [this.child.stdout, this.child.stderr]) {
      stream?.on('data', (text: Buffer) => {
        this.output += text;
      });
    }
    this.#exit = once(this.child, 'close');
  }

  /** Waits until its output has so many matches. */
  async says(what: RegExp, times = 1): Promise<void> {
    while ((this.output.match(new RegExp(what, 'g')) ?? []).length < times) {
      if (this.child.exitCode !== null) throw new Error(`grunt cloud ended:\n${this.output}`);
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  }

  async stop(signal: NodeJS.Signals = 'SIGTERM'): Promise<void> {
    this.child.kill(signal);
    await this.#exit;
  }
}

describe('the Lambda on one machine', function () {
  this.timeout(60_000);
  let data: string;
  let runs: Run[];
  const clients: { destroy(): void }[] = [];

  beforeEach(async () => {
    data = await mkdtemp(join(tmpdir(), 'kerberos-one-'));
    runs = [];
  });
  afterEach(async () => {
    for (const client of clients.splice(0)) client.destroy();
    for (const run of runs) await run.stop('SIGKILL');
    await rm(data, { recursive: true, force: true, maxRetries: 10 });
  });

  const start = async (env: NodeJS.ProcessEnv = { FACES: 'off' }): Promise<Run> => {
    const run = new Run(data, env);
    runs.push(run);
    await run.says(/The cloud runs on/);
    return run;
  };
  const client = (accessKeyId: string, secretAccessKey: string) => {
    const { endpoint, region } = JSON.parse(readFileSync(join(data, 'cloud.json'), 'utf8'));
    const made = new S3Client({
      endpoint,
      region,
      forcePathStyle: true,
      credentials: { accessKeyId, secretAccessKey },
    });
    clients.push(made);
    return made;
  };
  const device = () => {
    const { publicKey, privateKey } = JSON.parse(readFileSync(join(data, 'cloud.json'), 'utf8'));
    return client(publicKey, privateKey);
  };
  const owner = () => {
    const { accessKeyId, secretAccessKey } = JSON.parse(readFileSync(join(data, 'keys.json'), 'utf8')).owner;
    return client(accessKeyId, secretAccessKey);
  };
  const upload = async (camera: S3Client, name: string, Body: Buffer) =>
    await camera.send(new PutObjectCommand({ Bucket: 'uploads', Key: `home/${name}`, Body }));
  const published = async () => {
    const { Contents = [] } = await owner().send(new ListObjectsV2Command({ Bucket: 'production' }));
    return Contents.map(({ Key = '' }) => Key);
  };
  /** The items of the table, once the cloud is stopped. */
  const items = async (): Promise<Record<string, unknown>[]> => {
    const credentials = { accessKeyId: 'x', secretAccessKey: 'x' };
    const { endpoint, close } = await startDynamoDB({ path: join(data, 'dynamodb'), keyPairs: [credentials] });
    const database = new dynamodb.DynamoDBClient({ endpoint, region: 'local', credentials });
    await createTable(database, 'cloud');
    const { Items = [] } = await documents.DynamoDBDocumentClient.from(database).send(
      new documents.ScanCommand({ TableName: 'cloud' }),
    );
    database.destroy();
    await close();
    return Items;
  };

  it('what a camera uploads is published with its faces, and what is no picture is refused and says why', async () => {
    const run = await start({ FACES: 'embedded' });
    const photo = readFileSync(join(__dirname, '..', 'fixtures', 'astronaut.jpg'));
    const camera = device();
    await upload(camera, '1429700000_6-000000_front door_1-1-2-2_1_1.jpg', photo);
    await upload(camera, '1429700001_6-000000_front door_1-1-2-2_1_2.jpg', photo.subarray(0, 9000));
    await run.says(/published home\/1429700000_6-000000_front door_1-1-2-2_1_1.jpg, on it: [\w-]{16}\n/);
    await run.says(
      /refused home\/1429700001_6-000000_front door_1-1-2-2_1_2.jpg \(Truncated\): The picture is cut off/,
    );
    const [picture = '', thumbnail = ''] = await published();
    expect(await published()).to.have.length(2);
    expect(thumbnail).to.include('.thumbnail.jpg');
    const { Body } = await owner().send(new GetObjectCommand({ Bucket: 'production', Key: picture }));
    expect(photo.equals(Buffer.from((await Body?.transformToByteArray()) ?? []))).to.equal(true);
    await run.stop();
    const kinds = (await items()).map(({ pk }) => String(pk).split('#')[2]).sort();
    expect(kinds).to.deep.equal(
      ['ACCOUNT', 'COUNTS', 'EVENT', 'FACES', 'INSTANCES', 'LABEL', 'MINUTES', 'PERSON', 'PERSONS', 'REJECTED'].sort(),
    );
  });

  it('killed in the middle of it, it goes on at the next start, and every picture is published once', async () => {
    const first = await start();
    const camera = device();
    const pictures = 30;
    const files = await Promise.all(Array.from({ length: pictures }, (_, i) => corpus.jpeg(320, 240, i + 1)));
    await Promise.all(
      files.map((file, i) => upload(camera, `14297000${10 + i}_6-000000_door_1-1-2-2_1_${i}.jpg`, file)),
    );
    await first.says(/published/);
    await first.stop('SIGKILL');
    const second = await start();
    while (readdirSync(join(data, 'queue', 'waiting')).length > 0)
      await new Promise((resolve) => setTimeout(resolve, 20));
    expect(await published()).to.have.length(pictures * 2);
    await second.stop();
    const stored = await items();
    expect(stored.filter(({ pk }) => String(pk).includes('#EVENT#'))).to.have.length(pictures);
    const counts = stored.filter(({ pk }) => String(pk).includes('#COUNTS#'));
    const counted = counts.flatMap((item) => Object.entries(item).filter(([name]) => /^n\d+$/.test(name)));
    expect(counted.reduce((sum, [, count]) => sum + Number(count), 0)).to.equal(pictures);
  });

  it('an upload whose handling keeps failing waits as a dead letter, and grunt replay has it tried again', async () => {
    const run = await start();
    await run.stop();
    const letter = '000000000000001-000000001-abcdef.json';
    const event = { eventName: 'ObjectCreated:Put', s3: { bucket: { name: 'no-such-bucket' } } };
    await writeFile(
      join(data, 'queue', 'waiting', letter),
      JSON.stringify({ body: JSON.stringify({ Records: [event] }), received: 99 }),
    );
    const again = await start();
    await again.says(/An upload could not be looked at/);
    expect(existsSync(join(data, 'queue', 'dead-letters', letter))).to.equal(true);
    const replay = spawn(process.execPath, [GRUNT, '--no-color', '--gruntfile', GRUNTFILE, 'replay', `--data=${data}`]);
    await once(replay, 'close');
    expect(existsSync(join(data, 'queue', 'dead-letters', letter))).to.equal(false);
    const waiting = join(data, 'queue', 'waiting', letter);
    while (!existsSync(waiting) || !readFileSync(waiting, 'utf8').includes('"error"')) {
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  });
});
