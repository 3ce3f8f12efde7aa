/**
 * One target of `grunt sync`: follows its settings, and runs an uploader under them.
 *
 * A target never ends by itself and never fails. If something is missing or wrong (no subscription yet, a typing error,
 * a file that the web interface is just writing), it reports that once and waits. `reload` is called when a
 * configuration file has changed. Changes that cannot be watched, such as a directory made later, are found by reading
 * the settings at intervals.
 */
import { SignOfLife } from './alive/sign-of-life';
import { type Claim, claimOrGoWithout, controlPath } from './control-socket';
import { messageOf } from './error-code';
import { leftAlone } from './left-alone';
import { isRecord } from './record';
import type { SettingsResult, SyncSettings } from './settings/settings';
import type { UploaderStatus, Whereabouts } from './upload/progress';
import type { Report } from './upload/report';
import { type Environment, systemEnvironment } from './upload/session';
import { Uploader } from './upload/uploader';

/** Ms after which a half-written configuration is read again. */
const READ_AGAIN = 200;
/** A configuration that stays half-written for longer, in ms, is reported to the owner. */
const STILL_UNREADABLE = 5_000;
/** Ms between two readings of the settings while they cannot be used. */
const LOOK_WAITING = 2_000;
/** Ms between two readings of the settings while they are used, in case a change was not reported. */
const LOOK_WORKING = 30_000;
/** Ms between two searches for files that are never uploaded (left-alone.ts). */
const LOOK_LEFT_ALONE = 10 * 60_000;
/** Ms after which a second `grunt sync` tries again to replace the first. */
const CLAIM_AGAIN = 1_000;

/** The answer to `grunt status`. */
export interface TargetStatus {
  target: string;
  pid: number;
  since: Date;
  /** The camera's name; `undefined` until the settings could be used once. */
  instance: string | undefined;
  directories: readonly string[];
  destination: string | undefined;
  /** What the settings keep from being uploaded. */
  warnings: readonly string[];
  /** Which configuration was chosen, if there was a choice, and oddities of its files. */
  notes: readonly string[];
  /** Why the target waits; `undefined` while it works. */
  waiting: string | undefined;
  uploader: UploaderStatus | undefined;
  file?: Whereabouts;
}

/**
 * What a target is doing. `waiting`: for other settings, or for another process to end; `why` is `undefined` until the
 * settings were read once. `working`: with the settings that `key` identifies.
 */
type State =
  | { readonly is: 'waiting'; readonly why: string | undefined }
  | { readonly is: 'working'; readonly key: string }
  | { readonly is: 'stopped' };

/** What a target needs. */
export interface TargetParts {
  /** Reads the settings. */
  readonly read: () => Promise<SettingsResult>;
  readonly report: Report;
  readonly environment?: Environment;
}

/** One target of `grunt sync` (see the head of this file). */
export class Target {
  readonly name: string;
  readonly #read: () => Promise<SettingsResult>;
  readonly #report: Report;
  readonly #environment: Environment;
  readonly #since: Date;
  /** The last settings that could be used, and their warnings. */
  #used: { settings: SyncSettings; warnings: readonly string[] } | undefined;
  #state: State = { is: 'waiting', why: undefined };
  readonly #signOfLife: SignOfLife;
  #uploader: Uploader | undefined;
  #claim: Claim | undefined;
  /** `again`: the settings may have changed since the reading began. */
  #reading: 'no' | 'yes' | 'again' = 'no';
  /** Unreadable settings: since when (ms, monotonic), and the message logged about them. */
  #unreadable: { readonly since: number; readonly logged?: string } | undefined;
  #cancelTimer: () => void = () => {};
  #notes: readonly string[] = [];
  /** The directories and reasons for which files that are never uploaded were reported. */
  readonly #toldLeftAlone = new Set<string>();
  #cancelLook: () => void = () => {};

  constructor(name: string, { read, report, environment = systemEnvironment }: TargetParts) {
    this.name = name;
    this.#read = read;
    this.#report = report;
    this.#environment = environment;
    this.#since = new Date(environment.clock.date());
    this.#signOfLife = new SignOfLife({ queue: () => this.#uploader?.left ?? 0, now: () => environment.clock.date() });
  }

  /**
   * Reads the settings and starts to work. Resolves after the first reading, with the directories to watch for changes.
   */
  async start(): Promise<readonly string[]> {
    const settings = await this.#read();
    this.reload();
    return settings.watch;
  }

  /** Reads the settings again, because they may have changed. */
  reload(): void {
    if (this.#reading === 'no') void this.#refresh();
    else this.#reading = 'again';
  }

  /** Takes in a file that another watcher noticed. `path` is absolute. */
  notice(path: string): void {
    this.#uploader?.notice(path);
  }

  /**
   * Lets running uploads finish for at most `grace` ms, and writes the ledger.
   *
   * @throws the error of the file system if the ledger cannot be written.
   */
  async stop(grace: number): Promise<void> {
    this.#state = { is: 'stopped' };
    this.#cancelTimer();
    this.#signOfLife.pause();
    this.#cancelLook();
    await this.#uploader?.stop(grace);
    this.#claim?.release();
  }

  /** The answer to `grunt status`. `question` may be `{ file: name }`, to ask for one file. */
  status(question?: unknown): TargetStatus {
    const { settings, warnings = [] } = this.#used ?? {};
    const file = isRecord(question) && typeof question.file === 'string' ? question.file : undefined;
    return {
      target: this.name,
      pid: process.pid,
      since: this.#since,
      instance: settings?.instance,
      directories: settings?.directories ?? [],
      destination: settings && destinationOf(settings),
      warnings,
      notes: this.#notes,
      waiting: this.#state.is === 'waiting' ? this.#state.why : undefined,
      uploader: this.#uploader?.status(),
      ...(file === undefined || this.#uploader === undefined ? {} : { file: this.#uploader.whereabouts(file) }),
    };
  }

  get #isStopped(): boolean {
    return this.#state.is === 'stopped';
  }

  async #refresh(): Promise<void> {
    do {
      this.#reading = 'yes';
      this.#cancelTimer();
      const delay = await this.#readOnce();
      if (!this.#isStopped) this.#cancelTimer = this.#environment.clock.after(delay, () => this.reload());
    } while (this.#isAskedAgain && !this.#isStopped);
    this.#reading = 'no';
  }

  get #isAskedAgain(): boolean {
    return this.#reading === 'again';
  }

  /**
   * Reads the settings and follows them.
   *
   * @returns the ms after which to read them again.
   */
  async #readOnce(): Promise<number> {
    try {
      const settings = await this.#read();
      if (this.#isStopped) return 0;
      this.#tellNotes(settings.notes);
      if (settings.state === 'unreadable') return this.#cannotRead(settings.message);
      this.#unreadable = undefined;
      await this.#follow(settings);
    } catch (error) {
      this.#wait(messageOf(error), 'warn');
    }
    return this.#state.is === 'working' ? LOOK_WORKING : LOOK_WAITING;
  }

  async #follow(settings: SettingsResult & { state: 'ready' | 'unsubscribed' | 'invalid' }): Promise<void> {
    switch (settings.state) {
      case 'ready':
        return this.#work(settings.settings, settings.warnings);
      case 'unsubscribed':
        return this.#wait(settings.message, 'say');
      case 'invalid':
        return this.#wait(settings.problems.join('\n'), 'warn');
    }
  }

  /** Reports each note once for as long as it holds. */
  #tellNotes(notes: readonly string[]): void {
    for (const note of notes) if (!this.#notes.includes(note)) this.#report.say(note);
    this.#notes = notes;
  }

  /** Warns about files that are never uploaded (left-alone.ts), now and at intervals. */
  async #tellLeftAlone(): Promise<void> {
    this.#cancelLook();
    for (const directory of this.#used?.settings.directories ?? []) {
      for (const { why, text } of await leftAlone(directory)) {
        const key = JSON.stringify([directory, why]);
        if (!this.#toldLeftAlone.has(key) && !this.#isStopped) this.#report.warn(text);
        this.#toldLeftAlone.add(key);
      }
    }
    this.#cancelLook();
    if (this.#isStopped) return;
    this.#cancelLook = this.#environment.clock.after(LOOK_LEFT_ALONE, () => void this.#tellLeftAlone());
  }

  /**
   * Most likely the web interface is writing the files. Until it is done, the former settings stay in use.
   *
   * @returns the ms after which to read them again.
   */
  #cannotRead(message: string): number {
    const now = this.#environment.clock.now();
    this.#unreadable ??= { since: now };
    if (now - this.#unreadable.since < STILL_UNREADABLE) return READ_AGAIN;
    if (this.#unreadable.logged !== message) this.#report.warn(message);
    this.#unreadable = { ...this.#unreadable, logged: message };
    return LOOK_WAITING;
  }

  /** Stops uploading until something changes. Reports the reason once. */
  #wait(why: string, tell: 'say' | 'warn'): void {
    if (this.#isStopped) return;
    this.#uploader?.pause();
    this.#signOfLife.pause();
    const isNews = this.#state.is !== 'waiting' || this.#state.why !== why;
    this.#state = { is: 'waiting', why };
    if (isNews) this.#report[tell](why);
  }

  async #work(settings: SyncSettings, warnings: readonly string[]): Promise<void> {
    const key = JSON.stringify([settings, warnings]);
    if (this.#state.is === 'working' && this.#state.key === key) return;
    if (!(await this.#isClaimed(settings))) return;
    const isFirst = this.#uploader === undefined;
    this.#uploader ??= await this.#openUploader(settings);
    if (this.#isStopped) return this.#uploader.stop(0);
    this.#used = { settings, warnings };
    this.#state = { is: 'working', key };
    this.#signOfLife.resume(settings);
    this.#report.say(
      `${isFirst ? 'Uploading' : 'Settings have changed: uploading'} ${settings.directories.join(' and ')} to ${destinationOf(settings)}.`,
    );
    for (const warning of warnings) this.#report.warn(warning);
    void this.#tellLeftAlone();
    // Scanning a large directory takes long, and the settings may change meanwhile. So this is not awaited.
    const begun = isFirst ? this.#uploader.start() : this.#uploader.apply(settings);
    begun.catch((error) => this.#wait(messageOf(error), 'warn'));
  }

  async #openUploader(settings: SyncSettings): Promise<Uploader> {
    const options = { environment: this.#environment, lease: this.#claim };
    const uploader = await Uploader.open(settings, this.#report, options);
    uploader.on('lost', () => {
      this.#claim?.release();
      this.#claim = undefined;
      this.#uploader = undefined;
      this.#wait('Another grunt sync has taken over while this one was stopped: waiting for it to end.', 'warn');
      this.#environment.clock.after(CLAIM_AGAIN, () => this.reload());
    });
    return uploader;
  }

  /** Whether this process has the right to work on this target. If another process has, tries again later. */
  async #isClaimed({ state }: SyncSettings): Promise<boolean> {
    if (this.#claim !== undefined) return true;
    const answer = (question: unknown) => this.status(question);
    this.#claim = await claimOrGoWithout(controlPath(state, this.name), answer, this.#report);
    if (this.#claim !== undefined) return true;
    this.#wait(`Another grunt sync is at work on ${state}: waiting for it to end.`, 'say');
    this.#environment.clock.after(CLAIM_AGAIN, () => this.reload());
    return false;
  }
}

/** `s3://bucket/folder`, and the endpoint unless it is Amazon's. */
export function destinationOf({ destination: { bucket, folder, endpoint } }: SyncSettings): string {
  return `s3://${bucket}/${folder}${endpoint === undefined ? '' : ` at ${endpoint}`}`;
}
