/**
 * Local days and hours in an IANA time zone. Intl provides the offset of a zone at an instant; the rest is arithmetic.
 * A day has 23 or 25 hours when the clock changes, offsets may be quarters of an hour, and a day may be skipped
 * altogether (Samoa, 2011-12-30).
 */

const DAY_MS = 24 * 3600_000;
const HOUR_MS = 3600_000;

/** The offset of the easternmost time zone, 14 hours, in ms. */
const EASTMOST_MS = 14 * HOUR_MS;
/** The offset of the westernmost time zone, 12 hours, in ms. */
const WESTMOST_MS = 12 * HOUR_MS;

/**
 * Most formats that are kept: they cost far more to make than to use. There are some 600 zones; with more spellings,
 * all are made anew.
 */
const MOST_FORMATS = 1000;
const formats = new Map<string, Intl.DateTimeFormat>();

/** Local time at an instant: `2026-04-22T12:45:00.123`. Its first ten characters are the day. */
export function localTime(timeZone: string, instant: Date): string {
  return wallText(instant.getTime() + offsetAt(timeZone, instant.getTime()));
}

/** Whether a text is a day of the calendar, such as `2026-04-22`, between 1970 and 9998. */
export function isDay(text: string): boolean {
  if (!/^\d{4}-\d{2}-\d{2}$/.test(text) || text < '1970' || text >= '9999') return false;
  const time = Date.parse(`${text}T00:00:00Z`);
  return !Number.isNaN(time) && wallText(time).startsWith(text);
}

/** The day `days` days after `day`, or before it if negative. */
export function addDays(day: string, days: number): string {
  return wallText(Date.parse(`${day}T00:00:00Z`) + days * DAY_MS).slice(0, 10);
}

/**
 * The instants from which (inclusive) and until which (exclusive) it can be this local day. If a clock is set back over
 * midnight, some minutes in between are of the day before or after; `localTime` tells the day of each instant.
 */
export function dayRange(timeZone: string, day: string): { from: Date; to: Date } {
  const from = Math.min(...midnights(timeZone, day));
  const to = Math.max(...midnights(timeZone, addDays(day, 1)));
  return { from: new Date(from), to: new Date(to) };
}

/** When an hour (0 to 23) of a local day has ended, also if a clock change repeats it; possibly somewhat later. */
export function hourEnd(timeZone: string, day: string, hour: number): Date {
  const wall = Date.parse(`${day}T00:00:00Z`) + (hour + 1) * HOUR_MS;
  return new Date(wall - Math.min(...offsetsAround(timeZone, wall)));
}

/** The days (UTC) from one ISO 8601 instant to another, the first and the last included. */
export function utcDays(from: string, to: string): string[] {
  const days: string[] = [];
  for (let day = from.slice(0, 10); day <= to.slice(0, 10); day = addDays(day, 1)) days.push(day);
  return days;
}

/** The local day and hour of each of the 96 quarters of an hour of a UTC day. */
export function localQuarters(timeZone: string, day: string): (quarter: number) => { day: string; hour: number } {
  const start = Date.parse(`${day}T00:00:00Z`);
  // No time zone changes its clock twice within a day.
  const first = offsetAt(timeZone, start);
  const changes = offsetAt(timeZone, start + DAY_MS) !== first;
  return (quarter) => {
    const instant = start + (quarter * HOUR_MS) / 4;
    const wall = wallText(instant + (changes ? offsetAt(timeZone, instant) : first));
    return { day: wall.slice(0, 10), hour: Number(wall.slice(11, 13)) };
  };
}

/**
 * Instants (ms since 1970) at which `day` starts in the zone: usually one; two if a clock change repeats midnight; the
 * start of a later day if it is skipped.
 */
function midnights(timeZone: string, day: string): number[] {
  const wall = Date.parse(`${day}T00:00:00Z`);
  const dayAt = (instant: number) => wallText(instant + offsetAt(timeZone, instant)).slice(0, 10);
  const candidates = offsetsAround(timeZone, wall).map((offset) => wall - offset);
  const found = candidates.filter((instant) => dayAt(instant) >= day && dayAt(instant - 1) < day);
  return found.length > 0 ? found : candidates;
}

/** The offsets (ms) that may apply when a local clock shows `wall`. */
function offsetsAround(timeZone: string, wall: number): number[] {
  return [offsetAt(timeZone, wall - EASTMOST_MS), offsetAt(timeZone, wall + WESTMOST_MS)];
}

/** Offset of the zone at an instant: local time minus UTC, in ms. */
function offsetAt(timeZone: string, instant: number): number {
  const parts: Record<string, number> = {};
  for (const { type, value } of formatOf(timeZone).formatToParts(instant)) parts[type] = Number(value);
  const { year = 0, month = 1, day = 1, hour = 0, minute = 0, second = 0 } = parts;
  return Date.UTC(year, month - 1, day, hour, minute, second) - Math.floor(instant / 1000) * 1000;
}

function formatOf(timeZone: string): Intl.DateTimeFormat {
  const known = formats.get(timeZone);
  if (known) return known;
  const two = '2-digit';
  const format = new Intl.DateTimeFormat('en', {
    ...{ timeZone, calendar: 'iso8601', numberingSystem: 'latn', hourCycle: 'h23', year: 'numeric' },
    ...{ month: two, day: two, hour: two, minute: two, second: two },
  });
  if (formats.size >= MOST_FORMATS) formats.clear();
  formats.set(timeZone, format);
  return format;
}

/** ISO 8601 without the Z. */
function wallText(wall: number): string {
  return new Date(wall).toISOString().slice(0, -1);
}
