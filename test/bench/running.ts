/** Programs that go on: `grunt sync` as its service starts it, and what it is compared with. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { readSettings } from '../../tasks/lib/settings/settings';
import { openLedger } from '../../tasks/lib/upload/session';
import { ROOT } from '../kerberos';
import { until } from '../until';
import type { Command } from './measured';
import type { Arrival, Sink } from './sink';
import { type Job, syncArguments, syncEnvironment } from './ways';

export class Running {
  readonly process: ChildProcess;
  readonly begunAt = Date.now();
  output = '';

  constructor({ program, args, env = {} }: Command) {
    const { PATH = '', HOME = '' } = process.env;
    this.process = spawn(program, args, { env: { PATH, HOME, ...env }, stdio: ['ignore', 'pipe', 'pipe'] });
    const listen = (data: Buffer) => {
      this.output = (this.output + data).slice(-20_000);
    };
    this.process.stdout?.on('data', listen);
    this.process.stderr?.on('data', listen);
  }

  /** @throws if it has ended. */
  get pid(): number {
    const { pid, exitCode } = this.process;
    if (pid === undefined || exitCode !== null) throw new Error(`It has ended:\n${this.output}`);
    return pid;
  }

  async stop(): Promise<void> {
    if (this.process.exitCode !== null || this.process.signalCode !== null) return;
    const ended = once(this.process, 'exit');
    this.process.kill('SIGTERM');
    await Promise.race([ended, wait(15_000)]);
    this.process.kill('SIGKILL');
    if (this.process.exitCode === null && this.process.signalCode === null) await ended;
  }
}

/** `grunt sync --force`, for ever. */
export function runningSync(job: Job, state: string): Running {
  const args = [join(ROOT, 'node_modules/grunt/bin/grunt'), ...syncArguments, '--force'];
  return new Running({ program: process.execPath, args, env: syncEnvironment(job, state) });
}

/** Writes a ledger that knows all that is in the job's directory. */
export async function fillLedger(job: Job, state: string): Promise<void> {
  const env = syncEnvironment(job, state);
  const settings = await readSettings({ target: 'default', options: {}, flags: {}, env, base: job.scratch });
  if (settings.state !== 'ready') throw new Error(`The settings are ${settings.state}.`);
  const ledger = await openLedger(settings.settings);
  for (const name of readdirSync(job.directory)) {
    const { size, mtimeMs } = statSync(join(job.directory, name));
    ledger.add(name, { size, mtime: mtimeMs }, { crc: 1 });
  }
  await ledger.close();
}

/** Resolves with the arrivals of these names, in the order of the names. @throws if one does not come within `timeout` ms. */
export async function arrivalsOf(sink: Sink, names: readonly string[], timeout = 60_000): Promise<Arrival[]> {
  const found = new Map<string, Arrival>();
  await until(
    () => {
      for (const arrival of sink.arrivals()) if (!found.has(arrival.name)) found.set(arrival.name, arrival);
      return names.every((name) => found.has(name));
    },
    () => `${names.filter((name) => !found.has(name)).length} of ${names.length} pictures arrive`,
    timeout,
  );
  return names.flatMap((name) => found.get(name) ?? []);
}
