/**
 * The sign of life: every ten minutes `grunt sync` puts one small object into its bucket, also when nothing moved. By it
 * the owner can tell a quiet room from a dead camera.
 *
 * It is always the same object of an instance, so that nothing piles up, and the key of the device may write it. Its name
 * begins with a dot: no cloud takes it for an event. It is sent only while uploads are wanted, it never holds up a picture,
 * and where it fails it is left for the next time: whatever keeps it away keeps pictures away, and is told there.
 */
import { createHash } from 'node:crypto';
import { Bucket } from '../bucket/bucket';
import { objectKey } from '../event';
import type { SyncSettings } from '../settings/settings';
import { VERSION } from '../version';
import { vitalSigns } from './vital-signs';

/** How often, in ms: 4,320 times a month. */
const INTERVAL = 10 * 60_000;
/** The first one comes so many ms after the start, when the backlog has been counted. */
const FIRST = 30_000;

/** What comes from outside. */
export interface SignOfLifeOptions {
  /** How many files wait to be uploaded. */
  readonly queue: () => number;
  /** Clock of this machine, in ms. */
  readonly now?: () => number;
  readonly interval?: number;
  readonly first?: number;
}

export class SignOfLife {
  readonly #options: Required<SignOfLifeOptions>;
  #settings: SyncSettings | undefined;
  #timer: NodeJS.Timeout | undefined;
  #sending: Promise<void> | undefined;
  #abort = new AbortController();

  constructor(options: SignOfLifeOptions) {
    this.#options = { now: Date.now, interval: INTERVAL, first: FIRST, ...options };
  }

  /** Uploads go on under these settings, and so does the sign of life, unless they switch it off. */
  resume(settings: SyncSettings): void {
    this.pause();
    if (!settings.signOfLife) return;
    this.#abort = new AbortController();
    this.#settings = settings;
    this.#wait(this.#options.first);
  }

  /** No more signs until `resume`; one that is being sent is broken off. */
  pause(): void {
    clearTimeout(this.#timer);
    this.#settings = undefined;
    this.#abort.abort();
  }

  #wait(delay: number): void {
    this.#timer = setTimeout(() => {
      const settings = this.#settings;
      if (settings === undefined) return;
      this.#sending ??= this.#send(settings, this.#abort.signal)
        .catch(() => {})
        .finally(() => {
          this.#sending = undefined;
        });
      this.#wait(this.#options.interval);
    }, delay);
    this.#timer.unref();
  }

  async #send(settings: SyncSettings, signal: AbortSignal): Promise<void> {
    const { destination, instance, directories } = settings;
    const signs = await vitalSigns(directories, this.#options.now());
    const told = { instance, version: VERSION, queue: this.#options.queue(), ...signs };
    const bytes = Buffer.from(`${JSON.stringify(told)}\n`);
    const content = { size: bytes.length, read: () => Promise.resolve(bytes) };
    const bucket = await Bucket.open(destination, { now: this.#options.now });
    try {
      await bucket.put(objectKey(destination.folder, signName(instance)), content, {
        contentType: 'application/json',
        metadata: {},
        signal,
      });
    } finally {
      bucket.close();
    }
  }
}

/** The file name of an instance's sign of life; the name of the instance is in the object. */
export function signName(instance: string): string {
  const id = createHash('sha256').update(instance).digest('base64url').slice(0, 22);
  return `.kerberos-alive-${id}.json`;
}
