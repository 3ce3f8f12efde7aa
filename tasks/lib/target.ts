/**
 * One target of `grunt sync`: follows its settings, and runs an uploader under them.
 *
 * It never ends by itself and never fails: whatever is missing or wrong (no subscription yet, a typing error, a file
 * that the web interface is just writing) is told once and waited for. `reload` is called when a configuration file
 * has changed; what nobody can be told of, such as a directory that was not there when the watching began, is looked
 * for every now and then.
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

/** Configuration files that are half-written are read again after so many ms. */
const READ_AGAIN = 200;
/** A configuration file that stays half-written for longer than so many ms was left so: the owner is told. */
const STILL_UNREADABLE = 5_000;
/** Settings are read again after so many ms, also if nobody tells of a change: while we wait for them, and while all is well. */
const LOOK_WAITING = 2_000;
const LOOK_WORKING = 30_000;
/** Files that are left alone in the capture directories are looked for so often, in ms. */
const LOOK_LEFT_ALONE = 10 * 60_000;
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
  /** Which configuration was chosen, where there was a choice, and what is odd about its files. */
  notes: readonly string[];
  /** Why nothing is uploaded, if it is for the settings. */
  waiting: string | undefined;
  uploader: UploaderStatus | undefined;
  file?: Whereabouts;
}

/**
 * What a target is doing. `waiting`: for other settings, or for another process to end; `why` is `undefined` until the
 * settings have been read once. `working`: under these settings, which `key` tells from others.
 */
type State =
  | { readonly is: 'waiting'; readonly why: string | undefined }
  | { readonly is: 'working'; readonly key: string }
  | { readonly is: 'stopped' };

/** What a target takes from outside. */
export interface TargetParts {
  /** Reads the settings anew each time. */
  readonly read: () => Promise<SettingsResult>;
  readonly report: Report;
  readonly environment?: Environment;
}

export class Target {
  readonly name: string;
  readonly #read: () => Promise<SettingsResult>;
  readonly #report: Report;
  readonly #environment: Environment;
  readonly #since: Date;
  /** The last settings that could be used, with what they keep from being uploaded. */
  #used: { settings: SyncSettings; warnings: readonly string[] } | undefined;
  #state: State = { is: 'waiting', why: undefined };
  readonly #signOfLife: SignOfLife;
  #uploader: Uploader | undefined;
  #claim: Claim | undefined;
  /** `again`: the settings may have changed since they began to be read. */
  #reading: 'no' | 'yes' | 'again' = 'no';
  /** Files that cannot be read: since when (ms, monotonic), and the message that was logged about them. */
  #unreadable: { readonly since: number; readonly logged?: string } | undefined;
  #cancelTimer: () => void = () => {};
  #notes: readonly string[] = [];
  /** Of which directory, and for which reason, files that are left alone were told. */
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

  /** Reads the settings and begins. Resolves when they have been read once, with the directories to watch for changes. */
  async start(): Promise<readonly string[]> {
    const settings = await this.#read();
    this.reload();
    return settings.watch;
  }

  /** The settings may have changed. */
  reload(): void {
    if (this.#reading === 'no') void this.#refresh();
    else this.#reading = 'again';
  }

  /** A file that some other watcher noticed. */
  notice(path: string): void {
    this.#uploader?.notice(path);
  }

  /** Finishes what is being sent, for at most `grace` ms, and writes the ledger. Rejects where it cannot be written. */
  async stop(grace: number): Promise<void> {
    this.#state = { is: 'stopped' };
    this.#cancelTimer();
    this.#signOfLife.pause();
    this.#cancelLook();
    await this.#uploader?.stop(grace);
    this.#claim?.release();
  }

  /** What `grunt status` is told; `question` may ask for one file: `{ file: name }`. */
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

  /** Reads the settings and follows them. In how many ms they are to be read again. */
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

  /** Each once, as long as it is so. */
  #tellNotes(notes: readonly string[]): void {
    for (const note of notes) if (!this.#notes.includes(note)) this.#report.say(note);
    this.#notes = notes;
  }

  /** Tells of files in the capture directories that are not uploaded, whatever put them there: now, and every now and then. */
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

  /** The web interface is writing the files, most likely: the settings that are used are good until it is done. */
  #cannotRead(message: string): number {
    const now = this.#environment.clock.now();
    this.#unreadable ??= { since: now };
    if (now - this.#unreadable.since < STILL_UNREADABLE) return READ_AGAIN;
    if (this.#unreadable.logged !== message) this.#report.warn(message);
    this.#unreadable = { ...this.#unreadable, logged: message };
    return LOOK_WAITING;
  }

  /** Nothing can be uploaded until something changes; told once. */
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
    // A large directory takes its time to be scanned; meanwhile settings may change again.
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

  /** Whether this process is the one that works on this target; if another one does, it is waited for. */
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

/** `s3://bucket/folder`, and at which endpoint where it is not Amazon's. */
export function destinationOf({ destination: { bucket, folder, endpoint } }: SyncSettings): string {
  return `s3://${bucket}/${folder}${endpoint === undefined ? '' : ` at ${endpoint}`}`;
}
