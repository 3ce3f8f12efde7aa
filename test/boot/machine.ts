/** A machine: a root file system, booted by systemd-nspawn on the host's network, with systemd or busybox as its init. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { NODE_MOUNT } from './root';

/** What a command in the machine said (stdout and stderr, trimmed) and how it ended. */
export interface Said {
  readonly status: number | null;
  readonly text: string;
}

export class Machine {
  #nspawn: ChildProcess | undefined;

  /** `init` starts the machine; `node` is of the machine that runs the test, or of the root's own. */
  constructor(
    readonly root: string,
    readonly init: 'systemd' | 'busybox' = 'systemd',
    readonly node: 'ours' | 'its own' = 'ours',
  ) {}

  /** Switches the machine on. Resolves as soon as its init answers, which is before the boot is done. */
  async powerOn(): Promise<void> {
    // A control group of its own, since nspawn lets all machines that share one meet in it.
    const nspawn = spawn(
      '/bin/sh',
      [
        '-c',
        'mkdir -p "$0" && echo $$ >"$0/cgroup.procs" && exec systemd-nspawn "$@"',
        join(cgroups(), this.name),
        '--quiet',
        `--directory=${this.root}`,
        '--register=no',
        '--keep-unit',
        ...(this.node === 'ours' ? [NODE_MOUNT] : []),
        ...(this.init === 'systemd' ? ['--boot', 'systemd.unified_cgroup_hierarchy=1'] : ['/bin/busybox', 'init']),
      ],
      { stdio: 'ignore' },
    );
    this.#nspawn = nspawn;
    const alive = this.init === 'systemd' ? 'systemctl show --property=Version' : 'test -e /run/booted';
    await until(`${this.init} answers`, 90, async () => {
      const said = await this.run(alive);
      return said.status === 0;
    });
  }

  get name(): string {
    return this.root.replace(/.*\//, '');
  }

  /** Runs a shell command in the machine, as root; its status is 124 if it had to be ended after two minutes. */
  async run(command: string): Promise<Said> {
    const init = this.#init();
    if (init === undefined) return { status: null, text: 'the machine is off' };
    const shell = spawn(
      'nsenter',
      [
        '--target',
        init,
        '--mount',
        '--uts',
        '--ipc',
        '--pid',
        '--cgroup',
        '--',
        'timeout',
        '120',
        '/bin/sh',
        '-c',
        command,
      ],
      { stdio: ['ignore', 'pipe', 'pipe'], env: { PATH: '/usr/sbin:/usr/bin:/sbin:/bin' } },
    );
    let text = '';
    for (const stream of [shell.stdout, shell.stderr]) stream.setEncoding('utf8').on('data', (part) => (text += part));
    await once(shell, 'close');
    return { status: shell.exitCode, text: text.trim() };
  }

  /** The pid, outside, of the machine's init. */
  #init(): string | undefined {
    const nspawn = this.#nspawn;
    if (nspawn?.pid === undefined || nspawn.exitCode !== null || nspawn.signalCode !== null) return undefined;
    try {
      return readFileSync(`/proc/${nspawn.pid}/task/${nspawn.pid}/children`, 'utf8').split(' ')[0] || undefined;
    } catch {
      return undefined;
    }
  }

  write(path: string, content: string): void {
    writeFileSync(join(this.root, path), content);
  }

  /** Pulls the plug: every process is gone at once, the disk stays as it is. */
  async powerCut(): Promise<void> {
    const init = this.#init();
    if (init !== undefined) process.kill(Number(init), 'SIGKILL');
    await this.#off();
  }

  /** Shuts the machine down in order, and resolves with the seconds that it took. */
  async powerOff(): Promise<number> {
    const since = Date.now();
    await this.run('systemctl poweroff');
    await this.#off();
    return (Date.now() - since) / 1000;
  }

  async #off(): Promise<void> {
    const nspawn = this.#nspawn;
    if (nspawn === undefined) return;
    if (nspawn.exitCode === null && nspawn.signalCode === null) {
      const limit = setTimeout(() => nspawn.kill('SIGKILL'), 60_000);
      await once(nspawn, 'exit');
      clearTimeout(limit);
    }
    this.#nspawn = undefined;
  }
}

/** Where the unified hierarchy of control groups is mounted. */
function cgroups(): string {
  const mounts = readFileSync('/proc/mounts', 'utf8');
  const mount = /^\S+ (\S+) cgroup2 /m.exec(mounts)?.[1];
  if (mount === undefined) throw new Error('no cgroup2 file system is mounted');
  return mount;
}

/** A fact, as long as it is not one yet too. */
type Maybe<T> = T | undefined | false | '';

/** Resolves with the first truthy `fact`, looked at four times a second; throws when `seconds` have passed without. */
export async function until<T>(what: string, seconds: number, fact: () => Maybe<T> | Promise<Maybe<T>>): Promise<T> {
  const limit = Date.now() + seconds * 1000;
  while (true) {
    const found = await fact();
    if (found) return found;
    if (Date.now() > limit) throw new Error(`not within ${seconds} s: ${what}`);
    await sleep(250);
  }
}
