import { Hono } from 'hono';
import { z } from 'zod';
import { isPassword } from '../../accounts/password';
import { ACCOUNT_NAME, endSession, readAccount } from '../../table/account-item';
import { type Env, sourceIp } from '../env';
import type { Gallery } from '../gallery';
import { bodyOf } from '../input';
import { clearAttempts, countAttempt } from '../login-limit';
import { networkOf } from '../network';
import { Problem } from '../problem';
import { forgetSession, loggedIn, rememberedDevice, startSession, suspended } from '../session';

const LOGIN = z.object({ user: z.string().max(100), password: z.string().max(1000) });

/** Logging in and out. */
export function session(gallery: Gallery): Hono<Env> {
  const { table, now } = gallery;
  const app = new Hono<Env>();

  app.post('/', async (c) => {
    const { user: typed, password } = await bodyOf(c, LOGIN);
    // Phone keyboards begin with a capital letter and end with a space.
    const user = typed.trim().toLowerCase();
    const account = ACCOUNT_NAME.test(user) ? await readAccount(table, user) : undefined;
    const attempt = { user, network: networkOf(sourceIp(c)), device: await rememberedDevice(c, account, now()) };
    await countAttempt(table, attempt, now());
    if (!(await isPassword(password, account?.passwordHash)) || !account) {
      throw new Problem(401, 'Wrong login', 'User or password is wrong.');
    }
    await clearAttempts(table, attempt, now());
    if (account.state === 'suspended') throw suspended();
    await startSession(c, account, now());
    return c.body(null, 204);
  });

  // Also for a suspended licence: its visitors must be able to log out.
  app.delete('/', loggedIn(gallery, false), async (c) => {
    await endSession(table, c.get('account'), c.get('sessionId'), now());
    forgetSession(c);
    return c.body(null, 204);
  });

  return app;
}
