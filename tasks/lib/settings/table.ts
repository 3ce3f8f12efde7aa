/**
 * The settings of `grunt sync`, each declared once: where it can be set, its default, and how it is parsed.
 *
 * Everything about settings is made from this table: what `readSettings` reads from the Gruntfile, the environment and
 * the command line, which flags the tasks accept, and the table in the README, which a test compares with
 * `readmeTable()`. To add a setting, add an entry here, use it in `settings.ts`, and copy the new line into the README.
 */
import { CONFIGURATION_DIRECTORIES } from './configurations';
import {
  bucketName,
  endpointUrl,
  folderName,
  integer,
  key,
  oneOf,
  onOrOff,
  type Parse,
  rate,
  regionName,
  STORAGE_CLASSES,
  text,
} from './values';

/** A setting. If it is set in several places, the last of `xml`, `option`, `env`, `flag` counts. */
export interface Setting<Value> {
  /** What it is, for the README and `--help`. */
  readonly help: string;
  /** The elements of the Kerberos configuration that hold it, in Markdown; `kerberos.ts` reads them. */
  readonly xml?: string;
  /** The option of a target in the Gruntfile. */
  readonly option?: string;
  /** Environment variables; the first one that is set and not empty counts. */
  readonly env?: readonly [string, ...string[]];
  /** The flag on the command line, without its dashes. */
  readonly flag?: string;
  /** The value's name in `--help`: `DIR`, `URL`, `N`. */
  readonly placeholder?: string;
  /** The unit of a number without a unit. */
  readonly unit?: string;
  /** The default, for the README and `--help`. */
  readonly defaultHelp: string;
  readonly default?: Value;
  /** Whether an empty flag or option (`--folder=`) counts as a value. */
  readonly mayBeEmpty?: boolean;
  readonly parse: Parse<Value>;
}

function setting<Value, Has extends Omit<Setting<Value>, 'parse'>>(has: Has & { parse: Parse<Value> }) {
  return has;
}

/** All settings, by the name that the code uses. */
export const SETTINGS = {
  config: setting({
    help: 'configuration directory',
    option: 'config',
    env: ['KERBEROS_CONFIG'],
    flag: 'config',
    placeholder: 'DIR',
    defaultHelp: `of ${CONFIGURATION_DIRECTORIES.map((directory) => `\`${directory}\``).join(', ')} the one with keys, or the one changed last`,
    parse: text,
  }),
  directory: setting({
    help: 'capture directory',
    xml: 'io.xml `<Disk><directory>`, `<Video><directory>`',
    option: 'directory',
    env: ['SYNC_DIRECTORY'],
    flag: 'directory',
    placeholder: 'DIR',
    defaultHelp: "the image's",
    parse: text,
  }),
  instance: setting({
    help: 'name of the instance, for files whose names do not tell it',
    xml: 'config.xml `<instance><name>`',
    defaultHelp: "the target's",
    parse: text,
  }),
  timeZone: setting({
    help: 'time zone of the camera, until its owner chooses another one in the cloud',
    xml: 'config.xml `<instance><timezone>`',
    defaultHelp: "the account's",
    parse: text,
  }),
  fileFormat: setting({
    help: 'layout of file names',
    xml: 'io.xml `<Disk><fileFormat>`, `<Video><fileFormat>`',
    defaultHelp: '`timestamp_microseconds_instanceName_regionCoordinates_numberOfChanges_token.jpg`',
    parse: text,
  }),
  bucket: setting({
    help: 'bucket',
    xml: 'cloud.xml `<S3><bucket>`, in 1.x config.xml `<amazonS3><bucket>`',
    option: 'bucket',
    env: ['SYNC_BUCKET'],
    flag: 'bucket',
    placeholder: 'NAME',
    defaultHelp: '–',
    parse: bucketName,
  }),
  folder: setting({
    help: 'folder: the account',
    xml: '`<folder>` there',
    option: 'folder',
    env: ['SYNC_FOLDER'],
    flag: 'folder',
    placeholder: 'NAME',
    defaultHelp: 'none',
    default: '',
    mayBeEmpty: true,
    parse: folderName,
  }),
  publicKey: setting({
    help: 'public key',
    xml: '`<publicKey>` there',
    option: 'publicKey',
    env: ['AWS_ACCESS_KEY_ID'],
    defaultHelp: '–',
    parse: key,
  }),
  privateKey: setting({
    help: 'private key',
    xml: '`<privateKey>` there',
    option: 'privateKey',
    env: ['AWS_SECRET_ACCESS_KEY'],
    defaultHelp: '–',
    parse: key,
  }),
  sessionToken: setting({
    help: 'token of a key pair that is lent for a time',
    env: ['AWS_SESSION_TOKEN'],
    defaultHelp: 'none',
    parse: text,
  }),
  profile: setting({
    help: 'keys from a profile',
    env: ['AWS_PROFILE'],
    defaultHelp: '–',
    parse: text,
  }),
  region: setting({
    help: 'region',
    option: 'region',
    env: ['AWS_REGION', 'AWS_DEFAULT_REGION'],
    defaultHelp: "`eu-west-1`; the bucket's own is followed",
    default: 'eu-west-1',
    parse: regionName,
  }),
  endpoint: setting({
    help: 'another S3 (path-style)',
    option: 'endpoint',
    env: ['AWS_ENDPOINT_URL_S3', 'AWS_ENDPOINT_URL'],
    flag: 'endpoint',
    placeholder: 'URL',
    defaultHelp: "Amazon's",
    parse: endpointUrl,
  }),
  proxy: setting({
    help: 'proxy',
    env: ['HTTPS_PROXY', 'NO_PROXY'],
    defaultHelp: 'none',
    parse: text,
  }),
  concurrency: setting({
    help: 'uploads at a time, 1 to 64',
    option: 'concurrency',
    flag: 'concurrency',
    placeholder: 'N',
    defaultHelp: '4',
    default: 4,
    parse: integer(1, 64),
  }),
  limitRate: setting({
    help: 'bytes a second for all uploads together, as curl writes it: `200k`, `1.5M`',
    option: 'limitRate',
    flag: 'limit-rate',
    placeholder: 'RATE',
    unit: 'bytes a second',
    defaultHelp: 'no limit',
    parse: rate,
  }),
  still: setting({
    help: 'how long a file of unknown format must stand still to count as finished; one that was cut short, 30 times as long',
    option: 'still',
    unit: 'ms',
    defaultHelp: '10000',
    default: 10_000,
    parse: integer(0, 3_600_000),
  }),
  signOfLife: setting({
    help: 'a sign of life in the bucket every ten minutes: `on` or `off`',
    option: 'signOfLife',
    env: ['SYNC_SIGN_OF_LIFE'],
    defaultHelp: '`on`',
    default: 'on',
    parse: onOrOff,
  }),
  encryption: setting({
    help: 'server-side encryption that the bucket demands: `AES256`, `aws:kms` or `aws:kms:dsse`',
    option: 'encryption',
    env: ['SYNC_ENCRYPTION'],
    defaultHelp: "the bucket's",
    parse: oneOf(['AES256', 'aws:kms', 'aws:kms:dsse']),
  }),
  encryptionKey: setting({
    help: 'KMS key of that encryption: its id or ARN',
    option: 'encryptionKey',
    env: ['SYNC_ENCRYPTION_KEY'],
    defaultHelp: "the bucket's",
    parse: key,
  }),
  storageClass: setting({
    help: 'storage class that the bucket demands',
    option: 'storageClass',
    env: ['SYNC_STORAGE_CLASS'],
    defaultHelp: "the bucket's",
    parse: oneOf(STORAGE_CLASSES),
  }),
  acl: setting({
    help: 'canned ACL that the bucket demands: `bucket-owner-full-control` or `private`',
    option: 'acl',
    env: ['SYNC_ACL'],
    defaultHelp: 'none',
    parse: oneOf(['bucket-owner-full-control', 'private']),
  }),
  state: setting({
    help: 'where the ledger is',
    option: 'state',
    env: ['SYNC_STATE'],
    defaultHelp: '`.sync/` beside the Gruntfile',
    default: '.sync',
    parse: text,
  }),
} as const;

type Declared = (typeof SETTINGS)[keyof typeof SETTINGS];

/** The names of a target's options in the Gruntfile. */
export type OptionName = Extract<Declared, { option: string }>['option'];

/**
 * The options of a target in the Gruntfile, as `SETTINGS` declares them, with unchecked values. Paths are relative to
 * the Gruntfile's directory; `directory` may be a list.
 */
export type SyncOptions = { readonly [Name in OptionName]?: unknown };

/** All settings, in the order of the README. */
export const ALL_SETTINGS: readonly Setting<unknown>[] = Object.values(SETTINGS);

/** The settings that the command line accepts, each with its flag (without dashes). */
export function flaggedSettings(): (Setting<unknown> & { readonly flag: string })[] {
  return ALL_SETTINGS.flatMap((each) => (each.flag === undefined ? [] : [{ ...each, flag: each.flag }]));
}

/** The lines of the README's table of settings. */
export function readmeTable(): string[] {
  const code = (name: string | undefined) => (name === undefined ? '–' : `\`${name}\``);
  const row = (cells: readonly string[]) => `| ${cells.join(' | ')} |`;
  return [
    row(['what', 'Kerberos XML', 'Gruntfile option', 'environment', 'command line', 'default']),
    row(Array(6).fill('---')),
    ...ALL_SETTINGS.map(({ help, xml, option, env, flag, unit, defaultHelp }) => {
      const bareUnit = unit !== undefined && /^\d+$/.test(defaultHelp) ? ` ${unit}` : '';
      return row([
        help,
        xml ?? '–',
        code(option),
        env?.map(code).join(', ') ?? '–',
        code(flag && `--${flag}`),
        `${defaultHelp}${bareUnit}`,
      ]);
    }),
  ];
}
