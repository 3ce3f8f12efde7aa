/**
 * The settings of a target of `grunt sync`: its directories, its bucket, its credentials.
 *
 * `table.ts` declares the settings, `sources.ts` finds their values, and here they become one `SyncSettings`. All
 * problems are reported at once.
 *
 * An image whose owner has no subscription yet has empty credentials. That is a state of its own and no error, and so
 * is a file that is being written while it is read.
 */
import { resolve } from 'node:path';
import { getProxyForUrl } from 'proxy-from-env';
import type { FileFormats } from '../event';
import { VERSION } from '../version';
import { adviceOf, warningsOf } from './advice';
import { CONFIGURATION_DIRECTORIES, readKerberos } from './configurations';
import { type Credentials, readCredentials } from './credentials';
import { distinctDirectories } from './directories';
import type { KerberosFacts } from './kerberos';
import { Sources, type SourceValues } from './sources';
import { SETTINGS } from './table';
import { ianaTimeZone } from './time-zone';
import { looksLikePrivateKey } from './values';

export type { Credentials } from './credentials';
export type { SyncOptions } from './table';

/** Where events are uploaded to. */
export interface Destination {
  bucket: string;
  /** Without slashes at its ends; may be empty. */
  folder: string;
  region: string;
  /** URL of a custom endpoint, without a trailing slash; the bucket then goes into the path. */
  endpoint?: string;
  credentials: Credentials;
  /** Headers that the bucket demands for every object. */
  demands?: ObjectDemands;
  /** URL of the HTTP proxy on the way to the endpoint. It may hold a password. */
  proxy?: string;
}

/** Headers that a bucket's policy may demand for every upload; an absent header is not sent. */
export interface ObjectDemands {
  encryption?: string;
  /** Id or ARN of a KMS key. */
  encryptionKey?: string;
  storageClass?: string;
  acl?: string;
}

/** Everything that a target needs. */
export interface SyncSettings {
  target: string;
  /** The Kerberos configuration directory, if there is one. */
  configuration?: string;
  /** The instance's name; the target's name if the configuration has none. */
  instance: string;
  /** Facts about the camera that go with each event, by their metadata keys. */
  camera: Readonly<Record<string, string>>;
  /** The capture directories, absolute, each once. They need not exist. */
  directories: string[];
  /** The layouts of event names, if the configuration has any. */
  fileFormats: FileFormats;
  /** The directory of the ledger, absolute. */
  state: string;
  destination: Destination;
  concurrency: number;
  /** Most bytes per second of all uploads together; absent: no limit. */
  limitRate?: number;
  /** Write stability threshold, in ms: how long a file of a format without a visible end must stay unchanged. */
  stillness: number;
  /** Whether a sign of life is uploaded every ten minutes. */
  signOfLife: boolean;
}

/** Where settings come from. Nothing else is read but the configuration's files. */
export interface SettingsSources extends SourceValues {
  /** The Gruntfile's directory, absolute. */
  base: string;
  /** Directories to search for a configuration, if none is named; by default `CONFIGURATION_DIRECTORIES`. */
  configurationDirectories?: readonly string[];
  /** Returns the proxy for a URL, or ''; by default according to HTTPS_PROXY, NO_PROXY and so on. */
  proxyFor?: (url: string) => string;
}

/**
 * The result of reading the settings. `watch`: configuration directories whose changes are a reason to read again.
 * `notes`: which configuration was chosen if there was a choice, and how a file was read that was not saved as it
 * should be.
 */
export type SettingsResult = { watch: string[]; notes: string[] } & (
  | {
      state: 'ready';
      settings: SyncSettings;
      /** What keeps some events from being uploaded, and what to do. */
      warnings: string[];
      /** What works, but could be better. */
      advice: string[];
    }
  /** There is no cloud subscription yet: credentials or bucket are empty. `files`: where they will appear. */
  | { state: 'unsubscribed'; message: string; files: string[]; directories: string[] }
  /** Files are empty or cut short, most likely because they are being written. Read again soon. */
  | { state: 'unreadable'; message: string; files: string[] }
  /** Each problem tells what is wrong, where, and what to do. */
  | { state: 'invalid'; problems: string[] }
);

/** Reads the settings of one target. Never rejects because of what was typed or what is on the disk. */
export async function readSettings(values: SettingsSources): Promise<SettingsResult> {
  const { target, base, env = {}, proxyFor = getProxyForUrl } = values;
  const sources = new Sources(values);
  const { problems } = sources;

  const named = sources.find(SETTINGS.config);
  const kerberos = await readKerberos(
    named ? [resolve(base, named.value)] : (values.configurationDirectories ?? CONFIGURATION_DIRECTORIES),
    { homes: [env.HOME || '/root', '/var/tmp'] },
  );
  const { watch, notes } = kerberos;
  if (kerberos.state === 'unreadable') {
    const message = `${kerberos.files.join(' and ')}: empty or cut short. If the web interface is not saving it right now, save the settings there again.`;
    return { state: 'unreadable', message, files: kerberos.files, watch, notes };
  }
  if (kerberos.state === 'invalid') problems.push(...kerberos.problems);
  if (kerberos.state === 'missing' && named) {
    problems.push(
      `${named.origin} names ${watch[0]}, where there is no config.xml, cloud.xml or io.xml: name the directory that holds them.`,
    );
  }
  const facts: Partial<KerberosFacts> = kerberos.state === 'found' ? kerberos.facts : {};
  const { subscription } = facts;

  const captures = sources.findAll(SETTINGS.directory, facts.directories);
  const bucket = sources.read(SETTINGS.bucket, subscription?.bucket);
  const folder = sources.read(SETTINGS.folder, subscription?.folder);
  const endpoint = sources.read(SETTINGS.endpoint);
  const region = sources.read(SETTINGS.region);
  const concurrency = sources.read(SETTINGS.concurrency);
  const stillness = sources.read(SETTINGS.still);
  const limitRate = sources.read(SETTINGS.limitRate);
  const state = sources.read(SETTINGS.state);
  const signOfLife = sources.read(SETTINGS.signOfLife) === 'on';
  const demands = demandsOf(sources);
  const credentials = readCredentials(sources, subscription ?? {});

  problems.push(...misplacedKeys({ bucket, folder, region }, credentials));

  const url = endpoint ?? `https://${bucket ?? 's3'}.s3.${region}.amazonaws.com`;
  const proxy = proxyOf(proxyFor(url), url, problems);

  if (kerberos.state === 'missing' && !named && !(bucket && credentials && captures.length > 0)) {
    problems.push(
      `No Kerberos configuration in ${kerberos.directories.join(', ')}. Set KERBEROS_CONFIG to its directory or, to upload without Kerberos, set SYNC_DIRECTORY, SYNC_BUCKET, AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY.`,
    );
  }
  if (problems.length > 0) return { state: 'invalid', problems, watch, notes };
  const absolute = await distinctDirectories(captures.map(({ value }) => resolve(base, value)));
  if (!bucket || !credentials) {
    const empty = [
      bucket ? [] : ['<bucket>'],
      credentials || subscription?.publicKey ? [] : ['<publicKey>'],
      credentials || subscription?.privateKey ? [] : ['<privateKey>'],
    ].flat();
    const message =
      `${subscription?.file}: ${empty.join(', ')} of ${subscription?.element} ${empty.length > 1 ? 'are' : 'is'} empty, so this ` +
      'instance has no cloud subscription yet. Type what the cloud application gave you into the web interface.';
    const files = subscription ? [subscription.file] : [];
    return { state: 'unsubscribed', message, files, directories: absolute, watch, notes };
  }

  const settings: SyncSettings = {
    target,
    instance: facts.instance?.value ?? target,
    directories: absolute,
    fileFormats: {
      ...(facts.pictureFormat && { pictures: facts.pictureFormat.value }),
      ...(facts.videoFormat && { videos: facts.videoFormat.value }),
    },
    camera: cameraOf(facts),
    state: resolve(base, state),
    destination: { bucket, folder, region, credentials },
    concurrency,
    stillness,
    signOfLife,
  };
  if (demands !== undefined) settings.destination.demands = demands;
  if (kerberos.state === 'found') settings.configuration = kerberos.directory;
  if (limitRate !== undefined) settings.limitRate = limitRate;
  if (endpoint !== undefined) settings.destination.endpoint = endpoint;
  if (proxy !== undefined) settings.destination.proxy = proxy;
  // If the directories are named elsewhere, it does not matter what the camera writes into its own.
  const ofCamera = captures === facts.directories ? facts : {};
  return {
    state: 'ready',
    settings,
    warnings: warningsOf(ofCamera),
    advice: adviceOf(facts, endpoint === undefined),
    watch,
    notes,
  };
}

/** The headers that are set; `undefined` if none is. */
function demandsOf(sources: Sources): ObjectDemands | undefined {
  const encryption = sources.read(SETTINGS.encryption);
  const encryptionKey = sources.read(SETTINGS.encryptionKey);
  const storageClass = sources.read(SETTINGS.storageClass);
  const acl = sources.read(SETTINGS.acl);
  if (encryptionKey !== undefined && !encryption?.startsWith('aws:kms')) {
    sources.problems.push('A KMS key is set without its encryption: set SYNC_ENCRYPTION=aws:kms, too.');
  }
  const demands = {
    ...(encryption !== undefined && { encryption }),
    ...(encryptionKey !== undefined && { encryptionKey }),
    ...(storageClass !== undefined && { storageClass }),
    ...(acl !== undefined && { acl }),
  };
  return Object.keys(demands).length === 0 ? undefined : demands;
}

/** Facts about the camera, by the metadata keys of later Kerberos versions, and some of our own. */
function cameraOf({ capture, productKey, timeZone, angle, condition }: Partial<KerberosFacts>): Record<string, string> {
  const known: [string, string | undefined][] = [
    ['capture', capture?.value],
    ['productid', productKey?.value],
    ['timezone', timeZone && ianaTimeZone(timeZone.value)],
    ['version', VERSION],
    ['angle', angle?.value === '0' ? undefined : angle?.value],
    ['condition', condition?.value],
  ];
  return Object.fromEntries(known.flatMap(([key, value]) => (value === undefined ? [] : [[key, value]])));
}

/** The settings for a log, a line each: no secret, and only the first four characters of an access key id. */
export function describe(settings: SyncSettings): string[] {
  const { destination } = settings;
  const { bucket, folder, region, endpoint, credentials, proxy } = destination;
  const lines = [
    `instance ${settings.instance}${settings.configuration === undefined ? '' : `, configured in ${settings.configuration}`}`,
    `capture ${settings.directories.join(', ')}`,
    `bucket ${bucket}${folder && `, folder ${folder}`}, ${endpoint ?? `region ${region}`}`,
    'profile' in credentials ? `profile ${credentials.profile}` : `access key ${credentials.accessKeyId.slice(0, 4)}…`,
    `${settings.concurrency} at once${settings.limitRate === undefined ? '' : `, ${settings.limitRate} bytes a second`}`,
    `ledger in ${settings.state}`,
  ];
  if (proxy !== undefined) lines.push(`proxy ${new URL(proxy).host}`);
  return lines;
}

function proxyOf(proxy: string, url: string, problems: string[]): string | undefined {
  if (proxy === '') return undefined;
  if (URL.canParse(proxy) && /^https?:$/.test(new URL(proxy).protocol)) return proxy;
  const variable = url.startsWith('https:') ? 'HTTPS_PROXY' : 'HTTP_PROXY';
  problems.push(`${variable} (or ALL_PROXY) is no HTTP proxy: type a URL such as http://proxy.example.org:3128.`);
  return undefined;
}

/** A private key that was typed into another field would be printed and sent as that field's value. */
function misplacedKeys(fields: Record<string, string | undefined>, credentials: Credentials | undefined): string[] {
  const secret =
    credentials !== undefined && 'secretAccessKey' in credentials ? credentials.secretAccessKey : undefined;
  // A short secret, of a server for trying things out (`minioadmin`), is part of many words.
  const isLong = secret !== undefined && secret.length >= 12;
  const accessKey = credentials !== undefined && 'accessKeyId' in credentials ? credentials.accessKeyId : undefined;
  return Object.entries({ ...fields, 'public key': accessKey })
    .filter(([, value = '']) => looksLikePrivateKey(value) || (isLong && value.includes(secret)))
    .map(
      ([field]) =>
        `The ${field} is a private key: type that into <privateKey> alone, and the ${field} here. It is not shown.`,
    );
}
