/**
 * The day that is shown: its hours, its bursts as far as they were scrolled to, and what is new.
 *
 * The server is asked for the day again and again. When its `version` is another one, the first page of bursts is asked
 * for and merged by id: a burst that has grown is shown with its new count where it is. New bursts above wait while
 * somebody has scrolled down, so that nothing moves under the finger; so does what is unusual. Where more came than a
 * page holds, the list would have a hole: then what waits takes the place of the list.
 */
import { batch, computed, effect, signal } from '@preact/signals';
import { ApiError, api, type BurstsQuery, explain, Unreachable } from '../api';
import type { Burst, BurstPage, Id } from '../api-types';
import { todayIn } from '../time';
import { count } from '../words';
import { instances } from './cameras';
import { isOnline, isVisible, minute, reconnections, setReached } from './connection';
import { setCount } from './months';
import { announcement } from './notices';
import { learn } from './people';
import { place } from './place';
import { session } from './session';
import { inTime, isRanked, loadUnusual, NOTHING_UNUSUAL, standingOut, type Unusual } from './unusual';

const PAGE = 60;
/** Shortest time between two searches for what is unusual, in ms: each reads the whole day. */
const UNUSUAL_MS = 15_000;
const POLL_MS = 5000;
const HIDDEN_POLL_MS = 60_000;
const AWAY_POLL_MS = 10_000;
/** Nearer to the top than this, in pixels, new events are shown at once. */
const TOP = 120;

/** Today in the account's time zone. */
export const today = computed(() => {
  const { value } = session;
  return todayIn(value.state === 'in' ? value.account.timeZone : undefined, new Date(minute.value));
});

/** The last day that can have events: where a camera is, it may be tomorrow already. */
export const lastDay = computed(() => {
  const zones = (instances.value ?? []).map(({ timeZone }) => timeZone);
  return [today.value, ...zones.map((zone) => todayIn(zone, new Date(minute.value)))].sort().at(-1) ?? today.value;
});

/** The day that is shown. */
export const day = computed(() => place.value.day ?? today.value);

/** Which bursts are asked for, as long as it stays the same. */
export const query = computed<BurstsQuery>((): BurstsQuery => {
  const { instance, person, label, until, each, kept, area, unusual } = place.value;
  // What is kept is looked for on all days.
  const where = instance === undefined ? {} : { area };
  const which = { instance, person, label, until, kept, ...where, gap: each ? 0 : undefined };
  return kept ? which : { ...which, day: day.value, unusual };
});

/** How far the bursts are loaded. */
export type Loading = { state: 'loading' } | { state: 'ready' } | { state: 'failed'; detail: string };

/** How far the bursts of the day are loaded. */
export const loading = signal<Loading>({ state: 'loading' });
/** The day's events in each hour, 0 to 23; undefined until they are known. */
export const hours = signal<number[] | undefined>(undefined);
/** The day's events. */
export const total = computed(() => hours.value?.reduce((sum, number) => sum + number, 0) ?? 0);
/** Newest first, by their last pictures. */
export const bursts = signal<Burst[]>([]);
/** Newer ones, which wait to be shown; with `isWhole` unset, the first of them only. */
export const waiting = signal<{ bursts: Burst[]; isWhole: boolean }>({ bursts: [], isWhole: true });
/** What ranks high of the day, where other things of it rank low; empty where nothing does. */
export const unusual = signal<Unusual>(NOTHING_UNUSUAL);
/** What is below the bursts that are shown. */
export const more = signal<'none' | 'there' | 'loading' | 'failed'>('none');

const NOTHING_WAITS = { bursts: [], isWhole: true };

let cursor: string | undefined;
/** Behind what waits, where that is not whole. */
let waitingCursor: string | undefined;
let version: string | undefined;
/** What is unusual by now, while somebody is further down. */
let unusualWaits: Unusual | undefined;
/** The day's `version` that `unusual` is of, and when it was asked for, by this machine's clock. */
let unusualVersion: string | undefined;
let unusualSince = 0;
let asking = new AbortController();
let timer: ReturnType<typeof setTimeout> | undefined;
/** Bursts whose pictures were all deleted: an answer that was under way may still have them. */
const gone = new Set<Id>();

/** Loads the day anew. */
export async function load(): Promise<void> {
  asking.abort();
  asking = new AbortController();
  const { signal: aborted } = asking;
  const { until, ...which } = query.peek();
  clearTimeout(timer);
  batch(() => {
    loading.value = { state: 'loading' };
    bursts.value = [];
    waiting.value = NOTHING_WAITS;
    hours.value = undefined;
    more.value = 'none';
    unusual.value = NOTHING_UNUSUAL;
  });
  unusualWaits = undefined;
  unusualVersion = undefined;
  unusualSince = Date.now();
  cursor = undefined;
  // The first answer about the day may be younger than the list; the next one has the list renewed in any case.
  version = undefined;
  // Without it the list is there all the same, and it is asked for again at a later turn.
  const ranked = isRanked(which) ? loadUnusual({ ...which, until }, aborted).catch(() => undefined) : undefined;
  try {
    const [{ hours: counts }, page, high] = await Promise.all([
      api.day(which.day ?? today.peek(), which, aborted),
      api.bursts({ ...which, until, limit: PAGE }, aborted),
      ranked && inTime(ranked),
    ]);
    if (aborted.aborted) return;
    setReached(true);
    cursor = page.cursor;
    batch(() => {
      hours.value = counts;
      bursts.value = page.bursts.filter(({ id }) => !gone.has(id));
      more.value = cursor === undefined ? 'none' : 'there';
      if (high) unusual.value = unusualOf(high);
      loading.value = { state: 'ready' };
    });
    learnFrom([...page.bursts, ...(high?.bursts ?? [])]);
    if (!high) void ranked?.then((late) => late && !aborted.aborted && keepUnusual(late));
  } catch (error) {
    if (aborted.aborted) return;
    noteFailure(error);
    loading.value = { state: 'failed', detail: explain(error) };
  }
  timer = setTimeout(() => void poll(aborted), interval());
}

/** Loads the bursts that follow. A failure is kept in `more`. */
export async function loadMore(): Promise<void> {
  const from = cursor;
  if (from === undefined || more.value === 'loading') return;
  more.value = 'loading';
  const { signal: aborted } = asking;
  try {
    const page = await api.bursts({ ...query.peek(), limit: PAGE, cursor: from }, aborted);
    if (aborted.aborted) return;
    const shown = new Set(bursts.value.map(({ id }) => id));
    cursor = page.cursor;
    batch(() => {
      bursts.value = [...bursts.value, ...page.bursts.filter(({ id }) => !shown.has(id) && !gone.has(id))];
      more.value = cursor === undefined ? 'none' : 'there';
    });
    learnFrom(page.bursts);
  } catch (error) {
    if (aborted.aborted) return;
    noteFailure(error);
    more.value = 'failed';
  }
}

/** Shows what waits, at the top. */
export function showWaiting(): void {
  const { bursts: news, isWhole } = waiting.value;
  if (!isWhole) cursor = waitingCursor;
  batch(() => {
    bursts.value = isWhole ? [...news, ...bursts.value] : news;
    if (!isWhole) more.value = cursor === undefined ? 'none' : 'there';
    waiting.value = NOTHING_WAITS;
    showUnusual();
  });
}

/**
 * Takes a burst out, or some of its pictures, that were deleted. How the burst then looks, the server says at the next
 * turn.
 */
export function dropPictures(burst: Burst, number: number): void {
  const left = burst.count - number;
  if (left <= 0) gone.add(burst.id);
  const without = (list: Burst[]) =>
    list.flatMap((one) => (one.id !== burst.id ? [one] : left <= 0 ? [] : [{ ...one, count: left }]));
  batch(() => {
    bursts.value = without(bursts.value);
    waiting.value = { ...waiting.value, bursts: without(waiting.value.bursts) };
    unusual.value = { ...unusual.value, bursts: without(unusual.value.bursts) };
  });
  unusualWaits = undefined;
  pollNow();
}

/** Asks for new events at once. */
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
      await renewUnusual(now.version, aborted);
    } catch (error) {
      if (aborted.aborted) return;
      noteFailure(error);
    }
  }
  if (!aborted.aborted) timer = setTimeout(() => void poll(aborted), interval());
}

async function refresh(aborted: AbortSignal): Promise<void> {
  const page = await api.bursts({ ...query.peek(), limit: PAGE }, aborted);
  if (aborted.aborted) return;
  const fresh = page.bursts.filter(({ id }) => !gone.has(id));
  const shown = new Set(bursts.peek().map(({ id }) => id));
  const news = fresh.filter(({ id }) => !shown.has(id));
  learnFrom(fresh);
  const meet = fresh.length === 0 || page.cursor === undefined || fresh.some(({ id }) => shown.has(id));
  if (!meet) {
    // More came than a page holds: what is shown lies somewhere below.
    waitingCursor = page.cursor;
    waiting.value = { bursts: fresh, isWhole: false };
    if (isAtTop()) showWaiting();
  } else {
    const below = page.cursor === undefined ? [] : behind(fresh);
    const still = fresh.filter(({ id }) => shown.has(id));
    batch(() => {
      if (isAtTop()) {
        bursts.value = [...fresh, ...below];
        waiting.value = NOTHING_WAITS;
      } else {
        bursts.value = [...still, ...below];
        waiting.value = { bursts: news, isWhole: true };
      }
      if (page.cursor === undefined) {
        cursor = undefined;
        more.value = 'none';
      }
    });
  }
  if (news.length > 0 && loading.peek().state === 'ready') {
    announcement.value = `${count(news.length, 'new event')}, the latest by ${news[0]?.cover.instance.name}`;
  }
}

/**
 * Looks for what is unusual once the day has changed, and shows it when that moves nothing.
 *
 * @throws ApiError, Unreachable
 */
async function renewUnusual(current: string, aborted: AbortSignal): Promise<void> {
  const which = query.peek();
  if (isRanked(which) && current !== unusualVersion && Date.now() >= unusualSince + UNUSUAL_MS) {
    const page = await loadUnusual(which, aborted);
    if (aborted.aborted) return;
    unusualSince = Date.now();
    unusualVersion = current;
    keepUnusual(page);
  }
  if (isAtTop()) showUnusual();
}

function keepUnusual(page: BurstPage): void {
  unusualWaits = unusualOf(page);
  learnFrom(page.bursts);
}

function showUnusual(): void {
  if (unusualWaits) unusual.value = unusualWaits;
  unusualWaits = undefined;
}

function unusualOf(page: BurstPage): Unusual {
  const { until = 23 } = query.peek();
  const upTo = (hours.peek() ?? []).slice(0, until + 1).reduce((sum, number) => sum + number, 0);
  return standingOut(page, bursts.peek(), upTo);
}

/** What is shown of older bursts than these. */
function behind(fresh: Burst[]): Burst[] {
  const oldest = fresh.at(-1);
  const ids = new Set(fresh.map(({ id }) => id));
  return oldest ? bursts.peek().filter(({ id, to }) => to < oldest.to && !ids.has(id)) : [];
}

/**
 * Whether what is new may be put above what is shown: nobody looks at, or has the keyboard on, anything that would
 * move.
 */
function isAtTop(): boolean {
  return scrollY < TOP && !document.querySelector('dialog[open], .grid :focus-visible');
}

function learnFrom(list: Burst[]): void {
  learn(list.flatMap(({ people }) => people.map(({ person }) => person)));
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
    const { day: shown, instance, person, label, area, unusual } = query.value;
    // The calendar counts all events of a camera or a person.
    if (hours.value && shown !== undefined && area === undefined && !unusual)
      setCount(shown, { instance, person, label }, total.value);
  });
}
