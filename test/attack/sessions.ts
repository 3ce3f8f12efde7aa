/** Session tokens: made up, changed, cut, exchanged. Something gets through where the account is told. */
import { createHmac } from 'node:crypto';
import type { Attempt, Category } from './attempt';
import type { Random } from './random';
import type { Estate, Target } from './target';

const ALPHABET = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_';

const ALGORITHMS: Readonly<Record<string, string>> = { HS256: 'sha256', HS384: 'sha384', HS512: 'sha512' };

/** Keys that somebody may have thought good enough. */
const WEAK_KEYS = ['', ' ', 'secret', 'password', 'kerberos', 'kerberos-cloud', 'gallery', 'home', 'john', '\0', 'key'];

/** Everything that could be taken for a session. */
export function sessionTokens(
  target: Target,
  { home, john }: { home: Estate; john: Estate },
  random: Random,
): Category {
  const [cookieName = '', token = ''] = home.cookie.split('=');
  const [head = '', body = '', signature = ''] = token.split('.');
  const attempt = (what: string, cookie: string): Attempt => ({
    what,
    run: async () => {
      const { status, body: said } = await target.page('GET', '/api/account', { cookie });
      return status === 401 ? undefined : `${status} ${said}`;
    },
  });
  const changed = (what: string, other: string) => attempt(what, `${cookieName}=${other}`);

  const seconds = Math.floor(Date.now() / 1000);
  const claims = {
    iss: 'kerberos-cloud',
    aud: 'gallery',
    sub: 'john',
    jti: `${seconds + 1000}.x`,
    iat: seconds,
    exp: seconds + 1000,
  };
  const forged = (header: object, content: object, key: string | Buffer, algorithm = 'sha256') => {
    const text = `${encoded({ alg: 'HS256', typ: 'JWT', kid: 'john', ...header })}.${encoded({ ...claims, ...content })}`;
    return `${text}.${createHmac(algorithm, key).update(text).digest('base64url')}`;
  };

  const attempts: Attempt[] = [
    // One character is another: a bit that counts in each of them.
    ...[...token].flatMap((character, at) => {
      const index = ALPHABET.indexOf(character);
      if (index < 0) return [];
      const other = `${token.slice(0, at)}${ALPHABET[index ^ 32]}${token.slice(at + 1)}`;
      return [changed(`character ${at} changed`, other)];
    }),
    ...Array.from({ length: token.length }, (_, length) => changed(`cut to ${length}`, token.slice(0, length))),
    ...WEAK_KEYS.flatMap((key) =>
      Object.entries(ALGORITHMS).map(([alg, hash]) =>
        changed(`signed with ${alg} and "${key}"`, forged({ alg }, {}, key, hash)),
      ),
    ),
    ...['none', 'None', 'NONE', 'nOnE', '', 'HS1', 'RS256', 'ES256', 'EdDSA', 'PS256', 'dir', 'null'].flatMap((alg) =>
      [body, encoded(claims)].flatMap((content, which) =>
        ['', signature].map((end) =>
          changed(
            `alg ${alg}, claims ${which}, ${end ? 'signature' : 'no signature'}`,
            [encoded({ alg, typ: 'JWT', kid: which === 0 ? 'home' : 'john' }), content, end].join('.'),
          ),
        ),
      ),
    ),
    ...[
      '../john',
      'john/../home',
      'JOHN',
      'john ',
      ' john',
      'john\0',
      'A#john',
      'home,john',
      '',
      '*',
      '%6aohn',
      '__proto__',
    ].map((kid) => changed(`kid "${kid}"`, forged({ kid }, {}, 'x'))),
    ...['jku', 'x5u', 'jwk', 'x5c', 'crit', 'b64', 'zip', 'enc'].map((name) =>
      changed(`header ${name}`, forged({ [name]: 'http://127.0.0.1/keys' }, {}, 'x')),
    ),
    // Parts of two sessions, both of them good.
    ...(() => {
      const others = (john.cookie.split('=')[1] ?? '').split('.');
      return [0, 1, 2].map((at) => {
        const parts = [head, body, signature];
        parts[at] = others[at] ?? '';
        return changed(`part ${at} of john's`, parts.join('.'));
      });
    })(),
    ...['session', '__Host-session', '__Secure-session', 'kerberos-session-80', 'Kerberos-Session', 'token', 'jwt'].map(
      (name) => attempt(`in the cookie ${name}`, `${name}=${token}`),
    ),
    ...['Bearer', 'Basic', 'Token'].map(
      (scheme): Attempt => ({
        what: `as ${scheme}`,
        run: async () => {
          const { status } = await target.page('GET', '/api/account', { authorization: `${scheme} ${token}` });
          return status === 401 ? undefined : String(status);
        },
      }),
    ),
    ...Array.from({ length: 60 }, (_, at) =>
      changed(
        `chance ${at}`,
        `${random.bytes(60).toString('base64url')}.${random.bytes(120).toString('base64url')}.${random.bytes(32).toString('base64url')}`,
      ),
    ),
  ];
  return {
    name: 'session tokens',
    least: 644,
    attempts,
    control: async () => (await target.page('GET', '/api/account', { cookie: home.cookie })).status === 200,
  };
}

function encoded(value: object): string {
  return Buffer.from(JSON.stringify(value)).toString('base64url');
}
