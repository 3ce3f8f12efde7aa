/**
 * DynamoDB on one machine: dynalite, which keeps its tables in a directory or in memory. It would serve whoever reaches its
 * port, so in front of it requests are looked at (local-dynamodb-signature.ts). `grunt cloud` runs this file as a process of
 * its own, which also does what DynamoDB's time to live does and dynalite does not: it deletes items whose time is over.
 */
import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import { createRequire } from 'node:module';
import { Readable } from 'node:stream';
import { buffer } from 'node:stream/consumers';
import { setTimeout as wait } from 'node:timers/promises';
import {
  ConditionalCheckFailedException,
  CreateTableCommand,
  DeleteItemCommand,
  DynamoDBClient,
  paginateScan,
  ResourceInUseException,
  waitUntilTableExists,
} from '@aws-sdk/client-dynamodb';
import { z } from 'zod';
import { EXPIRES, tableDefinition } from './lib/table/keys';
import { mend } from './local-dynamodb-mend';
import { bodyHashIn, isBody, isSigned, type KeyPair } from './local-dynamodb-signature';

// The package brings no types.
const dynalite: (options: { path?: string; createTableMs: number }) => Server = createRequire(__filename)('dynalite');

/** A server that runs. */
export interface LocalDynamoDB {
  endpoint: string;
  close: () => Promise<void>;
}

/** How a server is to run. */
export interface LocalDynamoDBOptions {
  /** Where tables are kept; left out, in memory. */
  path?: string;
  /** Left out, any free one. */
  port?: number;
  /** Who may use it. */
  keyPairs: readonly KeyPair[];
}

/** Starts a server. */
export async function startDynamoDB({ path, port = 0, keyPairs }: LocalDynamoDBOptions): Promise<LocalDynamoDB> {
  const server = dynalite({ createTableMs: 0, ...(path === undefined ? {} : { path }) });
  // Longer than any client leaves a connection idle: one that is closed just when it is used again fails a request.
  server.keepAliveTimeout = 60_000;
  guard(server, keyPairs);
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, '127.0.0.1', resolve);
  });
  const address = server.address();
  if (typeof address !== 'object' || address === null) throw new Error('DynamoDB listens on no port.');
  return {
    endpoint: `http://127.0.0.1:${address.port}`,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

/** DynamoDB's own limit of a request, in bytes. */
const MOST_BYTES = 16 * 1024 ** 2;

/** Of a request whose sender is known only once its body is there, in bytes: the AWS CLI sends such. */
const MOST_UNKNOWN_BYTES = 64 * 1024;

/** Most connections, and how long headers, and then a whole request, may take to arrive (ms). */
const MOST_CONNECTIONS = 512;
const HEADERS_TIMEOUT = 10_000;
const REQUEST_TIMEOUT = 30_000;

/**
 * dynalite believes every signature and lets every page of every site ask it. Programs send no Origin, and call it by its
 * address, not by a name that somebody has made lead here; and whoever has none of the key pairs, such as another user of the
 * machine, is not to read who may log in.
 */
function guard(server: Server, keyPairs: readonly KeyPair[]): void {
  const [serve] = server.listeners('request');
  if (!serve) throw new Error('dynalite answers no requests.');
  server.removeAllListeners('request');
  Object.assign(server, {
    maxConnections: MOST_CONNECTIONS,
    headersTimeout: HEADERS_TIMEOUT,
    requestTimeout: REQUEST_TIMEOUT,
  });
  server.on('request', async (request: IncomingMessage, response: ServerResponse) => {
    try {
      const { method, url, headers } = request;
      const isLocal = /^127\.0\.0\.1(:\d+)?$/.test(headers.host ?? '');
      if (!isLocal || headers.origin !== undefined) return refuse(request, response, 403, 'AccessDeniedException');
      const hash = bodyHashIn(headers);
      // Left out, the length is no number either.
      const most = hash === undefined ? MOST_UNKNOWN_BYTES : MOST_BYTES;
      if (!(Number(headers['content-length']) <= most)) return refuse(request, response, 413, 'RequestTooLarge');
      // Where the headers are enough, nothing of a stranger's body is read.
      const early = hash === undefined ? await buffer(request) : undefined;
      const isKnown = await isSigned({ method, url, headers, ...(early && { body: early }) }, keyPairs, Date.now());
      if (!isKnown) return refuse(request, response, 400, 'UnrecognizedClientException');
      const body = early ?? (await buffer(request));
      if (hash !== undefined && !isBody(body, hash)) {
        return refuse(request, response, 400, 'UnrecognizedClientException');
      }
      serve.call(server, Object.assign(Readable.from([body]), { method, url, headers }), response);
    } catch {
      // Whoever asked is gone.
      response.destroy();
    }
  });
}

function refuse(request: IncomingMessage, response: ServerResponse, status: number, name: string): void {
  const message = 'This DynamoDB is for the programs of its cloud alone.';
  // What is left of the body is not waited for.
  const isWhole = request.complete || Number(request.headers['content-length'] ?? 0) <= MOST_UNKNOWN_BYTES;
  if (isWhole) request.resume();
  response.writeHead(status, {
    'Content-Type': 'application/x-amz-json-1.0',
    ...(!isWhole && { Connection: 'close' }),
  });
  response.end(JSON.stringify({ __type: `com.amazon.coral.service#${name}`, message }));
}

/** Makes the table, unless it is there. Once this resolves, it can be used. */
export async function createTable(client: DynamoDBClient, name: string): Promise<void> {
  try {
    await client.send(new CreateTableCommand(tableDefinition(name)));
  } catch (error) {
    if (!(error instanceof ResourceInUseException)) throw error;
  }
  await waitUntilTableExists({ client, maxWaitTime: 10, minDelay: 0.02, maxDelay: 0.2 }, { TableName: name });
}

/** DynamoDB leaves alone what would have expired so many seconds ago: five years. */
const MOST_OVERDUE = 5 * 365 * 86_400;

/** Items are looked through every minute, in milliseconds, or less often, where that would take more of the time than this. */
const EXPIRE_EVERY = 60_000;
const EXPIRE_SHARE = 0.02;

/**
 * Deletes the items whose number `expires`, in seconds since 1970, is past, and gives how many there were.
 * docs.aws.amazon.com/amazondynamodb/latest/developerguide/TTL.html
 * @param now milliseconds since 1970
 */
export async function deleteExpired(client: DynamoDBClient, TableName: string, now: number): Promise<number> {
  const over = {
    ExpressionAttributeNames: { '#expires': EXPIRES },
    ExpressionAttributeValues: {
      ':oldest': { N: String(Math.floor(now / 1000) - MOST_OVERDUE) },
      ':now': { N: String(Math.floor(now / 1000)) },
    },
  };
  const condition = '#expires < :now AND #expires >= :oldest';
  let deleted = 0;
  const pages = paginateScan(
    { client, pageSize: 500 },
    { TableName, ...over, FilterExpression: condition, ProjectionExpression: 'pk, sk' },
  );
  for await (const { Items = [] } of pages) {
    for (const { pk, sk } of Items) {
      if (!pk || !sk) continue;
      try {
        // On the condition that it is still over: it may have been given more time since it was read.
        await client.send(
          new DeleteItemCommand({ TableName, Key: { pk, sk }, ...over, ConditionExpression: condition }),
        );
        deleted += 1;
      } catch (error) {
        if (!(error instanceof ConditionalCheckFailedException)) throw error;
      }
    }
  }
  return deleted;
}

/** Deletes expired items for ever. */
async function expire(client: DynamoDBClient, table: string): Promise<never> {
  for (;;) {
    const start = performance.now();
    // The next time is soon enough for what fails.
    await deleteExpired(client, table, Date.now()).catch((error: unknown) => console.error(error));
    await wait(Math.max(EXPIRE_EVERY, (performance.now() - start) / EXPIRE_SHARE));
  }
}

/** What the variable DYNAMODB_KEY_PAIRS holds, as JSON. */
const KEY_PAIRS = z.array(z.object({ accessKeyId: z.string(), secretAccessKey: z.string() })).min(1);

/**
 * `node local-dynamodb.js DIRECTORY TABLE PORT`, with the key pairs of those who may use it in DYNAMODB_KEY_PAIRS: serves
 * the table until the parent process is gone, and tells it where. Port 0 takes any free one.
 */
async function main([path = '', name = '', port = '0']: string[]): Promise<void> {
  process.once('disconnect', () => process.exit());
  // Ctrl-C reaches all processes of a terminal; the parent decides when we end.
  for (const signal of ['SIGINT', 'SIGHUP'] as const) process.on(signal, () => {});
  const keyPairs = KEY_PAIRS.parse(JSON.parse(process.env.DYNAMODB_KEY_PAIRS ?? '[]'));
  const warning = await mend(path);
  if (warning !== undefined) process.send?.({ warning });
  const { endpoint } = await startDynamoDB({ path, keyPairs, port: Number(port) });
  const client = new DynamoDBClient({ endpoint, region: 'local', credentials: async () => ({ ...ownKeys(keyPairs) }) });
  await createTable(client, name);
  process.send?.({ endpoint });
  await expire(client, name);
}

function ownKeys([first]: readonly KeyPair[]): KeyPair {
  if (!first) throw new Error('DYNAMODB_KEY_PAIRS has none.');
  return first;
}

if (require.main === module) void main(process.argv.slice(2));
