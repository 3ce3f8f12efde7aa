/**
 * DynamoDB on one machine: dynalite, which keeps its tables in a directory or in memory. It serves whoever reaches its
 * port, so it listens on the loopback only. `grunt cloud` runs this file as a process of its own, which also does what
 * DynamoDB's time to live does and dynalite does not: it deletes items whose time is over.
 */
import type { Server } from 'node:http';
import { createRequire } from 'node:module';
import { setTimeout as wait } from 'node:timers/promises';
import {
  ConditionalCheckFailedException,
  CreateTableCommand,
  DeleteItemCommand,
  DynamoDBClient,
  paginateScan,
  ResourceInUseException,
} from '@aws-sdk/client-dynamodb';
import { EXPIRES, tableDefinition } from './lib/keys';

// The package brings no types.
const dynalite: (options: { path?: string; createTableMs: number }) => Server = createRequire(__filename)('dynalite');

export interface LocalDynamoDB {
  endpoint: string;
  close: () => Promise<void>;
}

/** Starts a server; tables are kept in `path`, or in memory. Port 0 is any free one. */
export async function startDynamoDB({ path, port = 0 }: { path?: string; port?: number }): Promise<LocalDynamoDB> {
  const server = dynalite({ createTableMs: 0, ...(path === undefined ? {} : { path }) });
  refuseBrowsers(server);
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

/**
 * dynalite believes every signature and lets every page of every site ask it. Programs send no Origin, and call it by its
 * address, not by a name that somebody has made lead here.
 */
function refuseBrowsers(server: Server): void {
  const [serve] = server.listeners('request');
  if (!serve) throw new Error('dynalite answers no requests.');
  server.removeAllListeners('request');
  server.on('request', (request, response) => {
    const isLocal = /^127\.0\.0\.1(:\d+)?$/.test(request.headers.host ?? '');
    if (isLocal && request.headers.origin === undefined) serve.call(server, request, response);
    else response.writeHead(403).end();
  });
}

/** Makes the table, unless it is there. */
export async function createTable(client: DynamoDBClient, name: string): Promise<void> {
  try {
    await client.send(new CreateTableCommand(tableDefinition(name)));
  } catch (error) {
    if (!(error instanceof ResourceInUseException)) throw error;
  }
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

/** `node local-dynamodb.js DIRECTORY TABLE`: serves the table until the parent process is gone, and tells it where. */
async function main([path = '', name = '']: string[]): Promise<void> {
  process.once('disconnect', () => process.exit());
  // Ctrl-C reaches all processes of a terminal; the parent decides when we end.
  process.on('SIGINT', () => {});
  const { endpoint } = await startDynamoDB({ path });
  const client = new DynamoDBClient({
    endpoint,
    region: 'local',
    credentials: { accessKeyId: 'x', secretAccessKey: 'x' },
  });
  await createTable(client, name);
  process.send?.({ endpoint });
  await expire(client, name);
}

if (require.main === module) void main(process.argv.slice(2));
