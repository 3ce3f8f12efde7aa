/**
 * Where the Kerberos configuration of this machine is.
 *
 * Each generation of images keeps it elsewhere, and a machine may have several: KiOS works with a copy and keeps the
 * factory's files for good, an image that was upgraded keeps the old ones, and a computer may have two installations. The
 * live one counts, told by what is in it: the one with keys; of several (or none) with keys the one of KiOS, where it is
 * always the live one; else the one that was changed last. Whoever reads again finds another one as soon as keys are
 * typed there.
 */
import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { type Configuration, FILES, readConfiguration } from './kerberos';

/**
 * The directories of all releases (kerberos-io/machinery and kerberos-io/web 1.0.0 to 2.8.0, kerberos-io/kios 1.0.0 to
 * 2.8.0): KiOS's copy, 2.x, 1.x, and what was used between 1.x and 2.0.
 */
export const CONFIGURATION_DIRECTORIES: readonly string[] = [
  '/data/machinery/config',
  '/etc/opt/kerberosio/config',
  '/home/kerberos-io/config',
  '/etc/kerberosio/config',
];
/** The one directory that is the live one wherever it is. */
const OF_KIOS = '/data/machinery/config';
/** Nobody writes a file for longer than so many ms. */
const WRITING = 10_000;

/** The configuration of a machine. `notes`: which one was chosen and why, and what else its owner should know. */
export type KerberosConfiguration =
  | (Configuration & { notes: string[] /** Those that exist. */; watch: string[] })
  | {
      /** None of the directories looked in holds a configuration. */
      state: 'missing';
      directories: readonly string[];
      notes: string[];
      watch: string[];
    };

interface Candidate {
  readonly configuration: Configuration;
  readonly hasKeys: boolean;
  readonly isOfKios: boolean;
  /** The last change of its files, in ms since 1970. */
  readonly changed: number;
}

/** What `readKerberos` may be told otherwise. */
export interface KerberosOptions {
  /** Directories that may hold the product key, beside the parent of the configuration directory. */
  readonly homes?: readonly string[];
  /** Which of the directories is that of KiOS. */
  readonly kios?: string;
  /** The clock, in ms since 1970. */
  readonly now?: () => number;
}

/** Reads the live configuration of those in `directories`. Never throws for what it finds on disk. */
export async function readKerberos(
  directories: readonly string[] = CONFIGURATION_DIRECTORIES,
  { homes = [], kios = OF_KIOS, now = Date.now }: KerberosOptions = {},
): Promise<KerberosConfiguration> {
  const candidates: Candidate[] = [];
  const seen = new Set<string>();
  for (const directory of directories) {
    const names = await readdir(directory).catch((): string[] => []);
    if (!FILES.some((file) => names.includes(file))) continue;
    // One may be a link to the other.
    const { dev, ino } = await stat(directory);
    if (seen.has(`${dev}:${ino}`)) continue;
    seen.add(`${dev}:${ino}`);
    const configuration = await readConfiguration(directory, homes);
    const changed = await lastChange(directory);
    candidates.push({
      configuration,
      hasKeys: hasKeys(configuration, now() - changed < WRITING),
      isOfKios: directory === kios,
      changed,
    });
  }
  const [live, ...others] = candidates.sort(
    (a, b) => Number(b.hasKeys) - Number(a.hasKeys) || Number(b.isOfKios) - Number(a.isOfKios) || b.changed - a.changed,
  );
  const watch = candidates.map(({ configuration }) => configuration.directory);
  if (live === undefined) return { state: 'missing', directories, notes: [], watch: [...directories] };
  const { configuration } = live;
  const notes = configuration.state === 'found' ? configuration.notes : [];
  return { ...configuration, notes: [...choice(live, others), ...notes], watch };
}

/** Keys of a file that is being written will be there in a moment; nothing is decided by their absence. */
function hasKeys(configuration: Configuration, isBeingWritten: boolean): boolean {
  if (configuration.state !== 'found') return configuration.state === 'unreadable' && isBeingWritten;
  const { bucket, publicKey, privateKey } = configuration.facts.subscription;
  return bucket !== undefined && publicKey !== undefined && privateKey !== undefined;
}

async function lastChange(directory: string): Promise<number> {
  const times = await Promise.all(
    FILES.map((file) =>
      stat(join(directory, file)).then(
        ({ mtimeMs }) => mtimeMs,
        () => 0,
      ),
    ),
  );
  return Math.max(...times);
}

/** Why that one, for people; nothing where there was no choice. */
function choice(live: Candidate, others: readonly Candidate[]): string[] {
  return others.map((other) => {
    const { directory } = live.configuration;
    const why =
      live.hasKeys !== other.hasKeys
        ? 'has the keys'
        : live.isOfKios
          ? 'is the one that KiOS works with'
          : 'was changed last';
    const both = live.hasKeys && other.hasKeys ? ', which has keys, too' : '';
    return `The configuration is ${directory}, which ${why}, and not ${other.configuration.directory}${both}. For the other one set KERBEROS_CONFIG.`;
  });
}
