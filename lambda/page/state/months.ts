/** Which days have events, by month and filter. */
import { signal } from '@preact/signals';
import { api, type Filter } from '../api';
import { addDays, addMonths, monthOf } from '../time';

/** Months that are searched for a day with events: nothing is kept for longer than a year. */
const MOST_MONTHS = 13;

const known = signal(new Map<string, Record<string, number>>());

/** Events by day of a month; undefined until they are known. */
export function daysOfMonth(month: string, filter: Filter): Record<string, number> | undefined {
  return known.value.get(keyOf(month, filter));
}

/** Loads a month, also if it is known. @throws ApiError, Unreachable */
export async function loadMonth(month: string, filter: Filter): Promise<Record<string, number>> {
  const { days } = await api.month(month, filter);
  known.value = new Map(known.value).set(keyOf(month, filter), days);
  return days;
}

/** Sets how many events a day has, which the day itself knows first. */
export function setCount(day: string, filter: Filter, count: number): void {
  const key = keyOf(monthOf(day), filter);
  const days = known.value.get(key);
  if (!days || (days[day] ?? 0) === count) return;
  const { [day]: _, ...others } = days;
  known.value = new Map(known.value).set(key, count === 0 ? others : { ...others, [day]: count });
}

/** Forgets all months, so that they are loaded again. */
export function forgetMonths(): void {
  known.value = new Map();
}

/**
 * The nearest day with events before a day (`-1`) or after it (`1`), but none after `last`; undefined when there is
 * none.
 *
 * @throws ApiError, Unreachable
 */
export async function nearestDay(
  day: string,
  direction: -1 | 1,
  last: string,
  filter: Filter,
): Promise<string | undefined> {
  let month = monthOf(day);
  for (let i = 0; i < MOST_MONTHS && (direction === -1 || month <= monthOf(last)); i++) {
    const days = Object.keys(daysOfMonth(month, filter) ?? (await loadMonth(month, filter))).sort();
    const found =
      direction === -1 ? days.reverse().find((one) => one < day) : days.find((one) => one >= addDays(day, 1));
    if (found !== undefined) return found;
    month = addMonths(month, direction);
  }
  return undefined;
}

function keyOf(month: string, { instance = '', person = '', label }: Filter): string {
  return `${month} ${instance} ${person} ${label ?? ''}`;
}
