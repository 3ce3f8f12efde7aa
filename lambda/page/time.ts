/** Days and times as people read them. A day is `2026-04-22`, a month `2026-04`; weeks begin where the browser's do. */

/** The day that it is now, in a time zone. */
export function todayIn(timeZone: string | undefined, now = new Date()): string {
  const parts = { year: 'numeric', month: '2-digit', day: '2-digit' } as const;
  try {
    return new Intl.DateTimeFormat('en-CA', { ...parts, timeZone }).format(now);
  } catch {
    return new Intl.DateTimeFormat('en-CA', parts).format(now);
  }
}

/** The day `days` days later, or earlier if negative. */
export function addDays(day: string, days: number): string {
  return new Date(Date.parse(day) + days * 86_400_000).toISOString().slice(0, 10);
}

/** The month of a day. */
export function monthOf(day: string): string {
  return day.slice(0, 7);
}

/** The month `months` months later, or earlier if negative. */
export function addMonths(month: string, months: number): string {
  const [year = 0, number = 1] = month.split('-').map(Number);
  return new Date(Date.UTC(year, number - 1 + months, 1)).toISOString().slice(0, 7);
}

/** The days of a month. */
export function daysOf(month: string): string[] {
  const days: string[] = [];
  for (let day = `${month}-01`; monthOf(day) === month; day = addDays(day, 1)) days.push(day);
  return days;
}

/** How many days of the week lie before a day: 0 for the first day of a week. */
export function placeInWeek(day: string): number {
  return (new Date(Date.parse(day)).getUTCDay() - firstWeekday() + 7) % 7;
}

/** The names of the days of the week, in their order, short and whole. */
export function weekdays(): { short: string; long: string }[] {
  return Array.from({ length: 7 }, (_, i) => {
    const date = new Date(Date.UTC(2023, 0, 1 + firstWeekday() + i));
    const name = (weekday: 'short' | 'long') =>
      new Intl.DateTimeFormat('en', { weekday, timeZone: 'UTC' }).format(date);
    return { short: name('short').slice(0, 2), long: name('long') };
  });
}

/** "Today", "Yesterday", "Tomorrow" (where a camera is), or the weekday. */
export function dayName(day: string, today: string): string {
  if (day === today) return 'Today';
  if (day === addDays(today, -1)) return 'Yesterday';
  if (day === addDays(today, 1)) return 'Tomorrow';
  return format(day, { weekday: 'long' });
}

/** "22 April 2026", or "22 Apr 2026" where there is little room. */
export function dayDate(day: string, isShort: boolean): string {
  return format(day, { day: 'numeric', month: isShort ? 'short' : 'long', year: 'numeric' });
}

/** "22 Apr". */
export function dayShort(day: string): string {
  return format(day, { day: 'numeric', month: 'short' });
}

/** "Wednesday 22 April 2026". */
export function dayInWords(day: string): string {
  return format(day, { weekday: 'long', day: 'numeric', month: 'long', year: 'numeric' }).replace(',', '');
}

/** "April 2026". */
export function monthInWords(month: string): string {
  return format(`${month}-01`, { month: 'long', year: 'numeric' });
}

/** "10:45:12", of a local time. */
export function clock(localTime: string): string {
  return localTime.slice(11, 19);
}

/** The hour of a local time, 0 to 23. */
export function hourOf(localTime: string): number {
  return Number(localTime.slice(11, 13));
}

/** "10:00". */
export function hourName(hour: number): string {
  return `${String(hour).padStart(2, '0')}:00`;
}

/** How far a local time was from UTC: "UTC+2". */
export function offsetOf(time: string, localTime: string): string {
  const minutes = Math.round((Date.parse(`${localTime}Z`) - Date.parse(time)) / 60_000);
  if (minutes === 0) return 'UTC';
  const rest = Math.abs(minutes) % 60;
  const hours = Math.floor(Math.abs(minutes) / 60);
  return `UTC${minutes < 0 ? '−' : '+'}${hours}${rest === 0 ? '' : `:${String(rest).padStart(2, '0')}`}`;
}

/** "3 minutes ago". */
export function ago(time: string, now: number): string {
  const seconds = Math.max(0, (now - Date.parse(time)) / 1000);
  const words = new Intl.RelativeTimeFormat('en', { numeric: 'auto' });
  if (seconds < 60) return 'less than a minute ago';
  if (seconds < 3600) return words.format(-Math.floor(seconds / 60), 'minute');
  if (seconds < 86_400) return words.format(-Math.floor(seconds / 3600), 'hour');
  return words.format(-Math.floor(seconds / 86_400), 'day');
}

/** "22 April 2026 at 10:45", in a time zone. */
export function moment(time: string, timeZone?: string): string {
  const style = { dateStyle: 'long', timeStyle: 'short' } as const;
  try {
    return new Intl.DateTimeFormat('en-GB', { ...style, timeZone }).format(new Date(time));
  } catch {
    return new Intl.DateTimeFormat('en-GB', style).format(new Date(time));
  }
}

/**
 * "02:50" of the day that it is now, in a time zone; of another day "22 Apr at 02:50", and with its year where that is
 * another one.
 */
export function shortMoment(time: string, timeZone: string, now: number): string {
  const at = new Date(time);
  const clock = { hour: '2-digit', minute: '2-digit' } as const;
  const style = (options: Intl.DateTimeFormatOptions) => {
    try {
      return new Intl.DateTimeFormat('en-GB', { ...options, timeZone }).format(at);
    } catch {
      return new Intl.DateTimeFormat('en-GB', options).format(at);
    }
  };
  const [then, today] = [todayIn(timeZone, at), todayIn(timeZone, new Date(now))];
  if (then === today) return style(clock);
  const year = then.slice(0, 4) === today.slice(0, 4) ? {} : ({ year: 'numeric' } as const);
  return `${style({ day: 'numeric', month: 'short', ...year })} at ${style(clock)}`;
}

/** "56 years behind", of a clock, by what has to be added to it (ms). */
export function howWrong(offset: number): string {
  const minutes = Math.abs(offset) / 60_000;
  const units = [
    ['year', 525_960],
    ['day', 1440],
    ['hour', 60],
    ['minute', 1],
  ] as const;
  const [unit, length] = units.find(([, size]) => minutes >= size) ?? ['minute', 1];
  const words = new Intl.NumberFormat('en', { style: 'unit', unit, unitDisplay: 'long' });
  return `${words.format(Math.round(minutes / length))} ${offset > 0 ? 'behind' : 'ahead'}`;
}

/** "0:07", of milliseconds. */
export function lengthOf(milliseconds: number): string {
  const seconds = Math.round(milliseconds / 1000);
  return `${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, '0')}`;
}

/** The browser's time zone. */
export function browserTimeZone(): string {
  return Intl.DateTimeFormat().resolvedOptions().timeZone;
}

/** All time zones that the browser knows. */
export function timeZones(): string[] {
  return [...new Set(['UTC', ...Intl.supportedValuesOf('timeZone')])];
}

function format(day: string, options: Intl.DateTimeFormatOptions): string {
  return new Intl.DateTimeFormat('en-GB', { ...options, timeZone: 'UTC' }).format(new Date(Date.parse(day)));
}

/** 0 for Sunday, 1 for Monday. */
function firstWeekday(): number {
  const locale: Intl.Locale & { weekInfo?: { firstDay: number }; getWeekInfo?: () => { firstDay: number } } =
    new Intl.Locale(navigator.language);
  return ((locale.getWeekInfo?.() ?? locale.weekInfo)?.firstDay ?? 1) % 7;
}
