import { join } from 'node:path';
import { Bucket } from '../bucket/bucket';
import { objectKey } from '../event';
import type { Destination, SyncSettings } from '../settings/settings';
import { type Clock, systemClock } from './clock';
import { withVariant } from './key-variant';
import { type Lease, Ledger } from './ledger';
import type { LogThrottle } from './log-throttle';
import type { Report } from './report';

/** What of a bucket uploads need. */
export type UploadBucket = Pick<Bucket, 'put' | 'list' | 'place' | 'close'>;

/** What the upload core takes from outside, so that a test can hold it in its hands. */
export interface Environment {
  readonly clock: Clock;
  /** Yields numbers in [0, 1). */
  readonly random: () => number;
  /** Connects nothing yet. `say` hears what the bucket puts right by itself. */
  openBucket(settings: SyncSettings, say: (text: string) => void): Promise<UploadBucket>;
}

export const systemEnvironment: Environment = {
  clock: systemClock,
  random: Math.random,
  openBucket: ({ destination, limitRate }, say) =>
    Bucket.open(destination, { tell: say, ...(limitRate === undefined ? {} : { limitRate }) }),
};

/**
 * What uploads work with: settings, and the bucket and ledger that they name. It never changes. Other settings make
 * another session, and an upload ends with the session that it began in.
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

  /** Connects nothing and writes nothing yet. `ledger`: of the same destination, to go on with. */
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

  /** Fires when another session has taken its place: nothing more is to be asked on behalf of this one. */
  get superseded(): AbortSignal {
    return this.#superseded.signal;
  }

  supersede(): void {
    this.#superseded.abort();
  }

  /** Logs that the ledger cannot be written, while it cannot. */
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

  /** The key of an event's object. `variant`: of another content than the first of this name (key-variant.ts). */
  keyOf(name: string, variant = ''): string {
    return objectKey(this.settings.destination.folder, withVariant(name, variant));
  }
}

/** The ledger of a target; reading it changes nothing on the disk. */
export function openLedger({ state, target, destination }: SyncSettings, lease?: Lease): Promise<Ledger> {
  return Ledger.open(join(state, `${encodeURIComponent(target)}.ledger`), nameOf(destination), lease);
}

/** Whether both settings share destination and ledger, so that an upload under one counts for the other. */
export function isSamePlace(a: SyncSettings, b: SyncSettings): boolean {
  return nameOf(a.destination) === nameOf(b.destination) && a.state === b.state;
}

/** What a ledger is about: a picture in one bucket or folder is not in another. */
function nameOf({ endpoint, bucket, folder }: Destination): string {
  return JSON.stringify([endpoint ?? 's3', bucket, folder]);
}
