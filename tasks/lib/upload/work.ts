import { join } from 'node:path';
import { Bucket } from '../bucket/bucket';
import type { Destination, SyncSettings } from '../settings/settings';
import { Ledger } from './ledger';

/** What uploads work with. Replaced as a whole when the settings change; an upload ends with the one it began with. */
export interface Work {
  readonly settings: SyncSettings;
  readonly bucket: Bucket;
  readonly ledger: Ledger;
  /** Fires when this has been replaced: nothing more is to be asked on its behalf. */
  readonly over: AbortController;
}

/** Connects nothing and writes nothing yet. `ledger`: of the same destination, to go on with. */
export async function openWork(settings: SyncSettings, tell: (text: string) => void, ledger?: Ledger): Promise<Work> {
  const { destination, limitRate } = settings;
  const bucket = await Bucket.open(destination, { tell, ...(limitRate === undefined ? {} : { limitRate }) });
  return { settings, bucket, ledger: ledger ?? (await openLedger(settings)), over: new AbortController() };
}

/** The ledger of a target; reading it changes nothing on the disk. */
export function openLedger({ state, target, destination }: SyncSettings): Promise<Ledger> {
  return Ledger.open(join(state, `${encodeURIComponent(target)}.ledger`), nameOf(destination));
}

/** Whether a file that is where the one goes is also where the other goes, and written down in the same ledger. */
export function isSamePlace(a: SyncSettings, b: SyncSettings): boolean {
  return nameOf(a.destination) === nameOf(b.destination) && a.state === b.state;
}

/** What a ledger is about: a picture in one bucket or folder is not in another. */
function nameOf({ endpoint, bucket, folder }: Destination): string {
  return JSON.stringify([endpoint ?? 's3', bucket, folder]);
}
