import { useEffect, useRef, useState } from 'preact/hooks';
import { explain } from '../api';
import { daysOfMonth, loadMonth } from '../state/months';
import { place } from '../state/place';
import { addDays, addMonths, dayInWords, daysOf, monthInWords, monthOf, placeInWeek, weekdays } from '../time';
import { Icon } from './icons';

interface Properties {
  day: string;
  today: string;
  /** What comes after it cannot be chosen. */
  last: string;
  onDay: (day: string) => void;
}

/** A month: which days have events, and how many. Arrow keys move by days and weeks, Page Up and Down by months. */
export function Calendar({ day, today, last, onDay }: Properties) {
  const [month, setMonth] = useState(monthOf(day));
  const [focused, setFocused] = useState(day);
  const [failure, setFailure] = useState('');
  const table = useRef<HTMLTableElement>(null);
  const mustFocus = useRef(false);
  const { instance, person, label, area, unusual } = place.value;
  const counts = daysOfMonth(month, { instance, person, label });

  useEffect(() => {
    setMonth(monthOf(day));
    setFocused(day);
  }, [day]);
  useEffect(() => {
    loadMonth(month, { instance, person, label }).then(
      () => setFailure(''),
      (error: unknown) => setFailure(explain(error)),
    );
  }, [month, instance, person, label]);
  useEffect(() => {
    if (mustFocus.current) table.current?.querySelector<HTMLElement>(`[data-day="${focused}"]`)?.focus();
    mustFocus.current = false;
  }, [focused]);

  const turn = (months: number) => {
    const next = addMonths(month, months);
    setMonth(next);
    setFocused(monthOf(today) === next ? today : `${next}-01`);
  };
  const move = (event: KeyboardEvent) => {
    const target = keyTarget(event.key, focused, month);
    if (target === undefined || target > last) return;
    event.preventDefault();
    mustFocus.current = true;
    setMonth(monthOf(target));
    setFocused(target);
  };

  const highest = Math.max(1, ...Object.values(counts ?? {}));
  return (
    <div class="calendar">
      <div class="calendar-head">
        <button type="button" class="icon-button" aria-label="Month before" onClick={() => turn(-1)}>
          <Icon name="left" />
        </button>
        <h2 class="calendar-month" aria-live="polite">
          {monthInWords(month)}
        </h2>
        <button
          type="button"
          class="icon-button"
          aria-label="Month after"
          disabled={month >= monthOf(last)}
          onClick={() => turn(1)}
        >
          <Icon name="right" />
        </button>
      </div>
      <table ref={table} class="calendar-days" aria-label={monthInWords(month)}>
        <thead>
          <tr>
            {weekdays().map(({ short, long }) => (
              <th key={long} scope="col">
                <abbr title={long}>{short}</abbr>
              </th>
            ))}
          </tr>
        </thead>
        <tbody onKeyDown={move}>
          {weeksOf(month).map((week, row) => (
            <tr key={week.find((one) => one !== undefined) ?? String(row)}>
              {week.map((one, i) =>
                one === undefined ? (
                  <td key={i} />
                ) : (
                  <td key={one}>
                    <DayButton
                      day={one}
                      number={counts?.[one] ?? 0}
                      share={(counts?.[one] ?? 0) / highest}
                      isToday={one === today}
                      isShown={one === day}
                      isFuture={one > last}
                      isInOrder={one === focused}
                      onDay={onDay}
                    />
                  </td>
                ),
              )}
            </tr>
          ))}
        </tbody>
      </table>
      {failure !== '' && <p class="failure">{failure}</p>}
      {(area !== undefined || unusual) && (
        <p class="hint">The calendar counts all events, {unusual ? 'the usual ones too' : 'wherever they moved'}.</p>
      )}
      <button type="button" class="button calendar-today" onClick={() => onDay(today)}>
        Jump to today
      </button>
    </div>
  );
}

interface DayProperties {
  day: string;
  number: number;
  /** 0 to 1, of the busiest day of the month. */
  share: number;
  isToday: boolean;
  isShown: boolean;
  isFuture: boolean;
  /** Whether Tab comes here. */
  isInOrder: boolean;
  onDay: (day: string) => void;
}

function DayButton({ day, number, share, isToday, isShown, isFuture, isInOrder, onDay }: DayProperties) {
  const [before, , ...rest] = dayInWords(day).split(' ');
  const after = ` ${rest.join(' ')}`;
  const level = number === 0 ? 0 : Math.max(1, Math.ceil(share * 3));
  return (
    <button
      type="button"
      class={`calendar-day level-${level}${isToday ? ' is-today' : ''}`}
      data-day={day}
      data-count={number}
      tabIndex={isInOrder ? 0 : -1}
      disabled={isFuture}
      {...(isShown ? { 'aria-current': 'date' as const } : {})}
      onClick={() => onDay(day)}
    >
      <span class="unseen">{before} </span>
      <span>{Number(day.slice(8))}</span>
      <span class="unseen">
        {after}
        {isToday ? ', today' : ''},{' '}
      </span>
      <span class="calendar-count">{number === 0 ? '' : number > 999 ? `${Math.floor(number / 1000)}k` : number}</span>
      <span class="unseen"> {number === 0 ? 'no events' : number === 1 ? 'event' : 'events'}</span>
    </button>
  );
}

function weeksOf(month: string): (string | undefined)[][] {
  const days: (string | undefined)[] = daysOf(month);
  const before = placeInWeek(`${month}-01`);
  const places = [...Array.from({ length: before }, () => undefined), ...days];
  const weeks: (string | undefined)[][] = [];
  // Always six, so that nothing below moves when the month does.
  for (let i = 0; i < 42; i += 7) weeks.push(Array.from({ length: 7 }, (_, j) => places[i + j]));
  return weeks;
}

function keyTarget(key: string, day: string, month: string): string | undefined {
  switch (key) {
    case 'ArrowLeft':
      return addDays(day, -1);
    case 'ArrowRight':
      return addDays(day, 1);
    case 'ArrowUp':
      return addDays(day, -7);
    case 'ArrowDown':
      return addDays(day, 7);
    case 'PageUp':
      return `${addMonths(month, -1)}-01`;
    case 'PageDown':
      return `${addMonths(month, 1)}-01`;
    default:
      return undefined;
  }
}
