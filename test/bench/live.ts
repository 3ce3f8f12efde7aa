/** What happens now: how long a picture takes from its writer's close() until the server has its last byte. */
import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { until } from '../until';
import { quantile } from './measured';
import { linkPictures, nameOf } from './pictures';
import { PEERS } from './programs';
import { limit, type Section } from './report';
import { arrivalsOf, fillLedger, Running, runningSync } from './running';
import type { Arrival, Sink } from './sink';
import { type Job, KEYS, watchAndSdk } from './ways';

/** Pictures a run, and the least time between two of them in ms. */
const PICTURES = 40;
const PAUSE = 25;
/** A peer that has not brought a picture after so many ms has missed it. */
const GIVEN_UP = 10_000;

/** Asks for the names every 1.5 s, and puts those that are new: what uploaders without a watch do. */
const POLL = `
const { readdirSync, readFileSync } = require('node:fs');
const { request } = require('node:http');
const { sign } = require('aws4');
const [endpoint, directory] = process.argv.slice(2);
const { host, hostname, port } = new URL(endpoint);
const known = new Set(readdirSync(directory));
const put = (name) => {
  const body = readFileSync(directory + '/' + name);
  const path = '/bench/camera/' + encodeURIComponent(name);
  const headers = { Host: host, 'Content-Length': body.length };
  const signed = sign({ method: 'PUT', service: 's3', region: 'eu-west-1', path, headers, body });
  request({ hostname, port, method: 'PUT', path, headers: signed.headers }, (answer) => answer.resume()).end(body);
};
setInterval(() => {
  for (const name of readdirSync(directory)) if (!known.has(name)) { known.add(name); put(name); }
}, 1500);
console.log('ready');
`;

/** `sizes`: of directories, in files. `job` lacks its directory. */
export async function live(
  sink: Sink,
  job: Job,
  bytes: Buffer,
  sizes: readonly number[],
  runs: number,
): Promise<Section> {
  const rows: string[][] = [];
  const goals = [];
  for (const size of sizes) {
    const directory = join(job.scratch, `live-${size}`);
    linkPictures(directory, size, bytes);
    const here = { ...job, directory };
    const state = join(job.scratch, 'live-state');
    await fillLedger(here, state);
    const peers = size <= 1_000 ? [watching(here), polling(here)] : [];
    const programs: [string, () => Running, number][] = [
      ['grunt sync', () => runningSync(here, state), PICTURES * runs],
      // These take seconds for each: a few tell as much.
      ...peers.map(({ name, start }): [string, () => Running, number] => [name, start, Math.min(PICTURES, 4 * runs)]),
    ];
    for (const [name, start, count] of programs) {
      const program = start();
      await isReady(program, directory, sink, bytes);
      const latencies = await latenciesOf(sink, directory, bytes, {
        count,
        isSlow: name !== 'grunt sync',
        label: `now${program.pid}`,
      });
      await program.stop();
      const [p50, p99, most] = [0.5, 0.99, 1].map((share) => quantile(latencies, share));
      rows.push([`${size.toLocaleString('en')} files: ${name}`, String(count), ...[p50, p99, most].map(milliseconds)]);
      if (name !== 'grunt sync') continue;
      const of = `Live, directory of ${size.toLocaleString('en')}`;
      goals.push(limit(`${of}: p50`, p50 ?? Number.NaN, { atMost: 5, unit: ' ms', digits: 1 }));
      goals.push(limit(`${of}: p99`, p99 ?? Number.NaN, { atMost: 30, unit: ' ms', digits: 1 }));
    }
    rmSync(directory, { recursive: true });
    rmSync(state, { recursive: true });
  }
  return {
    title: 'A picture of now',
    how:
      "From the writer's close() until the server has the whole body (±1 ms, the server's log), in a directory in which " +
      'all files are uploaded.',
    head: ['directory and program', 'pictures', 'p50 ms', 'p99 ms', 'longest ms'],
    rows,
    goals,
  };
}

function watching(job: Job): { name: string; start: () => Running } {
  return { name: 'grunt-contrib-watch with the AWS SDK', start: () => new Running(watchAndSdk(job)) };
}

function polling({ endpoint, directory }: Job): { name: string; start: () => Running } {
  const file = join(PEERS, 'poll.js');
  const start = () => {
    writeFileSync(file, POLL);
    return new Running({ program: process.execPath, args: [file, endpoint, directory], env: KEYS });
  };
  return { name: 'a poll every 1.5 s', start };
}

/** Resolves once a picture gets through; pictures of before it was ready may never do. */
async function isReady(program: Running, directory: string, sink: Sink, bytes: Buffer): Promise<void> {
  const written: string[] = [];
  await until(
    async () => {
      if (program.pid === 0) return false;
      const name = nameOf(written.length, `ready${program.pid}`);
      writeFileSync(join(directory, name), bytes);
      written.push(name);
      await wait(500);
      return sink.arrivals().some((arrival) => written.includes(arrival.name));
    },
    () => `the first picture arrives; it said:\n${program.output}`,
    120_000,
  );
  await wait(2_000);
  sink.arrivals();
}

async function latenciesOf(
  sink: Sink,
  directory: string,
  bytes: Buffer,
  { count, isSlow, label }: { count: number; isSlow: boolean; label: string },
): Promise<number[]> {
  const closed = new Map<string, number>();
  const arrivals: Arrival[] = [];
  const missed: string[] = [];
  for (let index = 0; index < count; index++) {
    const name = nameOf(index, label);
    writeFileSync(join(directory, name), bytes);
    closed.set(name, performance.timeOrigin + performance.now());
    if (isSlow)
      await arrivalsOf(sink, [name], GIVEN_UP).then(
        (found) => arrivals.push(...found),
        () => missed.push(name),
      );
    await wait(PAUSE + (index % 7) * 5);
  }
  if (!isSlow) arrivals.push(...(await arrivalsOf(sink, [...closed.keys()])));
  const latencies = arrivals.map(({ name, at }) => Math.max(0, at - (closed.get(name) ?? 0)));
  return [...latencies, ...missed.map(() => Number.POSITIVE_INFINITY)];
}

function milliseconds(value: number | undefined): string {
  return value === Number.POSITIVE_INFINITY ? `never in ${GIVEN_UP / 1000} s` : (value ?? Number.NaN).toFixed(1);
}
