/**
 * What one upload costs the Pi's CPU: `Bucket.put` beside the same PUT through the SDK's client, to a server that answers at
 * once. `npm run build && node test/bench/put.js`. Both run in turn in one process; the ratio is what counts.
 */
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { Worker } from 'node:worker_threads';
import { PutObjectCommand, S3Client } from '@aws-sdk/client-s3';
import { Bucket } from '../../tasks/lib/bucket/bucket';

const SIZE = 50_000;
const PUTS = 2_000;
const AT_ONCE = 8;
const ROUNDS = 3;

async function main(): Promise<void> {
  const bytes = Buffer.alloc(SIZE, 7);
  const server = new Worker(
    `const { createServer } = require('node:http');
     const { parentPort, workerData } = require('node:worker_threads');
     createServer((message, response) => message.resume().on('end', () => response.writeHead(200, { etag: workerData }).end()))
       .listen(0, '127.0.0.1', function () { parentPort.postMessage(this.address().port); });`,
    { eval: true, workerData: `"${createHash('md5').update(bytes).digest('hex')}"` },
  );
  const [port] = await once(server, 'message');
  const endpoint = `http://127.0.0.1:${port}`;
  const credentials = { accessKeyId: 'KEY', secretAccessKey: 'secret' };
  const bucket = await Bucket.open({ endpoint, bucket: 'b', folder: '', region: 'eu-west-1', credentials });
  const client = new S3Client({ endpoint, region: 'eu-west-1', credentials, forcePathStyle: true });
  const content = { size: SIZE, read: () => Promise.resolve(bytes) };

  const ways: [string, (key: string) => Promise<unknown>][] = [
    ['Bucket.put', (key) => bucket.put(key, content, { contentType: 'image/jpeg', metadata: {} })],
    [
      'SDK client',
      (key) => client.send(new PutObjectCommand({ Bucket: 'b', Key: key, Body: bytes, ContentType: 'image/jpeg' })),
    ],
  ];
  for (const [, put] of ways) await run(put, 200);
  for (let round = 0; round < ROUNDS; round++) {
    for (const [name, put] of ways) {
      const { cpu, wall } = await run(put, PUTS);
      console.log(`${name}  ${cpu.toFixed(2)} ms of CPU a put, ${Math.round(PUTS / wall)} puts a second`);
    }
  }
  bucket.close();
  client.destroy();
  await server.terminate();
}

/** CPU of this thread's process in ms a put (the server's thread included, alike for both), wall time in s. */
async function run(put: (key: string) => Promise<unknown>, puts: number): Promise<{ cpu: number; wall: number }> {
  const cpu = process.cpuUsage();
  const begun = performance.now();
  let next = 0;
  const worker = async () => {
    while (next < puts) await put(`folder/${next++}.jpg`);
  };
  await Promise.all(Array.from({ length: AT_ONCE }, worker));
  const { user, system } = process.cpuUsage(cpu);
  return { cpu: (user + system) / 1000 / puts, wall: (performance.now() - begun) / 1000 };
}

main().catch((error) => {
  console.error(error);
  process.exitCode = 1;
});
