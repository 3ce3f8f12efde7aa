/** Ways into the page: paths around its gate, requests of other sites, and cursors. */
import type { RawReply } from '../lib/cloud/support';
import type { Attempt, Category } from './attempt';
import type { Random } from './random';
import type { Estate, Target } from './target';

/** Both accounts. */
export interface Estates {
  readonly home: Estate;
  readonly john: Estate;
}

/** What an account's owner can ask for. */
function reads({ event, instance }: Estate): string[] {
  return [
    '/api/account',
    '/api/events',
    `/api/events/${event}`,
    '/api/events?limit=1',
    '/api/months/2015-04',
    '/api/days/2015-04-22',
    '/api/persons',
    '/api/instances',
    `/api/events?instance=${instance}`,
    '/api/rejected',
    '/api/bursts',
    `/events/${event}/image`,
    `/events/${event}/thumbnail`,
    `/events/${event}/download`,
  ];
}

/** The same path, as something on the way might take it for another one. */
const DISGUISES: Readonly<Record<string, (path: string) => string>> = {
  'as it is': (path) => path,
  'two slashes': (path) => `/${path}`,
  'three slashes': (path) => `//${path}`,
  'a dot': (path) => `/.${path}`,
  'an encoded dot': (path) => `/%2e${path}`,
  'out of assets': (path) => `/assets/..${path}`,
  'out of assets, encoded': (path) => `/assets/%2e%2e${path}`,
  'out of assets, slash encoded': (path) => `/assets/..%2f${path.slice(1)}`,
  'out of the session': (path) => `/api/session/..${path}`,
  'out of the session, encoded': (path) => `/api/session/%2e%2e${path}`,
  'out of the session, slash encoded': (path) => `/api/session%2f..%2f..${path}`,
  'a back slash': (path) => path.replace('/', '\\'),
  'encoded back slashes': (path) => `/${path.slice(1).replaceAll('/', '%5c')}`,
  'encoded slashes': (path) => `/${path.slice(1).replaceAll('/', '%2f')}`,
  capitals: (path) => path.toUpperCase(),
  'one letter encoded': (path) =>
    path.replace(/^\/(.)/, (_, letter: string) => `/%${letter.charCodeAt(0).toString(16)}`),
  'one letter encoded twice': (path) =>
    path.replace(/^\/(.)/, (_, letter: string) => `/%25${letter.charCodeAt(0).toString(16)}`),
  'a slash behind': (path) => path.replace(/(\?|$)/, '/$1'),
  'two slashes behind': (path) => path.replace(/(\?|$)/, '//$1'),
  'a dot behind': (path) => path.replace(/(\?|$)/, '/.$1'),
  'a semicolon': (path) => path.replace(/(\?|$)/, ';x=1$1'),
  'a semicolon inside': (path) => path.replace(/^\/\w+/, '$&;x'),
  'a null': (path) => path.replace(/(\?|$)/, '%00$1'),
  'a line feed': (path) => path.replace(/(\?|$)/, '%0a$1'),
  'a space': (path) => path.replace(/(\?|$)/, '%20$1'),
  'an ending': (path) => path.replace(/(\?|$)/, '.js$1'),
  'a style sheet': (path) => path.replace(/(\?|$)/, '/x.css$1'),
  'a fragment': (path) => path.replace(/(\?|$)/, '%23$1'),
  'a question mark': (path) => path.replace(/(\?|$)/, '%3f$1'),
  'a whole URL': (path) => `http://127.0.0.1${path}`,
  'a whole URL of another host': (path) => `http://evil.example${path}`,
  'a user in it': (path) => `http://home@127.0.0.1${path}`,
};

/** What a proxy in front would say, and nobody else may. */
const HEADERS: readonly Record<string, string>[] = [
  'x-original-url',
  'x-rewrite-url',
  'x-forwarded-prefix',
  'x-forwarded-user',
  'x-remote-user',
  'remote-user',
  'x-user',
  'x-account',
  'x-amzn-oidc-identity',
  'x-amz-security-token',
  'x-authenticated-userid',
]
  .map((name): Record<string, string> => ({ [name]: name.endsWith('url') ? '/api/session' : 'home' }))
  .concat([
    { 'x-http-method-override': 'POST' },
    { 'x-forwarded-for': '127.0.0.1' },
    { forwarded: 'for=127.0.0.1;proto=https' },
    { 'x-forwarded-proto': 'https' },
    { authorization: 'Basic aG9tZTpob21l' },
    { authorization: 'Bearer null' },
    { host: 'localhost' },
    { host: 'cloud.localhost' },
    { cookie: 'session=home' },
    { cookie: 'account=home; user=home; admin=1' },
    { origin: 'http://127.0.0.1', 'sec-fetch-site': 'same-origin' },
  ]);

const METHODS = ['HEAD', 'OPTIONS', 'POST', 'PUT', 'PATCH', 'DELETE', 'TRACE', 'PROPFIND'] as const;

/** Whether an answer tells something of an account. */
function tells({ status, headers, body }: RawReply): string | undefined {
  const type = String(headers['content-type'] ?? '');
  if (status < 400 && String(headers.location ?? '').includes('X-Amz-Signature'))
    return `${status} ${headers.location}`;
  if (status < 300 && type.includes('json')) return `${status} ${body.toString().slice(0, 200)}`;
  return status >= 500 ? `${status}: it failed` : undefined;
}

/** Whoever is not logged in, at everything that is somebody's. */
export function gatePaths(target: Target, { home }: Estates): Category {
  const ask = (what: string, method: string, path: string, headers: Record<string, string> = {}): Attempt => ({
    what,
    run: async () => {
      const reply = await target.page(method, path, headers);
      // A HEAD has no body: that it is let through is enough.
      return (
        tells(reply) ?? (method === 'HEAD' && reply.status === 200 && path.startsWith('/api/') ? 'HEAD 200' : undefined)
      );
    },
  });
  const attempts = reads(home).flatMap((path) => [
    ...Object.entries(DISGUISES).map(([name, disguise]) => ask(`${path}: ${name}`, 'GET', disguise(path))),
    ...HEADERS.map((headers) => ask(`${path}: ${JSON.stringify(headers)}`, 'GET', path, headers)),
    ...METHODS.map((method) => ask(`${path}: ${method}`, method, path, { 'content-type': 'application/json' })),
  ]);
  return {
    name: 'paths around the gate',
    least: 864,
    attempts,
    control: async () => tells(await target.page('GET', '/api/account', { cookie: home.cookie })) !== undefined,
  };
}

/** What the browser of somebody who is logged in sends for a page of another site. */
export function crossSite(target: Target, { home }: Estates): Category {
  const { event, instance, cookie } = home;
  const json = { 'content-type': 'application/json' };
  const origin = target.app;
  const foreign: Readonly<Record<string, Record<string, string>>> = {
    'a form': { 'content-type': 'application/x-www-form-urlencoded' },
    'plain text': { 'content-type': 'text/plain' },
    'plain text that says JSON': { 'content-type': 'text/plain; application/json' },
    'plain text with a charset of JSON': { 'content-type': 'text/plain;charset=application/json' },
    'a form with files': { 'content-type': 'multipart/form-data; boundary=application/json' },
    'no type': {},
    'an empty type': { 'content-type': '' },
    'two types': { 'content-type': 'text/plain, application/json' },
    'another JSON': { 'content-type': 'application/jsonp' },
    'JSON of CSP reports': { 'content-type': 'application/csp-report' },
    'another origin': { ...json, origin: 'https://evil.example' },
    'another port': { ...json, origin: 'http://127.0.0.1:1' },
    'a sandbox': { ...json, origin: 'null' },
    'an origin that begins the same': { ...json, origin: `${origin}.evil.example` },
    'an origin that ends the same': { ...json, origin: `http://evil-${new URL(origin).host}` },
    'an origin with a user': { ...json, origin: 'http://127.0.0.1@evil.example' },
    'an origin that is none': { ...json, origin: 'nonsense' },
    'another site': { ...json, 'sec-fetch-site': 'cross-site' },
    'a neighbour': { ...json, 'sec-fetch-site': 'same-site' },
    'no site': { ...json, 'sec-fetch-site': 'none' },
    'another site with our origin': { ...json, origin, 'sec-fetch-site': 'cross-site' },
    'an unknown site': { ...json, origin, 'sec-fetch-site': 'SAME-ORIGIN ' },
  };
  const changes: readonly (readonly [string, string, object?])[] = [
    ['POST', '/api/session', { user: home.name, password: home.password }],
    ['DELETE', '/api/session'],
    ['PATCH', '/api/account', { timeZone: 'Asia/Tokyo' }],
    ['PUT', '/api/account/password', { current: home.password, new: 'of the attacker' }],
    ['DELETE', `/api/events/${event}`],
    ['PATCH', `/api/instances/${instance}`, { silentAfterHours: 1 }],
    ['PATCH', `/api/persons/${'A'.repeat(16)}`, { name: 'Eve' }],
    ['DELETE', `/api/persons/${'A'.repeat(16)}`],
    ['POST', `/api/persons/${'A'.repeat(16)}/merge`, { into: 'B'.repeat(16) }],
    ['POST', '/api/nothing', {}],
    ['PUT', '/', {}],
  ];
  const attempts = changes.flatMap(([method, path, body]) =>
    Object.entries(foreign).map(
      ([name, headers]): Attempt => ({
        what: `${method} ${path}: ${name}`,
        run: async () => {
          const text = body && JSON.stringify(body);
          const { status } = await target.page(method, path, { cookie, ...headers }, text);
          return status === 403 ? undefined : String(status);
        },
      }),
    ),
  );
  const account = async () => JSON.parse((await target.page('GET', '/api/account', { cookie })).body.toString());
  return {
    name: 'CSRF',
    least: 225,
    attempts,
    control: async () => {
      const body = JSON.stringify({ timeZone: 'Europe/Brussels' });
      return (await target.page('PATCH', '/api/account', { ...json, origin, cookie }, body)).status === 200;
    },
    aftermath: async () => {
      const { timeZone } = await account();
      const found = (await target.page('GET', `/api/events/${event}`, { cookie })).status;
      return timeZone === 'Europe/Brussels' && found === 200 ? undefined : `changed: ${timeZone}, ${found}`;
    },
  };
}

/** Whether an answer to `home` has something of john's, or is none. */
export function leaks({ status, body }: RawReply, john: Estate): string | undefined {
  if (status >= 500) return `${status}: it failed`;
  const text = body.toString();
  const found = [john.event, john.instance].find((id) => text.includes(id));
  return found === undefined ? undefined : `it tells of ${found}`;
}

/** Somebody who is logged in, with cursors that are not theirs. */
export function cursors(target: Target, { home, john }: Estates, random: Random): Category {
  const lists = ['/api/events', '/api/events?day=2015-04-22', '/api/rejected', '/api/bursts'] as const;
  const bytes = (cursor: string) => Buffer.from(cursor, 'base64url');
  const flipped = (cursor: string): Buffer => {
    const changed = bytes(cursor);
    const at = random.below(changed.length);
    changed[at] = (changed[at] ?? 0) ^ (1 << random.below(8));
    return changed;
  };
  const makers: readonly [() => Buffer | string, ...(() => Buffer | string)[]] = [
    () => flipped(home.cursor),
    () => flipped(john.cursor),
    () => Buffer.concat([bytes(john.cursor).subarray(0, random.below(9)), random.bytes(random.below(60))]),
    () => Buffer.concat([random.bytes(9), bytes(john.cursor).subarray(9)]),
    () => Buffer.concat([bytes(home.cursor).subarray(0, 9), bytes(john.cursor).subarray(9)]),
    () => Buffer.concat([random.bytes(9), Buffer.from(`20${random.below(90) + 10}-04-22T10:00:00.000Z#${john.event}`)]),
    () => random.bytes(1 + random.below(290)),
    () => Buffer.from(`ACCOUNT#john#EVENT#${random.below(1e9)}`),
    () => `${home.cursor}${random.of(['%00', '=', '%0a', '%20', "'", '..', '*'])}${random.below(1e6)}`,
    () => `${random.below(1e9)}`,
  ];
  const attempts = Array.from({ length: 2700 }, (): Attempt => {
    const made = random.of(makers)();
    const cursor = typeof made === 'string' ? made : made.toString('base64url');
    const list = random.of(lists);
    const path = `${list}${list.includes('?') ? '&' : '?'}cursor=${cursor}`;
    return {
      what: path,
      run: async () => {
        const reply = await target.page('GET', path, { cookie: home.cookie });
        // Who is given a page for a cursor that we did not make could have asked for any other.
        return reply.status === 400 ? undefined : (leaks(reply, john) ?? `${reply.status}`);
      },
    };
  });
  return {
    name: 'cursors',
    least: 2003,
    attempts: [
      ...attempts,
      ...lists.map((list): Attempt => {
        const path = `${list}${list.includes('?') ? '&' : '?'}cursor=${john.cursor}`;
        return {
          what: `john's: ${path}`,
          run: async () => {
            const reply = await target.page('GET', path, { cookie: home.cookie });
            return reply.status === 400 ? undefined : (leaks(reply, john) ?? `${reply.status}`);
          },
        };
      }),
    ],
    control: async () =>
      (await target.page('GET', `/api/events?limit=1&cursor=${home.cursor}`, { cookie: home.cookie })).status === 200,
  };
}
