/**
 * What an upload says of its event: when, where, what moved. The device sends it as user metadata; an upload without
 * (from an older version, or another program) says it in its file name. What neither says is left out, and then the
 * event happened when it was uploaded, at the instance `unknown`.
 */
import { createHash } from 'node:crypto';
import type { Box } from '../faces/engine';
import { isTimeZone } from '../time-zone';
import { captureTime, parseEventName } from './event-name';

/** Where an upload belongs, by its key. */
export interface Origin {
  /** The first segment of the key; empty when the key has only one. */
  account: string;
  /** The key without the account; it may contain slashes. */
  fileName: string;
  /** Opaque, 22 letters, the same for the same key. */
  id: string;
  /** Whether the file's name tells when it was taken, and so belongs to one event only. */
  isTimed: boolean;
}

/** What an event is, by its metadata or its name. */
export interface EventFacts {
  time: Date;
  instance: string;
  region?: Box | undefined;
  changes?: number | undefined;
  token?: string | undefined;
  /** How far the camera's clock was behind that of S3 when it had taken the picture, in ms; absent where it was right. */
  clockOffset?: number | undefined;
  /** There on a picture that was taken without a detection: nothing moved. */
  reference?: true | undefined;
  /** IANA name that the configuration of the camera has; absent where it names none that is known. */
  cameraTimeZone?: string | undefined;
}

/**
 * Longest name of an instance, in letters: it is part of keys in the table, which may have 1,024 bytes. What is longer
 * comes from no Kerberos; it is cut.
 */
const LONGEST_INSTANCE = 128;

/** Takes a key apart. */
export function originOf(key: string): Origin {
  const slash = key.indexOf('/');
  const fileName = key.slice(slash + 1);
  const isTimed = captureTime(parseEventName(lastSegment(fileName))) !== undefined;
  return { account: key.slice(0, Math.max(0, slash)), fileName, id: idOf(key), isTimed };
}

/**
 * The id of the event that an upload is. A name with a time in it belongs to one event, whatever bytes come under it. A
 * camera that overwrites `snapshot.jpg` again and again means another event each time: there the content, by its ETag,
 * makes the id, too, so that no later picture stands for an earlier moment.
 */
export function eventIdOf(key: string, { id, isTimed }: Pick<Origin, 'id' | 'isTimed'>, etag: string): string {
  return isTimed ? id : idOf(`${key}\n${etag}`);
}

function idOf(text: string): string {
  return createHash('sha256').update(text).digest('base64url').slice(0, 22);
}

function lastSegment(fileName: string): string {
  return fileName.slice(fileName.lastIndexOf('/') + 1);
}

/** What the metadata (`event-timestamp` and so on, without `x-amz-meta-`) says, then the name, then when it was uploaded. */
export function eventFacts(fileName: string, metadata: Readonly<Record<string, string>>, uploaded: Date): EventFacts {
  const name = parseEventName(lastSegment(fileName));
  const said = (field: string) => decoded(metadata[`event-${field}`]);
  const timeZone = decoded(metadata.timezone);
  // Where nothing changed, the camera names a region all the same. An agent that does not count changes says -1.
  const changes = wholeNumber(said('numberofchanges')) ?? (name.changes === -1 ? undefined : name.changes);
  const region = regionOf(said('regioncoordinates')) ?? name.region;
  const time = timeOf(said('timestamp'), said('microseconds')) ?? new Date(captureTime(name) ?? uploaded);
  return {
    time,
    clockOffset: clockOffsetOf(time, timeOf(metadata.uploadtime, undefined), uploaded),
    instance: shortInstance(said('instancename') ?? name.instance ?? 'unknown'),
    region: changes === 0 ? undefined : region,
    changes,
    token: said('token') ?? name.token?.toString(),
    reference: said('reference') === 'true' || name.reference ? true : undefined,
    cameraTimeZone: timeZone !== undefined && isTimeZone(timeZone) ? timeZone : undefined,
  };
}

/**
 * Whether an object is what somebody wrote to try a connection, and no event: `grunt check` writes `.kerberos-check`, the
 * "Check" button of the Kerberos web interface (from 2.5 on) `test_connection.txt`. A name that begins with a dot is never
 * an event.
 */
export function isTrial(key: string): boolean {
  return /(^|\/)(\.[^/]*|test_connection\.txt)$/.test(key);
}

/** A clock is told to be wrong from so many ms on. A video may be under way for minutes. */
const CLOCK_TOLERANCE = 10 * 60_000;
/** A picture that was taken no longer than so many ms before its upload was taken by the same, wrong clock. */
const SAME_CLOCK = 3_600_000;

/**
 * What to add to the camera's clock to have S3's, in ms, by the camera's own time of the upload. Undefined where the clock
 * was right, and where the picture is older: since then the clock may have been set, or have been lost with the power.
 */
function clockOffsetOf(taken: Date, uploadTime: Date | undefined, uploaded: Date): number | undefined {
  if (uploadTime === undefined) return undefined;
  const age = uploadTime.getTime() - taken.getTime();
  if (age < -1000 || age > SAME_CLOCK) return undefined;
  const offset = uploaded.getTime() - uploadTime.getTime();
  return Math.abs(offset) < CLOCK_TOLERANCE ? undefined : offset;
}

/** A name of an instance, no longer than one can be. */
export function shortInstance(instance: string): string {
  return [...instance].slice(0, LONGEST_INSTANCE).join('');
}

/** The device percent-encodes what is not ASCII; a value that is no such encoding is taken as it is. */
function decoded(value: string | undefined): string | undefined {
  if (!value) return undefined;
  try {
    return decodeURIComponent(value);
  } catch {
    return value;
  }
}

/** Seconds since 1970, and microseconds, plain or as file names have them (`6-123456`: digit count, '-', digits). */
function timeOf(seconds: string | undefined, microseconds: string | undefined): Date | undefined {
  if (!seconds || !/^\d{1,11}$/.test(seconds)) return undefined;
  const fraction = /^(?:\d-)?(\d{1,6})$/.exec(microseconds ?? '')?.[1] ?? '0';
  return new Date(Number(seconds) * 1000 + Math.floor(Number(fraction) / 1000));
}

function regionOf(value: string | undefined): Box | undefined {
  const match = /^(-?\d{1,6})-(-?\d{1,6})-(-?\d{1,6})-(-?\d{1,6})$/.exec(value ?? '');
  if (!match) return undefined;
  const [x1, y1, x2, y2] = [Number(match[1]), Number(match[2]), Number(match[3]), Number(match[4])];
  return x1 < x2 && y1 < y2 ? [x1, y1, x2, y2] : undefined;
}

function wholeNumber(value: string | undefined): number | undefined {
  return value && /^\d{1,12}$/.test(value) ? Number(value) : undefined;
}
