/** Values that nobody means, for everything that the page can be asked. */
import type { Attempt, Category } from './attempt';
import { type Estates, leaks } from './page';
import type { Target } from './target';

/** Values that break what takes them for a part of a query, a path, a number or a name. */
const VALUES = [
  "' OR 1=1 --",
  '"; DROP TABLE cloud; --',
  '{"$gt":""}',
  '#john',
  'home#ACCOUNT',
  'ACCOUNT#john',
  ':now',
  '../john',
  '..%2f..%2fjohn',
  '/etc/passwd',
  '%00',
  'null',
  'undefined',
  'true',
  '[object Object]',
  '../../john/a.jpg',
  '\ud800',
  '%ff',
  '-1',
  '0',
  '1e9',
  '1.5',
  'NaN',
  'Infinity',
  '99999999999999999999',
  '0x10',
  '2026-02-30',
  '0000-00-00',
  '9999-12-31',
  '-2026-04-22',
  '__proto__',
  'constructor',
  'toString',
  '<script>alert(1)</script>',
  '#{7*7}',
  '{{7*7}}',
  'x'.repeat(5000),
  '🚪'.repeat(300),
  '\r\nSet-Cookie: session=x',
  '',
];

/** Somebody who is logged in, with values that nobody means. */
export function parameters(target: Target, { home, john }: Estates): Category {
  const places: readonly ((value: string) => string)[] = [
    (value) => `/api/events?cursor=${value}`,
    (value) => `/api/events?limit=${value}`,
    (value) => `/api/events?day=${value}`,
    (value) => `/api/events?day=2015-04-22&until=${value}`,
    (value) => `/api/events?instance=${value}`,
    (value) => `/api/events?person=${value}`,
    (value) => `/api/events?from=${value}&to=${value}`,
    (value) => `/api/bursts?gap=${value}`,
    (value) => `/api/events/${value}`,
    (value) => `/api/days/${value}`,
    (value) => `/api/months/${value}`,
    (value) => `/events/${value}/image`,
    (value) => `/api/events?${value}=1`,
  ];
  const { cookie } = home;
  const attempts = [
    ...places.flatMap((place) => VALUES.map((value) => place(encodedOf(value)))),
    // Those of john, wherever an id can stand.
    ...['instance', 'person'].flatMap((name) => [john.event, john.instance].map((id) => `/api/events?${name}=${id}`)),
    ...['', '/image', '/thumbnail', '/download'].map((end) => `${end ? '' : '/api'}/events/${john.event}${end}`),
  ].map(
    (path): Attempt => ({
      what: path.slice(0, 300),
      run: async () => {
        const reply = await target.page('GET', path, { cookie });
        return leaks(reply, john) ?? (path.includes(john.event) && reply.status < 400 ? `${reply.status}` : undefined);
      },
    }),
  );
  return {
    name: 'parameters',
    least: 472,
    attempts,
    control: async () => {
      const { status, body } = await target.page('GET', `/api/events?instance=${home.instance}`, { cookie });
      return status === 200 && body.toString().includes(home.event);
    },
  };
}

/** As a part of a URL; what no URL can hold is sent as it is, as far as HTTP lets it. */
function encodedOf(value: string): string {
  // Half a character: no text, but three bytes.
  return value.includes('%') ? value : value.split('\ud800').map(encodeURIComponent).join('%ED%A0%80');
}
