/**
 * The item of an event. Its key is the account and the event's id, which is made from the uploaded object's key:
 * however often and in whatever order an upload is reported, there is one item.
 *
 * An event goes on showing its first whole picture: other bytes uploaded later under the same key become a version of
 * it (version-item.ts). Only a file that was cut off is replaced, by a whole one. Time and instance are set once and
 * stay, because indexes and counts are built on them.
 */
import type { Box } from '../faces/engine';
import { isLabel, type Label } from '../labels/engine';
import { type Fault, isFault } from '../media/fault';
import type { Kind } from '../media/kind';
import { all, any, Change, is, isAbsent, isLess } from './expression';
import { expiresAt, expiryOf, type Fields, fieldsOf, list, number, optional, text, texts } from './fields';
import { dayKey, EXPIRES, eventKey, instanceEventsKey, timeKey } from './keys';
import type { Table } from './table';

/** A face in an event. */
export interface EventFace {
  box: Box;
  /** How sure the engine is that this is a face, 0 to 1. */
  score: number;
  person: string;
  /** Whether it is certainly this person; otherwise possibly. */
  sure: boolean;
  /** Distance to the nearest face of that person that was known before; absent when the person was new. */
  distance?: number;
  /** Index of the frame in a video, from 0. */
  frame?: number;
}

/** The frames that are kept of a video: `KEY.frames.jpg`, all of them side by side, and `KEY.frame-N.jpg`. */
export interface EventFilm {
  /** Times of the frames, in ms from the start of the video. */
  moments: readonly number[];
  /** Index of the frame that is the poster, from 0. */
  poster: number;
}

/** A published event, as it is stored. */
export interface PublishedEvent {
  account: string;
  id: string;
  /** The uploaded object's key without the account. */
  fileName: string;
  /** Key in the production bucket. */
  key: string;
  /** Key in the production bucket; absent for videos without a decodable frame. */
  thumbnailKey?: string | undefined;
  /** ETag of the upload. */
  etag: string;
  /** SHA-256 of the bytes, in hexadecimal. */
  sha256: string;
  /** In bytes. */
  size: number;
  kind: Kind;
  /** Of the upright picture, in pixels. */
  width: number;
  height: number;
  /** Duration of a video, in ms. */
  duration?: number | undefined;
  /** Codec of a video: `avc1.42001e`, or the four letters of another codec. */
  codec?: string | undefined;
  /** The frames of a video, if any could be decoded. */
  film?: EventFilm | undefined;
  /** Bytes after the end of the picture; absent if none. */
  trailing?: number | undefined;
  /** Harmless faults of the file; absent if none. */
  faults?: readonly Fault[] | undefined;
  /** Whether the file was cut off; a whole file of the same key replaces it. */
  incomplete?: boolean | undefined;
  time: Date;
  /** Ms to add to `time` to get the true time; absent where the camera's clock was right. */
  clockOffset?: number | undefined;
  instance: string;
  /** The rectangle that holds all changes: `[x1, y1, x2, y2]` in the camera's pixels. */
  region?: Box | undefined;
  /** How many pixels changed. */
  changes?: number | undefined;
  token?: string | undefined;
  /** True for a picture that was taken without a detection: nothing moved. */
  reference?: true | undefined;
  /** IANA time zone in the camera's configuration at that time. */
  cameraTimeZone?: string | undefined;
  faces: EventFace[];
  /** Its labels; absent where no engine has looked. */
  labels?: readonly Label[] | undefined;
  /** Unknown faces that were not kept, because there were too many at once; absent when there are none. */
  facesAside?: number | undefined;
  /** The face engine that looked; absent where none did. */
  engine?: string | undefined;
  /** Sequencer of the upload's notification. */
  sequencer: string;
  /** When S3 received the upload. */
  received: Date;
  /** When it expires; absent if never. */
  expires?: Date | undefined;
  /** When the last upload of the same key with other bytes came (version-item.ts); absent if none came. */
  otherUpload?: Date | undefined;
  /**
   * Whether its owner keeps it for ever; then it has no `expires`. Only the owner's requests write `kept` and `note`.
   */
  kept?: true | undefined;
  note?: string | undefined;
  /**
   * All persons who were ever on it: an earlier upload of the same key may have shown others. Writing adds those of
   * `faces`.
   */
  persons?: ReadonlySet<string> | undefined;
}

/**
 * The state of an event's item: a published event or a tombstone. `settled`: all projections of the event were written.
 */
export type EventState = { state: 'published'; event: PublishedEvent; settled: boolean } | { state: 'deleted' };

/** The state of an event; `undefined` where there is no item. */
export async function readEvent(table: Table, account: string, id: string): Promise<EventState | undefined> {
  const item = await table.get(eventKey(account, id));
  if (!item) return undefined;
  if (item.state === 'deleted') return { state: 'deleted' };
  return { state: 'published', event: eventOf(item), settled: item.settled === true };
}

/**
 * Writes an event's item, unsettled, if there is none, or if the item has the ETag `inPlaceOf` and is of a file that
 * was cut off.
 *
 * @returns the event as stored, with the time and instance of its first upload; `undefined` if it was not written,
 *   because another upload was published or the owner deleted the event.
 */
export async function writeEvent(
  table: Table,
  event: PublishedEvent,
  inPlaceOf?: string,
): Promise<PublishedEvent | undefined> {
  const { account, id, time, clockOffset, instance, received, expires, persons, ...described } = event;
  // These belong to the owner, or to other uploads.
  const { otherUpload: _, kept: __, note: ___, ...rest } = described;
  const first = {
    account,
    id,
    time: time.getTime(),
    clockOffset,
    instance,
    dayKey: dayKey(account, time),
    instanceKey: instanceEventsKey(account, instance),
    timeKey: timeKey(time, id),
  };
  const onIt = new Set(event.faces.map(({ person }) => person));
  const isWritable =
    inPlaceOf === undefined
      ? isAbsent('pk')
      : any(isAbsent('pk'), all(is('state', 'published'), is('etag', inPlaceOf), is('incomplete', true)));
  const set = { ...rest, incomplete: event.incomplete, received: received.getTime(), expires: expiresAt(expires) };
  const item = await table.update(
    eventKey(account, id),
    new Change()
      .setOnce(first)
      .set({ ...set, state: 'published', settled: false })
      .add({ persons: onIt })
      .when(isWritable),
  );
  return item && (await unlessKept(table, eventOf(item)));
}

/** Records that the same bytes were uploaded again, so that the event expires later. */
export async function writeUploadedAgain(
  table: Table,
  { account, id, etag, sequencer, received, expires }: PublishedEvent,
): Promise<void> {
  const item = await table.update(
    eventKey(account, id),
    new Change()
      .set({ sequencer, received: received.getTime(), expires: expiresAt(expires) })
      .when(all(isPublishedWith(etag), isLess('sequencer', sequencer))),
  );
  if (item) await unlessKept(table, eventOf(item));
}

/** Changes when an event expires, unless its upload was replaced. */
export async function writeExpiry(
  table: Table,
  { account, id, etag }: Pick<PublishedEvent, 'account' | 'id' | 'etag'>,
  expires: Date,
): Promise<void> {
  const change = new Change().set({ [EXPIRES]: expiresAt(expires) });
  const item = await table.update(eventKey(account, id), change.when(isPublishedWith(etag)));
  if (item) await unlessKept(table, eventOf(item));
}

/**
 * Removes the expiry that was just written if the owner keeps the event.
 *
 * @returns the event as stored.
 */
async function unlessKept(table: Table, event: PublishedEvent): Promise<PublishedEvent> {
  if (!event.kept || event.expires === undefined) return event;
  const change = new Change().set({ [EXPIRES]: undefined });
  const item = await table.update(eventKey(event.account, event.id), change.when(is('kept', true)));
  return item ? eventOf(item) : event;
}

/**
 * Records that all projections of this event were written.
 *
 * @returns false if the item is of another upload, or deleted.
 */
export async function writeSettled(table: Table, { account, id, etag }: PublishedEvent): Promise<boolean> {
  const change = new Change().set({ settled: true });
  const item = await table.update(eventKey(account, id), change.when(isPublishedWith(etag)));
  return item !== undefined;
}

/** The event is published, and shows the upload with this ETag. */
function isPublishedWith(etag: string) {
  return all(is('state', 'published'), is('etag', etag));
}

/**
 * Reads an event's item.
 *
 * @throws Error that names a missing field.
 */
export function eventOf(item: unknown): PublishedEvent {
  const from = fieldsOf(item);
  return {
    account: text(from, 'account'),
    id: text(from, 'id'),
    fileName: text(from, 'fileName'),
    key: text(from, 'key'),
    thumbnailKey: optional(from, 'thumbnailKey', text),
    etag: text(from, 'etag'),
    sha256: text(from, 'sha256'),
    size: number(from, 'size'),
    kind: kindOf(text(from, 'kind')),
    width: number(from, 'width'),
    height: number(from, 'height'),
    duration: optional(from, 'duration', number),
    codec: optional(from, 'codec', text),
    film: optional(from, 'film', filmIn),
    trailing: optional(from, 'trailing', number),
    faults: from.faults === undefined ? undefined : list(from, 'faults').filter(isFault),
    incomplete: from.incomplete === true || undefined,
    time: new Date(number(from, 'time')),
    clockOffset: optional(from, 'clockOffset', number),
    instance: text(from, 'instance'),
    region: optional(from, 'region', boxOf),
    changes: optional(from, 'changes', number),
    token: optional(from, 'token', text),
    reference: from.reference === true ? true : undefined,
    cameraTimeZone: optional(from, 'cameraTimeZone', text),
    faces: list(from, 'faces').map(faceOf),
    labels: from.labels === undefined ? undefined : list(from, 'labels').filter(isLabel),
    facesAside: optional(from, 'facesAside', number),
    engine: optional(from, 'engine', text),
    sequencer: text(from, 'sequencer'),
    received: new Date(number(from, 'received')),
    expires: expiryOf(from),
    otherUpload: typeof from.otherUpload === 'number' ? new Date(from.otherUpload) : undefined,
    kept: from.kept === true ? true : undefined,
    note: optional(from, 'note', text),
    persons: texts(from, 'persons'),
  };
}

/** Whether an item is an event that may be shown at `now` (ms since 1970): published, and kept or not expired. */
export function isShown(item: Fields, now: number): boolean {
  const expires = expiryOf(item);
  return item.state === 'published' && (item.kept === true || expires === undefined || expires.getTime() > now);
}

function faceOf(value: unknown): EventFace {
  const from = fieldsOf(value);
  const distance = optional(from, 'distance', number);
  return {
    box: boxOf(from, 'box'),
    score: number(from, 'score'),
    person: text(from, 'person'),
    sure: from.sure === true,
    ...(distance === undefined ? {} : { distance }),
    ...(typeof from.frame === 'number' ? { frame: from.frame } : {}),
  };
}

/** Key of a file of a video's frames in the production bucket, by the video's key and the ending of the file's key. */
export function filmKey(key: string, ending: string): string {
  return `${key.slice(0, key.lastIndexOf('.'))}${ending}`;
}

function filmIn(item: Fields, name: string): EventFilm {
  const from = fieldsOf(item[name]);
  return { moments: list(from, 'moments').map(Number), poster: number(from, 'poster') };
}

/**
 * A field that is a box of four numbers.
 *
 * @throws Error that names the field if it is missing or no box.
 */
export function boxOf(from: Fields, name: string): Box {
  const [x1, y1, x2, y2] = list(from, name).map(Number);
  if (x1 === undefined || y1 === undefined || x2 === undefined || y2 === undefined) {
    throw new Error(`"${name}" is no box of four numbers.`);
  }
  return [x1, y1, x2, y2];
}

/**
 * The kind of a Content-Type.
 *
 * @throws Error if it is of no kind that is published.
 */
export function kindOf(value: string): Kind {
  if (value === 'image/jpeg' || value === 'image/png' || value === 'video/mp4') return value;
  throw new Error(`"${value}" is no kind of event.`);
}
