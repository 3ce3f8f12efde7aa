/**
 * `npm run torture`: real `grunt sync` processes under one fault after the other, then under two at once, for as long as
 * they are told to. The promise that is held against them: every complete file is in the bucket as it was, once, and
 * nothing else is.
 *
 *     npm run torture -- --minutes=60 --seed=7 --only="kill -9,black hole"
 *
 * `--short` is two minutes with fixed seeds, for every run of the tests: a sample of the faults, and of the cloud's rows all
 * but the door, which `npm run attack -- --short` tries there. Ends with a table; with 1 where anything was lost, sent twice,
 * torn, or not as it must be at every moment, and then with the seed and the story of what was.
 */
import { setTimeout as wait } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { cloudRows } from './cloud-faults';
import { diskFaults } from './disk-faults';
import { doorRow } from './door';
import type { Fault } from './fault';
import { lineFaults } from './line-faults';
import { nameFaults } from './name-faults';
import { piFaults } from './pi-faults';
import { processRow } from './process-faults';
import { Random } from './random';
import { printTable, type Row, rowOf } from './table';
import { type Findings, World } from './world';

/** How many rounds run side by side: they wait more than they work. */
const SIDE_BY_SIDE = 4;
/** Pictures that the camera writes before, and while, a fault strikes. */
const PICTURES = 40;
/** How long (ms) a process may take to begin. */
const START_UP = 60_000;
/** How long (ms) everything may take to get through once the trouble is over. */
const PATIENCE = 120_000;

/** The short form: how long the rounds of the Pi and of the line take, and the seed. */
const SHORT = { minutes: 1, seed: 20_150_422 };

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: {
      minutes: { type: 'string' },
      seed: { type: 'string' },
      only: { type: 'string' },
      short: { type: 'boolean', default: false },
    },
  });
  const minutes = values.short ? SHORT.minutes : Number(values.minutes ?? 2);
  const seed = values.short ? SHORT.seed : Number(values.seed ?? Math.floor(Math.random() * 1e9));
  const only = values.only?.split(',').map((name) => name.trim());
  const isMeant = ({ name }: { name: string }) => only === undefined || only.some((part) => name.includes(part));
  console.log(`Seed ${seed}, ${minutes} minutes.`);

  const end = performance.now() + minutes * 60_000;
  const random = new Random(seed);
  const faults = random.shuffled([...piFaults, ...diskFaults, ...lineFaults, ...nameFaults]).filter(isMeant);
  const rows = new Map<string, Row>();
  const stories: string[] = [];

  const queue: { faults: readonly Fault[]; seed: number }[] = faults.map((fault) => ({
    faults: [fault],
    seed: random.between(0, 0xffff_ffff),
  }));
  const next = () => {
    const planned = queue.shift();
    if (planned) return planned;
    // Each had its turn alone; from now on two at once.
    const [a, b] = random.shuffled(faults);
    return a && b && { faults: [a, b], seed: random.between(0, 0xffff_ffff) };
  };
  const work = async () => {
    while (performance.now() < end) {
      const round = next();
      if (!round) return;
      const missing = round.faults.map(({ missing }) => missing?.()).find((why) => why !== undefined);
      const name = round.faults.map((fault) => fault.name).join(' + ');
      const row = round.faults.length === 1 ? name : 'two at once';
      if (missing !== undefined) {
        if (round.faults.length === 1) rows.set(name, { ...rowOf(name), leftOut: missing });
        continue;
      }
      const { struck, findings } = await play(round.faults, new Random(round.seed));
      rows.set(row, rowOf(row, rows.get(row), struck, findings));
      console.log(sentenceOf(name, findings));
      if (findings.story !== '') stories.push(`--- ${name}, round ${round.seed} of seed ${seed}\n${findings.story}`);
    }
  };
  await Promise.all(Array.from({ length: SIDE_BY_SIDE }, work));
  for (const { name } of faults) if (!rows.has(name)) rows.set(name, { ...rowOf(name), leftOut: 'no time' });
  console.log('The cloud.');
  for (const row of await cloudRows(random, minutes, isMeant)) rows.set(row.name, row);
  const processes = 'processes of the cloud killed at any moment';
  if (isMeant({ name: processes })) rows.set(processes, await processRow(processes, random.fork()));
  const door = 'the door: two accounts and a stolen device key';
  if (isMeant({ name: door }) && !values.short) rows.set(door, await doorRow(door, random.fork(), minutes));

  for (const story of stories) console.log(story);
  printTable([...rows.values()]);
  process.exitCode = [...rows.values()].some((row) => row.lost + row.twice + row.torn + row.broken > 0) ? 1 : 0;
}

function sentenceOf(name: string, { written, lost, twice, torn, broken, secondsUntilWhole }: Findings): string {
  const wrong = [
    ...(lost.length > 0 ? [`${lost.length} lost`] : []),
    ...(twice.length > 0 ? [`${twice.length} twice`] : []),
    ...(torn.length > 0 ? [`${torn.length} torn`] : []),
    ...broken,
  ];
  const how = wrong.length > 0 ? wrong.join(', ') : `whole after ${secondsUntilWhole?.toFixed(1)} s`;
  return `${wrong.length > 0 ? '✗' : '✔'} ${name}: ${written} pictures, ${how}`;
}

/** One round: trouble while the camera writes, then everything is mended, then all must get through. */
async function play(faults: readonly Fault[], random: Random): Promise<{ struck: number; findings: Findings }> {
  const world = await World.make(random);
  try {
    for (const { prepare } of faults) await prepare?.(world);
    for (let i = 0; i < PICTURES / 4; i++) await world.see();
    // Trouble before it is at work would be no trouble.
    await world
      .start()
      .says(/Uploading/, START_UP)
      .catch(() => {});
    await wait(random.between(0, 300));
    let isOver = false;
    const camera = async () => {
      for (let i = 0; i < PICTURES && !isOver; i++) {
        await world.see();
        await wait(random.between(20, 150));
      }
    };
    const filming = camera();
    const strikes = await Promise.all(faults.map(({ strike }) => strike(world)));
    isOver = true;
    await filming;
    for (const { mend } of faults) await mend?.(world);
    await world.see();
    const patience = Math.max(...faults.map((fault) => fault.patience ?? PATIENCE));
    const findings = await world.findings(patience);
    return { struck: strikes.reduce((sum, one) => sum + one, 0), findings };
  } finally {
    await world.end();
  }
}

void main();
