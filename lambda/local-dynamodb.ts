/**
 * DynamoDB on one machine: dynalite, which keeps its tables in a directory or in memory. It serves whoever reaches its
 * port, so it listens on the loopback only. `grunt cloud` runs this file as a process of its own.
 */
import type { Server } from 'node:http';
import { createRequire } from 'node:module';
import { CreateTableCommand, DynamoDBClient, ResourceInUseException } from '@aws-sdk/client-dynamodb';
import { tableDefinition } from './lib/keys';

// The package brings no types.
const dynalite: (options: { path?: string; createTableMs: number }) => Server = createRequire(__filename)('dynalite');

export interface LocalDynamoDB {
  endpoint: string;
  close: () => Promise<void>;
}

/** Starts a server; tables are kept in `path`, or in memory. Port 0 is any free one. */
export async function startDynamoDB({ path, port = 0 }: { path?: string; port?: number }): Promise<LocalDynamoDB> {
  const server = dynalite({ createTableMs: 0, ...(path === undefined ? {} : { path }) });
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

/** Makes the table, unless it is there. */
export async function createTable(client: DynamoDBClient, name: string): Promise<void> {
  try {
    await client.send(new CreateTableCommand(tableDefinition(name)));
  } catch (error) {
    if (!(error instanceof ResourceInUseException)) throw error;
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
  client.destroy();
  process.send?.({ endpoint });
}

if (require.main === module) void main(process.argv.slice(2));
