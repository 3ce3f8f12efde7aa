/** Starts a machinery (machinery.ts) as a process of its own, and hears of what it has finished. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { isRecord } from '../record';
import type { MachineryOptions } from './machinery';
import type { FinishedEvent } from './process';

/** A camera that films. */
export class Camera {
  readonly process: ChildProcess;
  /** Its output on standard error: why it ended by itself. */
  complaint = '';

  /** `finished` hears of each event when its last byte is written. */
  constructor(options: MachineryOptions, finished: (event: FinishedEvent) => void) {
    const child = spawn(process.execPath, [join(__dirname, 'process.js'), JSON.stringify(options)], {
      stdio: ['pipe', 'pipe', 'pipe'],
      // Ctrl-C is for whoever has started it, and ends its processes in order.
      detached: true,
    });
    this.process = child;
    // A machinery that was killed reads no more.
    child.stdin.on('error', () => {});
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      this.complaint += text;
    });
    createInterface({ input: child.stdout }).on('line', (line) => {
      const event: unknown = JSON.parse(line);
      if (isFinishedEvent(event)) finished(event);
    });
  }

  /** Something moves now. */
  motion(): void {
    this.process.stdin?.write('motion\n');
  }

  /** The web interface saves a setting: every XML file is written anew. */
  save(): void {
    this.process.stdin?.write('save\n');
  }

  /** Ends it; resolves when what it was writing is finished, and told. */
  async stop(): Promise<void> {
    this.process.kill('SIGTERM');
    await this.ended();
  }

  /** Kills it in the middle of whatever it does. */
  async kill(): Promise<void> {
    this.process.kill('SIGKILL');
    await this.ended();
  }

  /** Resolves when it has ended, and all that it said was heard. */
  async ended(): Promise<void> {
    const { exitCode, signalCode, stdout } = this.process;
    if (exitCode === null && signalCode === null) await once(this.process, 'close');
    else if (stdout && !stdout.closed) await once(stdout, 'close');
  }
}

function isFinishedEvent(value: unknown): value is FinishedEvent {
  return isRecord(value) && ['name', 'path', 'sha256'].every((field) => typeof value[field] === 'string');
}
