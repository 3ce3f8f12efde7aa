/**
 * `npm run bench`: how fast `grunt sync` is beside the programs that do something like it, on this machine, in one run.
 * It installs what is missing (Debian, as root), and writes RESULTS.md and backlog.svg beside
 * this file, and the figures of the README.
 *
 *     npm run bench -- --runs=5 --only=backlog,live --sizes=10,1000,100000,1000000 --day-minutes=14.4
 *
 * `--only`: of backlog, live, idle, start, burst, day and cloud; then nothing is written. `--sizes`: of directories, for live
 * and start. `--files`: of the backlog. Some 12 minutes on two cores with 5 runs; nothing else should run meanwhile.
 */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { availableParallelism, cpus, release, tmpdir, totalmem } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { backlog } from './backlog';
import { live } from './live';
import { picture, writePictures } from './pictures';
import { installPeers, PEERS, versions } from './programs';
import { page, type Section, table } from './report';
import { Sink } from './sink';
import { burst, day, idle, start } from './steady';
import type { Job } from './ways';

/** Files of the small backlog, for programs that take long. */
const SMALL = 1_000;

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: {
      runs: { type: 'string', default: '5' },
      only: { type: 'string' },
      sizes: { type: 'string', default: '10,1000,100000' },
      files: { type: 'string', default: '10000' },
      'day-minutes': { type: 'string', default: '1.5' },
    },
  });
  const runs = Number(values.runs);
  const sizes = values.sizes.split(',').map(Number);
  const only = values.only?.split(',');
  installPeers(PEERS);
  const scratch = mkdtempSync(join(tmpdir(), 'kerberos-bench-'));
  const bytes = picture();
  const sink = await Sink.start(join(scratch, 'sink'), bytes);
  const job: Job = { directory: '', scratch, endpoint: sink.endpoint, certificate: sink.certificate, concurrency: 4 };
  const backlogs = () => {
    const large = { directory: join(scratch, 'large'), count: Number(values.files) };
    const small = { directory: join(scratch, 'small'), count: Math.min(SMALL, large.count) };
    for (const { directory, count } of [large, small]) writePictures(directory, count, bytes);
    return { large, small };
  };
  const parts: ReadonlyMap<string, () => Promise<Section[]>> = new Map([
    ['backlog', () => backlog(sink, backlogs(), scratch, runs)],
    ['live', async () => [await live(sink, job, bytes, sizes, runs)]],
    ['start', async () => [await start(sink, job, bytes, sizes, runs)]],
    ['burst', async () => [await burst(sink, job, bytes, 5_000)]],
    ['day', async () => [await day(sink, job, bytes, Number(values['day-minutes']))]],
    ['idle', async () => [await idle(job, bytes, 100_000)]],
    ['cloud', async () => [cloud()]],
  ]);
  const sections: Section[] = [];
  try {
    for (const [name, run] of parts) {
      if (only !== undefined && !only.includes(name)) continue;
      const begun = performance.now();
      const found = await run();
      for (const { title, head, rows } of found) console.log(`\n${title}\n${table(head, rows)}`);
      console.log(`(${name}: ${Math.round((performance.now() - begun) / 1000)} s)`);
      sections.push(...found);
    }
  } finally {
    sink.stop();
    rmSync(scratch, { recursive: true, force: true });
  }
  for (const { what, goal, measured, isMet } of sections.flatMap(({ goals }) => goals)) {
    console.log(`${isMet ? '✓' : '✗'} ${what}: ${measured} (goal ${goal})`);
  }
  if (only !== undefined) return;
  const command = `npm run bench -- --runs=${runs}`;
  writeFileSync(join(__dirname, 'RESULTS.md'), page(sections, machine(), command));
  const plotted = sections.find(({ title }) => title.includes('8 at a time'));
  if (plotted !== undefined) {
    const { plot } = await import('./plot.js');
    writeFileSync(join(__dirname, 'backlog.svg'), plot(plotted));
    writeHeadlines(sections);
  }
}

/** The README's first page: what the owner of a Pi cares about. */
const README = join(__dirname, '..', '..', 'README.md');
const HEADLINES: readonly (readonly [goal: RegExp, words: string])[] = [
  [/^Backlog .* 4 at a time: files\/s/, 'files a second over a backlog'],
  [/^Backlog .* 4 at a time: CPU/, 'CPU a file'],
  [
    /^Live, directory of 100,000: p50/,
    "a picture of now, from the camera's last byte to the bucket, among 100,000 files",
  ],
  [/^At rest: CPU/, 'CPU at rest'],
];

function writeHeadlines(sections: readonly Section[]): void {
  const goals = sections.flatMap(({ goals }) => goals);
  const lines = HEADLINES.flatMap(([goal, words]) => {
    const found = goals.find(({ what }) => goal.test(what));
    return found === undefined ? [] : [`- ${words}: ${found.measured}`];
  });
  const block = [
    '<!-- bench -->',
    ...lines,
    '',
    '![Files a second and CPU a file](test/bench/backlog.svg)',
    '<!-- /bench -->',
  ];
  const text = readFileSync(README, 'utf8');
  writeFileSync(
    README,
    text.replace(/<!-- bench -->[\s\S]*<!-- \/bench -->/, () => block.join('\n')),
  );
}

function machine(): string[] {
  const debian = /PRETTY_NAME="(.*)"/.exec(readFileSync('/etc/os-release', 'utf8'))?.[1] ?? 'Linux';
  const model = cpus()[0]?.model.trim() ?? 'CPU';
  return [
    `${availableParallelism()} cores, ${model}, ${Math.round(totalmem() / 2 ** 30)} GB of memory`,
    `${debian}, Linux ${release().split('-')[0]}`,
    Object.entries(versions())
      .map(([name, version]) => `${name} ${version}`)
      .join(', '),
    `${new Date().toISOString().slice(0, 10)}`,
  ];
}

/** What runs in the cloud, by its own benchmarks. */
function cloud(): Section {
  const rows: string[][] = [];
  for (const [name, ...args] of [['lambda.js', '60'], ['gallery.js']]) {
    const { stdout, stderr, status } = spawnSync(process.execPath, [join(__dirname, name ?? ''), ...args], {
      encoding: 'utf8',
    });
    if (status !== 0) throw new Error(`${name}: ${stderr}`);
    for (const line of stdout.trim().split('\n')) rows.push([line.trim()]);
  }
  return {
    title: 'What runs in the cloud',
    how: 'The lines of `test/bench/lambda.js` (ingest) and `test/bench/gallery.js` (the application).',
    head: ['what was measured'],
    rows,
    goals: [],
  };
}

main().catch((error) => {
  console.error(error);
  process.exitCode = 1;
});
