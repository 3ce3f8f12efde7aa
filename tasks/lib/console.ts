/**
 * The output of `grunt sync`. On a terminal: a progress bar with rate and time left while there is a backlog. In a log:
 * a summary line a minute while there is work. With `--verbose`: also a line for each event.
 */

import { format } from 'bytes';
import { SingleBar } from 'cli-progress';
import type { Problem } from './bucket/problem';
import { printable } from './printable';
import type { UploaderStatus } from './upload/progress';
import type { Report } from './upload/report';

/** Receives lines: Grunt's log. */
export interface Lines {
  info(text: string): void;
  warning(text: string): void;
  verbose(text: string): void;
}

/** Fewer waiting files show no progress bar. */
const BACKLOG = 10;
/** Ms between two updates of the bar. */
const REDRAW_EVERY = 250;
/** Ms between two summaries in a log. */
const SUMMARY_EVERY = 60_000;

/** Writes the reports of all targets, with a progress bar or summaries. */
export class Console {
  readonly #lines: Lines;
  readonly #isTerminal: boolean;
  readonly #statuses: () => readonly UploaderStatus[];
  readonly #timer: NodeJS.Timeout;
  #bar: SingleBar | undefined;
  /** When (ms, monotonic) the bar began, and the counts at that time. */
  #began = { at: 0, uploaded: 0, uploadedBytes: 0 };
  /** The counts of the last summary. */
  #before = { uploaded: 0, uploadedBytes: 0, vanished: 0 };

  constructor(lines: Lines, isTerminal: boolean, statuses: () => readonly UploaderStatus[]) {
    this.#lines = lines;
    this.#isTerminal = isTerminal;
    this.#statuses = statuses;
    this.#timer = setInterval(() => this.#refresh(), isTerminal ? REDRAW_EVERY : SUMMARY_EVERY).unref();
  }

  /** The report of a target. Each line begins with the target's name, unless there is only one target. */
  reportOf(target: string, isOnly: boolean): Report {
    const prefix = isOnly ? '' : `${target}: `;
    return {
      uploaded: (name, key, size) =>
        this.#write('verbose', `${prefix}${printable(name)} is uploaded as ${printable(key)} (${bytes(size)}).`),
      vanished: (name) => this.#write('verbose', `${prefix}${printable(name)} was deleted before its turn.`),
      failed: (name, problem: Problem) =>
        this.#write('verbose', `${prefix}${printable(name)} failed: ${printable(problem.message)}`),
      say: (text) => this.#write('info', prefix + text),
      warn: (text) => this.#write('warning', prefix + text),
    };
  }

  /** Ends the bar and writes a last summary. */
  close(): void {
    clearInterval(this.#timer);
    this.#bar?.stop();
    this.#bar = undefined;
    this.#summarize();
  }

  #write(kind: keyof Lines, text: string): void {
    if (this.#bar !== undefined) {
      process.stdout.clearLine(0);
      process.stdout.cursorTo(0);
    }
    this.#lines[kind](text);
  }

  #refresh(): void {
    if (!this.#isTerminal) {
      this.#summarize();
      return;
    }
    const { uploaded, pending, uploadedBytes, failed } = sum(this.#statuses());
    if (this.#bar === undefined) {
      if (pending < BACKLOG) return;
      this.#bar = new SingleBar({
        format: '{bar} {value}/{total} pictures | {rate}/s | {left} left | {failed} failed',
        hideCursor: true,
        clearOnComplete: true,
      });
      this.#bar.start(pending, 0, { rate: '–', left: '–', failed });
      this.#began = { at: performance.now(), uploaded, uploadedBytes };
    }
    const done = uploaded - this.#began.uploaded;
    const seconds = (performance.now() - this.#began.at) / 1000;
    this.#bar.setTotal(done + pending);
    this.#bar.update(done, {
      rate: bytes((uploadedBytes - this.#began.uploadedBytes) / Math.max(seconds, 0.001)),
      left: duration((seconds / done) * pending),
      failed,
    });
    if (pending > failed) return;
    this.#bar.stop();
    this.#bar = undefined;
    this.#summarize();
  }

  #summarize(): void {
    const now = sum(this.#statuses());
    const uploaded = now.uploaded - this.#before.uploaded;
    const vanished = now.vanished - this.#before.vanished;
    const size = now.uploadedBytes - this.#before.uploadedBytes;
    this.#before = now;
    if (uploaded === 0 && vanished === 0 && now.pending === now.empty + now.unfinished) return;
    const parts = [`${uploaded} uploaded (${bytes(size)})`, `${now.pending} to go`];
    if (now.failed > 0) parts.push(`${now.failed} failed and tried again later (grunt status says why)`);
    if (vanished > 0) parts.push(`${vanished} deleted before their turn`);
    this.#write('info', `${parts.join(', ')}.`);
  }
}

function sum(statuses: readonly UploaderStatus[]) {
  const total = { uploaded: 0, uploadedBytes: 0, vanished: 0, pending: 0, failed: 0, empty: 0, unfinished: 0 };
  for (const status of statuses) {
    total.uploaded += status.uploaded;
    total.uploadedBytes += status.uploadedBytes;
    total.vanished += status.vanished;
    total.pending += status.pending;
    total.failed += status.failed;
    total.empty += status.empty;
    total.unfinished += status.unfinished;
  }
  return total;
}

/** A duration in seconds, rounded as an estimate should be. */
function duration(seconds: number): string {
  if (!Number.isFinite(seconds)) return '–';
  if (seconds < 90) return `${Math.round(seconds)} s`;
  if (seconds < 5400) return `${Math.round(seconds / 60)} min`;
  return `${Math.round(seconds / 3600)} h`;
}

function bytes(size: number): string {
  return format(Math.round(size), { unitSeparator: ' ' }) ?? '0 B';
}
