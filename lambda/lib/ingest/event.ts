/**
 * Reads what an upload tells of its event: when, where, what moved. The device sends it as user metadata; for an upload
 * without metadata (of an older version or another program) the file name tells it. Without a time in either, the event
 * happened when it was uploaded; without an instance, its instance is `unknown`.
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
  /** Opaque, 22 characters, the same for the same key. */
  id: string;
  /** Whether the file's name has a time, and so belongs to one event only. */
  isTimed: boolean;
}

/** The facts of an event, from its metadata or its name. */
export interface EventFacts {
  time: Date;
  instance: string;
  region?: Box | undefined;
  changes?: number | undefined;
  token?: string | undefined;
  /** Ms to add to the camera's clock to get S3's time; absent where the clock was right. */
  clockOffset?: number | undefined;
  /** True for a picture that was taken without a detection: nothing moved. */
  reference?: true | undefined;
  /** IANA time zone in the camera's configuration; absent where it is unknown. */
  cameraTimeZone?: string | undefined;
}

/**
 * Longest name of an instance, in characters: it is part of keys in the table, which may have 1,024 bytes. Longer names
 * come from no Kerberos and are cut.
 */
const LONGEST_INSTANCE = 128;

/** Splits a key into account and file name. */
export function originOf(key: string): Origin {
  const slash = key.indexOf('/');
  const fileName = key.slice(slash + 1);
  const isTimed = captureTime(parseEventName(lastSegment(fileName))) !== undefined;
  return { account: key.slice(0, Math.max(0, slash)), fileName, id: idOf(key), isTimed };
}

/**
 * The id of the event that an upload belongs to. A name with a time belongs to one event, whatever its bytes. A camera
 * that overwrites `snapshot.jpg` again and again means another event each time: there the ETag is part of the id, so
 * that no later picture replaces an earlier moment.
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

/**
 * The facts of an event: from the metadata (`event-timestamp` and so on, without `x-amz-meta-`), else from the name,
 * else from the time of the upload.
 */
export function eventFacts(fileName: string, metadata: Readonly<Record<string, string>>, uploaded: Date): EventFacts {
  const name = parseEventName(lastSegment(fileName));
  const said = (field: string) => decoded(metadata[`event-${field}`]);
  const timeZone = decoded(metadata.timezone);
  // The camera writes a region even where nothing changed. An agent that does not count changes writes -1.
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
 * Whether an object only tests a connection: `grunt check` writes `.kerberos-check`, and the "Check" button of the
 * Kerberos web interface (from 2.5 on) `test_connection.txt`. A name that begins with a dot is never an event.
 */
export function isTrial(key: string): boolean {
  return /(^|\/)(\.[^/]*|test_connection\.txt)$/.test(key);
}

/** Smallest error of a clock that is reported, in ms. A video may take minutes to upload. */
const CLOCK_TOLERANCE = 10 * 60_000;
/** A picture taken at most this long before its upload, in ms, was taken by the same clock. */
const SAME_CLOCK = 3_600_000;

/**
 * Ms to add to the camera's clock to get S3's time, by the camera's own time of the upload. `undefined` where the clock
 * was right, and where the picture is older than `SAME_CLOCK`: the clock may have been set since, or lost with the
 * power.
 */
function clockOffsetOf(taken: Date, uploadTime: Date | undefined, uploaded: Date): number | undefined {
  if (uploadTime === undefined) return undefined;
  const age = uploadTime.getTime() - taken.getTime();
  if (age < -1000 || age > SAME_CLOCK) return undefined;
  const offset = uploaded.getTime() - uploadTime.getTime();
  return Math.abs(offset) < CLOCK_TOLERANCE ? undefined : offset;
}

/** A name of an instance, cut to the longest length. */
export function shortInstance(instance: string): string {
  return [...instance].slice(0, LONGEST_INSTANCE).join('');
}

/** Decodes the device's percent-encoding; a value that is not encoded stays as it is. */
function decoded(value: string | undefined): string | undefined {
  if (!value) return undefined;
  try {
    return decodeURIComponent(value);
  } catch {
    return value;
  }
}

/** Parses seconds since 1970, and microseconds, plain or as in file names (`6-123456`: digit count, '-', digits). */
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
