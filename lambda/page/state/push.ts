/** The page's service worker, and what this browser is told by it. */
import { goTo } from './place';

/** Keeps the page for when there is no connection, and goes where a pressed notification leads. */
export function startServiceWorker(): void {
  // It is missing in private windows of some browsers, and without TLS.
  if (!('serviceWorker' in navigator)) return;
  navigator.serviceWorker.register('/sw.js').catch(() => {});
  navigator.serviceWorker.addEventListener('message', ({ data }: MessageEvent<unknown>) => {
    if (typeof data === 'object' && data !== null && 'open' in data && typeof data.open === 'string') goTo(data.open);
  });
}
