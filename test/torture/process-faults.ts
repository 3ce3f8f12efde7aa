/**
 * A real `grunt cloud` whose processes are killed at any moment: the function's, the decoder's, the database's. Afterwards
 * every upload must be published once, with its own bytes, or refused with a reason.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { setTimeout as wait } from 'node:timers/promises';
import { Target } from '../attack/target';
import * as corpus from '../lambda/media/corpus';
import type { Random } from './random';
import { type Row, rowOf } from './table';

const PICTURES = 25;
/** A message that fails five times is a dead letter; so often at most a process is killed that handles messages. */
const KILLS = 4;
/** How long (ms) everything may take once the killing is over. */
const PATIENCE = 180_000;

/** What runs in the processes that are killed, as their command lines have it. */
const FUNCTION = /process-main\.js|local-dynamodb\.js/;
const DECODER = /inspector-process\.js/;

/** Kills while a camera uploads, one picture in five being none. */
export async function processRow(name: string, random: Random): Promise<Row> {
  const target = await Target.start();
  try {
    const { home } = await target.accounts();
    const uploads = new Map<string, Buffer>();
    let struck = 0;
    let isOver = false;
    const killing = async () => {
      for (let kills = 0; !isOver; ) {
        await wait(random.between(50, 1_500));
        const isFunction = kills < KILLS && random.chance(0.5);
        const pids = childrenOf(target.pid, isFunction ? FUNCTION : DECODER);
        if (pids.length === 0 || isOver) continue;
        try {
          process.kill(random.one(pids), 'SIGKILL');
        } catch {
          // It has ended by itself.
          continue;
        }
        struck++;
        if (isFunction) kills++;
      }
    };
    const killed = killing();
    for (let i = 0; i < PICTURES; i++) {
      const file = `${1_776_100_000 + i}_6-1_door_10-20-60-80_24_${100 + i}.jpg`;
      const bytes = i % 5 === 4 ? random.bytes(500) : await corpus.jpeg(64, 48, i + 1);
      uploads.set(file, bytes);
      await target.upload(home.device, `home/${file}`, bytes);
      await wait(random.between(0, 300));
    }
    isOver = true;
    await killed;
    const begun = performance.now();
    const outcomes = new Map<string, string>();
    while (outcomes.size < PICTURES && performance.now() - begun < PATIENCE) {
      for (const file of uploads.keys()) {
        if (target.output.includes(`published home/${file}`)) outcomes.set(file, 'published');
        if (target.output.includes(`refused home/${file}`)) outcomes.set(file, 'refused');
      }
      await wait(100);
    }
    const whole = (performance.now() - begun) / 1000;
    const events = await eventsOf(target, home.cookie);
    const mine = events.filter(({ fileName }) => uploads.has(fileName));
    const pictures = [...uploads].filter((_, i) => i % 5 !== 4).map(([file]) => file);
    const settled = [...outcomes.values()].length;
    const isRight = async ({ id, fileName }: Event) => {
      const bytes = await pictureOf(target, home.cookie, id);
      return bytes !== undefined && uploads.get(fileName)?.equals(bytes) === true;
    };
    const right = await Promise.all(mine.map(isRight));
    const row: Row = {
      ...rowOf(name),
      ...{ rounds: 1, struck, written: PICTURES, inBucket: PICTURES, settled, whole },
      lost: PICTURES - settled + pictures.filter((file) => !mine.some(({ fileName }) => fileName === file)).length,
      twice: mine.length - new Set(mine.map(({ fileName }) => fileName)).size,
      torn: right.filter((one) => !one).length,
      broken: target.hasDeadLetters || !target.isRunning ? 1 : 0,
    };
    if (row.lost + row.twice + row.torn + row.broken > 0) console.log(`--- ${name}\n${target.output}`);
    return row;
  } finally {
    await target.stop();
  }
}

/** Processes below a process whose command line has this in it. */
function childrenOf(pid: number, what: RegExp): number[] {
  const parents = new Map<number, number>();
  for (const name of readdirSync('/proc').filter((entry) => /^\d+$/.test(entry))) {
    try {
      // proc(5): field 4; the second, a name in parentheses, may hold anything.
      const [, parent] = readFileSync(`/proc/${name}/stat`, 'utf8')
        .replace(/^.*\) /s, '')
        .split(' ');
      parents.set(Number(name), Number(parent));
    } catch {
      // It has ended.
    }
  }
  const isBelow = (child: number): boolean => {
    const parent = parents.get(child);
    return parent === pid || (parent !== undefined && parent > 1 && isBelow(parent));
  };
  return [...parents.keys()].filter(isBelow).filter((child) => {
    try {
      return what.test(readFileSync(`/proc/${child}/cmdline`, 'utf8'));
    } catch {
      return false;
    }
  });
}

interface Event {
  readonly id: string;
  readonly fileName: string;
}

/** All events, as their owner sees them. */
async function eventsOf(target: Target, cookie: string): Promise<Event[]> {
  const found: Event[] = [];
  for (let cursor = ''; ; ) {
    const path = `/api/events?limit=100${cursor === '' ? '' : `&cursor=${cursor}`}`;
    const { events, cursor: next } = JSON.parse((await target.page('GET', path, { cookie })).body.toString());
    found.push(...events);
    if (typeof next !== 'string') return found;
    cursor = next;
  }
}

/** The bytes of an event's picture, as its owner gets them. */
async function pictureOf(target: Target, cookie: string, id: string): Promise<Buffer | undefined> {
  const { headers } = await target.page('GET', `/events/${id}/image`, { cookie });
  const { location } = headers;
  if (location === undefined) return undefined;
  const reply = await fetch(location);
  return reply.ok ? Buffer.from(await reply.arrayBuffer()) : undefined;
}
