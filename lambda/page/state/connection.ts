/** Whether the server can be reached, whether anybody looks, and what time it is. */
import { signal } from '@preact/signals';

/** False while the browser says so, or while requests are not answered. */
export const isOnline = signal(navigator.onLine);
/** Whether the page is in sight. */
export const isVisible = signal(document.visibilityState === 'visible');
/** Grows each time that the connection is back: what had failed is tried again. */
export const reconnections = signal(0);
/** Milliseconds since 1970, to the minute. */
export const minute = signal(Date.now());

/** Whether one's own requests are answered. */
export function setReached(reached: boolean): void {
  if (reached && !isOnline.value) reconnections.value += 1;
  isOnline.value = reached;
}

addEventListener('online', () => setReached(true));
addEventListener('offline', () => setReached(false));
document.addEventListener('visibilitychange', () => {
  isVisible.value = document.visibilityState === 'visible';
});
setInterval(() => {
  minute.value = Date.now();
}, 30_000);

/** Whether a media query holds, now and from now on. */
export function media(query: string) {
  const list = matchMedia(query);
  const holds = signal(list.matches);
  list.addEventListener('change', () => {
    holds.value = list.matches;
  });
  return holds;
}

/** Whether the window is wide enough for two columns. */
export const isWide = media('(min-width: 900px)');
/** Whether the visitor has asked the system for less motion. */
export const prefersStillness = media('(prefers-reduced-motion: reduce)');
