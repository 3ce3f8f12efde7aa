import { randomBytes } from 'node:crypto';
import { Hono } from 'hono';
import { z } from 'zod';
import { hashPassword, isPassword } from '../../accounts/password';
import { type Account, changeAccount } from '../../table/account-item';
import { isTimeZone } from '../../time-zone';
import { finishDeletions } from '../deletion';
import { type Env, sourceIp } from '../env';
import type { Gallery } from '../gallery';
import { bodyOf } from '../input';
import { clearAttempts, countAttempt } from '../login-limit';
import { networkOf } from '../network';
import { notFound, Problem } from '../problem';
import { rememberedDevice, startSession } from '../session';

const CHANGE = z.strictObject({
  timeZone: z.string().max(64).refine(isTimeZone, 'must be a name of the IANA time zone database').optional(),
});
const PASSWORDS = z.object({ current: z.string().max(1000), new: z.string().min(10).max(1000) });

/** The account of the session: its settings and its password. */
export function account(gallery: Gallery): Hono<Env> {
  const { table, now } = gallery;
  const app = new Hono<Env>();

  // The page requests it once, when it is opened.
  app.get('/', async (c) => {
    await finishDeletions(gallery, c.get('account').name);
    return c.json(shown(c.get('account')));
  });

  app.patch('/', async (c) => {
    const { timeZone } = await bodyOf(c, CHANGE);
    const old = c.get('account');
    const changed = timeZone === undefined ? old : await changeAccount(table, old.name, { timeZone });
    if (!changed) throw notFound('account');
    return c.json(shown(changed));
  });

  app.put('/password', async (c) => {
    const passwords = await bodyOf(c, PASSWORDS);
    const account = c.get('account');
    const { name, passwordHash } = account;
    const device = await rememberedDevice(c, account, now());
    const attempt = { user: name, network: networkOf(sourceIp(c)), device };
    // Whoever finds a browser logged in must not be able to guess the password there.
    await countAttempt(table, attempt, now());
    if (!(await isPassword(passwords.current, passwordHash))) {
      throw new Problem(400, 'Wrong password', 'The current password is wrong.');
    }
    await clearAttempts(table, attempt, now());
    const login = { passwordHash: await hashPassword(passwords.new), sessionKey: randomBytes(32) };
    // The operator may have set another password at this moment, to lock someone out.
    const changed = await changeAccount(table, name, login, { passwordHash });
    if (!changed)
      throw new Problem(401, 'Not logged in', 'The password was changed meanwhile. Log in with the new one.');
    await startSession(c, changed, now());
    return c.body(null, 204);
  });

  return app;
}

function shown({ name, retentionDays, timeZone }: Account) {
  return { user: name, retentionDays, ...(timeZone === undefined ? {} : { timeZone }) };
}
