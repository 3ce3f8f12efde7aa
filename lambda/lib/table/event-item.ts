/**
 * The item of one event, keyed by the account and the event's id. The id is made of the uploaded object's key, so that
 * however often and in whatever order an upload is reported, there is one item.
 *
 * What a whole picture showed when it was first published, the event shows for good: other bytes that are uploaded under
 * the same key later become a version of it (version-item.ts). Only a file that was cut off is replaced, by the whole one.
 * When and where the event was is set once and stays: the indexes and the counts are built on it.
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
  /** Whether it is certainly this person, or possibly. */
  sure: boolean;
  /** From the nearest face of that person that was known before; absent when the person was new. */
  distance?: number;
  /** Of a video, which frame it is on, from 0. */
  frame?: number;
}

/** What is kept of a video's frames: `KEY.frames.jpg`, all of them side by side, and `KEY.frame-N.jpg`. */
export interface EventFilm {
  /** Where the frames are, in milliseconds from the start. */
  moments: readonly number[];
  /** Which of them is the poster, from 0. */
  poster: number;
}

/** A published event, as it is stored. */
export interface PublishedEvent {
  account: string;
  id: string;
  /** The uploaded object's key without the account. */
  fileName: string;
  /** In the production bucket. */
  key: string;
  /** In the production bucket; absent for videos of which no frame could be decoded. */
  thumbnailKey?: string | undefined;
  /** Of the upload, as S3 gave it. */
  etag: string;
  /** Of the bytes, in hexadecimal. */
  sha256: string;
  /** In bytes. */
  size: number;
  kind: Kind;
  /** In pixels, upright. */
  width: number;
  height: number;
  /** Of a video, in milliseconds. */
  duration?: number | undefined;
  /** Of a video: `avc1.42001e`, or the four letters of another codec. */
  codec?: string | undefined;
  /** Of a video of which frames could be decoded. */
  film?: EventFilm | undefined;
  /** Bytes behind the end of the picture, when there are any. */
  trailing?: number | undefined;
  /** What is wrong with the file, and harms nobody who looks at it; absent when nothing is. */
  faults?: readonly Fault[] | undefined;
  /** Whether the file was cut off: a whole one of the same key takes its place. */
  incomplete?: boolean | undefined;
  time: Date;
  /** What to add to `time` to have the true one, in ms: the camera's clock was that wrong. Absent where it was right. */
  clockOffset?: number | undefined;
  instance: string;
  /** Where something changed: `[x1, y1, x2, y2]` in the camera's pixels. */
  region?: Box | undefined;
  /** How many pixels changed. */
  changes?: number | undefined;
  token?: string | undefined;
  /** There on a picture that was taken without a detection: nothing moved. */
  reference?: true | undefined;
  /** IANA name that the configuration of its camera had then. */
  cameraTimeZone?: string | undefined;
  faces: EventFace[];
  /** What is on it beside faces; absent where nobody has looked. */
  labels?: readonly Label[] | undefined;
  /** Unknown faces that were not kept, because there were too many at once; absent when there are none. */
  facesAside?: number | undefined;
  /** The face engine that looked; absent when none did. */
  engine?: string | undefined;
  /** Of the upload. */
  sequencer: string;
  /** When S3 had the upload. */
  received: Date;
  /** When it goes; absent when it stays. */
  expires?: Date | undefined;
  /** When the last other upload of the same key came that brought other bytes (version-item.ts); absent when none did. */
  otherUpload?: Date | undefined;
  /** Whether its owner keeps it for ever; then it has no `expires`. Only the owner writes it, and the note. */
  kept?: true | undefined;
  note?: string | undefined;
  /** Everybody who was ever on it: an earlier upload of the same key may have shown others. Writing adds the faces' own. */
  persons?: ReadonlySet<string> | undefined;
}

/** What is known of an uploaded key: an event, one whose followers (counts, persons) are not all written, or a deleted one. */
export type EventState = { state: 'published'; event: PublishedEvent; settled: boolean } | { state: 'deleted' };

/** The item of an id; undefined when there is none. */
export async function readEvent(table: Table, account: string, id: string): Promise<EventState | undefined> {
  const item = await table.get(eventKey(account, id));
  if (!item) return undefined;
  if (item.state === 'deleted') return { state: 'deleted' };
  return { state: 'published', event: eventOf(item), settled: item.settled === true };
}

/**
 * Writes an event's item, unsettled, where there is none, or where there is the one of the ETag `inPlaceOf`, which must be
 * of a file that was cut off. Returns the event as it now stands, with the time and instance that it was first written
 * with; undefined when it was not written, as another upload was published or the owner has deleted the event.
 */
export async function writeEvent(
  table: Table,
  event: PublishedEvent,
  inPlaceOf?: string,
): Promise<PublishedEvent | undefined> {
  const { account, id, time, clockOffset, instance, received, expires, persons, ...described } = event;
  // The owner's own, and what other uploads left.
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

/** Remembers that the same bytes were uploaded again, later, and expire later. */
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

/** Has an event expire at another time, unless it is another one by now. */
export async function writeExpiry(
  table: Table,
  { account, id, etag }: Pick<PublishedEvent, 'account' | 'id' | 'etag'>,
  expires: Date,
): Promise<void> {
  const change = new Change().set({ [EXPIRES]: expiresAt(expires) });
  const item = await table.update(eventKey(account, id), change.when(isPublishedWith(etag)));
  if (item) await unlessKept(table, eventOf(item));
}

/** Takes the time to expire away again that was written with an event, where its owner keeps it. Returns it as it then is. */
async function unlessKept(table: Table, event: PublishedEvent): Promise<PublishedEvent> {
  if (!event.kept || event.expires === undefined) return event;
  const change = new Change().set({ [EXPIRES]: undefined });
  const item = await table.update(eventKey(event.account, event.id), change.when(is('kept', true)));
  return item ? eventOf(item) : event;
}

/** Remembers that everything that follows from this event's item is written. False when it is another event by now. */
export async function writeSettled(table: Table, { account, id, etag }: PublishedEvent): Promise<boolean> {
  const change = new Change().set({ settled: true });
  const item = await table.update(eventKey(account, id), change.when(isPublishedWith(etag)));
  return item !== undefined;
}

/** The event is published, and its picture is still the one with this ETag. */
function isPublishedWith(etag: string) {
  return all(is('state', 'published'), is('etag', etag));
}

/** Reads an event's item; throws an Error that names the field when one is missing. */
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

/** Whether an item is an event that may be shown at `now`: published, not deleted, and kept or not expired. */
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

/** Where a file of a video's frames is in the production bucket, by the video's key and how the file's own key ends. */
export function filmKey(key: string, ending: string): string {
  return `${key.slice(0, key.lastIndexOf('.'))}${ending}`;
}

function filmIn(item: Fields, name: string): EventFilm {
  const from = fieldsOf(item[name]);
  return { moments: list(from, 'moments').map(Number), poster: number(from, 'poster') };
}

/** A box of four numbers; throws an Error that names the field when there is none. */
export function boxOf(from: Fields, name: string): Box {
  const [x1, y1, x2, y2] = list(from, name).map(Number);
  if (x1 === undefined || y1 === undefined || x2 === undefined || y2 === undefined) {
    throw new Error(`"${name}" is no box of four numbers.`);
  }
  return [x1, y1, x2, y2];
}

/** What is published, by its Content-Type; throws an Error for any other. */
export function kindOf(value: string): Kind {
  if (value === 'image/jpeg' || value === 'image/png' || value === 'video/mp4') return value;
  throw new Error(`"${value}" is no kind of event.`);
}
