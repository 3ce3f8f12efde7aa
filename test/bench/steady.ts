/** What `grunt sync` costs beside its uploads: at rest, at its start, in a burst, and over a long day. */
import { execFileSync } from 'node:child_process';
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { ROOT } from '../kerberos';
import { exactCpuOf, measure, median, quantile, rssOf } from './measured';
import { linkPictures, nameOf } from './pictures';
import { PEERS } from './programs';
import { type Goal, limit, type Section } from './report';
import { arrivalsOf, fillLedger, Running, runningSync } from './running';
import type { Sink } from './sink';
import { type Job, syncArguments, syncEnvironment, watchAndSdk } from './ways';

/** How long (ms) it may take until all is as it stays: the second scan of a directory comes within 30 s. */
const SETTLED = 45_000;
const MINUTE = 60_000;

/** `size` files, all uploaded; grunt-contrib-watch gets 1,000, because it does not manage more. */
export async function idle(job: Job, bytes: Buffer, size: number): Promise<Section> {
  const [directory, state] = [join(job.scratch, 'idle'), join(job.scratch, 'idle-state')];
  const [few, watched] = [1_000, join(job.scratch, 'idle-few')];
  linkPictures(directory, size, bytes);
  linkPictures(watched, few, bytes);
  const here = { ...job, directory };
  await fillLedger(here, state);
  const monitor = monitored(here, state);
  const peer = new Running(watchAndSdk({ ...job, directory: watched }));
  await wait(SETTLED);
  const grunt = childOf(monitor.pid);
  const processes = [
    { name: `grunt sync, ${size.toLocaleString('en')} files`, pid: grunt },
    { name: "forever's monitor", pid: monitor.pid },
    { name: `grunt-contrib-watch, ${few.toLocaleString('en')} files`, pid: peer.pid },
  ];
  const before = processes.map(({ pid }) => exactCpuOf(pid));
  await wait(MINUTE);
  const used = processes.map(({ pid }, at) => ((exactCpuOf(pid) - (before[at] ?? 0)) / (MINUTE / 1000)) * 100);
  const resident = processes.map(({ pid }) => rssOf(pid));
  await Promise.all([monitor.stop(), peer.stop()]);
  for (const each of [directory, watched, state]) rmSync(each, { recursive: true, force: true });
  const both = (resident[0] ?? 0) + (resident[1] ?? 0);
  return {
    title: 'At rest',
    how: 'CPU over 60 s in which nothing happens, all files being uploaded, and what is resident then.',
    head: ['process', '% of a core', 'RSS MB'],
    rows: processes.map(({ name }, at) => [name, (used[at] ?? 0).toFixed(3), (resident[at] ?? 0).toFixed(0)]),
    goals: [
      limit('At rest: CPU', used[0] ?? Number.NaN, { atMost: 0.05, unit: ' % of a core', digits: 3 }),
      limit("At rest: RSS with forever's monitor", both, { atMost: 130, unit: ' MB', digits: 0 }),
    ],
  };
}

/** `grunt sync` under forever, as its service has it. */
function monitored(job: Job, state: string): Running {
  const grunt = [join(ROOT, 'node_modules/grunt/bin/grunt'), ...syncArguments, '--force'];
  const forever = join(ROOT, 'node_modules/forever/bin/forever');
  const root = join(job.scratch, 'forever');
  mkdirSync(root, { recursive: true });
  const args = ['--no-warnings', forever, '-p', root, '-l', join(root, 'log'), '--minUptime', '60000', ...grunt];
  return new Running({ program: process.execPath, args, env: syncEnvironment(job, state) });
}

function childOf(pid: number): number {
  const [child] = execFileSync('pgrep', ['-P', String(pid)], { encoding: 'utf8' })
    .trim()
    .split('\n')
    .map(Number);
  if (child === undefined || child === 0) throw new Error('forever has started nothing.');
  return child;
}

/** From the start of the process until a picture of now arrives; `sizes`: of directories, all uploaded. */
export async function start(
  sink: Sink,
  job: Job,
  bytes: Buffer,
  sizes: readonly number[],
  runs: number,
): Promise<Section> {
  const rows: string[][] = [];
  const goals: Goal[] = [];
  for (const size of sizes) {
    const [directory, state] = [join(job.scratch, 'start'), join(job.scratch, 'start-state')];
    linkPictures(directory, size, bytes);
    const here = { ...job, directory };
    await fillLedger(here, state);
    const own: number[] = [];
    const live: number[] = [];
    const resident: number[] = [];
    for (let run = 0; run < runs; run++) {
      own.push(measure(bareGrunt()).wall * 1000);
      const { first, rss } = await firstPicture(sink, here, state, bytes);
      live.push(first);
      resident.push(rss);
    }
    const over = median(live) - median(own);
    const label = `${size.toLocaleString('en')} files`;
    rows.push([label, median(own).toFixed(0), median(live).toFixed(0), over.toFixed(0), median(resident).toFixed(0)]);
    goals.push(limit(`Start, ${label}: live after Grunt's own start`, over, { atMost: 500, unit: ' ms', digits: 0 }));
    for (const each of [directory, state]) rmSync(each, { recursive: true, force: true });
  }
  return {
    title: 'From the start until live',
    how:
      'Grunt\'s own start is that of `grunt --version`. "Live" is when the first of the pictures that are written every ' +
      '20 ms from the start on has arrived. All files are in the ledger; memory is what is resident 5 s later.',
    head: ['directory', "Grunt's own start, ms", 'live, ms', 'difference, ms', 'RSS MB'],
    rows,
    goals,
  };
}

function bareGrunt() {
  const gruntfile = join(PEERS, 'empty.Gruntfile.js');
  writeFileSync(gruntfile, "module.exports = (grunt) => grunt.registerTask('default', () => {});\n");
  const grunt = join(PEERS, 'node_modules/grunt/bin/grunt');
  return { program: process.execPath, args: [grunt, '--gruntfile', gruntfile] };
}

async function firstPicture(
  sink: Sink,
  job: Job,
  state: string,
  bytes: Buffer,
): Promise<{ first: number; rss: number }> {
  sink.arrivals();
  const program = runningSync(job, state);
  const written: string[] = [];
  let first: number | undefined;
  for (let index = 0; first === undefined; index++) {
    const name = nameOf(index, `live${program.pid}`);
    writeFileSync(join(job.directory, name), bytes);
    written.push(name);
    await wait(20);
    first = sink.arrivals().find((arrival) => written.includes(arrival.name))?.at;
    if (index > 3_000) throw new Error(`No picture arrives:\n${program.output}`);
  }
  await wait(5_000);
  const rss = rssOf(program.pid);
  await program.stop();
  for (const name of written) rmSync(join(job.directory, name));
  return { first: first - program.begunAt, rss };
}

/** So many files as fast as they can be written, and pictures of which the latency is looked at in between. */
export async function burst(sink: Sink, job: Job, bytes: Buffer, count: number): Promise<Section> {
  const [directory, state] = [join(job.scratch, 'burst'), join(job.scratch, 'burst-state')];
  mkdirSync(directory, { recursive: true });
  const program = runningSync({ ...job, directory }, state);
  await arrivalsOfFirst(sink, directory, bytes, program);
  const names: string[] = [];
  const probes = new Map<string, number>();
  const begun = Date.now();
  for (let index = 0; index < count; index++) {
    const name = nameOf(index, 'burst');
    writeFileSync(join(directory, name), bytes);
    names.push(name);
    if (index % 100 !== 99) continue;
    const probe = nameOf(index, 'probe');
    writeFileSync(join(directory, probe), bytes);
    probes.set(probe, performance.timeOrigin + performance.now());
    await wait(1);
  }
  const written = Date.now() - begun;
  const arrivals = await arrivalsOf(sink, [...names, ...probes.keys()], 120_000);
  const latencies = arrivals.flatMap(({ name, at }) => {
    const closed = probes.get(name);
    return closed === undefined ? [] : [Math.max(0, at - closed)];
  });
  const took = Math.max(...arrivals.map(({ at }) => at)) - begun;
  const peak = rssOf(program.pid, 'VmHWM');
  await program.stop();
  for (const each of [directory, state]) rmSync(each, { recursive: true, force: true });
  const p99 = quantile(latencies, 0.99);
  return {
    title: `A burst of ${count.toLocaleString('en')} pictures`,
    how: `Written as fast as the disk takes them (in ${written} ms); each hundredth is followed by one whose latency is looked at. The latest goes first, so each is overtaken by all that come after it.`,
    head: ['', 'arrived', 'lost', 'all there after, ms', 'p50 ms', 'p99 ms', 'peak RSS MB'],
    rows: [
      [
        'grunt sync',
        String(arrivals.length),
        String(names.length + probes.size - arrivals.length),
        String(took),
        quantile(latencies, 0.5).toFixed(0),
        p99.toFixed(0),
        peak.toFixed(0),
      ],
    ],
    goals: [limit('Burst: p99 of pictures of now', p99, { atMost: 250, unit: ' ms', digits: 0 })],
  };
}

async function arrivalsOfFirst(sink: Sink, directory: string, bytes: Buffer, program: Running): Promise<void> {
  const name = nameOf(0, 'first');
  writeFileSync(join(directory, name), bytes);
  await arrivalsOf(sink, [name]).catch((error) => {
    throw new Error(`${error}\n${program.output}`);
  });
}

/** A camera that takes a picture every 20 s for a day, in `minutes`; the clean-up of the disk keeps the last 500. */
export async function day(sink: Sink, job: Job, bytes: Buffer, minutes: number): Promise<Section> {
  const [directory, state] = [join(job.scratch, 'day'), join(job.scratch, 'day-state')];
  mkdirSync(directory, { recursive: true });
  const program = runningSync({ ...job, directory }, state);
  await arrivalsOfFirst(sink, directory, bytes, program);
  const pictures = (24 * 3600) / 20;
  const kept: string[] = [];
  const resident: number[] = [];
  let arrived = 0;
  const begun = performance.now();
  for (let index = 0; index < pictures; index++) {
    await wait(Math.max(0, begun + (index / pictures) * minutes * MINUTE - performance.now()));
    const name = nameOf(index, 'day');
    writeFileSync(join(directory, name), bytes);
    kept.push(name);
    if (kept.length > 500) rmSync(join(directory, kept.shift() ?? ''));
    arrived += sink.arrivals().length;
    if (index % (pictures / 24) === pictures / 24 - 1) resident.push(rssOf(program.pid));
  }
  await wait(3_000);
  arrived += sink.arrivals().length;
  await program.stop();
  for (const each of [directory, state]) rmSync(each, { recursive: true, force: true });
  const [first = Number.NaN] = resident;
  const last = median(resident.slice(-3));
  return {
    title: 'A day',
    how: `${pictures.toLocaleString('en')} pictures of a camera's busy day in ${minutes} minutes, the clean-up of the disk deleting all but 500.`,
    head: ['', 'arrived', 'RSS MB after the first hour', 'at the end', 'most'],
    rows: [['grunt sync', String(arrived), first.toFixed(1), last.toFixed(1), Math.max(...resident).toFixed(1)]],
    goals: [limit("Day: RSS at its end to the first hour's", last / first, { atMost: 1.05 })],
  };
}
