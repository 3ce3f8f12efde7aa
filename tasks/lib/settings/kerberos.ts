/**
 * Reads the parts of a Kerberos configuration directory that concern the upload. 1.x keeps the credentials in another
 * file than 2.x:
 *
 *     config.xml     <kerberos><instance><name>, <capture>, …  1.x also: <kerberos><amazonS3><bucket>, <folder>, …
 *     cloud.xml      (2.x only)                                <clouds><S3><bucket>, <folder>, <publicKey>, <privateKey>
 *     io.xml         <ios><Disk> and <ios><Video>              <directory>, <fileFormat>, <extension>
 *     capture.xml    <captures> and the kind of camera         <angle>
 *     condition.xml  <conditions><Enabled>, <Time>             <active>, <times>
 *
 * Values are facts with an origin, so that a complaint can name the element and the file to correct.
 */
import { stat } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { isNested } from '../event';
import { readForeignFile } from '../foreign-file';
import { type Fact, tidy } from './fact';
import { type Document, readDocument, textAt } from './xml';

/** The credentials of an S3 account, and where they are; a field is absent if its element is absent or empty. */
export interface Subscription {
  readonly file: string;
  /** The element that holds the credentials: `<clouds><S3>` or `<kerberos><amazonS3>`. */
  readonly element: string;
  readonly bucket?: Fact;
  readonly folder?: Fact;
  readonly publicKey?: Fact;
  readonly privateKey?: Fact;
}

/** The facts of a configuration. What it does not contain is absent. */
export interface KerberosFacts {
  readonly subscription: Subscription;
  readonly instance?: Fact;
  /** The kind of camera: `RaspiCamera`, `USBCamera`, `IPCamera`, `VideoCapture`. */
  readonly capture?: Fact;
  /** As config.xml writes it: `Europe-Brussels`, `America-New$York`. */
  readonly timeZone?: Fact;
  /** What the machinery does with an event: `Disk`, `Video`, or several, separated by commas. */
  readonly io?: Fact;
  /** Degrees by which the camera is turned. */
  readonly angle?: Fact;
  /** When the camera is switched off: `off`, or the times of a week in which it is on; absent if it is always on. */
  readonly condition?: Fact;
  /** Absolute, without a trailing slash, each once; the image's default if io.xml names none. */
  readonly directories: readonly Fact[];
  /** The layout of the names of pictures. */
  readonly pictureFormat?: Fact;
  /** The layout of the names of videos. */
  readonly videoFormat?: Fact;
  /** The extension of videos, without a dot. */
  readonly videoExtension?: Fact;
  /** A layout of pictures or videos that puts events into sub-directories of the capture directory. */
  readonly nested?: Fact;
  /** The random key that identifies an instance in later Kerberos versions. */
  readonly productKey?: Fact;
}

/** The configuration that was found in a directory. */
export type Configuration =
  /** `notes`: what the owner should know about how it was read. */
  | { state: 'found'; directory: string; facts: KerberosFacts; notes: string[] }
  /** Some files are empty or cut short, because they are being written. Read again soon. */
  | { state: 'unreadable'; directory: string; files: string[] }
  | { state: 'invalid'; directory: string; problems: string[] };

/** A directory with one of these files is a configuration. */
export const FILES = ['config.xml', 'cloud.xml', 'io.xml'] as const;

/** An optional file that is being written is read again at most 3 times. */
const READ_AGAIN = 3;
/** Ms between two attempts to read an optional file. */
const READ_AGAIN_AFTER = 100;

/**
 * Reads the configuration in a directory. Never rejects because of what is on the disk. `homes`: directories that may
 * hold the product key, beside the parent of the configuration directory.
 */
export async function readConfiguration(directory: string, homes: readonly string[] = []): Promise<Configuration> {
  const paths = FILES.map((file) => join(directory, file));
  const [config, cloud, io, capture, condition] = await Promise.all([
    readDocument(join(directory, 'config.xml')),
    readDocument(join(directory, 'cloud.xml')),
    readDocument(join(directory, 'io.xml')),
    readOptional(join(directory, 'capture.xml')),
    readOptional(join(directory, 'condition.xml')),
  ]);
  const documents = [config, cloud, io];
  const problems = documents.flatMap((document) => (document.state === 'invalid' ? [document.problem] : []));
  if (problems.length > 0) return { state: 'invalid', directory, problems };
  const files = paths.filter((_, index) => documents[index]?.state === 'cut');
  if (files.length > 0) return { state: 'unreadable', directory, files };

  const fact = (document: Document, file: string, ...path: string[]): Fact | undefined => {
    const value = document.state === 'read' ? textAt(document.root, path) : undefined;
    return value ? { value, origin: `${elementOf(path)} in ${join(directory, file)}` } : undefined;
  };
  const ofInstance = (element: string) => fact(config, 'config.xml', 'kerberos', 'instance', element);
  const subscription = (document: Document, file: string, ...path: string[]): Subscription => ({
    file: join(directory, file),
    element: elementOf(path),
    ...present({
      bucket: fact(document, file, ...path, 'bucket'),
      folder: fact(document, file, ...path, 'folder'),
      publicKey: fact(document, file, ...path, 'publicKey'),
      privateKey: fact(document, file, ...path, 'privateKey'),
    }),
  });

  const is2 = cloud.state === 'read';
  const of1 = subscription(config, 'config.xml', 'kerberos', 'amazonS3');
  const of2 = subscription(cloud, 'cloud.xml', 'clouds', 'S3');
  const isEmpty = (some: Subscription) => !(some.bucket || some.publicKey || some.privateKey);

  // The machinery runs in the folder that holds its `config`, so relative directories start there.
  const directories = ['Disk', 'Video'].flatMap((device) => {
    const named = fact(io, 'io.xml', 'ios', device, 'directory');
    return named ? [{ ...named, value: resolve(dirname(directory), named.value) }] : [];
  });
  if (directories.length === 0) {
    const value = is2 ? join(dirname(directory), 'capture') : '/home/kerberos-web/public/capture';
    directories.push({ value, origin: `the default of Kerberos ${is2 ? '2' : '1'}.x` });
  }

  const camera = ofInstance('capture');
  const formats = {
    pictureFormat: fact(io, 'io.xml', 'ios', 'Disk', 'fileFormat'),
    videoFormat: fact(io, 'io.xml', 'ios', 'Video', 'fileFormat'),
  };
  const all: readonly Document[] = [...documents, capture, condition];
  return {
    state: 'found',
    directory,
    notes: all.flatMap((document) => (document.state === 'read' && document.note ? [document.note] : [])),
    facts: {
      // An upgraded image may have both; the newer one counts as soon as it holds anything.
      subscription: is2 && (!isEmpty(of2) || isEmpty(of1)) ? of2 : of1,
      directories: directories.filter(
        ({ value }, at) => directories.findIndex((other) => other.value === value) === at,
      ),
      ...present({
        instance: ofInstance('name'),
        capture: camera,
        timeZone: ofInstance('timezone'),
        io: ofInstance('io'),
        angle: camera && fact(capture, 'capture.xml', 'captures', camera.value, 'angle'),
        condition: conditionOf(ofInstance('condition'), (...path) =>
          fact(condition, 'condition.xml', 'conditions', ...path),
        ),
        ...formats,
        videoExtension: fact(io, 'io.xml', 'ios', 'Video', 'extension'),
        nested: Object.values(formats).find((format) => format !== undefined && isNested(format.value)),
        productKey: await readProductKey([dirname(directory), ...homes], directory),
      }),
    },
  };
}

/** Reads an optional file. A file that stays cut short counts as absent. */
async function readOptional(path: string): Promise<Document> {
  let document = await readDocument(path);
  for (let times = 0; document.state === 'cut' && times < READ_AGAIN; times++) {
    await wait(READ_AGAIN_AFTER);
    document = await readDocument(path);
  }
  return document;
}

/**
 * When the camera is switched off. Several conditions must all be met. `<Time>` has a pair of times for each day of the
 * week from Sunday on, between which the camera is on (kerberos-io/machinery, src/kerberos/machinery/condition).
 */
function conditionOf(names: Fact | undefined, setting: (...path: string[]) => Fact | undefined): Fact | undefined {
  const list = names?.value.split(',').map((name) => name.trim()) ?? [];
  const active = setting('Enabled', 'active');
  if (list.includes('Enabled') && active && active.value !== 'true') return { ...active, value: 'off' };
  const times = setting('Time', 'times');
  const isAlways = times === undefined || times.value.split('-').every((day) => /^0?0:0[01],23:59$/.test(day));
  return list.includes('Time') && !isAlways ? times : undefined;
}

function elementOf(path: readonly string[]): string {
  return path.map((name) => `<${name}>`).join('');
}

// The machinery makes the product key at its first start: 26 random letters and digits, in $HOME, /data/machinery or
// /var/tmp (kerberos-io/machinery, src/kerberos/cloud/Cloud.cpp). Anybody may make a file in /var/tmp, so it counts
// only if it belongs to root, to the user of this process, or to the owner of the configuration, `machinery`.
async function readProductKey(homes: readonly string[], machinery: string): Promise<Fact | undefined> {
  const owner = await stat(machinery).catch(() => undefined);
  const options = { largest: 1024, ownedBy: owner === undefined ? [] : [owner.uid] };
  for (const home of homes) {
    const file = join(home, 'kerberosio.key');
    const value = tidy(String(await readForeignFile(file, options).catch(() => '')));
    if (/^[\w-]{1,128}$/.test(value)) return { value, origin: file };
  }
  return undefined;
}

/** The same object without the fields that are undefined. */
function present<T extends object>(fields: T): { [K in keyof T]?: Exclude<T[K], undefined> } {
  const known: { [K in keyof T]?: Exclude<T[K], undefined> } = {};
  for (const key in fields) {
    const value = fields[key];
    if (isKnown(value)) known[key] = value;
  }
  return known;
}

function isKnown<T>(value: T): value is Exclude<T, undefined> {
  return value !== undefined;
}
