import { join } from 'node:path';
import { Bucket } from '../bucket/bucket';
import { objectKey } from '../event';
import type { Destination, SyncSettings } from '../settings/settings';
import { type Clock, systemClock } from './clock';
import { withVariant } from './key-variant';
import { type Lease, Ledger } from './ledger';
import type { LogThrottle } from './log-throttle';
import type { Report } from './report';

/** The part of `Bucket` that uploads use. */
export type UploadBucket = Pick<Bucket, 'put' | 'list' | 'place' | 'close'>;

/** What the upload core takes from outside, so that a test can replace it. */
export interface Environment {
  readonly clock: Clock;
  /** Returns numbers in [0, 1). */
  readonly random: () => number;
  /**
   * Makes a client, but connects to nothing yet. `say` receives the corrections that the bucket makes by itself
   * (region, clock).
   */
  openBucket(settings: SyncSettings, say: (text: string) => void): Promise<UploadBucket>;
}

/** The clock, chance and S3 of this machine. */
export const systemEnvironment: Environment = {
  clock: systemClock,
  random: Math.random,
  openBucket: ({ destination, limitRate }, say) =>
    Bucket.open(destination, { tell: say, ...(limitRate === undefined ? {} : { limitRate }) }),
};

/**
 * The settings that an upload works under, with their bucket and ledger. A session never changes: other settings make
 * another session, and an upload ends under the session that it began under.
 */
export class Session {
  readonly settings: SyncSettings;
  readonly bucket: UploadBucket;
  readonly ledger: Ledger;
  readonly #superseded = new AbortController();

  constructor(settings: SyncSettings, bucket: UploadBucket, ledger: Ledger) {
    this.settings = settings;
    this.bucket = bucket;
    this.ledger = ledger;
  }

  /** Connects to nothing and writes nothing. `ledger`: the open ledger of the same destination, if there is one. */
  static async open(
    settings: SyncSettings,
    environment: Environment,
    report: Pick<Report, 'say' | 'warn'>,
    { ledger, lease }: { ledger?: Ledger | undefined; lease?: Lease | undefined } = {},
  ): Promise<Session> {
    const bucket = await environment.openBucket(settings, (text) => report.say(text));
    if (ledger !== undefined) return new Session(settings, bucket, ledger);
    const opened = await openLedger(settings, lease);
    if (opened.damage !== undefined) {
      report.warn(`The ledger ${opened.damage}. What it has forgotten is looked for in the list of the bucket.`);
    }
    return new Session(settings, bucket, opened);
  }

  /** Fires when another session has replaced this one: no more requests are to be made for this session. */
  get superseded(): AbortSignal {
    return this.#superseded.signal;
  }

  supersede(): void {
    this.#superseded.abort();
  }

  /** Warns while the ledger cannot be written. */
  async logLedger(throttle: LogThrottle, report: Report): Promise<void> {
    await this.ledger.written();
    const { problem } = this.ledger;
    if (problem === undefined) {
      throttle.reset('ledger');
    } else if (throttle.shouldLog('ledger')) {
      report.warn(
        `The ledger cannot be written (${problem.message}). Uploads go on, and are written down when there is room again.`,
      );
    }
  }

  /** The key of an event's object. `variant`: see key-variant.ts. */
  keyOf(name: string, variant = ''): string {
    return objectKey(this.settings.destination.folder, withVariant(name, variant));
  }
}

/** Opens the ledger of a target. Changes nothing on the disk. */
export function openLedger({ state, target, destination }: SyncSettings, lease?: Lease): Promise<Ledger> {
  return Ledger.open(join(state, `${encodeURIComponent(target)}.ledger`), nameOf(destination), lease);
}

/** Whether both settings share destination and ledger, so that an upload under one counts for the other. */
export function isSamePlace(a: SyncSettings, b: SyncSettings): boolean {
  return nameOf(a.destination) === nameOf(b.destination) && a.state === b.state;
}

/** Identifies the destination of a ledger: a picture in one bucket or folder is not in another. */
function nameOf({ endpoint, bucket, folder }: Destination): string {
  return JSON.stringify([endpoint ?? 's3', bucket, folder]);
}
