/**
 * One target of `grunt sync`: follows its settings, and runs an uploader under them.
 *
 * It never ends by itself and never fails: whatever is missing or wrong (no subscription yet, a typing error, a file
 * that the web interface is just writing) is told once and waited for. `reload` is called when a configuration file
 * has changed; what nobody can be told of, such as a directory that was not there when the watching began, is looked
 * for every now and then.
 */
import { type Claim, claimOrGoWithout, controlPath } from './control-socket';
import type { SettingsResult, SyncSettings } from './settings/settings';
import type { UploaderStatus, Whereabouts } from './upload/progress';
import type { Report } from './upload/report';
import { Uploader } from './upload/uploader';

/** Half-written files are read again after so many ms. */
const READ_AGAIN = 200;
/** Who writes a file for longer than so many ms has left it so. */
const STILL_UNREADABLE = 5_000;
/** Without being told of a change, settings are read again after so many ms: while we wait for them, and while all is well. */
const LOOK_WAITING = 2_000;
const LOOK_WORKING = 30_000;
/** How often a second `grunt sync` looks whether the first one has ended, in ms. */
const CLAIM_AGAIN = 1_000;

/** What `grunt status` is told. */
export interface TargetStatus {
  target: string;
  pid: number;
  since: Date;
  /** Where from and where to; `undefined` while the settings are waited for. */
  instance: string | undefined;
  directories: readonly string[];
  destination: string | undefined;
  /** What keeps some events from being uploaded, by the settings. */
  warnings: readonly string[];
  /** Why nothing is uploaded, if it is for the settings. */
  waiting: string | undefined;
  uploader: UploaderStatus | undefined;
  file?: Whereabouts;
}

export class Target {
  readonly name: string;
  readonly #read: () => Promise<SettingsResult>;
  readonly #report: Report;
  readonly #since = new Date();
  #settings: SyncSettings | undefined;
  #warnings: readonly string[] = [];
  #applied = '';
  #uploader: Uploader | undefined;
  #claim: Claim | undefined;
  #waiting: string | undefined;
  #told: string | undefined;
  #refreshing: Promise<void> | undefined;
  /** Since when (ms, monotonic) the settings cannot be read. */
  #unreadableSince: number | undefined;
  #isStale = false;
  #isStopped = false;
  #timer: NodeJS.Timeout | undefined;

  /** `read` reads the settings anew each time. */
  constructor(name: string, read: () => Promise<SettingsResult>, report: Report) {
    this.name = name;
    this.#read = read;
    this.#report = report;
  }

  /** Reads the settings and begins. Resolves when they have been read once, with the directories to watch for changes. */
  async start(): Promise<readonly string[]> {
    const settings = await this.#read();
    this.reload();
    return settings.watch;
  }

  /** The settings may have changed. */
  reload(): void {
    this.#isStale = true;
    this.#refreshing ??= this.#refresh().finally(() => {
      this.#refreshing = undefined;
    });
  }

  /** A file that some other watcher noticed. */
  notice(path: string): void {
    this.#uploader?.notice(path);
  }

  /** Finishes what is being sent, for at most `grace` ms, and writes the ledger. */
  async stop(grace: number): Promise<void> {
    this.#isStopped = true;
    clearTimeout(this.#timer);
    await this.#uploader?.stop(grace);
    this.#claim?.release();
  }

  status(question?: unknown): TargetStatus {
    const settings = this.#settings;
    const file =
      typeof question === 'object' && question !== null && 'file' in question && typeof question.file === 'string'
        ? question.file
        : undefined;
    return {
      target: this.name,
      pid: process.pid,
      since: this.#since,
      instance: settings?.instance,
      directories: settings?.directories ?? [],
      destination: settings && destinationOf(settings),
      warnings: this.#warnings,
      waiting: this.#waiting,
      uploader: this.#uploader?.status(),
      ...(file === undefined || this.#uploader === undefined ? {} : { file: this.#uploader.whereabouts(file) }),
    };
  }

  async #refresh(): Promise<void> {
    while (this.#isStale && !this.#isStopped) {
      this.#isStale = false;
      clearTimeout(this.#timer);
      let delay = LOOK_WAITING;
      try {
        const settings = await this.#read();
        await this.#follow(settings);
        if (settings.state !== 'unreadable') this.#unreadableSince = undefined;
        if (this.#isBeingWritten(settings)) delay = READ_AGAIN;
        else if (settings.state === 'ready' && this.#waiting === undefined) delay = LOOK_WORKING;
      } catch (error) {
        this.#wait(`${error instanceof Error ? error.message : error}`, this.#report.warn);
      }
      if (!this.#isStopped) this.#timer = setTimeout(() => this.reload(), delay);
    }
  }

  async #follow(settings: SettingsResult): Promise<void> {
    switch (settings.state) {
      case 'ready':
        return this.#work(settings.settings, settings.warnings);
      case 'unsubscribed':
        return this.#wait(settings.message, this.#report.say);
      case 'invalid':
        return this.#wait(settings.problems.join('\n'), this.#report.warn);
      case 'unreadable':
        // The web interface is writing it: what we have is good until it is done.
        if (!this.#isBeingWritten(settings)) this.#tellOnce(settings.message);
        return;
    }
  }

  #isBeingWritten(settings: SettingsResult): boolean {
    if (settings.state !== 'unreadable') return false;
    this.#unreadableSince ??= performance.now();
    return performance.now() - this.#unreadableSince < STILL_UNREADABLE;
  }

  #tellOnce(text: string): void {
    if (this.#told !== text) this.#report.warn(text);
    this.#told = text;
  }

  /** Nothing can be uploaded until something changes; told once. */
  #wait(why: string, tell: (text: string) => void): void {
    this.#uploader?.pause();
    this.#applied = '';
    if (this.#waiting !== why && !this.#isStopped) tell.call(this.#report, why);
    this.#waiting = why;
  }

  async #work(settings: SyncSettings, warnings: readonly string[]): Promise<void> {
    const applied = JSON.stringify([settings, warnings]);
    if (applied === this.#applied) return;
    if (!(await this.#claimOnce(settings))) return;
    const isFirst = this.#uploader === undefined;
    this.#uploader ??= await Uploader.open(settings, this.#report);
    this.#settings = settings;
    this.#warnings = warnings;
    this.#waiting = undefined;
    this.#told = undefined;
    this.#applied = applied;
    this.#report.say(
      `${isFirst ? 'Uploading' : 'Settings have changed: uploading'} ${settings.directories.join(' and ')} to ${destinationOf(settings)}.`,
    );
    for (const warning of warnings) this.#report.warn(warning);
    // A large directory takes its time to be scanned; meanwhile settings may change again.
    const begun = isFirst ? this.#uploader.start() : this.#uploader.apply(settings);
    begun.catch((error) => this.#wait(`${error instanceof Error ? error.message : error}`, this.#report.warn));
  }

  /** Whether this process is the one that works on this target; if another one does, it is waited for. */
  async #claimOnce({ state }: SyncSettings): Promise<boolean> {
    if (this.#claim !== undefined) return true;
    const answer = (question: unknown) => this.status(question);
    this.#claim = await claimOrGoWithout(controlPath(state, this.name), answer, this.#report);
    if (this.#claim !== undefined) return true;
    this.#wait(`Another grunt sync is at work on ${state}: waiting for it to end.`, this.#report.say);
    setTimeout(() => this.reload(), CLAIM_AGAIN);
    return false;
  }
}

/** `s3://bucket/folder`, and at which endpoint where it is not Amazon's. */
export function destinationOf({ destination: { bucket, folder, endpoint } }: SyncSettings): string {
  return `s3://${bucket}/${folder}${endpoint === undefined ? '' : ` at ${endpoint}`}`;
}
