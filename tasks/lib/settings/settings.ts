/**
 * What one target of `grunt sync` works with: which directories, which bucket, by whose leave.
 *
 * Four sources are asked for each setting, and the last one that names it wins: the Kerberos configuration, the
 * target's options in the Gruntfile, the environment, the command line. Each value keeps its origin, so that a problem
 * names the file and element, the option, the variable or the flag to mend. All problems are told at once.
 *
 * An image whose owner has no subscription yet has empty credentials. That is a state of its own and no error, and so
 * is a file that is being written while it is read.
 */
import { join, resolve } from 'node:path';
import { parse as parseBytes } from 'bytes';
import { getProxyForUrl } from 'proxy-from-env';
import { DEFAULT_FILE_FORMAT } from '../event';
import { CONFIGURATION_DIRECTORIES, type Fact, type KerberosFacts, readKerberos, tidy } from './kerberos';

/** The options of a target in the Gruntfile. Paths are relative to the Gruntfile's directory. */
export interface SyncOptions {
  /** The Kerberos configuration directory; by default the first of `CONFIGURATION_DIRECTORIES` that holds one. */
  config?: string;
  /** The capture directory, or several; by default what io.xml names. */
  directory?: string | string[];
  /** The uploads bucket. */
  bucket?: string;
  /** The first part of every key: the account. May be empty. */
  folder?: string;
  /** The URL of another S3 than Amazon's. */
  endpoint?: string;
  /** The bucket's region; default `eu-west-1`. */
  region?: string;
  /** The access key id, as Kerberos calls it. */
  publicKey?: string;
  /** The secret access key, as Kerberos calls it. */
  privateKey?: string;
  /** How many uploads at once, 1 to 64; default 4. */
  concurrency?: number | string;
  /** Bytes a second for all uploads together, as curl writes it: `200k`, `1.5M`; 0 for no limit, the default. */
  limitRate?: number | string;
  /** Where the ledger lives; default `.sync/`. */
  state?: string;
  /** How long a file that cannot be told complete must be still, in milliseconds; default 10000. */
  still?: number | string;
}

/** Who signs: a key pair, or a profile of the AWS configuration files. */
export type Credentials = { accessKeyId: string; secretAccessKey: string; sessionToken?: string } | { profile: string };

/** Where events go. */
export interface Destination {
  bucket: string;
  /** Without slashes at its ends; may be empty. */
  folder: string;
  region: string;
  /** A custom endpoint, without a trailing slash; it means path-style addressing. */
  endpoint?: string;
  credentials: Credentials;
  /** The URL of the HTTP proxy on the way to the endpoint. It may hold a password. */
  proxy?: string;
}

/** Everything a target needs to work. */
export interface SyncSettings {
  target: string;
  /** The Kerberos configuration directory, if there is one. */
  configuration?: string;
  /** The instance's name; the target's name where the configuration has none. */
  instance: string;
  /** The kind of camera, as config.xml calls it. */
  capture?: string;
  productId?: string;
  /** The capture directories, absolute, each once. They need not exist. */
  directories: string[];
  /** The layout of event file names. */
  fileFormat: string;
  /** Where the ledger lives, absolute. */
  state: string;
  destination: Destination;
  concurrency: number;
  /** Bytes a second for all uploads together; absent: no limit. */
  limitRate?: number;
  /** Milliseconds that a file which cannot be told complete must be still. */
  stillness: number;
}

/** What settings are made of. Nothing else is asked but the configuration's files. */
export interface SettingsSources {
  target: string;
  options?: SyncOptions;
  env?: Readonly<Record<string, string | undefined>>;
  /** The command line's `--name=value` as Grunt gives them: `{ bucket: 'x', 'limit-rate': '200k' }`. */
  flags?: Readonly<Record<string, unknown>>;
  /** The Gruntfile's directory, absolute. */
  base: string;
  /** Where to look for a configuration that nothing names; default `CONFIGURATION_DIRECTORIES`. */
  configurationDirectories?: readonly string[];
  /** The proxy on the way to a URL, or ''; by default what the process's HTTPS_PROXY, NO_PROXY and so on say. */
  proxyFor?: (url: string) => string;
}

/** `watch` holds the configuration directories whose change is a reason to read again. */
export type SettingsResult = {
  watch: string[];
} /** `warnings`: what keeps some events from being uploaded, and what to do. */ & (
  | { state: 'ready'; settings: SyncSettings; warnings: string[] }
  /** No cloud subscription yet: credentials or bucket are empty. `files` are where they will appear. */
  | { state: 'unsubscribed'; message: string; files: string[]; directories: string[] }
  /** Files are empty or cut short, most likely because they are being written: read again soon. */
  | { state: 'unreadable'; message: string; files: string[] }
  /** Each problem says what is wrong, where, and what to do. */
  | { state: 'invalid'; problems: string[] }
);

const DEFAULT_REGION = 'eu-west-1';
const DEFAULT_CONCURRENCY = 4;
const DEFAULT_STILLNESS_MS = 10_000;

/** Reads the settings of one target. Never throws for what a user typed or what is on disk. */
export async function readSettings(sources: SettingsSources): Promise<SettingsResult> {
  const { target, base, options = {}, env = {}, flags = {}, proxyFor = getProxyForUrl } = sources;
  const problems: string[] = [];

  const option = (name: keyof SyncOptions): Fact | undefined =>
    factOf(options[name], `option ${name} of target ${target} in the Gruntfile`);
  const variable = (name: string): Fact | undefined => factOf(env[name], name);
  const flag = (name: string): Fact | undefined => {
    if (flags[name] === true) problems.push(`--${name} needs a value: type --${name}=…`);
    return factOf(flags[name], `--${name}`);
  };

  const named = flag('config') ?? variable('KERBEROS_CONFIG') ?? option('config');
  const kerberos = await readKerberos(
    named ? [resolve(base, named.value)] : (sources.configurationDirectories ?? CONFIGURATION_DIRECTORIES),
    [env.HOME || '/root', '/var/tmp'],
  );
  const watch = kerberos.state === 'missing' ? [...kerberos.directories] : [kerberos.directory];
  if (kerberos.state === 'unreadable') {
    const message = `${kerberos.files.join(' and ')}: empty or cut short. If the web interface is not saving it right now, save the settings there again.`;
    return { state: 'unreadable', message, files: kerberos.files, watch };
  }
  if (kerberos.state === 'invalid') problems.push(...kerberos.problems);
  if (kerberos.state === 'missing' && named) {
    problems.push(
      `${named.origin} names ${watch[0]}, where there is no config.xml, cloud.xml or io.xml: name the directory that holds them.`,
    );
  }
  const facts: Partial<KerberosFacts> = kerberos.state === 'found' ? kerberos.facts : {};
  const { subscription } = facts;

  const directories = [flag('directory') ?? variable('SYNC_DIRECTORY')].filter((fact) => fact !== undefined);
  if (directories.length === 0) {
    const listed = Array.isArray(options.directory) ? options.directory : [options.directory];
    for (const value of listed) {
      const fact = factOf(value, `option directory of target ${target} in the Gruntfile`);
      if (fact) directories.push(fact);
    }
  }
  const captures = directories.length > 0 ? directories : (facts.directories ?? []);

  const bucket = flag('bucket') ?? variable('SYNC_BUCKET') ?? option('bucket') ?? subscription?.bucket;
  if (bucket) problems.push(...problemsOfBucket(bucket));
  const folder = folderOf(
    flag('folder') ??
      empty(flags.folder) ??
      variable('SYNC_FOLDER') ??
      option('folder') ??
      empty(options.folder) ??
      subscription?.folder,
    problems,
  );
  const endpoint = urlOf(
    flag('endpoint') ?? variable('AWS_ENDPOINT_URL_S3') ?? variable('AWS_ENDPOINT_URL') ?? option('endpoint'),
    problems,
  );
  const region = regionOf(variable('AWS_REGION') ?? variable('AWS_DEFAULT_REGION') ?? option('region'), problems);
  const concurrency = integerOf(flag('concurrency') ?? option('concurrency'), 1, 64, DEFAULT_CONCURRENCY, problems);
  const stillness = integerOf(option('still'), 0, 3_600_000, DEFAULT_STILLNESS_MS, problems);
  const limitRate = rateOf(flag('limit-rate') ?? option('limitRate'), problems);
  const stateDirectory = variable('SYNC_STATE') ?? option('state');

  const pair = (id: Fact | undefined, secret: Fact | undefined, idName: string, secretName: string): KeyPair => {
    if (id && !secret) problems.push(`${idName} is set but ${secretName} is not: set both, or neither.`);
    if (secret && !id) problems.push(`${secretName} is set but ${idName} is not: set both, or neither.`);
    return { id, secret };
  };
  const ofEnvironment = pair(
    variable('AWS_ACCESS_KEY_ID'),
    variable('AWS_SECRET_ACCESS_KEY'),
    'AWS_ACCESS_KEY_ID',
    'AWS_SECRET_ACCESS_KEY',
  );
  const ofOptions = pair(
    option('publicKey'),
    option('privateKey'),
    `option publicKey of target ${target} in the Gruntfile`,
    'option privateKey',
  );
  const profile = variable('AWS_PROFILE');
  const token = variable('AWS_SESSION_TOKEN');
  const credentials =
    credentialsOf(ofEnvironment, problems, token) ??
    (profile && { profile: profile.value }) ??
    credentialsOf(ofOptions, problems) ??
    credentialsOf({ id: subscription?.publicKey, secret: subscription?.privateKey }, problems);

  const url = endpoint ?? `https://${bucket?.value ?? 's3'}.s3.${region}.amazonaws.com`;
  const proxy = proxyOf(proxyFor(url), url, problems);

  if (kerberos.state === 'missing' && !named && !(bucket && credentials && captures.length > 0)) {
    problems.push(
      `No Kerberos configuration in ${kerberos.directories.join(', ')}. Set KERBEROS_CONFIG to its directory or, to upload without Kerberos, set SYNC_DIRECTORY, SYNC_BUCKET, AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY.`,
    );
  }
  if (problems.length > 0) return { state: 'invalid', problems, watch };
  const absolute = [...new Set(captures.map(({ value }) => resolve(base, value)))];
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
    return { state: 'unsubscribed', message, files, directories: absolute, watch };
  }

  const settings: SyncSettings = {
    target,
    instance: facts.instance?.value ?? target,
    directories: absolute,
    fileFormat: facts.fileFormat?.value ?? DEFAULT_FILE_FORMAT,
    state: stateDirectory ? resolve(base, stateDirectory.value) : join(base, '.sync'),
    destination: { bucket: bucket.value, folder, region, credentials },
    concurrency,
    stillness,
  };
  if (kerberos.state === 'found') settings.configuration = kerberos.directory;
  if (facts.capture) settings.capture = facts.capture.value;
  if (facts.productKey) settings.productId = facts.productKey.value;
  if (limitRate !== undefined) settings.limitRate = limitRate;
  if (endpoint !== undefined) settings.destination.endpoint = endpoint;
  if (proxy !== undefined) settings.destination.proxy = proxy;
  const warnings: string[] = [];
  if (facts.nested && directories.length === 0) {
    warnings.push(
      `${facts.nested.origin} has a "/" in it, so the camera puts events into sub-directories of the capture directory, where they are not uploaded. ` +
        'Take it out in the web interface or, if they all lie in one, name that in SYNC_DIRECTORY.',
    );
  }
  return { state: 'ready', settings, warnings, watch };
}

/** What the settings are, a line each, for a log: no secret, and of an access key id only the first four characters. */
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

interface KeyPair {
  id: Fact | undefined;
  secret: Fact | undefined;
}

function factOf(value: unknown, origin: string): Fact | undefined {
  if (typeof value !== 'string' && typeof value !== 'number') return undefined;
  const text = tidy(String(value));
  return text === '' ? undefined : { value: text, origin };
}

// `--folder=` takes away the folder that the configuration names; an empty variable is as good as none.
function empty(value: unknown): Fact | undefined {
  return value === '' ? { value: '', origin: '' } : undefined;
}

// https://docs.aws.amazon.com/AmazonS3/latest/userguide/bucketnamingrules.html
function problemsOfBucket({ value, origin }: Fact): string[] {
  const valid =
    /^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$/.test(value) &&
    !/\.\.|^\d+\.\d+\.\d+\.\d+$|^(xn--|sthree-|amzn-s3-demo-)|(-s3alias|--ol-s3|\.mrap|--x-s3|--table-s3)$/.test(value);
  if (valid) return [];
  const hint = /^\w+:\/\//.test(value)
    ? 'type its name alone, without s3:// or https://'
    : 'its name has 3 to 63 lower-case letters, digits, dots and hyphens';
  // Whoever mistakes one field for the other must not find the private key in the log.
  const shown = /^[A-Za-z0-9/+=]{16,}$/.test(value) ? `${value.slice(0, 4)}…` : value;
  return [`${origin}: "${shown}" cannot be a bucket: ${hint}.`];
}

function folderOf(fact: Fact | undefined, problems: string[]): string {
  const folder = (fact?.value ?? '').replace(/^\/+|\/+$/g, '');
  if (folder === '' || fact === undefined) return '';
  const parts = folder.split('/');
  if (parts.some((part) => part === '' || part === '.' || part === '..') || /\p{Cc}/u.test(folder)) {
    problems.push(`${fact.origin}: "${folder}" cannot be a folder: type a name without "..", "." or empty parts.`);
  } else if (Buffer.byteLength(folder) > 768) {
    // A key has at most 1024 bytes, a file name 255.
    problems.push(`${fact.origin}: the folder is longer than 768 bytes: type a shorter one.`);
  }
  return folder;
}

function urlOf(fact: Fact | undefined, problems: string[]): string | undefined {
  if (fact === undefined) return undefined;
  const url = URL.canParse(fact.value) ? new URL(fact.value) : undefined;
  if (!url || !/^https?:$/.test(url.protocol) || url.username || url.password || url.search || url.hash) {
    problems.push(`${fact.origin} is no endpoint: type a URL such as https://s3.example.org or http://127.0.0.1:4580.`);
    return undefined;
  }
  return url.href.replace(/\/+$/, '');
}

function regionOf(fact: Fact | undefined, problems: string[]): string {
  if (fact === undefined) return DEFAULT_REGION;
  if (!/^[a-z0-9-]{1,63}$/.test(fact.value)) {
    problems.push(`${fact.origin}: "${fact.value}" is no region: type one such as ${DEFAULT_REGION}.`);
  }
  return fact.value;
}

function integerOf(fact: Fact | undefined, least: number, most: number, otherwise: number, problems: string[]): number {
  if (fact === undefined) return otherwise;
  const value = /^\d{1,9}$/.test(fact.value) ? Number(fact.value) : Number.NaN;
  if (value >= least && value <= most) return value;
  problems.push(`${fact.origin}: "${fact.value}" is not a whole number from ${least} to ${most}.`);
  return otherwise;
}

// As curl reads it: a number, perhaps with a fraction, and a unit of 1024 (k), 1024² (M), 1024³ (G).
function rateOf(fact: Fact | undefined, problems: string[]): number | undefined {
  if (fact === undefined) return undefined;
  const unit = /^\d+(\.\d+)?\s*([kmg])?b?$/i.exec(fact.value);
  const rate = unit
    ? Math.floor(parseBytes(fact.value.replace(/b$/i, '') + (unit[2] ? 'b' : '')) ?? Number.NaN)
    : Number.NaN;
  if (Number.isNaN(rate)) {
    problems.push(`${fact.origin}: "${fact.value}" is no rate: type bytes a second, such as 200k or 1.5M.`);
  }
  return rate > 0 ? rate : undefined;
}

function credentialsOf({ id, secret }: KeyPair, problems: string[], token?: Fact): Credentials | undefined {
  if (!id || !secret) return undefined;
  for (const { value, origin } of [id, secret]) {
    if (!/^[\x21-\x7e]+$/.test(value)) {
      problems.push(`${origin} holds a blank or a character that no key has: copy it again, alone and whole.`);
    }
  }
  return {
    accessKeyId: id.value,
    secretAccessKey: secret.value,
    ...(token && { sessionToken: token.value }),
  };
}

function proxyOf(proxy: string, url: string, problems: string[]): string | undefined {
  if (proxy === '') return undefined;
  if (URL.canParse(proxy) && /^https?:$/.test(new URL(proxy).protocol)) return proxy;
  const variable = url.startsWith('https:') ? 'HTTPS_PROXY' : 'HTTP_PROXY';
  problems.push(`${variable} (or ALL_PROXY) is no HTTP proxy: type a URL such as http://proxy.example.org:3128.`);
  return undefined;
}
