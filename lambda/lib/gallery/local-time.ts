/**
 * Days and hours by the clock on a wall: a UTC instant, and the IANA time zone where the wall stands. What Intl knows of
 * a zone is one thing, its offset at an instant; the rest is arithmetic. A day has 23 or 25 hours when the clock changes,
 * offsets may be quarters of an hour, and a day may be left out altogether (Samoa, 2011-12-30).
 */

const DAY_MS = 24 * 3600_000;
const HOUR_MS = 3600_000;

/** Offsets of time zones are at most 14 hours east and 12 hours west. */
const EASTMOST_MS = 14 * HOUR_MS;
const WESTMOST_MS = 12 * HOUR_MS;

/** Formats cost far more to make than to use. There are some 600 zones; whoever asks for more spellings starts anew. */
const MOST_FORMATS = 1000;
const formats = new Map<string, Intl.DateTimeFormat>();

/** The wall's clock at an instant: `2026-04-22T12:45:00.123`. Its first ten letters are the day. */
export function localTime(timeZone: string, instant: Date): string {
  return wallText(instant.getTime() + offsetAt(timeZone, instant.getTime()));
}

/** Whether a text is a day of the calendar, such as `2026-04-22`, between 1970 and 9998. */
export function isDay(text: string): boolean {
  if (!/^\d{4}-\d{2}-\d{2}$/.test(text) || text < '1970' || text >= '9999') return false;
  const time = Date.parse(`${text}T00:00:00Z`);
  return !Number.isNaN(time) && wallText(time).startsWith(text);
}

/** The day that many days later (or earlier, when negative). */
export function addDays(day: string, days: number): string {
  return wallText(Date.parse(`${day}T00:00:00Z`) + days * DAY_MS).slice(0, 10);
}

/**
 * From when (inclusive) until when (exclusive) it can be that day on that wall. Where a clock is set back over midnight
 * some minutes in between are of the day before or behind: `localTime` says of each instant which day it is.
 */
export function dayRange(timeZone: string, day: string): { from: Date; to: Date } {
  const from = Math.min(...midnights(timeZone, day));
  const to = Math.max(...midnights(timeZone, addDays(day, 1)));
  return { from: new Date(from), to: new Date(to) };
}

/** When an hour (0 to 23) of a day has ended on that wall, also where it comes twice; possibly somewhat later. */
export function hourEnd(timeZone: string, day: string, hour: number): Date {
  const wall = Date.parse(`${day}T00:00:00Z`) + (hour + 1) * HOUR_MS;
  return new Date(wall - Math.min(...offsetsAround(timeZone, wall)));
}

/** The days (UTC) from an instant to another, as ISO 8601 or longer: the first and the last included. */
export function utcDays(from: string, to: string): string[] {
  const days: string[] = [];
  for (let day = from.slice(0, 10); day <= to.slice(0, 10); day = addDays(day, 1)) days.push(day);
  return days;
}

/** A UTC day as a wall shows it: the local time of each of its 96 quarters of an hour. */
export function localQuarters(timeZone: string, day: string): (quarter: number) => { day: string; hour: number } {
  const start = Date.parse(`${day}T00:00:00Z`);
  // No zone changes its clock twice within a day.
  const first = offsetAt(timeZone, start);
  const changes = offsetAt(timeZone, start + DAY_MS) !== first;
  return (quarter) => {
    const instant = start + (quarter * HOUR_MS) / 4;
    const wall = wallText(instant + (changes ? offsetAt(timeZone, instant) : first));
    return { day: wall.slice(0, 10), hour: Number(wall.slice(11, 13)) };
  };
}

/** When the day before ends and this day, or one behind it, begins: mostly once. */
function midnights(timeZone: string, day: string): number[] {
  const wall = Date.parse(`${day}T00:00:00Z`);
  const dayAt = (instant: number) => wallText(instant + offsetAt(timeZone, instant)).slice(0, 10);
  const candidates = offsetsAround(timeZone, wall).map((offset) => wall - offset);
  const found = candidates.filter((instant) => dayAt(instant) >= day && dayAt(instant - 1) < day);
  return found.length > 0 ? found : candidates;
}

/** The offsets that may be in force when a clock shows this. */
function offsetsAround(timeZone: string, wall: number): number[] {
  return [offsetAt(timeZone, wall - EASTMOST_MS), offsetAt(timeZone, wall + WESTMOST_MS)];
}

/** How far the clock on the wall is ahead of UTC, in milliseconds. */
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
