import { useEffect, useRef } from 'preact/hooks';
import type { Burst } from '../api-types';
import { bursts, hours, loadMore, more, unusual } from '../state/day';
import { place } from '../state/place';
import { isSelecting, selectHour, toggle } from '../state/selection';
import { dayInWords, hourName, hourOf } from '../time';
import { count } from '../words';
import { BurstCard } from './burst-card';
import { Link } from './link';
import { useLongPress } from './use-long-press';

/** Cards that may be in sight before scrolling; their pictures are loaded at once. */
const FIRST = 6;

interface Group {
  key: string;
  day: string;
  hour: number;
  bursts: Burst[];
}

/** The bursts of the day by hour, newest first; more of them as one scrolls. */
export function BurstGrid() {
  const groups = byHour(bursts.value);
  const field = useRef<HTMLDivElement>(null);
  useLongPress(field, toggle);
  let before = 0;
  return (
    <div ref={field}>
      <Unusual />
      {groups.map(({ key, day, hour, bursts: list }) => {
        const start = before;
        before += list.length;
        const shown = list.reduce((sum, burst) => sum + burst.count, 0);
        const all = hours.value?.[hour] ?? shown;
        return (
          <section key={key} class="hour" data-hour={hour} aria-labelledby={`hour-${key}`}>
            <h2 class="hour-head" id={`hour-${key}`} tabIndex={-1}>
              {place.value.kept ? dayInWords(day) : hourName(hour)}{' '}
              <span class="hour-count">{count(place.value.kept ? shown : all, 'event')}</span>
            </h2>
            {isSelecting.value && !place.value.kept && (
              <button type="button" class="button is-plain hour-select" onClick={() => void selectHour(hour)}>
                Select {hourName(hour)}
              </button>
            )}
            <ul class="grid">
              {list.map((burst, i) => (
                <li key={burst.id}>
                  <BurstCard burst={burst} isFirst={start + i < FIRST} />
                </li>
              ))}
            </ul>
          </section>
        );
      })}
      <More />
    </div>
  );
}

/** What is unusual stands first, and once more where it belongs. */
function Unusual() {
  const { bursts: list, hasMore } = unusual.value;
  if (list.length === 0) return null;
  return (
    <section class="hour unusual" aria-labelledby="unusual">
      <h2 class="hour-head" id="unusual">
        Unusual <span class="hour-count">{hasMore ? `the last ${list.length}` : count(list.length, 'burst')}</span>
      </h2>
      <ul class="grid">
        {list.map((burst, i) => (
          <li key={burst.id}>
            <BurstCard burst={burst} isFirst={i < FIRST} from="unusual" />
          </li>
        ))}
      </ul>
      {hasMore && (
        <Link to={{ unusual: true, until: undefined }} class="button is-plain">
          Show all that is unusual
        </Link>
      )}
      <h2 class="unusual-end">Everything</h2>
    </section>
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

/**
 * A burst stands at the hour of its last picture. Cameras in two time zones may have the same hour twice: a group is a
 * run of bursts of one hour; of what is kept, of one day.
 */
function byHour(list: Burst[]): Group[] {
  const groups: Group[] = [];
  for (const burst of list) {
    const hour = hourOf(burst.localTo);
    const day = burst.localTo.slice(0, 10);
    const last = groups.at(-1);
    if (last?.day === day && (last.hour === hour || place.value.kept)) last.bursts.push(burst);
    else groups.push({ key: `${day}-${hour}-${groups.length}`, day, hour, bursts: [burst] });
  }
  return groups;
}
