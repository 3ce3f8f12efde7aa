/**
 * The Kerberos configuration of this machine: where it is, and what it says that concerns the upload.
 *
 * Each image of Kerberos keeps it elsewhere, and 1.x keeps the credentials in another file than 2.x:
 *
 *     config.xml   <kerberos><instance><name>, <capture>   1.x also: <kerberos><amazonS3><bucket>, <folder>, …
 *     cloud.xml    (2.x only)                              <clouds><S3><bucket>, <folder>, <publicKey>, <privateKey>
 *     io.xml       <ios><Disk> and <ios><Video>            <directory>, <fileFormat>
 *
 * The web interface rewrites these files in place while we run, so any of them may be seen empty or cut short. That is
 * told apart from a file that is really wrong: a cut one lacks the end tag of its root, and shall be read again soon.
 * Values are facts with an origin, so that whoever finds one wanting can say which element of which file to mend.
 */
import { readdir, readFile } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { XMLParser, XMLValidator } from 'fast-xml-parser';
import { isNested } from '../event';
import { type Fact, tidy } from './fact';

/** Where the images of Kerberos keep their configuration, in the order in which they are looked in. */
export const CONFIGURATION_DIRECTORIES: readonly string[] = [
  '/etc/kerberosio/config',
  '/etc/opt/kerberosio/config',
  '/data/machinery/config',
];

/** Where an S3 account's credentials stand; a field is absent if its element is absent or empty. */
export interface Subscription {
  readonly file: string;
  /** The element that holds them: `<clouds><S3>` or `<kerberos><amazonS3>`. */
  readonly element: string;
  readonly bucket?: Fact;
  readonly folder?: Fact;
  readonly publicKey?: Fact;
  readonly privateKey?: Fact;
}

/** What a configuration says; what it does not say is absent. */
export interface KerberosFacts {
  readonly subscription: Subscription;
  readonly instance?: Fact;
  /** The kind of camera: `RaspiCamera`, `USBCamera`, `IPCamera`, `VideoCapture`. */
  readonly capture?: Fact;
  /** Absolute, without a trailing slash, each once; the image's own default if io.xml names none. */
  readonly directories: readonly Fact[];
  readonly fileFormat?: Fact;
  /** A layout, of pictures or of videos, that puts events into sub-directories of the capture directory. */
  readonly nested?: Fact;
  /** The random key by which later Kerberos versions tell instances apart. */
  readonly productKey?: Fact;
}

export type KerberosConfiguration =
  | { state: 'found'; directory: string; facts: KerberosFacts }
  /** Some files are empty or cut short: they are being written. Read again soon. */
  | { state: 'unreadable'; directory: string; files: string[] }
  | { state: 'invalid'; directory: string; problems: string[] }
  /** None of the directories looked in holds a configuration. */
  | { state: 'missing'; directories: readonly string[] };

const FILES = ['config.xml', 'cloud.xml', 'io.xml'] as const;

type Document =
  | { state: 'absent' }
  | { state: 'read'; root: unknown }
  | { state: 'cut' }
  | { state: 'invalid'; problem: string };

/**
 * Reads the configuration in the first of `directories` that holds one. Never throws for what it finds on disk.
 * `homes` are directories that may hold the product key, beside the parent of the configuration directory.
 */
export async function readKerberos(
  directories: readonly string[] = CONFIGURATION_DIRECTORIES,
  homes: readonly string[] = [],
): Promise<KerberosConfiguration> {
  for (const directory of directories) {
    const names = await readdir(directory).catch((): string[] => []);
    if (FILES.some((file) => names.includes(file))) return readDirectory(directory, homes);
  }
  return { state: 'missing', directories };
}

async function readDirectory(directory: string, homes: readonly string[]): Promise<KerberosConfiguration> {
  const paths = FILES.map((file) => join(directory, file));
  const [config, cloud, io] = await Promise.all([
    readDocument(join(directory, 'config.xml')),
    readDocument(join(directory, 'cloud.xml')),
    readDocument(join(directory, 'io.xml')),
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

  // The machinery runs in the folder that holds its `config`, so that is what a relative directory starts from.
  const directories = ['Disk', 'Video'].flatMap((device) => {
    const named = fact(io, 'io.xml', 'ios', device, 'directory');
    return named ? [{ ...named, value: resolve(dirname(directory), named.value) }] : [];
  });
  if (directories.length === 0) {
    const value = is2 ? join(dirname(directory), 'capture') : '/home/kerberos-web/public/capture';
    directories.push({ value, origin: `the default of Kerberos ${is2 ? '2' : '1'}.x` });
  }

  const formats = ['Disk', 'Video'].flatMap((device) => fact(io, 'io.xml', 'ios', device, 'fileFormat') ?? []);

  return {
    state: 'found',
    directory,
    facts: {
      // An image that was upgraded may keep both; the newer one counts as soon as it holds anything.
      subscription: is2 && (!isEmpty(of2) || isEmpty(of1)) ? of2 : of1,
      directories: directories.filter(
        ({ value }, at) => directories.findIndex((other) => other.value === value) === at,
      ),
      ...present({
        instance: fact(config, 'config.xml', 'kerberos', 'instance', 'name'),
        capture: fact(config, 'config.xml', 'kerberos', 'instance', 'capture'),
        fileFormat: formats[0],
        nested: formats.find(({ value }) => isNested(value)),
        productKey: await readProductKey([dirname(directory), ...homes]),
      }),
    },
  };
}

async function readDocument(path: string): Promise<Document> {
  let text: string;
  try {
    text = (await readFile(path, 'utf8')).replace(/^\ufeff/, '').trim();
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? error.code : undefined;
    if (code === 'ENOENT') return { state: 'absent' };
    if (code === 'EACCES') {
      return { state: 'invalid', problem: `${path} may not be read by this user: run as root, or chmod o+r ${path}` };
    }
    return { state: 'invalid', problem: `${path} cannot be read: ${error instanceof Error ? error.message : error}` };
  }
  if (isCut(text)) return { state: 'cut' };
  const verdict = XMLValidator.validate(text);
  if (verdict !== true) {
    const { line, msg } = verdict.err;
    return {
      state: 'invalid',
      problem: `${path} is no valid XML, line ${line}: ${msg} Save the settings again in the web interface, or mend the file.`,
    };
  }
  try {
    return { state: 'read', root: parser.parse(text) };
  } catch (error) {
    return { state: 'invalid', problem: `${path} is no valid XML: ${error instanceof Error ? error.message : error}` };
  }
}

// Keys may look like numbers or booleans ("00123", "true"): nothing but text is made of any value.
const parser = new XMLParser({
  ignoreAttributes: true,
  parseTagValue: false,
  trimValues: true,
  htmlEntities: true,
});

// Nothing (a power cut leaves NULs in place of what was not yet on disk), or markup whose root has no end tag.
function isCut(text: string): boolean {
  const body = text
    .replace(/\0+/g, '')
    .replace(/<!--.*?-->|<\?.*?\?>/gs, '')
    .trim();
  if (body === '') return true;
  if (!body.startsWith('<')) return false;
  const root = /^<([^\s/>!?]+)/.exec(body)?.[1];
  if (root === undefined) return !body.endsWith('>');
  if (/^<[^<>]*\/>/.test(body)) return false;
  const end = body.lastIndexOf(`</${root}`);
  return end < 0 || !/^\s*>/.test(body.slice(end + root.length + 2));
}

// The text of an element; of several with one name the first counts, as for the machinery.
function textAt(root: unknown, path: readonly string[]): string | undefined {
  let node = first(root);
  for (const name of path) node = first(child(node, name));
  if (typeof node !== 'string') node = child(node, '#text');
  return typeof node === 'string' ? tidy(node) : undefined;
}

function child(node: unknown, name: string): unknown {
  return typeof node === 'object' && node !== null ? new Map(Object.entries(node)).get(name) : undefined;
}

function first(node: unknown): unknown {
  return Array.isArray(node) ? node[0] : node;
}

function elementOf(path: readonly string[]): string {
  return path.map((name) => `<${name}>`).join('');
}

// The machinery makes it at its first start, 26 random letters and digits, in $HOME, /data/machinery or /var/tmp
// (kerberos-io/machinery, src/kerberos/cloud/Cloud.cpp).
async function readProductKey(homes: readonly string[]): Promise<Fact | undefined> {
  for (const home of homes) {
    const file = join(home, 'kerberosio.key');
    const value = tidy(await readFile(file, 'utf8').catch(() => ''));
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
