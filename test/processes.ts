/** Processes of one test, found by a mark in their environment: also those that nobody knows of any more. */
import { randomUUID } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { until } from './until';

export class Marked {
  readonly #mark = randomUUID();

  /** What the first process needs in its environment; its children inherit it. */
  get env(): { KERBEROS_TEST_MARK: string } {
    return { KERBEROS_TEST_MARK: this.#mark };
  }

  /** The pids and command lines of those that run. */
  alive(): { pid: number; command: string }[] {
    return readdirSync('/proc').flatMap((pid) => {
      if (!/^\d+$/.test(pid) || !read(`/proc/${pid}/environ`).includes(this.#mark)) return [];
      if (/^State:\s+Z/m.test(read(`/proc/${pid}/status`))) return [];
      return [{ pid: Number(pid), command: read(`/proc/${pid}/cmdline`).replaceAll('\0', ' ').trim() }];
    });
  }

  /** Resolves once none of them is left. */
  gone(timeout = 30_000): Promise<void> {
    const left = () => this.alive().map(({ pid, command }) => `${pid} ${command}`);
    return until(
      () => left().length === 0,
      () => `no process is left; there are:\n${left().join('\n')}`,
      timeout,
    );
  }

  /** Ends those that are left, the hard way. */
  kill(): void {
    for (const { pid } of this.alive()) process.kill(pid, 'SIGKILL');
  }
}

function read(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return '';
  }
}
