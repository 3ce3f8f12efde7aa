import { useEffect, useRef, useState } from 'preact/hooks';
import { hours } from '../state/day';
import { hourName } from '../time';
import { count } from '../words';

interface Properties {
  /** The hour that is in sight. */
  current: number | undefined;
  onJump: (hour: number) => void;
}

/**
 * When things happened: the hours of the day, to jump by. Touched or dragged, it tells an hour; let go, it jumps there.
 */
export function Histogram({ current, onJump }: Properties) {
  const counts = hours.value ?? Array.from({ length: 24 }, () => 0);
  const highest = Math.max(1, ...counts);
  const [pointed, setPointed] = useState<number | undefined>(undefined);
  const field = useRef<HTMLDivElement>(null);
  const shown = current ?? lastHour(counts);

  const jump = useRef(onJump);
  jump.current = onJump;
  useEffect(() => {
    const element = field.current;
    if (!element) return;
    const hourAt = ({ clientX }: PointerEvent) => {
      const { left, width } = element.getBoundingClientRect();
      return Math.min(23, Math.max(0, Math.floor(((clientX - left) / width) * 24)));
    };
    const point = (event: PointerEvent) => setPointed(hourAt(event));
    const leave = () => setPointed(undefined);
    const start = (event: PointerEvent) => {
      element.setPointerCapture(event.pointerId);
      point(event);
    };
    const end = (event: PointerEvent) => {
      if (event.pointerType !== 'mouse') leave();
      jump.current(hourAt(event));
    };
    const ended = new AbortController();
    const { signal } = ended;
    element.addEventListener('pointerdown', start, { signal });
    element.addEventListener('pointermove', point, { signal });
    element.addEventListener('pointerup', end, { signal });
    element.addEventListener('pointerleave', leave, { signal });
    element.addEventListener('pointercancel', leave, { signal });
    return () => ended.abort();
  }, []);

  const move = (event: KeyboardEvent) => {
    const target = keyTarget(event.key, shown, counts);
    if (target === undefined) return;
    event.preventDefault();
    if (target !== shown) onJump(target);
  };
  const told = pointed ?? shown;
  return (
    <div class="histogram" ref={field}>
      <input
        type="range"
        class="histogram-input"
        aria-label="Jump to an hour of the day"
        aria-valuetext={`${hourName(shown)}, ${count(counts[shown] ?? 0, 'event')}`}
        min={0}
        max={23}
        value={shown}
        onKeyDown={move}
        onInput={(event) => onJump(Number(event.currentTarget.value))}
      />
      <div class="bars" aria-hidden="true">
        {counts.map((number, hour) => (
          <span
            key={hour}
            class={`bar-hour ${hour === shown && number > 0 ? 'is-current' : ''} ${hour === pointed ? 'is-pointed' : ''}`}
            data-count={number}
          >
            <span class="bar-fill" style={{ height: number === 0 ? '0' : `${12 + (88 * number) / highest}%` }} />
          </span>
        ))}
      </div>
      <div class="hours" aria-hidden="true">
        {[0, 3, 6, 9, 12, 15, 18, 21].map((hour) => (
          <span key={hour}>{String(hour).padStart(2, '0')}</span>
        ))}
      </div>
      {pointed !== undefined && (
        <output class="bubble" aria-hidden="true" style={{ left: `${((told + 0.5) / 24) * 100}%` }}>
          <b>{hourName(told)}</b> {count(counts[told] ?? 0, 'event')}
        </output>
      )}
    </div>
  );
}

/** The next hour with events in the direction of a key. */
function keyTarget(key: string, from: number, counts: number[]): number | undefined {
  const busy = counts.flatMap((number, hour) => (number > 0 ? [hour] : []));
  switch (key) {
    case 'ArrowRight':
    case 'ArrowUp':
      return busy.find((hour) => hour > from) ?? from;
    case 'ArrowLeft':
    case 'ArrowDown':
      return busy.findLast((hour) => hour < from) ?? from;
    case 'Home':
      return busy[0] ?? from;
    case 'End':
      return busy.at(-1) ?? from;
    default:
      return undefined;
  }
}

function lastHour(counts: number[]): number {
  return Math.max(
    0,
    counts.findLastIndex((number) => number > 0),
  );
}
