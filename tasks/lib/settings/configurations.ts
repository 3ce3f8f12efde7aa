/**
 * Finds the live Kerberos configuration of this machine.
 *
 * Each generation of images keeps it elsewhere, and a machine may have several: KiOS works with a copy and keeps the
 * factory's files for good, an upgraded image keeps the old ones, and a computer may have two installations. The live
 * one is the one with keys; if several have keys, or none, it is that of KiOS, whose copy is always live; else the one
 * that was changed last. Reading again finds another one as soon as keys are typed there.
 */
import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { type Configuration, FILES, readConfiguration } from './kerberos';

/**
 * The configuration directories of all releases (kerberos-io/machinery and kerberos-io/web 1.0.0 to 2.8.0,
 * kerberos-io/kios 1.0.0 to 2.8.0): KiOS's copy, 2.x, 1.x, and the one used between 1.x and 2.0.
 */
export const CONFIGURATION_DIRECTORIES: readonly string[] = [
  '/data/machinery/config',
  '/etc/opt/kerberosio/config',
  '/home/kerberos-io/config',
  '/etc/kerberosio/config',
];
/** KiOS's copy, which is always live where it exists. */
const OF_KIOS = '/data/machinery/config';
/** A file changed in the last 10,000 ms may still be being written. */
const WRITING = 10_000;

/** The configuration of a machine. `notes`: which one was chosen and why, and what else its owner should know. */
export type KerberosConfiguration =
  | (Configuration & { notes: string[] /** Those that exist. */; watch: string[] })
  | {
      /** None of the directories holds a configuration. */
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

/** Options of `readKerberos`. */
export interface KerberosOptions {
  /** Directories that may hold the product key, beside the parent of the configuration directory. */
  readonly homes?: readonly string[];
  /** The directory of KiOS's copy. */
  readonly kios?: string;
  /** Returns ms since 1970. */
  readonly now?: () => number;
}

/** Reads the live configuration among `directories`. Never rejects because of what is on the disk. */
export async function readKerberos(
  directories: readonly string[] = CONFIGURATION_DIRECTORIES,
  { homes = [], kios = OF_KIOS, now = Date.now }: KerberosOptions = {},
): Promise<KerberosConfiguration> {
  const candidates: Candidate[] = [];
  const seen = new Set<string>();
  for (const directory of directories) {
    const names = await readdir(directory).catch((): string[] => []);
    if (!FILES.some((file) => names.includes(file))) continue;
    // One directory may be a link to another.
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

/**
 * Whether a configuration has keys. A file that is being written may have them in a moment, so it counts as having
 * keys.
 */
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

/** Why the live configuration was chosen, for people; empty if there was no choice. */
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
