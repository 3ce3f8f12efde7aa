import { useEffect, useRef, useState } from 'preact/hooks';
import { api, explain } from '../api';
import type { Label } from '../api-types';
import { BurstGrid } from '../components/burst-grid';
import { Calendar } from '../components/calendar';
import { Dialog } from '../components/dialog';
import { Filters } from '../components/filters';
import { Histogram } from '../components/histogram';
import { Icon } from '../components/icons';
import { Link } from '../components/link';
import { LoadFailure } from '../components/load-failure';
import { SelectionBar } from '../components/selection-bar';
import { TodayNotes } from '../components/today-notes';
import { instances } from '../state/cameras';
import { isWide, prefersStillness } from '../state/connection';
import { bursts, day, hours, lastDay, load, loading, showWaiting, today, total, waiting } from '../state/day';
import { nearestDay } from '../state/months';
import { say } from '../state/notices';
import { go, place, UNFILTERED } from '../state/place';
import { dayDate, dayInWords, dayName, hourName } from '../time';
import { count } from '../words';

/** A day: what the cameras saw, newest first. */
export function EventsView() {
  const jumped = useRef<number | undefined>(undefined);
  const current = useHourInSight(jumped);
  const jump = (hour: number) => {
    jumped.current = jumpTo(hour, current);
  };
  return (
    <div class="events">
      {isWide.value && (
        <aside class="side" aria-label="Calendar and filters">
          <Calendar day={day.value} today={today.value} last={lastDay.value} onDay={toDay} />
          <Filters />
        </aside>
      )}
      <div class="day">
        {place.value.kept ? (
          <KeptHead />
        ) : (
          <div class="day-top">
            <DayHead />
            <Histogram current={current} onJump={jump} />
          </div>
        )}
        {!isWide.value && <Filters />}
        {!place.value.kept && <TodayNotes />}
        <Waiting />
        <Until />
        <DayContent />
        <SelectionBar />
      </div>
    </div>
  );
}

/** Above what is kept for ever, of all days. */
function KeptHead() {
  return (
    <div class="day-top">
      <h1>Kept for ever</h1>
      <p class="lead">What you keep stays when its day expires. It also stands at its day in the calendar.</p>
    </div>
  );
}

function DayHead() {
  const [isChoosing, setChoosing] = useState(false);
  const turn = async (direction: -1 | 1) => {
    try {
      const { instance, person, label } = place.value;
      const found = await nearestDay(day.value, direction, lastDay.value, { instance, person, label });
      if (found !== undefined) toDay(found);
      else if (direction === 1 && day.value < today.value) toDay(today.value);
      else say(direction === -1 ? 'There are no events before this day.' : 'There are no events after this day.');
    } catch (error) {
      say(explain(error), { isFailure: true });
    }
  };
  const title = (
    <>
      <span class="day-name">{dayName(day.value, today.value)}</span>
      <span class="day-date">
        {dayDate(day.value, !isWide.value)}
        {hours.value && <span class="day-total"> · {count(total.value, 'event')}</span>}
      </span>
    </>
  );
  return (
    <div class="day-head">
      <button type="button" class="icon-button" aria-label="Day before with events" onClick={() => void turn(-1)}>
        <Icon name="left" />
      </button>
      <h1 class="day-title">
        {isWide.value ? (
          title
        ) : (
          <button type="button" class="day-choose" aria-haspopup="dialog" onClick={() => setChoosing(true)}>
            {title}
            <span class="unseen">, choose another day</span>
            <Icon name="calendar" />
          </button>
        )}
      </h1>
      <button
        type="button"
        class="icon-button"
        aria-label="Day after with events"
        disabled={day.value >= lastDay.value}
        onClick={() => void turn(1)}
      >
        <Icon name="right" />
      </button>
      {isChoosing && (
        <Dialog title="Choose a day" class="sheet" onClose={() => setChoosing(false)}>
          <Calendar
            day={day.value}
            today={today.value}
            last={lastDay.value}
            onDay={(chosen) => {
              setChoosing(false);
              toDay(chosen);
            }}
          />
        </Dialog>
      )}
    </div>
  );
}

/** New events that came while somebody was further down. */
function Waiting() {
  const { bursts: news, isWhole } = waiting.value;
  const { length } = news;
  if (length === 0 || place.value.until !== undefined) return null;
  const show = () => {
    showWaiting();
    scrollTo({ top: 0, behavior: prefersStillness.value ? 'auto' : 'smooth' });
  };
  return (
    <div class="waiting">
      <button type="button" class="button is-main" onClick={show}>
        <Icon name="up" />
        {isWhole ? count(length, 'new event') : `More than ${length} new events`}
      </button>
    </div>
  );
}

function Until() {
  const { until } = place.value;
  if (until === undefined) return null;
  return (
    <p class="until">
      <span>Up to {until === 23 ? 'midnight' : hourName(until + 1)}</span>
      <Link to={{ until: undefined }} class="button is-plain">
        Show the newest
      </Link>
    </p>
  );
}

function DayContent() {
  const { value: state } = loading;
  if (state.state === 'failed') {
    return <LoadFailure what="events" why={state.detail} onRetry={() => void load()} />;
  }
  if (state.state === 'loading') return <Skeleton />;
  if (bursts.value.length === 0) return <Empty />;
  return <BurstGrid />;
}

/** The grid's shape, while its events are asked for. */
function Skeleton() {
  return (
    <div class="hour" aria-busy="true">
      <p class="unseen" role="status">
        Loading events
      </p>
      <div class="hour-head">
        <span class="bone bone-text" />
      </div>
      <div class="grid" aria-hidden="true">
        {Array.from({ length: 12 }, (_, i) => (
          <div key={i} class="card">
            <span class="card-picture bone" />
            <span class="card-text">
              <span class="bone bone-text" />
            </span>
          </div>
        ))}
      </div>
    </div>
  );
}

function Empty() {
  const { instance, person, label, area, unusual, until, kept } = place.value;
  const isFiltered = [instance, person, label, area, unusual].some((filter) => filter !== undefined);
  const latest = useLatestDay(instance, person, label);
  if (instances.value?.length === 0) {
    return (
      <div class="empty">
        <Icon name="cameras" />
        <h2>No camera has sent anything yet</h2>
        <p>
          Open the web interface of your Kerberos camera, choose Cloud, and type the bucket, the folder and the two keys
          that came with your licence. The first event appears here by itself.
        </p>
      </div>
    );
  }
  if (kept) {
    return (
      <div class="empty">
        <Icon name="star" />
        <h2>Nothing is kept yet</h2>
        <p>Open an event and press the star, or select several, to keep them for ever.</p>
      </div>
    );
  }
  return (
    <div class="empty">
      <Icon name="events" />
      <h2>{until === undefined ? `No events on ${dayInWords(day.value)}` : 'No events before this hour'}</h2>
      <p>
        {isFiltered
          ? 'Nothing of this day matches the filters.'
          : day.value === today.value
            ? 'Nothing has moved so far. New events appear here by themselves.'
            : 'Nothing moved on this day, or it was so long ago that it is no longer kept.'}
      </p>
      <div class="empty-actions">
        {latest !== undefined && latest !== day.value && (
          <Link to={{ day: latest, until: undefined }} class="button is-main">
            {latest === today.value ? 'Go to today' : `Go to the latest: ${dayInWords(latest)}`}
          </Link>
        )}
        {isFiltered && (
          <Link to={{ ...UNFILTERED, until: undefined }} class="button">
            Show all events
          </Link>
        )}
      </div>
    </div>
  );
}

/** The day of the latest event there is. */
function useLatestDay(
  instance: string | undefined,
  person: string | undefined,
  label: Label | undefined,
): string | undefined {
  const [latest, setLatest] = useState<string | undefined>(undefined);
  useEffect(() => {
    let isWanted = true;
    api.events({ instance, person, label, limit: 1 }).then(
      ({ events: [event] }) => isWanted && setLatest(event?.localTime.slice(0, 10)),
      () => {},
    );
    return () => {
      isWanted = false;
    };
  }, [instance, person, label]);
  return latest;
}

function toDay(chosen: string) {
  go({ day: chosen === today.value ? undefined : chosen, until: undefined, event: undefined });
  scrollTo({ top: 0 });
}

/**
 * Scrolls to an hour, or loads the events from there on if they are not on the page.
 *
 * @returns the hour that was meant.
 */
function jumpTo(hour: number, current: number | undefined): number | undefined {
  const counts = hours.value ?? [];
  // An hour without events: what came before it.
  const target = counts.findLastIndex((number, at) => number > 0 && at <= hour);
  if (target === -1) {
    say('There are no events before this hour.');
    return undefined;
  }
  const section = document.querySelector<HTMLElement>(`.hour[data-hour="${target}"]`);
  if (section) {
    section.scrollIntoView({ behavior: prefersStillness.value || current === undefined ? 'auto' : 'smooth' });
    return target;
  }
  const newest = counts.findLastIndex((number) => number > 0);
  go({ until: target >= newest ? undefined : target }, { replace: place.value.until !== undefined });
  scrollTo({ top: 0 });
  return target;
}

/**
 * The hour whose events are at the top of the window; at the end of the page, where the last ones cannot come to the
 * top, the one that was jumped to, else the last.
 */
function useHourInSight(jumped: { readonly current: number | undefined }): number | undefined {
  const [hour, setHour] = useState<number | undefined>(undefined);
  const list = bursts.value;
  const frame = useRef(0);
  // Other events, other heights.
  useEffect(() => {
    const look = () => {
      cancelAnimationFrame(frame.current);
      frame.current = requestAnimationFrame(() => {
        const sections = [...document.querySelectorAll<HTMLElement>('.hour[data-hour]')];
        const line = (document.querySelector('.day-top')?.getBoundingClientRect().bottom ?? 0) + 60;
        const atTop = sections.findLast((one) => one.getBoundingClientRect().top <= line) ?? sections[0];
        const isEnd = innerHeight + scrollY >= document.documentElement.scrollHeight - 2;
        const meant = sections.find((one) => hourIn(one) === jumped.current && one.getBoundingClientRect().top > 0);
        const atEnd = meant ?? (scrollY > 0 ? sections.at(-1) : undefined);
        const section = (isEnd ? atEnd : undefined) ?? atTop;
        setHour(section && hourIn(section));
      });
    };
    look();
    addEventListener('scroll', look, { passive: true });
    return () => removeEventListener('scroll', look);
  }, [list, jumped]);
  return hour;
}

function hourIn(section: HTMLElement): number {
  return Number(section.dataset.hour);
}
