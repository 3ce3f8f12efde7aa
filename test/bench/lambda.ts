/**
 * `npm run bench:lambda`: what the Lambda takes, as it is deployed (the bundle), in processes of its own, on the embedded S3
 * and DynamoDB. Prints numbers, judges nothing: they are of this machine, and of what else runs on it; where much does,
 * the CPU time says more than the clock.
 *
 *     cold        from the start of the process to the first answer, of an event with nothing to do
 *     warm        one 1280 x 720 picture: all of it, and what remains without the waiting for S3 and DynamoDB
 *     resident    the greatest resident memory after 100, 500 and 1,000 pictures
 */
import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { bundle } from '../../lambda/build';
import { sharp } from '../../lambda/test-packages';
import { type S3Record, TestCloud } from '../lambda/cloud';
import * as corpus from '../lambda/media/corpus';

const DIRECTORY = join(__dirname, '..', '..', 'lambda', 'dist', 'bench');
const HOST = join(__dirname, '..', '..', 'tasks', 'lib', 'cloud', 'lambda', 'process-main.js');
const PICTURES = Number(process.argv[2] ?? 1000);

class Process {
  readonly #child: ChildProcess;

  constructor(cloud: TestCloud, faces: string) {
    this.#child = fork(HOST, [join(DIRECTORY, 'ingest.js')], {
      env: {
        PATH: process.env.PATH,
        ...cloud.environment(),
        FACES: faces,
        POWERTOOLS_METRICS_DISABLED: 'true',
        POWERTOOLS_LOG_LEVEL: 'SILENT',
        NODE_NO_WARNINGS: '1',
      },
      execArgv: [],
    });
  }

  async invoke(event: object): Promise<void> {
    this.#child.send({ id: 'x', event, deadline: Date.now() + 60_000 });
    const [answer] = await once(this.#child, 'message');
    if (answer.error) throw new Error(answer.error);
  }

  /** In megabytes, the most so far. */
  resident(): number {
    const status = readFileSync(`/proc/${this.#child.pid}/status`, 'utf8');
    return Math.round(Number(/VmHWM:\s+(\d+)/.exec(status)?.[1]) / 1024);
  }

  /** CPU seconds so far, of the process and its threads. */
  cpu(): number {
    const fields = readFileSync(`/proc/${this.#child.pid}/stat`, 'utf8').split(') ')[1]?.split(' ') ?? [];
    return (Number(fields[11]) + Number(fields[12])) / 100;
  }

  async end(): Promise<void> {
    this.#child.disconnect();
    await once(this.#child, 'exit');
  }
}

async function milliseconds(work: () => Promise<void>): Promise<number> {
  const started = process.hrtime.bigint();
  await work();
  return Number(process.hrtime.bigint() - started) / 1e6;
}

function median(values: number[]): number {
  return [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)] ?? Number.NaN;
}

async function bench(cloud: TestCloud, faces: string, pictures: number, picture: Buffer): Promise<void> {
  const cold: number[] = [];
  const coldCpu: number[] = [];
  for (let i = 0; i < 5; i++) {
    const fresh: Process[] = [];
    cold.push(
      await milliseconds(async () => {
        fresh.push(new Process(cloud, faces));
        await fresh[0]?.invoke({ Event: 's3:TestEvent' });
      }),
    );
    for (const one of fresh) {
      coldCpu.push(one.cpu() * 1000);
      await one.end();
    }
  }
  const lambda = new Process(cloud, faces);
  const records: S3Record[] = [];
  for (let i = 0; i < pictures; i++) {
    records.push(await cloud.upload(`jane/${1_700_000_000 + i}_6-000000_${faces}_1-1-2-2_1_1.jpg`, picture));
  }
  const warm: number[] = [];
  const resident: string[] = [];
  let cpu = 0;
  for (const [i, record] of records.entries()) {
    if (i === 10) cpu = lambda.cpu();
    warm.push(await milliseconds(() => lambda.invoke({ Records: [record] })));
    if ([100, 500, pictures].includes(i + 1)) resident.push(`${lambda.resident()} MB after ${i + 1}`);
  }
  cpu = ((lambda.cpu() - cpu) * 1000) / (pictures - 10);
  await lambda.end();
  console.log(`FACES=${faces}`);
  console.log(`  cold      ${Math.round(median(cold))} ms, of which CPU ${Math.round(median(coldCpu))} ms`);
  console.log(`  warm      ${Math.round(median(warm.slice(10)))} ms, of which CPU ${Math.round(cpu)} ms (mean)`);
  console.log(`  resident  ${resident.join(', ')}`);
}

async function main(): Promise<void> {
  mkdirSync(DIRECTORY, { recursive: true });
  await bundle('ingest', DIRECTORY);
  const cloud = await TestCloud.start();
  try {
    await bench(cloud, 'off', PICTURES, await corpus.jpeg(1280, 720));
    const astronaut = readFileSync(join(__dirname, '..', 'fixtures', 'astronaut.jpg'));
    const scene = await sharp(astronaut).extend({ right: 768, bottom: 208 }).jpeg().toBuffer();
    await bench(cloud, 'embedded', Math.ceil(PICTURES / 5), scene);
  } finally {
    await cloud.stop();
    rmSync(DIRECTORY, { recursive: true });
  }
}

void main();
