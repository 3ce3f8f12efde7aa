/**
 * The day that is shown: its hours, its events as far as they were scrolled to, and what is new.
 *
 * The server is asked for the day again and again. When its `version` is another one, the first page of events is asked
 * for and merged by id. What is new above waits while somebody has scrolled down, so that nothing moves under the finger.
 * Where more came than a page holds, the list would have a hole: then what waits takes the place of the list.
 */
import { batch, computed, effect, signal } from '@preact/signals';
import { ApiError, api, type EventsQuery, explain, Unreachable } from '../api';
import type { Event, Id } from '../api-types';
import { todayIn } from '../time';
import { count } from '../words';
import { instances } from './cameras';
import { isOnline, isVisible, minute, reconnections, setReached } from './connection';
import { setCount } from './months';
import { announcement } from './notices';
import { learn } from './people';
import { place } from './place';
import { session } from './session';

const PAGE = 60;
const POLL_MS = 5000;
const HIDDEN_POLL_MS = 60_000;
const AWAY_POLL_MS = 10_000;
/** Nearer to the top than this, in pixels, new events are shown at once. */
const TOP = 120;

export const today = computed(() => {
  const { value } = session;
  return todayIn(value.state === 'in' ? value.account.timeZone : undefined, new Date(minute.value));
});

/** The last day that can have events: where a camera is, it may be tomorrow already. */
export const lastDay = computed(() => {
  const zones = (instances.value ?? []).map(({ timeZone }) => timeZone);
  return [today.value, ...zones.map((zone) => todayIn(zone, new Date(minute.value)))].sort().at(-1) ?? today.value;
});

export const day = computed(() => place.value.day ?? today.value);

/** What is asked for, as long as it stays the same. */
const query = computed<EventsQuery>((): EventsQuery => {
  const { instance, person, label, until } = place.value;
  return { day: day.value, instance, person, label, until };
});

export type Loading = { state: 'loading' } | { state: 'ready' } | { state: 'failed'; detail: string };

export const loading = signal<Loading>({ state: 'loading' });
export const hours = signal<number[] | undefined>(undefined);
export const total = computed(() => hours.value?.reduce((sum, number) => sum + number, 0) ?? 0);
export const events = signal<Event[]>([]);
/** Newer ones, which wait to be shown; with `isWhole` unset, the first of them only. */
export const waiting = signal<{ events: Event[]; isWhole: boolean }>({ events: [], isWhole: true });
/** What is below the events that are shown. */
export const more = signal<'none' | 'there' | 'loading' | 'failed'>('none');

const NOTHING_WAITS = { events: [], isWhole: true };

let cursor: string | undefined;
/** Behind what waits, where that is not whole. */
let waitingCursor: string | undefined;
let version: string | undefined;
let asking = new AbortController();
let timer: ReturnType<typeof setTimeout> | undefined;
const deleted = new Set<Id>();

/** Loads the day anew. */
export async function load(): Promise<void> {
  asking.abort();
  asking = new AbortController();
  const { signal: aborted } = asking;
  const { until, ...which } = query.peek();
  clearTimeout(timer);
  batch(() => {
    loading.value = { state: 'loading' };
    events.value = [];
    waiting.value = NOTHING_WAITS;
    hours.value = undefined;
    more.value = 'none';
  });
  cursor = undefined;
  // The first answer about the day may be younger than the list; the next one has the list renewed in any case.
  version = undefined;
  try {
    const [{ hours: counts }, page] = await Promise.all([
      api.day(which.day ?? today.peek(), which, aborted),
      api.events({ ...which, until, limit: PAGE }, aborted),
    ]);
    if (aborted.aborted) return;
    setReached(true);
    cursor = page.cursor;
    batch(() => {
      hours.value = counts;
      events.value = page.events.filter(({ id }) => !deleted.has(id));
      more.value = cursor === undefined ? 'none' : 'there';
      loading.value = { state: 'ready' };
    });
    learnFrom(page.events);
  } catch (error) {
    if (aborted.aborted) return;
    noteFailure(error);
    loading.value = { state: 'failed', detail: explain(error) };
  }
  timer = setTimeout(() => void poll(aborted), interval());
}

/** Loads the events that follow. A failure is kept in `more`. */
export async function loadMore(): Promise<void> {
  const from = cursor;
  if (from === undefined || more.value === 'loading') return;
  more.value = 'loading';
  const { signal: aborted } = asking;
  try {
    const page = await api.events({ ...query.peek(), limit: PAGE, cursor: from }, aborted);
    if (aborted.aborted) return;
    const shown = new Set(events.value.map(({ id }) => id));
    cursor = page.cursor;
    batch(() => {
      events.value = [...events.value, ...page.events.filter(({ id }) => !shown.has(id) && !deleted.has(id))];
      more.value = cursor === undefined ? 'none' : 'there';
    });
    learnFrom(page.events);
  } catch (error) {
    if (aborted.aborted) return;
    noteFailure(error);
    more.value = 'failed';
  }
}

/** Shows what waits, at the top. */
export function showWaiting(): void {
  const { events: news, isWhole } = waiting.value;
  if (!isWhole) cursor = waitingCursor;
  batch(() => {
    events.value = isWhole ? [...news, ...events.value] : news;
    if (!isWhole) more.value = cursor === undefined ? 'none' : 'there';
    waiting.value = NOTHING_WAITS;
  });
}

/** Takes an event out that was deleted. */
export function dropEvent(id: Id): void {
  deleted.add(id);
  batch(() => {
    events.value = events.value.filter((event) => event.id !== id);
    waiting.value = { ...waiting.value, events: waiting.value.events.filter((event) => event.id !== id) };
  });
  pollNow();
}

export function pollNow(): void {
  clearTimeout(timer);
  const { signal: aborted } = asking;
  timer = setTimeout(() => void poll(aborted), 0);
}

async function poll(aborted: AbortSignal): Promise<void> {
  if (aborted.aborted || session.peek().state !== 'in') return;
  if (loading.peek().state === 'failed') {
    if (isVisible.peek()) return load();
  } else if (place.peek().view === 'events') {
    try {
      const { until: _, ...which } = query.peek();
      const now = await api.day(which.day ?? today.peek(), which, aborted);
      if (aborted.aborted) return;
      setReached(true);
      if (String(hours.peek()) !== String(now.hours)) hours.value = now.hours;
      if (now.version !== version) {
        await refresh(aborted);
        version = now.version;
      }
    } catch (error) {
      if (aborted.aborted) return;
      noteFailure(error);
    }
  }
  if (!aborted.aborted) timer = setTimeout(() => void poll(aborted), interval());
}

async function refresh(aborted: AbortSignal): Promise<void> {
  const page = await api.events({ ...query.peek(), limit: PAGE }, aborted);
  if (aborted.aborted) return;
  const fresh = page.events.filter(({ id }) => !deleted.has(id));
  const shown = new Set(events.peek().map(({ id }) => id));
  const news = fresh.filter(({ id }) => !shown.has(id));
  learnFrom(fresh);
  const oldest = fresh.at(-1);
  const meet = fresh.length === 0 || page.cursor === undefined || fresh.some(({ id }) => shown.has(id));
  if (!meet) {
    // More came than a page holds: what is shown lies somewhere below.
    waitingCursor = page.cursor;
    waiting.value = { events: fresh, isWhole: false };
    if (isAtTop()) showWaiting();
  } else {
    const below = page.cursor === undefined || !oldest ? [] : events.peek().filter((event) => event.time < oldest.time);
    const still = fresh.filter(({ id }) => shown.has(id));
    batch(() => {
      if (isAtTop()) {
        events.value = [...fresh, ...below];
        waiting.value = NOTHING_WAITS;
      } else {
        events.value = [...still, ...below];
        waiting.value = { events: news, isWhole: true };
      }
      if (page.cursor === undefined) {
        cursor = undefined;
        more.value = 'none';
      }
    });
  }
  if (news.length > 0 && loading.peek().state === 'ready') {
    announcement.value = `${count(news.length, 'new event')}, the latest by ${news[0]?.instance.name}`;
  }
}

/** Whether what is new may be put above what is shown: nobody looks at, or has the keyboard on, anything that would move. */
function isAtTop(): boolean {
  return scrollY < TOP && !document.querySelector('dialog[open], .grid :focus-visible');
}

function learnFrom(list: Event[]): void {
  learn(list.flatMap(({ faces }) => faces.flatMap(({ person }) => person ?? [])));
}

function noteFailure(error: unknown): void {
  if (error instanceof Unreachable) setReached(false);
  else if (error instanceof ApiError) setReached(true);
}

function interval(): number {
  if (!isVisible.peek()) return HIDDEN_POLL_MS;
  return isOnline.peek() ? POLL_MS : AWAY_POLL_MS;
}

/** Begins to follow the place. */
export function followDay(): void {
  let loaded = '';
  effect(() => {
    if (session.value.state !== 'in' || place.value.view !== 'events') return;
    const wanted = JSON.stringify(query.value);
    if (wanted === loaded) return;
    loaded = wanted;
    void load();
  });
  // Back before the eyes or on the line: at once, not at the next turn.
  effect(() => {
    if (isVisible.value && reconnections.value >= 0 && loaded !== '') pollNow();
  });
  effect(() => {
    if (reconnections.value > 0 && more.peek() === 'failed') more.value = 'there';
  });
  effect(() => {
    const { day: shown, instance, person, label } = query.value;
    if (hours.value && shown !== undefined) setCount(shown, { instance, person, label }, total.value);
  });
}
