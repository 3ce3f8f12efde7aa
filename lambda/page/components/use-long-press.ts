import { useEffect } from 'preact/hooks';
import type { Id } from '../api-types';

/** So long a finger rests on a tile to select it, in milliseconds; so far it may move meanwhile, in pixels. */
const LONG_MS = 450;
const STILL = 10;

/** Calls `onLong` with the burst on whose tile a finger rests; letting go is then no press. */
export function useLongPress(field: { current: HTMLElement | null }, onLong: (id: Id) => void): void {
  useEffect(() => {
    const element = field.current;
    if (!element) return;
    let timer: ReturnType<typeof setTimeout> | undefined;
    let start = { x: 0, y: 0 };
    let wasLong = false;
    const end = () => clearTimeout(timer);
    const ended = new AbortController();
    const { signal } = ended;
    const on = <K extends keyof HTMLElementEventMap>(name: K, handle: (event: HTMLElementEventMap[K]) => void) =>
      element.addEventListener(name, handle, { signal, capture: true });
    on('pointerdown', ({ target, pointerType, clientX, clientY }) => {
      end();
      wasLong = false;
      const id = target instanceof Element ? target.closest<HTMLElement>('[data-event]')?.dataset.event : undefined;
      if (pointerType !== 'touch' || id === undefined) return;
      start = { x: clientX, y: clientY };
      timer = setTimeout(() => {
        wasLong = true;
        navigator.vibrate?.(15);
        onLong(id);
      }, LONG_MS);
    });
    on('pointermove', ({ clientX, clientY }) => {
      if (Math.hypot(clientX - start.x, clientY - start.y) > STILL) end();
    });
    on('pointerup', end);
    on('pointercancel', end);
    // The browser's own menu of a link comes at the same time.
    on('contextmenu', (event) => {
      if (wasLong || ('pointerType' in event && event.pointerType === 'touch')) event.preventDefault();
    });
    on('click', (event) => {
      if (!wasLong) return;
      wasLong = false;
      event.preventDefault();
      event.stopPropagation();
    });
    return () => {
      end();
      ended.abort();
    };
  }, []);
}
