/**
 * A session is a signed token (JWT) in a cookie that scripts cannot read. It is signed with the account's own key and
 * names the account in its header, so one read of the account's item tells whether the session is valid, whether the
 * licence is active, and what its settings are. A new password comes with a new key, which ends all sessions.
 *
 * A second cookie, signed with the same key, only tells that this browser has logged in before. It gives the browser a
 * limit of its own for attempts to log in (login-limit.ts), and outlasts the session.
 */
import { randomBytes } from 'node:crypto';
import type { Context, MiddlewareHandler } from 'hono';
import { deleteCookie, getCookie, setCookie } from 'hono/cookie';
import { decodeProtectedHeader, errors, type JWTPayload, jwtVerify, SignJWT } from 'jose';
import { ACCOUNT_NAME, type Account, readAccount } from '../table/account-item';
import { type Env, isHttps } from './env';
import type { Gallery } from './gallery';
import { Problem } from './problem';

const DAY = 24 * 3600;
const ISSUER = 'kerberos-cloud';

/** A kind of cookie. A token of one kind is not valid as another. */
interface Kind {
  readonly name: string;
  readonly audience: string;
  /** Seconds for which it is valid. */
  readonly seconds: number;
}

const SESSION: Kind = { name: 'session', audience: 'gallery', seconds: 7 * DAY };
const DEVICE: Kind = { name: 'device', audience: 'device', seconds: 180 * DAY };

const ALGORITHM = 'HS256';

/** Logs the visitor in for 7 days, and remembers the browser. `now` in ms since 1970. */
export async function startSession(c: Context, account: Account, now: number): Promise<void> {
  for (const kind of [SESSION, DEVICE]) {
    const token = await signed(kind, account, Math.floor(now / 1000));
    setCookie(c, cookieName(c, kind), token, { ...attributes(c), maxAge: kind.seconds });
  }
}

/** Deletes the visitor's session cookie, and the redirects to pictures that the browser has kept. */
export function forgetSession(c: Context): void {
  deleteCookie(c, cookieName(c, SESSION), attributes(c));
  c.header('Clear-Site-Data', '"cache"');
}

/** The id of the visitor's browser, if it has logged in to this account before with the present password. */
export async function rememberedDevice(
  c: Context,
  account: Account | undefined,
  now: number,
): Promise<string | undefined> {
  const token = getCookie(c, cookieName(c, DEVICE));
  return token && account ? (await verified(DEVICE, token, account, now))?.jti : undefined;
}

async function signed({ audience, seconds }: Kind, account: Account, issued: number): Promise<string> {
  const expires = issued + seconds;
  return await new SignJWT()
    .setProtectedHeader({ alg: ALGORITHM, typ: 'JWT', kid: account.name })
    .setIssuer(ISSUER)
    .setAudience(audience)
    .setSubject(account.name)
    .setJti(`${expires}.${randomBytes(9).toString('base64url')}`)
    .setIssuedAt(issued)
    .setExpirationTime(expires)
    .sign(account.sessionKey);
}

/**
 * Lets only logged-in visitors with an active licence pass, and sets the account. Without `mustBeActive`, a suspended
 * licence passes, too.
 *
 * @throws Problem: 401 if the visitor is not logged in, 403 if the licence is suspended.
 */
export function loggedIn({ table, now }: Gallery, mustBeActive = true): MiddlewareHandler<Env> {
  return async (c, next) => {
    const token = getCookie(c, cookieName(c, SESSION)) ?? '';
    const name = accountNamed(token);
    const account = name === undefined ? undefined : await readAccount(table, name);
    const id = account && (await verified(SESSION, token, account, now()))?.jti;
    if (!account || !id || account.endedSessions.has(id)) throw new Problem(401, 'Not logged in', 'Log in first.');
    if (mustBeActive && account.state === 'suspended') throw suspended();
    c.set('account', account);
    c.set('sessionId', id);
    await next();
  };
}

/** The problem that the licence is suspended. */
export function suspended(): Problem {
  const detail =
    'This licence is suspended, so cameras cannot upload and nobody can look. Ask whoever runs this cloud.';
  return new Problem(403, 'Suspended', detail);
}

/** The account that an unverified token names; `undefined` if the name cannot be an account's. */
function accountNamed(token: string): string | undefined {
  try {
    const { kid } = decodeProtectedHeader(token);
    return kid !== undefined && ACCOUNT_NAME.test(kid) ? kid : undefined;
  } catch {
    return undefined;
  }
}

async function verified(
  { audience }: Kind,
  token: string,
  account: Account,
  now: number,
): Promise<JWTPayload | undefined> {
  try {
    const { payload } = await jwtVerify(token, account.sessionKey, {
      algorithms: [ALGORITHM],
      issuer: ISSUER,
      audience,
      subject: account.name,
      typ: 'JWT',
      requiredClaims: ['exp', 'iat', 'jti'],
      currentDate: new Date(now),
    });
    return payload;
  } catch (error) {
    if (error instanceof errors.JOSEError) return undefined;
    throw error;
  }
}

/**
 * The name of a cookie. Browsers restrict a `__Host-` cookie to https and to this very host, so that no other host can
 * set it. On one machine there is plain http without such names, and cookies are the same on all ports of a host; so
 * the port in the name separates two clouds, and anything else that runs there.
 */
function cookieName(c: Context, { name }: Kind): string {
  if (isHttps(c)) return `__Host-${name}`;
  const [, port = '80'] = /:(\d{1,5})$/.exec(c.req.header('host') ?? '') ?? [];
  return `kerberos-${name}-${port}`;
}

function attributes(c: Context) {
  return { path: '/', httpOnly: true, sameSite: 'Strict', secure: isHttps(c) } as const;
}
