import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { dynamodb } from '../../../lambda/test-packages';
import { Database } from '../../../tasks/lib/cloud/database';
import { until } from '../../until';

const KEYS = { accessKeyId: 'OWNERKEY', secretAccessKey: 'secret' };

/** The process whose command line names this directory. */
function processOn(directory: string): number | undefined {
  const pids = readdirSync('/proc').filter((name) => /^\d+$/.test(name));
  const found = pids.find((pid) => {
    try {
      return readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0').includes(directory);
    } catch {
      return false;
    }
  });
  return found === undefined ? undefined : Number(found);
}

describe('the process of the database', function () {
  this.timeout(120_000);
  it('is started again on the same port when it ends by itself, with what was in it, and says so', async () => {
    const directory = mkdtempSync(join(tmpdir(), 'kerberos-database-'));
    const said: string[] = [];
    const database = await Database.start({
      script: join(__dirname, '..', '..', '..', 'lambda', 'local-dynamodb.js'),
      directory,
      table: 'cloud',
      users: [KEYS],
      warn: (text) => said.push(text),
    });
    const client = new dynamodb.DynamoDBClient({ endpoint: database.endpoint, region: 'local', credentials: KEYS });
    try {
      const Key = { pk: { S: 'a' }, sk: { S: 'b' } };
      await client.send(new dynamodb.PutItemCommand({ TableName: 'cloud', Item: Key }));
      for (let turn = 1; turn <= 2; turn++) {
        const pid = processOn(directory);
        if (pid === undefined) throw new Error('There is no process on the directory.');
        process.kill(pid, 'SIGKILL');
        const isBack = async () => {
          const get = client.send(new dynamodb.GetItemCommand({ TableName: 'cloud', Key }));
          return processOn(directory) !== pid && (await get.catch(() => undefined))?.Item !== undefined;
        };
        await until(isBack, 'the database to be back', 40_000);
        // It may be ended while it starts, and then it says another thing.
        expect(said.length).to.be.at.least(turn);
      }
    } finally {
      client.destroy();
      await database.close();
      rmSync(directory, { recursive: true });
    }
    expect(processOn(directory), 'ended with its owner').to.equal(undefined);
  });
});
