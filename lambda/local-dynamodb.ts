/**
 * DynamoDB on one machine: dynalite, which keeps its tables in a directory or in memory. It would serve anyone who
 * reaches its port, so requests are checked first (local-dynamodb-signature.ts). `grunt cloud` runs this file as a
 * separate process, which also deletes expired items, as DynamoDB's time to live does and dynalite does not.
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

// The package has no types.
const dynalite: (options: { path?: string; createTableMs: number }) => Server = createRequire(__filename)('dynalite');

/** A running server. */
export interface LocalDynamoDB {
  endpoint: string;
  close: () => Promise<void>;
}

/** Options of a server. */
export interface LocalDynamoDBOptions {
  /** Directory of the tables; left out: in memory. */
  path?: string;
  /** Left out: any free port. */
  port?: number;
  /** The key pairs that may use the server. */
  keyPairs: readonly KeyPair[];
}

/**
 * Starts a server.
 *
 * @throws Error if the port is taken.
 */
export async function startDynamoDB({ path, port = 0, keyPairs }: LocalDynamoDBOptions): Promise<LocalDynamoDB> {
  const server = dynalite({ createTableMs: 0, ...(path === undefined ? {} : { path }) });
  // Longer than any client keeps an idle connection: a connection that closes just when it is used again fails a
  // request.
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

/** Largest request, in bytes, as in DynamoDB. */
const MOST_BYTES = 16 * 1024 ** 2;

/** Largest request, in bytes, whose sender is known only after its body was read: the AWS CLI sends such requests. */
const MOST_UNKNOWN_BYTES = 64 * 1024;

/** Most connections. */
const MOST_CONNECTIONS = 512;
/** Ms within which the headers of a request must arrive. */
const HEADERS_TIMEOUT = 10_000;
/** Ms within which a whole request must arrive. */
const REQUEST_TIMEOUT = 30_000;

/**
 * Guards dynalite, which accepts every signature and answers any website's page. Programs send no Origin, and use the
 * address and not a name that may have been made to lead here. A sender without a key pair, such as another user of the
 * machine, must not read who may log in.
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
      // A missing length is NaN, which is refused, too.
      const most = hash === undefined ? MOST_UNKNOWN_BYTES : MOST_BYTES;
      if (!(Number(headers['content-length']) <= most)) return refuse(request, response, 413, 'RequestTooLarge');
      // If the headers suffice, nothing of a stranger's body is read.
      const early = hash === undefined ? await buffer(request) : undefined;
      const isKnown = await isSigned({ method, url, headers, ...(early && { body: early }) }, keyPairs, Date.now());
      if (!isKnown) return refuse(request, response, 400, 'UnrecognizedClientException');
      const body = early ?? (await buffer(request));
      if (hash !== undefined && !isBody(body, hash)) {
        return refuse(request, response, 400, 'UnrecognizedClientException');
      }
      serve.call(server, Object.assign(Readable.from([body]), { method, url, headers }), response);
    } catch {
      // The client is gone.
      response.destroy();
    }
  });
}

function refuse(request: IncomingMessage, response: ServerResponse, status: number, name: string): void {
  const message = 'This DynamoDB is for the programs of its cloud alone.';
  // Do not wait for the rest of a large body.
  const isWhole = request.complete || Number(request.headers['content-length'] ?? 0) <= MOST_UNKNOWN_BYTES;
  if (isWhole) request.resume();
  response.writeHead(status, {
    'Content-Type': 'application/x-amz-json-1.0',
    ...(!isWhole && { Connection: 'close' }),
  });
  response.end(JSON.stringify({ __type: `com.amazon.coral.service#${name}`, message }));
}

/** Makes the table, unless it exists. Resolves when it can be used. */
export async function createTable(client: DynamoDBClient, name: string): Promise<void> {
  try {
    await client.send(new CreateTableCommand(tableDefinition(name)));
  } catch (error) {
    if (!(error instanceof ResourceInUseException)) throw error;
  }
  await waitUntilTableExists({ client, maxWaitTime: 10, minDelay: 0.02, maxDelay: 0.2 }, { TableName: name });
}

/** Seconds after its expiry for which an item is still deleted, as in DynamoDB: five years. */
const MOST_OVERDUE = 5 * 365 * 86_400;

/**
 * Ms between two searches for expired items, or longer if the searches would take more than `EXPIRE_SHARE` of the time.
 */
const EXPIRE_EVERY = 60_000;
const EXPIRE_SHARE = 0.02;

/**
 * Deletes items whose `expires` (seconds since 1970) has passed.
 * docs.aws.amazon.com/amazondynamodb/latest/developerguide/TTL.html
 *
 * @param now ms since 1970
 * @returns the number of items deleted.
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
        // Only if it is still expired: its time may have been extended since it was read.
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

/** Deletes expired items at intervals, for ever. */
async function expire(client: DynamoDBClient, table: string): Promise<never> {
  for (;;) {
    const start = performance.now();
    // What fails is tried again at the next interval.
    await deleteExpired(client, table, Date.now()).catch((error: unknown) => console.error(error));
    await wait(Math.max(EXPIRE_EVERY, (performance.now() - start) / EXPIRE_SHARE));
  }
}

/** The content of the variable DYNAMODB_KEY_PAIRS, as JSON. */
const KEY_PAIRS = z.array(z.object({ accessKeyId: z.string(), secretAccessKey: z.string() })).min(1);

/**
 * `node local-dynamodb.js DIRECTORY TABLE PORT`, with the accepted key pairs in DYNAMODB_KEY_PAIRS: serves the table
 * until the parent process is gone, and sends it the endpoint. Port 0 means any free port.
 */
async function main([path = '', name = '', port = '0']: string[]): Promise<void> {
  process.once('disconnect', () => process.exit());
  // Ctrl-C reaches all processes of a terminal; the parent decides when this one ends.
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
