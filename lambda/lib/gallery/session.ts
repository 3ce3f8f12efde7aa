/**
 * A session is a signed token (JWT) in a cookie that scripts cannot read. It is signed with the account's own key, and
 * names the account in its header, so that one read of the account's item tells whether the session is real, whether the
 * licence is active, and what its settings are. Another password comes with another key: all sessions end.
 */
import { randomBytes } from 'node:crypto';
import type { Context, MiddlewareHandler } from 'hono';
import { deleteCookie, getCookie, setCookie } from 'hono/cookie';
import { decodeProtectedHeader, errors, type JWTPayload, jwtVerify, SignJWT } from 'jose';
import { ACCOUNT_NAME, type Account, readAccount } from '../table/account-item';
import { type Env, isHttps } from './env';
import type { Gallery } from './gallery';
import { Problem } from './problem';

const SECONDS = 7 * 24 * 3600;
const ISSUER = 'kerberos-cloud';
const AUDIENCE = 'gallery';
const ALGORITHM = 'HS256';

/** Logs the visitor in, for 7 days. */
export async function startSession(c: Context, account: Account, now: number): Promise<void> {
  const issued = Math.floor(now / 1000);
  const expires = issued + SECONDS;
  const token = await new SignJWT()
    .setProtectedHeader({ alg: ALGORITHM, typ: 'JWT', kid: account.name })
    .setIssuer(ISSUER)
    .setAudience(AUDIENCE)
    .setSubject(account.name)
    .setJti(`${expires}.${randomBytes(9).toString('base64url')}`)
    .setIssuedAt(issued)
    .setExpirationTime(expires)
    .sign(account.sessionKey);
  setCookie(c, cookieName(c), token, { ...attributes(c), maxAge: SECONDS });
}

/** Takes the visitor's cookie away. */
export function forgetSession(c: Context): void {
  deleteCookie(c, cookieName(c), attributes(c));
}

/**
 * Lets only those pass who are logged in (otherwise 401) and whose licence is active (403), and says which account it is.
 * Without `mustBeActive` those of a suspended licence pass too.
 */
export function loggedIn({ table, now }: Gallery, mustBeActive = true): MiddlewareHandler<Env> {
  return async (c, next) => {
    const token = getCookie(c, cookieName(c)) ?? '';
    const name = accountNamed(token);
    const account = name === undefined ? undefined : await readAccount(table, name);
    const id = account && (await verified(token, account, now()))?.jti;
    if (!account || !id || account.endedSessions.has(id)) throw new Problem(401, 'Not logged in', 'Log in first.');
    if (mustBeActive && account.state === 'suspended') throw suspended();
    c.set('account', account);
    c.set('sessionId', id);
    await next();
  };
}

/** The licence is suspended. */
export function suspended(): Problem {
  const detail =
    'This licence is suspended, so cameras cannot upload and nobody can look. Ask whoever runs this cloud.';
  return new Problem(403, 'Suspended', detail);
}

/** What an unverified token says whose it is; undefined when that can be nobody. */
function accountNamed(token: string): string | undefined {
  try {
    const { kid } = decodeProtectedHeader(token);
    return kid !== undefined && ACCOUNT_NAME.test(kid) ? kid : undefined;
  } catch {
    return undefined;
  }
}

async function verified(token: string, account: Account, now: number): Promise<JWTPayload | undefined> {
  try {
    const { payload } = await jwtVerify(token, account.sessionKey, {
      algorithms: [ALGORITHM],
      issuer: ISSUER,
      audience: AUDIENCE,
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

/** Browsers keep a cookie of this name to https, to this host and to no other: nobody beside or below it can set one. */
function cookieName(c: Context): string {
  return isHttps(c) ? '__Host-session' : 'session';
}

function attributes(c: Context) {
  return { path: '/', httpOnly: true, sameSite: 'Strict', secure: isHttps(c) } as const;
}
