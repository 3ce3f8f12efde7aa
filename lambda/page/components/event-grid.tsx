import { useEffect, useRef } from 'preact/hooks';
import type { Event } from '../api-types';
import { events, hours, loadMore, more } from '../state/day';
import { hourName, hourOf } from '../time';
import { count } from '../words';
import { EventCard } from './event-card';

/** So many cards may be in sight before anything is scrolled; their pictures are loaded at once. */
const FIRST = 6;

interface Group {
  key: string;
  hour: number;
  events: Event[];
}

/** The events of the day by hour, newest first; more of them as one scrolls. */
export function EventGrid() {
  const groups = byHour(events.value);
  let before = 0;
  return (
    <>
      {groups.map(({ key, hour, events: list }) => {
        const start = before;
        before += list.length;
        const all = hours.value?.[hour] ?? list.length;
        return (
          <section key={key} class="hour" data-hour={hour} aria-labelledby={`hour-${key}`}>
            <h2 class="hour-head" id={`hour-${key}`} tabIndex={-1}>
              {hourName(hour)} <span class="hour-count">{count(Math.max(all, list.length), 'event')}</span>
            </h2>
            <ul class="grid">
              {list.map((event, i) => (
                <li key={event.id}>
                  <EventCard event={event} isFirst={start + i < FIRST} />
                </li>
              ))}
            </ul>
          </section>
        );
      })}
      <More />
    </>
  );
}

/** Loads what follows when its end comes near; a button where that does not work. */
function More() {
  const ref = useRef<HTMLDivElement>(null);
  const state = more.value;
  useEffect(() => {
    const element = ref.current;
    if (!element || state !== 'there') return;
    const observer = new IntersectionObserver(
      (entries) => {
        if (entries.some(({ isIntersecting }) => isIntersecting)) void loadMore();
      },
      { rootMargin: '1200px' },
    );
    observer.observe(element);
    return () => observer.disconnect();
  }, [state]);
  return (
    <div ref={ref} class="more">
      {state === 'failed' && <p class="failure">The events that follow could not be loaded.</p>}
      {state !== 'none' && (
        <button type="button" class="button" disabled={state === 'loading'} onClick={() => void loadMore()}>
          {state === 'loading' ? 'Loading…' : state === 'failed' ? 'Try again' : 'Show more'}
        </button>
      )}
    </div>
  );
}

/** Cameras in two time zones may have the same hour twice: a group is a run of events of one hour. */
function byHour(list: Event[]): Group[] {
  const groups: Group[] = [];
  for (const event of list) {
    const hour = hourOf(event.localTime);
    const last = groups.at(-1);
    if (last?.hour === hour) last.events.push(event);
    else groups.push({ key: `${hour}-${groups.filter((group) => group.hour === hour).length}`, hour, events: [event] });
  }
  return groups;
}
