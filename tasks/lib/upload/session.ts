import { join } from 'node:path';
import { Bucket } from '../bucket/bucket';
import { objectKey } from '../event';
import type { Destination, SyncSettings } from '../settings/settings';
import { type Clock, systemClock } from './clock';
import { Ledger } from './ledger';

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
    say: (text: string) => void,
    ledger?: Ledger,
  ): Promise<Session> {
    const bucket = await environment.openBucket(settings, say);
    return new Session(settings, bucket, ledger ?? (await openLedger(settings)));
  }

  /** Fires when another session has taken its place: nothing more is to be asked on behalf of this one. */
  get superseded(): AbortSignal {
    return this.#superseded.signal;
  }

  supersede(): void {
    this.#superseded.abort();
  }

  /** The key of an event's object. */
  keyOf(name: string): string {
    return objectKey(this.settings.destination.folder, name);
  }
}

/** The ledger of a target; reading it changes nothing on the disk. */
export function openLedger({ state, target, destination }: SyncSettings): Promise<Ledger> {
  return Ledger.open(join(state, `${encodeURIComponent(target)}.ledger`), nameOf(destination));
}

/** Whether both settings share destination and ledger, so that an upload under one counts for the other. */
export function isSamePlace(a: SyncSettings, b: SyncSettings): boolean {
  return nameOf(a.destination) === nameOf(b.destination) && a.state === b.state;
}

/** What a ledger is about: a picture in one bucket or folder is not in another. */
function nameOf({ endpoint, bucket, folder }: Destination): string {
  return JSON.stringify([endpoint ?? 's3', bucket, folder]);
}
