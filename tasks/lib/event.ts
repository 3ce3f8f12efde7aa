/**
 * An event is one file that the camera wrote because something moved: which files are events, and what goes with one into
 * the bucket. This is the one file of the device's that the Lambda imports, too.
 */
import { lookup } from 'mime-types';
import { type FileFormats, parseEventName } from './event-name';

export * from './event-name';

/** What an event file holds, told by the end of its name. */
export type EventKind = 'jpeg' | 'png' | 'mp4';

const KINDS: ReadonlyMap<string, EventKind> = new Map([
  ['jpg', 'jpeg'],
  ['jpeg', 'jpeg'],
  ['png', 'png'],
  ['mp4', 'mp4'],
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

/** What is known of an event besides its name. */
export interface EventSource {
  /** The name of the Kerberos instance, for names that do not tell it. */
  readonly instance?: string | undefined;
  /** When the file was last written, in milliseconds since 1970, for names that tell no time. */
  readonly modified?: number | undefined;
  /** When it is uploaded: milliseconds since 1970. Sent in whole seconds. */
  readonly uploadTime: number;
  /** What else goes along, by its key without `x-amz-meta-`: the kind of camera, its time zone, and so on. */
  readonly camera?: Readonly<Record<string, string>> | undefined;
}

/**
 * S3 takes 2 KB of user metadata, keys and values together. The prefix is counted here, too, since not all servers
 * leave it out.
 * https://docs.aws.amazon.com/AmazonS3/latest/userguide/UsingMetadata.html
 */
const MOST_METADATA = 2_000;
const METADATA_PREFIX = 'x-amz-meta-';
/** The longest name of an instance, in letters and, once it is percent-encoded, in bytes. */
const LONGEST_INSTANCE = 128;
const LONGEST_INSTANCE_BYTES = 1_200;

/**
 * The user metadata of an event's object (the part after `x-amz-meta-`), under the names that later Kerberos versions
 * use (kerberos-io/agent, machinery/src/cloud/S3.go), and some of our own after them. Only what is known is there.
 * Values are safe as HTTP headers: what is not printable ASCII is percent-encoded as UTF-8, and so is `%`, which makes
 * `decodeURIComponent` the way back. What would exceed the limit of S3 is left out, the least important first.
 */
export function eventMetadata(fileName: string, formats: FileFormats, source: EventSource): Record<string, string> {
  const name = parseEventName(fileName, formats);
  // A time that the name tells is the camera's; without one, the file's own is closer to it than that of the upload.
  const isDated = name.timestamp !== undefined;
  const modified = isDated || source.modified === undefined ? undefined : Math.floor(source.modified);
  const known: [string, string | number | undefined][] = [
    ['event-timestamp', name.timestamp ?? (modified && Math.floor(modified / 1000))],
    ['event-microseconds', isDated ? name.microseconds : modified && (modified % 1000) * 1000],
    ['uploadtime', Math.floor(source.uploadTime / 1000)],
    ['event-instancename', shortened(name.instance ?? source.instance)],
    ['event-timesource', modified === undefined ? undefined : 'modified'],
    ['event-reference', name.reference && 'true'],
    ['event-regioncoordinates', name.region?.join('-')],
    ['event-numberofchanges', name.changes],
    ['event-token', name.token],
    ['event-duration', name.duration],
    ['event-incoming', name.incoming],
    ['event-outgoing', name.outgoing],
    ...Object.entries(source.camera ?? {}),
  ];
  const metadata: Record<string, string> = {};
  let left = MOST_METADATA;
  for (const [key, value] of known) {
    if (value === undefined || value === '') continue;
    const safe = headerSafe(String(value));
    const size = METADATA_PREFIX.length + key.length + safe.length;
    if (size > left) continue;
    metadata[key] = safe;
    left -= size;
  }
  return metadata;
}

/** A name that is too long for the metadata, cut between two letters. */
function shortened(instance: string | undefined): string | undefined {
  let cut = '';
  let size = 0;
  for (const letter of [...(instance ?? '')].slice(0, LONGEST_INSTANCE)) {
    size += headerSafe(letter).length;
    if (size > LONGEST_INSTANCE_BYTES) break;
    cut += letter;
  }
  return cut === '' ? undefined : cut;
}

/** The key of an event's object: `folder/fileName`, or `fileName` alone where folder is empty. */
export function objectKey(folder: string, fileName: string): string {
  return folder === '' ? fileName : `${folder}/${fileName}`;
}

function extensionOf(fileName: string): string {
  const dot = fileName.lastIndexOf('.');
  return dot < 0 ? '' : fileName.slice(dot + 1);
}

// A header's value must not begin or end with a space either: they would be lost on the way and the signature with them.
function headerSafe(value: string): string {
  return value.replace(/[^\x20-\x24\x26-\x7e]+|^ +| +$/g, (part) =>
    Array.from(Buffer.from(part), (byte) => `%${byte.toString(16).toUpperCase().padStart(2, '0')}`).join(''),
  );
}
