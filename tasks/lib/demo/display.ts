/**
 * The output of `grunt demo`. On a terminal: a block that is redrawn, with the address and the login as its last line.
 * In a log: a summary every half minute. With `--verbose`: a line for everything that happens.
 */
import { printable } from '../printable';

/** Ms between two redraws of the block. */
const REDRAW_EVERY = 500;
/** Ms between two summaries in a log. */
const SUMMARY_EVERY = 30_000;

/** Where and how a `Display` writes. */
export interface DisplayOptions {
  readonly isTerminal: boolean;
  readonly isVerbose: boolean;
  /** Returns the columns of the terminal. */
  readonly columns: () => number;
  readonly write: (text: string) => void;
}

/** Shows the progress of the demo. */
export class Display {
  readonly #options: DisplayOptions;
  readonly #timer: NodeJS.Timeout;
  readonly #refused = new Map<string, number>();
  readonly #faces = new Set<string>();
  #cameras: readonly string[] = [];
  #written = 0;
  #inBucket = 0;
  #published = 0;
  #latest = '–';
  #address: string | undefined;
  /** Lines of the block on the terminal. */
  #drawn = 0;
  #summary = '';

  constructor(options: DisplayOptions) {
    this.#options = options;
    this.#timer = setInterval(() => this.#refresh(), options.isTerminal ? REDRAW_EVERY : SUMMARY_EVERY).unref();
  }

  /** Writes a message for all modes. */
  tell(text: string): void {
    this.#clear();
    this.#options.write(`${text}\n`);
    this.#draw();
  }

  /** Writes a detail for `--verbose`. */
  detail(text: string): void {
    if (this.#options.isVerbose) this.tell(printable(text));
  }

  /** Shows the names of the cameras, and the address and login of the cloud application. */
  begin(cameras: readonly string[], app?: { url: string; user: string; password: string }): void {
    this.#cameras = cameras;
    this.#address = app && `Open ${app.url} and log in as ${app.user} with ${app.password}`;
    if (this.#address !== undefined && !this.#isBlock) this.tell(`\n${this.#address}\n`);
    this.#draw();
  }

  /** Counts events that a camera has finished, or that waited in its capture directory when the demo began. */
  written(count = 1): void {
    this.#written += count;
  }

  arrived(name: string): void {
    this.#inBucket++;
    this.#latest = name;
  }

  /** Takes in a line of `grunt cloud`: what it published, whose faces are on it, and what it refused. */
  cloudSaid(line: string): void {
    const published = /^published \S+?(?:, on it: (.*))?$/.exec(line);
    const refused = /^refused \S+ \((\w+)\)/.exec(line)?.[1];
    if (published) this.#published++;
    for (const face of published?.[1]?.split(/,\s*/) ?? []) this.#faces.add(face);
    if (refused !== undefined) this.#refused.set(refused, (this.#refused.get(refused) ?? 0) + 1);
    this.detail(`cloud  ${line}`);
  }

  close(): void {
    clearInterval(this.#timer);
    this.#clear();
    this.#options.write(`${this.#counts()}\n`);
    this.#address = undefined;
    this.#cameras = [];
  }

  /** Whether the block is shown. */
  get #isBlock(): boolean {
    return this.#options.isTerminal && !this.#options.isVerbose;
  }

  #refresh(): void {
    if (this.#isBlock) {
      this.#clear();
      this.#draw();
      return;
    }
    const summary = this.#counts();
    if (summary !== this.#summary && !this.#options.isTerminal) this.#options.write(`${summary}\n`);
    this.#summary = summary;
  }

  #counts(): string {
    const reasons = [...this.#refused].map(([reason, count]) => `${count} ${reason}`).join(', ');
    const parts = [
      `${this.#written} written`,
      `${this.#inBucket} in the bucket`,
      `${this.#published} published`,
      `${[...this.#refused.values()].reduce((sum, count) => sum + count, 0)} refused${reasons && ` (${reasons})`}`,
      `${this.#faces.size} faces`,
    ];
    return parts.join(', ');
  }

  #draw(): void {
    if (!this.#isBlock || this.#cameras.length === 0) return;
    const lines = [
      `cameras   ${this.#cameras.join(', ')}`,
      `pictures  ${this.#counts()}`,
      `latest    ${printable(this.#latest)}`,
      ...(this.#address === undefined ? [] : [this.#address]),
    ];
    const width = Math.max(20, this.#options.columns());
    // A line that wraps would take two rows, of which one would be left behind; only the address is never cut.
    const fitted = lines.map((line, at) => (at === lines.length - 1 ? line : line.slice(0, width - 1)));
    this.#options.write(`${fitted.join('\n')}\n`);
    this.#drawn = fitted.reduce((rows, line) => rows + Math.max(1, Math.ceil(line.length / width)), 0);
  }

  #clear(): void {
    if (this.#drawn > 0) this.#options.write(`\u001b[${this.#drawn}A\u001b[J`);
    this.#drawn = 0;
  }
}
