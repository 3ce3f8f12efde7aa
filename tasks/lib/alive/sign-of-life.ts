/**
 * The sign of life: every ten minutes `grunt sync` puts one small object into its bucket, even if nothing moves, so
 * that the owner can distinguish a quiet room from a dead camera.
 *
 * Each instance overwrites its one object, which the device's key may do, so nothing piles up. The object's name begins
 * with a dot, so no cloud takes it for an event. Signs are sent only while uploads are wanted, and never delay a
 * picture. A sign that fails is dropped: its cause also keeps pictures away, and is reported there.
 */
import { createHash } from 'node:crypto';
import { Bucket } from '../bucket/bucket';
import { objectKey } from '../event';
import type { SyncSettings } from '../settings/settings';
import { VERSION } from '../version';
import { vitalSigns } from './vital-signs';

/** Interval of the signs, in ms: 4,320 a month. */
const INTERVAL = 10 * 60_000;
/** The first sign comes 30,000 ms after the start, when the backlog has been counted. */
const FIRST = 30_000;

/** What `SignOfLife` takes from outside. */
export interface SignOfLifeOptions {
  /** Returns how many files wait to be uploaded. */
  readonly queue: () => number;
  /** Clock of this machine, in ms since 1970. */
  readonly now?: () => number;
  /** Ms between two signs. */
  readonly interval?: number;
  /** Ms until the first sign. */
  readonly first?: number;
}

/** Sends the signs of life of one target. */
export class SignOfLife {
  readonly #options: Required<SignOfLifeOptions>;
  #settings: SyncSettings | undefined;
  #timer: NodeJS.Timeout | undefined;
  #sending: Promise<void> | undefined;
  #abort = new AbortController();

  constructor(options: SignOfLifeOptions) {
    this.#options = { now: Date.now, interval: INTERVAL, first: FIRST, ...options };
  }

  /** Sends signs under these settings, unless they switch them off. */
  resume(settings: SyncSettings): void {
    this.pause();
    if (!settings.signOfLife) return;
    this.#abort = new AbortController();
    this.#settings = settings;
    this.#wait(this.#options.first);
  }

  /** Sends no more signs until `resume`; aborts one that is being sent. */
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

/** The file name of an instance's sign of life. The object holds the instance's name. */
export function signName(instance: string): string {
  const id = createHash('sha256').update(instance).digest('base64url').slice(0, 22);
  return `.kerberos-alive-${id}.json`;
}
