/** What a program takes: time, CPU and memory, of itself and of all that it starts. */
import { spawnSync } from 'node:child_process';
import { readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** A program to run. */
export interface Command {
  readonly program: string;
  readonly args: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
}

/** `wall` and `cpu` (user and system) in s; `rss`: the most that one of its processes had in memory, in MB. */
export interface Cost {
  readonly wall: number;
  readonly cpu: number;
  readonly rss: number;
}

/** Runs it to its end. @throws with what it said where it fails. */
export function measure({ program, args, env = {} }: Command): Cost {
  const report = join(tmpdir(), `bench-${process.pid}.time`);
  const { PATH = '', HOME = '' } = process.env;
  const run = spawnSync('/usr/bin/time', ['-o', report, '-f', '%e %U %S %M', program, ...args], {
    env: { PATH, HOME, ...env },
    encoding: 'utf8',
    maxBuffer: 1 << 28,
  });
  if (run.status !== 0) throw new Error(`${program} ${args.join(' ')}\n${run.error ?? ''}${run.stdout}${run.stderr}`);
  const [wall = 0, user = 0, system = 0, rss = 0] = readFileSync(report, 'utf8').trim().split(' ').map(Number);
  rmSync(report);
  return { wall, cpu: user + system, rss: rss / 1024 };
}

/** CPU s of the process so far, and of those of its children that have ended. */
export function cpuOf(pid: number): number {
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  // utime, stime, cutime and cstime in ticks of 10 ms: proc(5).
  return [11, 12, 13, 14].reduce((sum, at) => sum + Number(fields[at]), 0) / 100;
}

/** CPU s of the process so far, by the scheduler's clock: to the ns, its threads that have ended excepted. */
export function exactCpuOf(pid: number): number {
  const times = readdirSync(`/proc/${pid}/task`).map((thread) => {
    const [ran = '0'] = readFileSync(`/proc/${pid}/task/${thread}/schedstat`, 'utf8').split(' ');
    return Number(ran);
  });
  return times.reduce((sum, time) => sum + time, 0) / 1e9;
}

/** Memory of the process in MB: resident now, or the most so far. */
export function rssOf(pid: number, which: 'VmRSS' | 'VmHWM' = 'VmRSS'): number {
  const status = readFileSync(`/proc/${pid}/status`, 'utf8');
  return Number(new RegExp(`${which}:\\s+(\\d+)`).exec(status)?.[1] ?? 0) / 1024;
}

export function median(values: readonly number[]): number {
  return quantile(values, 0.5);
}

/** `share` of the values (0 to 1) are not greater; NaN where there are none. */
export function quantile(values: readonly number[], share: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  const below = sorted[Math.floor((sorted.length - 1) * share)] ?? Number.NaN;
  const above = sorted[Math.ceil((sorted.length - 1) * share)] ?? Number.NaN;
  return share === 0.5 ? (below + above) / 2 : above;
}
