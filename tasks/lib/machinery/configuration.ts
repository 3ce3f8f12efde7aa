/**
 * The configuration of a Kerberos instance as its release has it, and what the web interface does to it: whichever page
 * is saved, every XML file is written anew, in place (kerberos-io/web,
 * app/Http/Repositories/ConfigReader/ConfigXMLReader.php).
 */
import { mkdir, open, readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { DEFAULT_FILE_FORMAT } from '../event-name';

/** A release whose layout is known: the last of each generation. */
export type Release = '1.1.0' | '2.8.0';

/** What the owner types into the web interface. */
export interface Subscription {
  readonly bucket: string;
  readonly folder: string;
  readonly publicKey: string;
  readonly privateKey: string;
}

/** A Kerberos instance as its owner has set it up. */
export interface InstanceSettings {
  readonly release: Release;
  readonly name: string;
  /** Where its pictures and its videos lie. */
  readonly capture: string;
  /** Where its videos lie, if that is another directory. */
  readonly videos?: string | undefined;
  /** Where raw streams lie while the Pi's camera records them. */
  readonly hardware?: string | undefined;
  readonly io?: 'Disk' | 'Video' | 'Disk,Video' | undefined;
  readonly camera?: 'RaspiCamera' | 'USBCamera';
  readonly timeZone?: string;
  /** The layout of file names. */
  readonly format?: string;
  /** Seconds that a recording goes on after the last movement, and that it lasts at the most. */
  readonly recordAfter?: number;
  readonly maxDuration?: number;
  readonly framesPerSecond?: number;
  readonly subscription: Subscription;
}

/** Ms for which a file stays half-written, so that a reader can see it so. */
const PAUSE = 10;

/** The XML files by their names. */
export function filesOf(settings: InstanceSettings): ReadonlyMap<string, string> {
  const { release, name, io = 'Disk', camera = 'RaspiCamera', timeZone = 'Europe-Brussels', subscription } = settings;
  const files = new Map<string, string>();
  const chosen = value('capture', camera) + value('condition', 'Enabled') + value('io', io);
  const instance = `<instance>${value('name', name)}${value('timezone', timeZone)}${chosen}</instance>`;
  const { bucket, folder, publicKey, privateKey } = subscription;
  const s3 = Object.entries({ bucket, folder, publicKey, privateKey }).map(([element, text]) => value(element, text));
  if (release === '1.1.0') {
    files.set('config.xml', document(`<kerberos>${instance}<amazonS3>${s3.join('')}</amazonS3></kerberos>`));
  } else {
    files.set('config.xml', document(`<kerberos>${instance}</kerberos>`));
    // This one is written without an XML declaration.
    files.set('cloud.xml', `<clouds><S3>${s3.join('')}</S3></clouds>\n`);
  }
  files.set('io.xml', document(`<ios>${diskOf(settings)}${release === '1.1.0' ? '' : videoOf(settings)}</ios>`));
  files.set('capture.xml', document(`<captures><${camera}>${value('angle', '0')}</${camera}></captures>`));
  files.set('condition.xml', document(`<conditions><Enabled>${value('active', 'true')}</Enabled></conditions>`));
  return files;
}

/**
 * Makes the configuration directory, and writes the files of `filesOf`. They hold a key: for their owner's eyes alone.
 */
export async function writeConfiguration(directory: string, settings: InstanceSettings): Promise<void> {
  await mkdir(directory, { recursive: true });
  for (const [file, xml] of filesOf(settings)) await writeFile(join(directory, file), xml, { mode: 0o600 });
}

/** Writes every XML file anew, in place, as a save of the web interface does. */
export async function saveSettings(directory: string): Promise<void> {
  for (const name of (await readdir(directory)).filter((file) => file.endsWith('.xml')).sort()) {
    const bytes = await readFile(join(directory, name));
    const file = await open(join(directory, name), 'w');
    await wait(PAUSE);
    await file.write(bytes.subarray(0, bytes.length >> 1));
    await wait(PAUSE);
    await file.write(bytes.subarray(bytes.length >> 1));
    await file.close();
  }
}

function diskOf({ capture, format = DEFAULT_FILE_FORMAT }: InstanceSettings): string {
  return `<Disk>${value('fileFormat', format)}${value('directory', `${capture}/`)}</Disk>`;
}

function videoOf(settings: InstanceSettings): string {
  const { capture, videos = capture, hardware, format = DEFAULT_FILE_FORMAT } = settings;
  const { framesPerSecond = 10, recordAfter = 5, maxDuration = 30, camera } = settings;
  const elements = {
    fps: String(framesPerSecond),
    recordAfter: String(recordAfter),
    maxDuration: String(maxDuration),
    extension: 'mp4',
    codec: 'h264',
    fileFormat: format.replace(/\.jpg$/, ''),
    directory: `${videos}/`,
    ...(hardware === undefined ? {} : { hardwareDirectory: `${hardware}/` }),
    enableHardwareEncoding: String(camera !== 'USBCamera'),
  };
  return `<Video>${Object.entries(elements)
    .map(([element, text]) => value(element, text))
    .join('')}</Video>`;
}

function document(root: string): string {
  return `<?xml version="1.0"?>\n${root}\n`;
}

function value(element: string, text: string): string {
  const escaped = text.replace(/&/g, '&amp;').replace(/</g, '&lt;');
  return `<${element} type="text">${escaped}</${element}>`;
}
