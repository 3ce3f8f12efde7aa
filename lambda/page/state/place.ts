/** The place of the page. Its address contains all of it, so that it can be sent to someone, and gone back to. */
import { signal } from '@preact/signals';
import type { Filter, Ranking } from '../api';
import type { Id } from '../api-types';

/** The views of the page. */
export const VIEWS = ['events', 'persons', 'cameras', 'account', 'notifications'] as const;
/** One of `VIEWS`. */
export type View = (typeof VIEWS)[number];

/** What the page shows. */
export interface Place extends Filter, Ranking {
  view: View;
  /** Left out: today. */
  day?: string | undefined;
  /** Only events before the end of this hour. */
  until?: number | undefined;
  /** Each picture by itself, no bursts. */
  each?: true | undefined;
  /** Only what is kept for ever. */
  kept?: true | undefined;
  /** The event that is looked at. */
  event?: Id | undefined;
}

/** What can be asked for beside persons. */
export const LABELS = ['person', 'vehicle', 'animal'] as const;

/** No filter of events. */
export const UNFILTERED: Filter & Ranking = {
  instance: undefined,
  person: undefined,
  label: undefined,
  area: undefined,
  unusual: undefined,
};

const ID = /^[\w-]{10,64}$/;

/** What the page shows now. */
export const place = signal<Place>(read());

/** Changes the place; parts that are not named stay. With `replace`, "back" skips the present place. */
export function go(change: Partial<Place>, { replace = false } = {}): void {
  const next = { ...place.value, ...change };
  const address = addressOf(next);
  if (address === addressOf(place.value)) return;
  if (replace) history.replaceState(history.state, '', address);
  else history.pushState({ inside: true }, '', address);
  place.value = next;
}

/** Goes to an address of this page, such as `/?event=…`. */
export function goTo(address: string): void {
  const { origin, search } = new URL(address, location.origin);
  if (origin === location.origin) go(placeIn(search));
}

/** Goes back if this page has a place to go back to; otherwise changes the place. */
export function back(otherwise: Partial<Place>): void {
  const state: unknown = history.state;
  if (typeof state === 'object' && state !== null && 'inside' in state) history.back();
  else go(otherwise, { replace: true });
}

/** What an address tells beside the view, in the order in which it does. */
const PARTS = ['day', 'until', 'instance', 'person', 'label', 'area', 'unusual', 'each', 'kept', 'event'] as const;

/** The path and query of a place. */
export function addressOf(where: Place): string {
  const search = new URLSearchParams();
  if (where.view !== 'events') search.set('view', where.view);
  for (const name of PARTS) {
    const value = where[name];
    if (value !== undefined) search.set(name, String(value));
  }
  return search.size === 0 ? '/' : `/?${search}`;
}

function read(): Place {
  return placeIn(location.search);
}

function placeIn(text: string): Place {
  const search = new URLSearchParams(text);
  const hour = search.get('until');
  return {
    view: VIEWS.find((view) => view === search.get('view')) ?? 'events',
    day: matching(search.get('day'), /^\d{4}-\d{2}-\d{2}$/, (day) => !Number.isNaN(Date.parse(day))),
    until: hour !== null && /^([01]?\d|2[0-3])$/.test(hour) ? Number(hour) : undefined,
    instance: matching(search.get('instance'), ID),
    person: matching(search.get('person'), ID),
    label: LABELS.find((label) => label === search.get('label')),
    area: matching(search.get('area'), /^\d{1,4}(,\d{1,4}){3}$/),
    unusual: search.get('unusual') === 'true' || undefined,
    each: search.get('each') === 'true' || undefined,
    kept: search.get('kept') === 'true' || undefined,
    event: matching(search.get('event'), ID),
  };
}

function matching(value: string | null, pattern: RegExp, isValid = (_: string) => true): string | undefined {
  return value !== null && pattern.test(value) && isValid(value) ? value : undefined;
}

addEventListener('popstate', () => {
  place.value = read();
});
