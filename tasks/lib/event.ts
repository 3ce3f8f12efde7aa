/**
 * Event files: the files that the camera writes because something moved. Tells which files are events, and which
 * metadata goes with them into the bucket. The Lambda imports this file, and no other file of `tasks/`.
 */
import { lookup } from 'mime-types';
import { type FileFormats, parseEventName } from './event-name';

export * from './event-name';

/** The format of an event file, by the extension of its name. */
export type EventKind = 'jpeg' | 'png' | 'mp4';

const KINDS: ReadonlyMap<string, EventKind> = new Map([
  ['jpg', 'jpeg'],
  ['jpeg', 'jpeg'],
  ['png', 'png'],
  ['mp4', 'mp4'],
]);

/**
 * The kind of event that a file name (without directory) stands for; `undefined` if it is no event. `.h264` is the raw
 * stream that an `.mp4` is made of; a leading `.` or `~` marks a file that a program has not finished.
 */
export function kindOf(fileName: string): EventKind | undefined {
  if (fileName.startsWith('.') || fileName.startsWith('~')) return undefined;
  return KINDS.get(extensionOf(fileName).toLowerCase());
}

/** The media type of events of this kind, such as `image/jpeg`. */
export function contentTypeOf(kind: EventKind): string {
  return lookup(kind) || 'application/octet-stream';
}

/** What is known of an event beside its name. */
export interface EventSource {
  /** Name of the Kerberos instance, for names without one. */
  readonly instance?: string | undefined;
  /** When the file was last written, in ms since 1970, for names without a time. */
  readonly modified?: number | undefined;
  /** When it is uploaded, in ms since 1970. Sent in whole seconds. */
  readonly uploadTime: number;
  /** More metadata by key without `x-amz-meta-`: the kind of camera, its time zone, and so on. */
  readonly camera?: Readonly<Record<string, string>> | undefined;
}

/**
 * Bytes of metadata that are sent at most. S3 accepts 2 KB, keys and values together; the prefix is counted, too,
 * because some servers count it. https://docs.aws.amazon.com/AmazonS3/latest/userguide/UsingMetadata.html
 */
const MOST_METADATA = 2_000;
const METADATA_PREFIX = 'x-amz-meta-';
/** The longest name of an instance, in characters. */
const LONGEST_INSTANCE = 128;
/** The longest name of an instance, in bytes of its percent-encoding. */
const LONGEST_INSTANCE_BYTES = 1_200;

/**
 * The user metadata of an event's object (by key without `x-amz-meta-`), under the names of later Kerberos versions
 * (kerberos-io/agent, machinery/src/cloud/S3.go), followed by some of our own. Unknown fields are left out. Values are
 * safe as HTTP headers: everything but printable ASCII, and `%`, is percent-encoded as UTF-8, so that
 * `decodeURIComponent` decodes it. Fields beyond S3's limit are left out, the least important first.
 */
export function eventMetadata(fileName: string, formats: FileFormats, source: EventSource): Record<string, string> {
  const name = parseEventName(fileName, formats);
  // The time in the name is the camera's. Without one, the file's own time is closer to it than the time of the upload.
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

/** Cuts a name that is too long for the metadata, between two characters. */
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

// A header's value must not begin or end with a space: it would be lost on the way, and the signature would not match.
function headerSafe(value: string): string {
  return value.replace(/[^\x20-\x24\x26-\x7e]+|^ +| +$/g, (part) =>
    Array.from(Buffer.from(part), (byte) => `%${byte.toString(16).toUpperCase().padStart(2, '0')}`).join(''),
  );
}
