import { fork } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { type IncomingMessage, request } from 'node:http';
import { connect, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { createTable, deleteExpired, type LocalDynamoDB, startDynamoDB } from '../../lambda/local-dynamodb';
import { dynamodb } from '../../lambda/test-packages';
import { until } from '../until';

const DAY = 86_400;
const TableName = 'cloud';

const OWNER = { accessKeyId: 'OWNERKEY', secretAccessKey: 'owner/secret+=' };
const FUNCTION = { accessKeyId: 'FUNCTIONKEY', secretAccessKey: 'function/secret+=' };
const keyPairs = [OWNER, FUNCTION];

function clientOf(endpoint: string, credentials = OWNER) {
  return new dynamodb.DynamoDBClient({ endpoint, region: 'local', credentials, maxAttempts: 1 });
}

/** The headers of a request of the SDK, to be changed. */
function headersOf(request: object): Record<string, string> {
  const headers: unknown = Reflect.get(request, 'headers');
  if (!isHeaders(headers)) throw new Error('The request has no headers.');
  return headers;
}

function isHeaders(value: unknown): value is Record<string, string> {
  return typeof value === 'object' && value !== null && Object.values(value).every((one) => typeof one === 'string');
}

describe('the local DynamoDB', () => {
  it('answers no page of a browser, whatever name the page calls it by', async () => {
    const server = await startDynamoDB({ keyPairs });
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
    expect(await status('GET', { 'content-length': '0' })).not.to.equal(403);
    await server.close();
  });

  it('answers nobody who has none of its key pairs, and nothing that was changed on its way', async () => {
    const server = await startDynamoDB({ keyPairs });
    const asked = async (credentials: typeof OWNER, change: (headers: Record<string, string>) => void = () => {}) => {
      const client = clientOf(server.endpoint, credentials);
      client.middlewareStack.add(
        (next) => async (args) => {
          const { request } = args;
          if (typeof request === 'object' && request !== null && 'headers' in request) change(headersOf(request));
          return await next(args);
        },
        { step: 'finalizeRequest', priority: 'low' },
      );
      try {
        return await client.send(new dynamodb.ListTablesCommand({})).then(
          () => 'ok',
          (error: Error) => error.name,
        );
      } finally {
        client.destroy();
      }
    };
    expect(await asked(OWNER)).to.equal('ok');
    expect(await asked(FUNCTION)).to.equal('ok');
    const refused = 'UnrecognizedClientException';
    expect(await asked({ ...OWNER, secretAccessKey: 'another' })).to.equal(refused);
    expect(await asked({ ...OWNER, accessKeyId: 'ANOTHERKEY' })).to.equal(refused);
    expect(await asked(OWNER, (headers) => delete headers.authorization)).to.equal(refused);
    const target = 'x-amz-target';
    expect(await asked(OWNER, (headers) => Object.assign(headers, { [target]: 'DynamoDB_20120810.Scan' }))).to.equal(
      refused,
    );
    await server.close();
  });
});

describe('the local DynamoDB and strangers', () => {
  let server: LocalDynamoDB;
  const sockets: Socket[] = [];
  beforeEach(async () => {
    server = await startDynamoDB({ keyPairs });
  });
  afterEach(async () => {
    for (const socket of sockets.splice(0)) socket.destroy();
    await server.close();
  });
  const open = async (): Promise<Socket> => {
    const socket = connect(Number(new URL(server.endpoint).port), '127.0.0.1').on('error', () => {});
    sockets.push(socket);
    await once(socket, 'connect');
    return socket;
  };

  it('refuses by the headers alone: no byte of a stranger’s body is waited for', async () => {
    const signature = `Signature=${'0'.repeat(64)}`;
    const credential = `Credential=${OWNER.accessKeyId}/20260422/local/dynamodb/aws4_request`;
    const authorization = `AWS4-HMAC-SHA256 ${credential}, SignedHeaders=host;x-amz-content-sha256;x-amz-date, ${signature}`;
    const date = new Date().toISOString().replace(/[-:]|\.\d+/g, '');
    const signed = `authorization: ${authorization}\r\nx-amz-date: ${date}\r\nx-amz-content-sha256: ${'0'.repeat(64)}\r\n`;
    for (const [headers, length, status] of [
      [signed, 10_000_000, 400],
      [signed, 100_000_000, 413],
      ['', 10_000_000, 413],
    ] as const) {
      const socket = await open();
      socket.write(`POST / HTTP/1.1\r\nhost: 127.0.0.1\r\n${headers}content-length: ${length}\r\n\r\n`);
      let answer = '';
      socket.on('data', (data) => {
        answer += data;
      });
      await until(() => answer.includes('\r\n\r\n'), 'an answer before the body');
      expect(answer, headers).to.match(new RegExp(`^HTTP/1.1 ${status} `));
    }
  });

  it('has 512 connections at most', async () => {
    const all: Socket[] = [];
    for (let i = 0; i < 560; i++) all.push(await open());
    await until(() => all.filter(({ closed }) => closed).length >= 48, '48 of 560 to be closed');
  });
});

describe('time to live in the local DynamoDB', () => {
  let server: LocalDynamoDB;
  let client: InstanceType<typeof dynamodb.DynamoDBClient>;
  const now = Date.UTC(2026, 0, 31, 12);
  beforeEach(async () => {
    server = await startDynamoDB({ keyPairs });
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
      const child = fork(join(__dirname, '..', '..', 'lambda', 'local-dynamodb.js'), [directory, TableName], {
        env: { ...process.env, DYNAMODB_KEY_PAIRS: JSON.stringify(keyPairs) },
      });
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
