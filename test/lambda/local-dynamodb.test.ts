import { fork } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { type IncomingMessage, request } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { createTable, deleteExpired, type LocalDynamoDB, startDynamoDB } from '../../lambda/local-dynamodb';
import { dynamodb } from '../../lambda/test-packages';
import { until } from '../until';

const DAY = 86_400;
const TableName = 'cloud';

function clientOf(endpoint: string) {
  const credentials = { accessKeyId: 'x', secretAccessKey: 'x' };
  return new dynamodb.DynamoDBClient({ endpoint, region: 'local', credentials });
}

describe('the local DynamoDB', () => {
  it('answers no page of a browser, whatever name the page calls it by', async () => {
    const server = await startDynamoDB({});
    const { port } = new URL(server.endpoint);
    const status = async (method: string, headers: Record<string, string>) => {
      const sent = request({ port, host: '127.0.0.1', method, headers }).end();
      const [response]: IncomingMessage[] = await once(sent, 'response');
      response?.resume();
      return response?.statusCode;
    };
    const asked = { 'access-control-request-method': 'POST' };
    expect(await status('OPTIONS', { ...asked, origin: 'https://evil.example' })).to.equal(403);
    expect(await status('POST', { origin: `http://127.0.0.1:${port}` })).to.equal(403);
    expect(await status('POST', { host: `evil.example:${port}` })).to.equal(403);
    expect(await status('GET', {})).not.to.equal(403);
    await server.close();
  });
});

describe('time to live in the local DynamoDB', () => {
  let server: LocalDynamoDB;
  let client: InstanceType<typeof dynamodb.DynamoDBClient>;
  const now = Date.UTC(2026, 0, 31, 12);
  beforeEach(async () => {
    server = await startDynamoDB({});
    client = clientOf(server.endpoint);
    await createTable(client, TableName);
  });
  afterEach(async () => {
    client.destroy();
    await server.close();
  });

  const put = async (pk: string, expires?: number | string) =>
    await client.send(
      new dynamodb.PutItemCommand({
        TableName,
        Item: {
          pk: { S: pk },
          sk: { S: 'x' },
          ...(expires !== undefined && { expires: typeof expires === 'number' ? { N: `${expires}` } : { S: expires } }),
        },
      }),
    );
  const left = async () => {
    const { Items = [] } = await client.send(new dynamodb.ScanCommand({ TableName }));
    return Items.map(({ pk }) => pk?.S).sort();
  };

  it('deletes what is over, and nothing else', async () => {
    const seconds = now / 1000;
    await put('over', seconds - 1);
    await put('long over', seconds - 365 * DAY);
    await put('not over', seconds + 1);
    await put('now', seconds);
    await put('for ever');
    await put('no number', String(seconds - 1));
    await put('milliseconds by mistake', now - 1);
    await put('over for more than five years', seconds - 6 * 365 * DAY);
    expect(await deleteExpired(client, TableName, now)).to.equal(2);
    expect(await left()).to.deep.equal(
      ['for ever', 'milliseconds by mistake', 'no number', 'not over', 'now', 'over for more than five years'].sort(),
    );
    expect(await deleteExpired(client, TableName, now + 2000)).to.equal(2);
  });

  it('deletes more than one page of items', async () => {
    for (let at = 0; at < 1200; at += 25) {
      const PutRequest = (i: number) => ({
        PutRequest: { Item: { pk: { S: `${at + i}` }, sk: { S: 'x' }, expires: { N: String(now / 1000 - 1) } } },
      });
      const items = Array.from({ length: 25 }, (_, i) => PutRequest(i));
      await client.send(new dynamodb.BatchWriteItemCommand({ RequestItems: { [TableName]: items } }));
    }
    expect(await deleteExpired(client, TableName, now)).to.equal(1200);
    expect(await left()).to.deep.equal([]);
  });

  it('is at work in the process that grunt cloud runs', async () => {
    const directory = await mkdtemp(join(tmpdir(), 'kerberos-ttl-'));
    const start = async () => {
      const child = fork(join(__dirname, '..', '..', 'lambda', 'local-dynamodb.js'), [directory, TableName]);
      const [{ endpoint }] = await once(child, 'message');
      return { child, other: clientOf(endpoint) };
    };
    const Key = { pk: { S: 'over' }, sk: { S: 'x' } };
    const first = await start();
    try {
      // It is looked through as soon as it has started, so that this one is seen at the second start.
      const expires = { N: String(Math.floor(Date.now() / 1000) - 1) };
      await first.other.send(new dynamodb.PutItemCommand({ TableName, Item: { ...Key, expires } }));
    } finally {
      first.other.destroy();
      first.child.disconnect();
      await once(first.child, 'exit');
    }
    const second = await start();
    try {
      const gone = async () =>
        (await second.other.send(new dynamodb.GetItemCommand({ TableName, Key }))).Item === undefined;
      await until(gone, 'the item to be deleted');
    } finally {
      second.other.destroy();
      second.child.disconnect();
      await once(second.child, 'exit');
      await rm(directory, { recursive: true });
    }
  });
});
