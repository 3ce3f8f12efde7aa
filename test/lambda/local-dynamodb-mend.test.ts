import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { createTable, startDynamoDB } from '../../lambda/local-dynamodb';
import { mend } from '../../lambda/local-dynamodb-mend';
import { dynamodb } from '../../lambda/test-packages';

const KEYS = { accessKeyId: 'x', secretAccessKey: 'x' };
const COUNT = 400;

describe('the local DynamoDB on damaged files', function () {
  this.timeout(120_000);
  let directory: string;
  let whole: string;
  const with_ = async <T>(path: string, work: (client: InstanceType<typeof dynamodb.DynamoDBClient>) => Promise<T>) => {
    const { endpoint, close } = await startDynamoDB({ path, keyPairs: [KEYS] });
    const client = new dynamodb.DynamoDBClient({ endpoint, region: 'local', credentials: KEYS });
    try {
      await createTable(client, 'cloud');
      return await work(client);
    } finally {
      client.destroy();
      await close();
    }
  };

  before(async () => {
    directory = mkdtempSync(join(tmpdir(), 'kerberos-mend-'));
    whole = join(directory, 'whole');
    for (const round of [0, 1]) {
      // Closed in between, so that there are tables and not a log alone.
      await with_(whole, async (client) => {
        for (let i = 0; i < COUNT / 2; i += 20) {
          const Requests = Array.from({ length: 20 }, (_, n) => ({
            PutRequest: { Item: { pk: { S: `p${round}` }, sk: { S: `${i + n}` }, text: { S: 'x'.repeat(500) } } },
          }));
          await client.send(new dynamodb.BatchWriteItemCommand({ RequestItems: { cloud: Requests } }));
        }
      });
    }
  });
  after(() => rmSync(directory, { recursive: true, force: true }));

  it('leaves a sound one alone', async () => {
    expect(await mend(whole)).to.equal(undefined);
    expect(await mend(join(directory, 'nowhere'))).to.equal(undefined);
    expect(readdirSync(directory)).to.deep.equal(['whole']);
  });

  const damages: Record<string, (file: string) => void> = {
    emptied: (file) => truncateSync(file),
    'cut in half': (file) => truncateSync(file, Math.floor(statSync(file).size / 2)),
    gone: (file) => rmSync(file),
    'with a byte changed': (file) => {
      const bytes = readFileSync(file);
      const at = Math.floor(bytes.length / 2);
      bytes[at] = ~(bytes[at] ?? 0);
      writeFileSync(file, bytes);
    },
  };
  for (const [what, damage] of Object.entries(damages)) {
    it(`starts with any one file ${what}, and serves what can still be read`, async () => {
      for (const name of readdirSync(whole).filter((file) => !/^LO/.test(file))) {
        const path = join(directory, `${name} ${what}`);
        cpSync(whole, path, { recursive: true });
        damage(join(path, name));
        const said = await mend(path);
        const found = await with_(path, async (client) => {
          const { Count } = await client.send(new dynamodb.ScanCommand({ TableName: 'cloud' }));
          await client.send(
            new dynamodb.PutItemCommand({ TableName: 'cloud', Item: { pk: { S: 'new' }, sk: { S: 'new' } } }),
          );
          return Count ?? 0;
        });
        // What tells the other files apart can be made again from them.
        if (/^CURRENT|^MANIFEST/.test(name)) expect(found, `${name} ${what}: ${said}`).to.equal(COUNT);
        expect(await mend(path), 'mended once').to.equal(undefined);
      }
    });
  }
});
