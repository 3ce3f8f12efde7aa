/**
 * The page's service worker. It shows what the cloud pushes, and opens what it is about when it is pressed; and it keeps the
 * page itself, so that it opens without a connection, too. What the cameras saw is not kept.
 */
declare const self: ServiceWorkerGlobalScope;
/** What the page loads before anything else, and `/`: build.ts puts it here. */
declare const SHELL: readonly string[];
/** Another one for other files. */
declare const VERSION: string;

const CACHE = `shell-${VERSION}`;

self.addEventListener('install', (event) => {
  event.waitUntil(caches.open(CACHE).then((cache) => cache.addAll([...SHELL])));
  void self.skipWaiting();
});

self.addEventListener('activate', (event) => {
  event.waitUntil(
    (async () => {
      for (const name of await caches.keys()) if (name !== CACHE) await caches.delete(name);
      await self.clients.claim();
    })(),
  );
});

self.addEventListener('fetch', (event) => {
  const { request } = event;
  const { origin, pathname } = new URL(request.url);
  if (request.method !== 'GET' || origin !== self.location.origin) return;
  if (request.mode === 'navigate' && pathname === '/') {
    event.respondWith(fetch(request).catch(async () => (await caches.match('/')) ?? Response.error()));
  } else if (pathname.startsWith('/assets/')) {
    // A name is never given to other bytes.
    event.respondWith(caches.match(request).then((kept) => kept ?? fetch(request)));
  }
});

self.addEventListener('push', (event) => {
  const { id, title, body, at, path, picture } = noticeIn(event.data?.json());
  const options = {
    ...{ body, tag: id, timestamp: at, data: { path }, icon: '/favicon.ico' },
    ...(picture === undefined ? {} : { image: picture }),
  };
  event.waitUntil(self.registration.showNotification(title, options));
});

self.addEventListener('notificationclick', (event) => {
  event.notification.close();
  event.waitUntil(open(pathIn(event.notification.data)));
});

/** In a window of the page that is there, or in a new one. */
async function open(path: string): Promise<void> {
  const [window] = await self.clients.matchAll({ type: 'window', includeUncontrolled: true });
  if (!window) {
    await self.clients.openWindow(path);
    return;
  }
  window.postMessage({ open: path });
  // A browser may not allow it; the page is where it should be all the same.
  await window.focus().catch(() => {});
}

interface Notice {
  id: string;
  title: string;
  body: string;
  at: number;
  path: string;
  picture: string | undefined;
}

function noticeIn(value: unknown): Notice {
  const from = fieldsOf(value);
  const text = (name: string, otherwise: string) => {
    const found = from[name];
    return typeof found === 'string' ? found : otherwise;
  };
  return {
    id: text('id', 'kerberos'),
    title: text('title', 'Kerberos'),
    body: text('body', ''),
    at: typeof from.at === 'number' ? from.at : Date.now(),
    path: ownPath(from.path),
    picture: typeof from.picture === 'string' ? ownPath(from.picture) : undefined,
  };
}

function pathIn(data: unknown): string {
  return ownPath(fieldsOf(data).path);
}

/** A path of this page, whatever was said. */
function ownPath(path: unknown): string {
  return typeof path === 'string' && /^\/(?!\/)/.test(path) ? path : '/';
}

function fieldsOf(value: unknown): Record<string, unknown> {
  return typeof value === 'object' && value !== null ? Object.fromEntries(Object.entries(value)) : {};
}
