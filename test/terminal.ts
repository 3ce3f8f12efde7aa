/** A terminal that a command runs in: script(1) holds it, and when that is killed the terminal is gone. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { ROOT } from './kerberos';
import { until } from './until';

export class Terminal {
  readonly process: ChildProcess;
  output = '';

  /** `command` is read by a shell, which stays as it does for somebody who types it. */
  constructor(command: string, env: Record<string, string>) {
    const { PATH = '', HOME = '' } = process.env;
    this.process = spawn('script', ['-qfec', `stty cols 120 rows 40; ${command}`, '/dev/null'], {
      env: { PATH, HOME, TERM: 'xterm', ...env },
      stdio: ['pipe', 'pipe', 'inherit'],
    });
    this.process.stdout?.on('data', (text) => {
      this.output += text;
    });
  }

  /** Types into it: `\x03` is Ctrl-C. */
  type(text: string): void {
    this.process.stdin?.write(text);
  }

  says(text: string | RegExp, timeout?: number): Promise<void> {
    return until(
      () => (typeof text === 'string' ? this.output.includes(text) : text.test(this.output)),
      () => `the terminal shows ${text}; it shows:\n${this.output}`,
      timeout,
    );
  }

  /** Closes the terminal, as a window that is closed or a line that is cut. */
  async close(): Promise<void> {
    const { exitCode, signalCode } = this.process;
    if (exitCode !== null || signalCode !== null) return;
    this.process.kill('SIGKILL');
    await once(this.process, 'exit');
  }
}

/** What a shell reads as grunt with this project's Gruntfile. */
export const GRUNT = `'${process.execPath}' '${join(ROOT, 'node_modules/grunt/bin/grunt')}' --gruntfile '${join(ROOT, 'Gruntfile.js')}'`;
