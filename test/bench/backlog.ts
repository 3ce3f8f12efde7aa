/** A backlog, brought to the bucket by each program: over plain HTTP, over TLS, on one core, and with a Pi Zero's share. */
import { mkdirSync, rmdirSync, writeFileSync } from 'node:fs';
import { type Command, type Cost, measure, median } from './measured';
import { type Goal, limit, type Section } from './report';
import type { Sink } from './sink';
import { type Job, PEER_WAYS, rclone, sync, type Way } from './ways';

/** Directories with pictures, by how many they have. */
export interface Backlogs {
  readonly large: { readonly directory: string; readonly count: number };
  /** For programs that take long, and for slow processors. */
  readonly small: { readonly directory: string; readonly count: number };
}

interface Setting {
  readonly title: string;
  readonly how: string;
  readonly concurrency: number;
  readonly ways: readonly Way[];
  readonly endpoint: string;
  readonly files: keyof Backlogs;
  readonly runs: number;
  /** Wraps the command of each program. */
  readonly through?: (command: Command) => Command;
}

/** A part of a core. */
const SHARE = 0.05;
const GROUP = `/sys/fs/cgroup/cpu/kerberos-bench`;

export async function backlog(sink: Sink, backlogs: Backlogs, scratch: string, runs: number): Promise<Section[]> {
  const all = [sync, ...PEER_WAYS];
  const two = [sync, rclone];
  const plain = { endpoint: sink.endpoint, files: 'large', runs } as const;
  const count = backlogs.large.count.toLocaleString('en');
  const settings: Setting[] = [4, 8].map((concurrency) => ({
    ...plain,
    title: `Backlog of ${count} pictures of 50 KB, ${concurrency} at a time`,
    how: `All of a directory, from the start of the process to its end. Programs marked * had ${backlogs.small.count.toLocaleString('en')} files instead.`,
    ways: concurrency === 4 ? all.filter(({ isSlow }) => isSlow !== true) : all,
    concurrency,
  }));
  settings.push(
    {
      ...{ ...plain, endpoint: sink.tlsEndpoint, concurrency: 8, ways: two, title: 'The same over TLS, 8 at a time' },
      how: 'TLS 1.3, a certificate of P-256.',
    },
    {
      ...{ ...plain, concurrency: 8, ways: two, title: 'The same on one core, 8 at a time' },
      how: 'Each program is pinned to the second core (`taskset`); the server has the others as well.',
      through: (command) => ({ ...command, program: 'taskset', args: ['-c', '1', command.program, ...command.args] }),
    },
  );
  const sections: Section[] = [];
  for (const setting of settings) sections.push(sectionOf(setting, backlogs, { sink, scratch }));
  if (hasQuota()) {
    const title = 'The same with a share of 5 % of a core (extrapolated to a Pi Zero)';
    const how = `A quota of the kernel's, ${backlogs.small.count.toLocaleString('en')} files, the start of the process included. A Pi Zero has 20 to 30 times less CPU; its memory and caches are slower, too, so this is an extrapolation.`;
    const quota = { ...plain, files: 'small', concurrency: 4, ways: two, title, how, through: withQuota } as const;
    sections.push(sectionOf({ ...quota, runs: Math.min(runs, 3) }, backlogs, { sink, scratch }));
    rmdirSync(GROUP);
  }
  return sections;
}

/** Whether this process may limit another one's CPU (cgroup v1; needs root). */
function hasQuota(): boolean {
  try {
    mkdirSync(GROUP);
    writeFileSync(`${GROUP}/cpu.cfs_period_us`, '20000');
    writeFileSync(`${GROUP}/cpu.cfs_quota_us`, String(20_000 * SHARE));
    return true;
  } catch {
    console.log('No quota of CPU can be set here: that row is left out.');
    return false;
  }
}

function withQuota({ program, args, env = {} }: Command): Command {
  return { program: 'sh', args: ['-c', `echo $$ > ${GROUP}/tasks; exec "$@"`, 'sh', program, ...args], env };
}

function sectionOf(setting: Setting, backlogs: Backlogs, { sink, scratch }: { sink: Sink; scratch: string }): Section {
  const costs = new Map(setting.ways.map((way) => [way, [] as Cost[]]));
  const filesOf = (way: Way) => backlogs[way.isSlow ? 'small' : setting.files];
  // In turn, so that what else the machine does hits all alike.
  for (let run = 0; run < setting.runs; run++) {
    for (const [way, found] of costs) {
      const { directory, count } = filesOf(way);
      const { concurrency, endpoint, through = (command: Command) => command } = setting;
      const job: Job = { directory, scratch, endpoint, certificate: sink.certificate, concurrency };
      sink.arrivals();
      found.push(measure(through(way.command(job))));
      const arrived = new Set(sink.arrivals().map(({ name }) => name)).size;
      if (arrived < count) throw new Error(`${way.name} has sent ${arrived} of ${count} files.`);
    }
  }
  const numbers = [...costs].map(([way, found]) => ({
    way,
    perSecond: filesOf(way).count / median(found.map(({ wall }) => wall)),
    cpu: (median(found.map(({ cpu }) => cpu)) / filesOf(way).count) * 1000,
    rss: median(found.map(({ rss }) => rss)),
  }));
  const [ours] = numbers;
  if (ours === undefined) throw new Error('Nothing was measured.');
  const rows = numbers.map(({ way, perSecond, cpu, rss }) => [
    `${way.name}${way.isSlow && setting.files === 'large' ? ' *' : ''}${way.isSequential ? ', one at a time' : ''}`,
    perSecond.toFixed(0),
    (ours.perSecond / perSecond).toFixed(2),
    cpu.toFixed(3),
    (ours.cpu / cpu).toFixed(2),
    rss.toFixed(0),
  ]);
  const head = ['program', 'files/s', 'ratio', 'CPU ms a file', 'ratio', 'peak RSS MB'];
  return { title: setting.title, how: setting.how, head, rows, goals: goalsOf(setting, numbers) };
}

function goalsOf(
  { title, through }: Setting,
  numbers: readonly { way: Way; perSecond: number; cpu: number; rss: number }[],
): Goal[] {
  const [ours, peer] = [sync, rclone].map((way) => numbers.find((each) => each.way === way));
  if (ours === undefined || peer === undefined) return [];
  const speed = ours.perSecond / peer.perSecond;
  const faster = { atLeast: through === undefined && !title.includes('TLS') ? 1.2 : 1, unit: ' × rclone' };
  const goals = [limit(`${title}: files/s`, speed, faster)];
  if (faster.atLeast === 1) return goals;
  goals.push(limit(`${title}: CPU`, ours.cpu / peer.cpu, { atMost: 0.9, unit: ' × rclone' }));
  goals.push(limit(`${title}: peak RSS`, ours.rss, { atMost: 110, unit: ' MB', digits: 0 }));
  return goals;
}
