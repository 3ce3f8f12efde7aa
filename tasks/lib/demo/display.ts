/**
 * What `grunt demo` shows: on a terminal a block that is drawn anew, with the address and the login as its last line; in a
 * log a summary every half minute; with `--verbose` a line for everything that happens.
 */
import { printable } from '../printable';

/** How often the block is drawn, and how often a log gets a summary, in ms. */
const REDRAW_EVERY = 500;
const SUMMARY_EVERY = 30_000;

export interface DisplayOptions {
  readonly isTerminal: boolean;
  readonly isVerbose: boolean;
  /** Columns of the terminal, asked each time. */
  readonly columns: () => number;
  readonly write: (text: string) => void;
}

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
  /** Lines of the block that are on the terminal now. */
  #drawn = 0;
  #summary = '';

  constructor(options: DisplayOptions) {
    this.#options = options;
    this.#timer = setInterval(() => this.#refresh(), options.isTerminal ? REDRAW_EVERY : SUMMARY_EVERY).unref();
  }

  /** Something that everybody should read. */
  tell(text: string): void {
    this.#clear();
    this.#options.write(`${text}\n`);
    this.#draw();
  }

  /** Something that happened, for `--verbose`. */
  detail(text: string): void {
    if (this.#options.isVerbose) this.tell(printable(text));
  }

  /** The cameras have these names, and the cloud application this address and login. */
  begin(cameras: readonly string[], app?: { url: string; user: string; password: string }): void {
    this.#cameras = cameras;
    this.#address = app && `Open ${app.url} and log in as ${app.user} with ${app.password}`;
    if (this.#address !== undefined && !this.#isBlock) this.tell(`\n${this.#address}\n`);
    this.#draw();
  }

  /** A camera has finished a picture or a film, or so many waited in its capture directory when the demo began. */
  written(count = 1): void {
    this.#written += count;
  }

  arrived(name: string): void {
    this.#inBucket++;
    this.#latest = name;
  }

  /** A line of `grunt cloud`: what it published, whose faces are on it, and what it refused. */
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
    // A line that wraps would be two, and be left behind; the address is shown whole.
    const fitted = lines.map((line, at) => (at === lines.length - 1 ? line : line.slice(0, width - 1)));
    this.#options.write(`${fitted.join('\n')}\n`);
    this.#drawn = fitted.reduce((rows, line) => rows + Math.max(1, Math.ceil(line.length / width)), 0);
  }

  #clear(): void {
    if (this.#drawn > 0) this.#options.write(`\u001b[${this.#drawn}A\u001b[J`);
    this.#drawn = 0;
  }
}
