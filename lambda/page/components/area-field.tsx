import type { ComponentChildren } from 'preact';
import { useEffect, useRef } from 'preact/hooks';

/** A part of a picture, in thousandths of its width and height: `[x1, y1, x2, y2]`. */
export type Area = readonly [number, number, number, number];

/** How far a key moves an edge, and the least that is a part, in thousandths. */
const STEP = 25;

const MIDDLE: Area = [350, 350, 650, 650];

interface Properties {
  area: Area | undefined;
  /** Width by height of the picture. */
  ratio: number;
  onArea: (area: Area) => void;
  /** The picture. */
  children: ComponentChildren;
}

/**
 * A picture on which a part is drawn: with a finger or a mouse from corner to corner; by arrow keys, which move it, and
 * with Shift make it larger and smaller.
 */
export function AreaField({ area, ratio, onArea, children }: Properties) {
  const field = useRef<HTMLDivElement>(null);
  const told = useRef(onArea);
  told.current = onArea;
  useEffect(() => {
    const element = field.current;
    if (!element) return;
    let start: readonly [number, number] | undefined;
    const at = ({ clientX, clientY }: PointerEvent): [number, number] => {
      const { left, top, width, height } = element.getBoundingClientRect();
      return [within(((clientX - left) / width) * 1000), within(((clientY - top) / height) * 1000)];
    };
    const ended = new AbortController();
    const { signal } = ended;
    element.addEventListener(
      'pointerdown',
      (event) => {
        element.setPointerCapture(event.pointerId);
        start = at(event);
      },
      { signal },
    );
    element.addEventListener(
      'pointermove',
      (event) => {
        if (!start) return;
        const [x, y] = at(event);
        const [left, top] = [Math.min(x, start[0]), Math.min(y, start[1])];
        const [right, bottom] = [Math.max(x, start[0]), Math.max(y, start[1])];
        if (right - left >= STEP && bottom - top >= STEP) told.current([left, top, right, bottom]);
      },
      { signal },
    );
    const end = () => {
      start = undefined;
    };
    element.addEventListener('pointerup', end, { signal });
    element.addEventListener('pointercancel', end, { signal });
    return () => ended.abort();
  }, []);
  const press = (event: KeyboardEvent) => {
    const next = event.key === 'Enter' || event.key === ' ' ? (area ?? MIDDLE) : keyed(event, area ?? MIDDLE);
    if (!next) return;
    event.preventDefault();
    onArea(next);
  };
  const [x1, y1, x2, y2] = area ?? [0, 0, 0, 0];
  return (
    <div
      ref={field}
      class="area"
      role="application"
      aria-label="Part of the picture. Arrow keys move it, with Shift they make it larger or smaller."
      // biome-ignore lint/a11y/noNoninteractiveTabindex: it is drawn on with the keyboard too
      tabIndex={0}
      style={{ aspectRatio: String(ratio) }}
      onKeyDown={press}
    >
      {children}
      {area && (
        <span
          class="area-drawn"
          style={{ left: `${x1 / 10}%`, top: `${y1 / 10}%`, width: `${(x2 - x1) / 10}%`, height: `${(y2 - y1) / 10}%` }}
        />
      )}
      <span class="unseen" role="status">
        {area ? `From ${x1 / 10} to ${x2 / 10} % across, ${y1 / 10} to ${y2 / 10} % down` : 'Nothing is drawn'}
      </span>
    </div>
  );
}

const ARROWS: Record<string, readonly [number, number]> = {
  ArrowLeft: [-STEP, 0],
  ArrowRight: [STEP, 0],
  ArrowUp: [0, -STEP],
  ArrowDown: [0, STEP],
};

/** Where the part is after a key; undefined for another key, or where it would leave the picture or be nothing. */
function keyed({ key, shiftKey }: KeyboardEvent, [x1, y1, x2, y2]: Area): Area | undefined {
  const arrow = ARROWS[key];
  if (!arrow) return undefined;
  const [x, y] = arrow;
  const next: Area = shiftKey ? [x1, y1, x2 + x, y2 + y] : [x1 + x, y1 + y, x2 + x, y2 + y];
  const isPart = next[2] - next[0] >= STEP && next[3] - next[1] >= STEP;
  return isPart && next.every((edge) => edge >= 0 && edge <= 1000) ? next : [x1, y1, x2, y2];
}

function within(thousandths: number): number {
  return Math.round(Math.min(1000, Math.max(0, thousandths)));
}
