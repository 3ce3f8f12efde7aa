/**
 * An event is one file that the camera wrote because something moved, and its name tells what it saw:
 *
 *     1429700000_6-123456_frontdoor_200-200-400-400_24_579.jpg
 *     │          │        │         │               │  └ token: random, keeps names apart
 *     │          │        │         │               └ numberOfChanges: pixels that changed
 *     │          │        │         └ regionCoordinates: x1-y1-x2-y2 of where they changed
 *     │          │        └ instanceName: the camera's name, any text, `_` and spaces too
 *     │          └ microseconds: how many digits follow, '-', the digits
 *     └ timestamp: Unix seconds
 *
 * The layout is set by `fileFormat` in the machinery's io.xml: the same words in another order, or fewer of them.
 * A name that fits no layout still is an event; all that is lost is what its name would have told.
 */
import { lookup } from 'mime-types';

/** What an event file holds, told by the end of its name. */
export type EventKind = 'jpeg' | 'png' | 'mp4';

/** What an event's name tells; each field is there only if the name tells it. */
export interface EventName {
  /** Unix time in whole seconds, by the camera's clock. */
  timestamp?: number;
  /** Microseconds after `timestamp`, 0 to 999999. */
  microseconds?: number;
  /** The name of the Kerberos instance. */
  instance?: string;
  /** The rectangle that holds every change: `[x1, y1, x2, y2]` in pixels of the picture. */
  region?: [number, number, number, number];
  /** How many pixels changed. */
  changes?: number;
  /** The machinery's random number, 0 to 999. */
  token?: number;
}

/** The layout of names that the machinery ships with (`fileFormat` in its config/io.xml). */
export const DEFAULT_FILE_FORMAT = 'timestamp_microseconds_instanceName_regionCoordinates_numberOfChanges_token.jpg';

const KINDS: ReadonlyMap<string, EventKind> = new Map([
  ['jpg', 'jpeg'],
  ['jpeg', 'jpeg'],
  ['png', 'png'],
  ['mp4', 'mp4'],
]);

// The machinery fills in the words one after another, and leaves `regionCoordinates` and `numberOfChanges` standing
// as they are in the name of a picture that was taken without a detection.
const WORDS: ReadonlyMap<string, string> = new Map([
  ['timestamp', '(?<timestamp>\\d{1,11})'],
  ['microseconds', '(?<digits>\\d)-(?<microseconds>\\d{1,6})'],
  ['instanceName', '(?<instance>.+)'],
  ['regionCoordinates', '(?:(?<x1>\\d{1,6})-(?<y1>\\d{1,6})-(?<x2>\\d{1,6})-(?<y2>\\d{1,6})|regionCoordinates)'],
  ['numberOfChanges', '(?:(?<changes>\\d{1,10})|numberOfChanges)'],
  ['token', '(?<token>\\d{1,10})'],
]);

/**
 * The kind of event that a file's name (without its directory) promises, or `undefined` if the file is none: `.h264` is
 * the raw stream an `.mp4` is made of, and a leading `.` or `~` marks a file that some program has not finished.
 */
export function kindOf(fileName: string): EventKind | undefined {
  if (fileName.startsWith('.') || fileName.startsWith('~')) return undefined;
  return KINDS.get(extensionOf(fileName).toLowerCase());
}

/** The media type an event of this kind is stored with, e.g. `image/jpeg`. */
export function contentTypeOf(kind: EventKind): string {
  return lookup(kind) || 'application/octet-stream';
}

/**
 * What an event's file name tells, read by the layout of `fileFormat` and else by the default one, since a directory
 * keeps the files of before its layout was changed. A name that fits neither yields `{}`. Extensions do not matter:
 * the machinery's layout for pictures ends in `.jpg`, its layout for videos has none.
 */
export function parseEventName(fileName: string, fileFormat: string = DEFAULT_FILE_FORMAT): EventName {
  const name = withoutExtension(fileName);
  for (const format of new Set([fileFormat, DEFAULT_FILE_FORMAT])) {
    const groups = layoutOf(format).exec(name)?.groups;
    if (groups === undefined) continue;
    if (groups.digits !== undefined && Number(groups.digits) !== groups.microseconds?.length) continue;
    return eventNameOf(groups);
  }
  return {};
}

/**
 * Whether events of this layout lie in sub-directories of the capture directory: the machinery makes a directory for
 * each `/` (kerberos-io/machinery, src/kerberos/machinery/io/FileManager.cpp). Slashes at the front make none.
 */
export function isNested(fileFormat: string): boolean {
  return /[^/]\//.test(fileFormat);
}

/** When the camera took it, in milliseconds since 1970 by the camera's clock, or `undefined` if its name tells nothing. */
export function captureTime(name: EventName): number | undefined {
  if (name.timestamp === undefined) return undefined;
  return name.timestamp * 1000 + Math.floor((name.microseconds ?? 0) / 1000);
}

/** What a name cannot tell about an event, but its object's metadata shall. */
export interface EventSource {
  /** The product key of the Kerberos instance. */
  productId?: string | undefined;
  /** The kind of camera, as config.xml calls it: `RaspiCamera`, `USBCamera`, `IPCamera`, `VideoCapture`. */
  capture?: string | undefined;
  /** When it is uploaded: milliseconds since 1970. Sent in whole seconds. */
  uploadTime: number;
}

/**
 * The user metadata of an event's object (the part after `x-amz-meta-`), under the names that later Kerberos versions
 * use (kerberos-io/agent, machinery/src/cloud/S3.go). Only what is known is there. Values are safe as HTTP headers:
 * what is not printable ASCII is percent-encoded as UTF-8, and so is `%`, which makes `decodeURIComponent` the way back.
 */
export function eventMetadata(fileName: string, fileFormat: string, source: EventSource): Record<string, string> {
  const name = parseEventName(fileName, fileFormat);
  const known: [string, string | number | undefined][] = [
    ['event-timestamp', name.timestamp],
    ['event-microseconds', name.microseconds],
    ['event-instancename', name.instance],
    ['event-regioncoordinates', name.region?.join('-')],
    ['event-numberofchanges', name.changes],
    ['event-token', name.token],
    ['capture', source.capture],
    ['productid', source.productId],
    ['uploadtime', Math.floor(source.uploadTime / 1000)],
  ];
  const metadata: Record<string, string> = {};
  for (const [key, value] of known) {
    if (value !== undefined && value !== '') metadata[key] = headerSafe(String(value));
  }
  return metadata;
}

/** The key of an event's object: `folder/fileName`, or `fileName` alone where folder is empty. */
export function objectKey(folder: string, fileName: string): string {
  return folder === '' ? fileName : `${folder}/${fileName}`;
}

function extensionOf(fileName: string): string {
  const dot = fileName.lastIndexOf('.');
  return dot < 0 ? '' : fileName.slice(dot + 1);
}

function withoutExtension(fileName: string): string {
  const extension = extensionOf(fileName);
  return KINDS.has(extension.toLowerCase()) ? fileName.slice(0, -extension.length - 1) : fileName;
}

const layouts = new Map<string, RegExp>();

function layoutOf(fileFormat: string): RegExp {
  const known = layouts.get(fileFormat);
  if (known !== undefined) return known;
  // A format may begin with folders ("timestamp/…"); a file's name is what comes after the last of them.
  const format = withoutExtension(fileFormat.slice(fileFormat.lastIndexOf('/') + 1));
  const used = new Set<string>();
  const pattern = format
    .split(new RegExp(`(${[...WORDS.keys()].join('|')})`))
    .map((part) => {
      const word = WORDS.get(part);
      if (word === undefined || used.has(part)) return part.replace(/[\\^$.*+?()[\]{}|]/g, '\\$&');
      used.add(part);
      return word;
    })
    .join('');
  const layout = new RegExp(`^${pattern}$`, 'su');
  layouts.set(fileFormat, layout);
  return layout;
}

function eventNameOf(groups: { [field: string]: string | undefined }): EventName {
  const { timestamp, microseconds, instance, x1, y1, x2, y2, changes, token } = groups;
  const name: EventName = {};
  if (timestamp !== undefined) name.timestamp = Number(timestamp);
  if (microseconds !== undefined) name.microseconds = Number(microseconds);
  if (instance !== undefined) name.instance = instance;
  if (x1 !== undefined) name.region = [Number(x1), Number(y1), Number(x2), Number(y2)];
  if (changes !== undefined) name.changes = Number(changes);
  if (token !== undefined) name.token = Number(token);
  return name;
}

// A header's value must not begin or end with a space either: they would be lost on the way and the signature with them.
function headerSafe(value: string): string {
  return value.replace(/[^\x20-\x24\x26-\x7e]+|^ +| +$/g, (part) =>
    Array.from(Buffer.from(part), (byte) => `%${byte.toString(16).toUpperCase().padStart(2, '0')}`).join(''),
  );
}
