/**
 * The pictures that the lightbox goes through, in the order of time: right is later. They are those of the burst that
 * was opened, and of the bursts before and behind it as one comes near to them.
 */
import { computed, signal } from '@preact/signals';
import { api } from '../api';
import type { Burst, Event, Id } from '../api-types';
import { bursts, loadMore, more, query, unusual } from './day';
import { learn } from './people';

/** Pictures of one request. */
const PAGE = 500;

/** A burst, and its pictures in the order of time. */
export interface Chapter {
  burst: Burst;
  pictures: Event[];
}

/** From which list a burst was opened: it goes on with the others of that list. */
export const source = signal<'day' | 'unusual'>('day');

/** The open burst and its neighbours, in the order of time. */
export const chapters = signal<Chapter[]>([]);
/** The pictures of all chapters, in the order of time. */
export const pictures = computed(() => chapters.value.flatMap((chapter) => chapter.pictures));

function list(): Burst[] {
  return source.peek() === 'unusual' ? unusual.peek().bursts : bursts.peek();
}

/** The chapter of a picture, and where its first picture is among all. */
export function chapterOf(id: Id): { chapter: Chapter; start: number } | undefined {
  let start = 0;
  for (const chapter of chapters.value) {
    if (chapter.pictures.some((picture) => picture.id === id)) return { chapter, start };
    start += chapter.pictures.length;
  }
  return undefined;
}

/**
 * Opens the burst that a picture is of. The address may be of any picture, also of one whose burst is not on the page:
 * that picture is then a burst of its own.
 *
 * @throws ApiError, Unreachable
 */
export async function openAt(id: Id): Promise<void> {
  const ends = list().find((burst) => [burst.id, burst.last, burst.cover.id].includes(id));
  if (ends) {
    chapters.value = [await chapterFrom(ends)];
    return;
  }
  const event = await api.event(id);
  const around = list().find(({ cover, from, to }) => {
    return cover.instance.id === event.instance.id && from <= event.time && event.time <= to;
  });
  const chapter = around && (await chapterFrom(around));
  const has = chapter?.pictures.some((picture) => picture.id === id) === true;
  chapters.value = [chapter && has ? chapter : { burst: alone(event), pictures: [event] }];
}

/**
 * Adds the next burst, later or earlier.
 *
 * @returns the number of pictures added at the beginning.
 */
export async function extend(direction: 'later' | 'earlier'): Promise<number> {
  const edge = direction === 'later' ? chapters.peek().at(-1) : chapters.peek()[0];
  const next = edge && (await beside(edge.burst, direction));
  if (!next) return 0;
  const chapter = await chapterFrom(next);
  const now = chapters.peek();
  // The reel may have been closed or changed meanwhile.
  if (!now.includes(edge)) return 0;
  const known = new Set(pictures.peek().map(({ id }) => id));
  const added = { ...chapter, pictures: chapter.pictures.filter(({ id }) => !known.has(id)) };
  chapters.value = direction === 'later' ? [...now, added] : [added, ...now];
  return direction === 'later' ? 0 : added.pictures.length;
}

/** Adds what came to a burst since it was opened. */
export async function grow(chapter: Chapter): Promise<void> {
  const burst = list().find(({ id }) => id === chapter.burst.id);
  const last = chapter.pictures.at(-1);
  if (!burst || !last || burst.to <= last.time) return;
  const { pictures: later } = await chapterFrom({ ...burst, from: last.time, count: 2 });
  const known = new Set(chapter.pictures.map(({ id }) => id));
  const grown = { burst, pictures: [...chapter.pictures, ...later.filter(({ id }) => !known.has(id))] };
  chapters.value = chapters.peek().map((one) => (one === chapter ? grown : one));
}

/** Removes deleted pictures. */
export function cut(ids: ReadonlySet<Id>): void {
  const left = chapters
    .peek()
    .map((chapter) => ({ ...chapter, pictures: chapter.pictures.filter(({ id }) => !ids.has(id)) }));
  chapters.value = left.filter((chapter) => chapter.pictures.length > 0);
}

/** Replaces changed pictures. */
export function renew(changed: readonly Event[]): void {
  const byId = new Map(changed.map((event) => [event.id, event]));
  chapters.value = chapters
    .peek()
    .map((chapter) => ({ ...chapter, pictures: chapter.pictures.map((one) => byId.get(one.id) ?? one) }));
}

/** All pictures of a burst, in the order of time. @throws ApiError, Unreachable */
export async function picturesOf({ from, to, cover, count }: Burst): Promise<Event[]> {
  if (count === 1) return [cover];
  const { until, gap: _, ...which } = query.peek();
  const found: Event[] = [];
  let cursor: string | undefined;
  do {
    const only = source.peek() === 'unusual' ? { unusual: true as const } : {};
    const asked = { ...which, ...only, until, instance: cover.instance.id, from, to, limit: PAGE, cursor };
    const page = await api.events(asked);
    found.push(...page.events);
    cursor = page.cursor;
  } while (cursor !== undefined);
  learn(found.flatMap(({ faces }) => faces.flatMap(({ person }) => person ?? [])));
  // Deleted in this moment: the known cover is better than nothing.
  return found.length === 0 ? [cover] : found.reverse();
}

async function chapterFrom(burst: Burst): Promise<Chapter> {
  return { burst, pictures: await picturesOf(burst) };
}

/** The burst before or behind another one in the list of the day; further ones are loaded where they are needed. */
async function beside(burst: Burst, direction: 'later' | 'earlier'): Promise<Burst | undefined> {
  const index = () => list().findIndex(({ id }) => id === burst.id);
  if (index() === -1) return undefined;
  if (direction === 'later') return list()[index() - 1];
  const isLast = index() === list().length - 1;
  if (isLast && source.peek() === 'day' && more.peek() === 'there') await loadMore();
  return list()[index() + 1];
}

/** A picture as a burst of its own. */
function alone(event: Event): Burst {
  const { id, time, localTime, faces, labels = [] } = event;
  const people = faces.flatMap(({ person, sure }) => (person === undefined ? [] : [{ person, sure }]));
  const span = { from: time, to: time, localFrom: localTime, localTo: localTime };
  return { id, last: id, ...span, count: 1, kept: event.kept ? 1 : 0, unusual: 1, people, labels, cover: event };
}
