import { createHash, randomBytes, randomInt } from 'node:crypto';
import { type Context, Hono } from 'hono';
import { z } from 'zod';
import { LABELS } from '../../labels/engine';
import { isPublicAddress } from '../../public-address';
import {
  type Channel,
  confirmMail,
  readChannel,
  readChannels,
  removeChannel,
  type Target,
  writeChannel,
} from '../../table/channel-item';
import { createMessage, type News } from '../../table/message-item';
import {
  beginNotifications,
  FIRST_SETTINGS,
  readNotifications,
  writeNotifications,
} from '../../table/notifications-item';
import { vapidKeys } from '../../table/vapid-item';
import type { Env } from '../env';
import { ID, idIn } from '../filters';
import type { Gallery } from '../gallery';
import { bodyOf } from '../input';
import { notFound, Problem } from '../problem';

const MOST_RULES = 10;
const MOST_CHANNELS = 20;
/** Of a rule: more cameras and persons than an account is likely to have. */
const MOST_NAMED = 100;
/** A code has a million values, so somebody who guesses finds one address in two hundred thousand. */
const MOST_TRIES = 5;

const CLOCK = z.string().regex(/^([01]\d|2[0-3]):[0-5]\d$/, 'must be a time such as 22:15');

const RULE = z.strictObject({
  id: ID.optional(),
  cameras: z.array(ID).max(MOST_NAMED),
  hours: z.strictObject({ from: CLOCK, to: CLOCK }).optional(),
  anything: z.boolean(),
  persons: z.array(ID).max(MOST_NAMED),
  unknownFaces: z.boolean(),
  labels: z.array(z.enum(LABELS)),
  coolDownMinutes: z.int().min(0).max(1440),
});
const SETTINGS = z.strictObject({ rules: z.array(RULE).max(MOST_RULES), health: z.boolean() });

const KEY = z.string().regex(/^[\w-]{16,200}=*$/, 'must be Base64url');
const CHANNEL = z.discriminatedUnion('kind', [
  z.strictObject({
    kind: z.literal('push'),
    name: z.string().min(1).max(100),
    endpoint: z.string().max(1000),
    keys: z.object({ p256dh: KEY, auth: KEY }),
  }),
  z.strictObject({ kind: z.literal('webhook'), url: z.string().max(1000) }),
  z.strictObject({ kind: z.literal('mail'), address: z.email().max(200) }),
]);
const CODE = z.strictObject({ code: z.string().max(20) });

/** What an account wants to be told, and where. */
export function notifications({ table, settings, now }: Gallery): Hono<Env> {
  const app = new Hono<Env>();
  const { hasMail = false, loopback = false } = settings;

  app.get('/', async (c) => {
    const { name } = c.get('account');
    const [keys, chosen, channels] = await Promise.all([
      vapidKeys(table),
      readNotifications(table, name),
      readChannels(table, name),
    ]);
    return c.json({
      publicKey: keys.publicKey,
      mail: hasMail,
      settings: chosen ?? FIRST_SETTINGS,
      channels: channels.map(viewOf),
    });
  });

  app.put('/settings', async (c) => {
    const { rules, health } = await bodyOf(c, SETTINGS);
    const named = rules.map(({ id = randomBytes(12).toString('base64url'), hours, ...rule }) => {
      return { id, ...rule, ...(hours ? { hours } : {}) };
    });
    await writeNotifications(table, c.get('account').name, { rules: named, health });
    return c.json({ rules: named, health });
  });

  app.post('/channels', async (c) => {
    const asked = await bodyOf(c, CHANNEL);
    const { name: account } = c.get('account');
    if (asked.kind === 'mail' && !hasMail) throw new Problem(400, 'No mail', 'This cloud sends no mail.');
    const address = asked.kind === 'push' ? asked.endpoint : asked.kind === 'webhook' ? asked.url : undefined;
    if (address !== undefined && !isPublicAddress(address, { loopback })) throw notPublic();
    const channel = channelOf(asked, new Date(now()));
    const others = (await readChannels(table, account)).filter(({ id }) => id !== channel.id);
    if (others.length >= MOST_CHANNELS) {
      throw new Problem(409, 'Too many', `There are ${MOST_CHANNELS} already. Remove one first.`);
    }
    await writeChannel(table, account, channel);
    await beginNotifications(table, account);
    const { target } = channel;
    if (target.kind === 'mail' && target.code !== undefined) {
      await send(account, channel.id, { kind: 'confirm', code: target.code });
    }
    return c.json({ ...viewOf(channel), ...(target.kind === 'webhook' && { secret: target.secret }) }, 201);
  });

  const found = async (c: Context<Env>): Promise<Channel> => {
    const channel = await readChannel(table, c.get('account').name, idIn(c, 'channel'));
    if (!channel) throw notFound('channel');
    return channel;
  };

  app.delete('/channels/:id', async (c) => {
    const { id } = await found(c);
    await removeChannel(table, c.get('account').name, id);
    return c.body(null, 204);
  });

  app.post('/channels/:id/test', async (c) => {
    const { id } = await found(c);
    await send(c.get('account').name, id, { kind: 'test' });
    return c.body(null, 202);
  });

  app.post('/channels/:id/confirm', async (c) => {
    const { code } = await bodyOf(c, CODE);
    const { id } = await found(c);
    if (!(await confirmMail(table, c.get('account').name, id, code.replace(/\D/g, ''), MOST_TRIES))) {
      const detail = `The code is wrong. After ${MOST_TRIES} wrong ones, remove the address and add it again.`;
      throw new Problem(400, 'Wrong code', detail);
    }
    return c.json(viewOf(await found(c)));
  });

  return app;

  /** Two within a second are one: a finger that trembles. */
  async function send(account: string, channel: string, news: News): Promise<void> {
    const at = new Date(now());
    const id = `${news.kind}-${channel}-${Math.floor(now() / 1000)}`;
    await createMessage(table, { account, id, news, at, channel }, at);
  }
}

function channelOf(asked: z.infer<typeof CHANNEL>, created: Date): Channel {
  switch (asked.kind) {
    case 'push': {
      const { endpoint, keys, name } = asked;
      const target = { kind: 'push', endpoint, p256dh: keys.p256dh, auth: keys.auth } as const;
      return { id: idOf(endpoint), name, created, target };
    }
    case 'webhook': {
      const secret = `whsec_${randomBytes(32).toString('base64')}`;
      return { ...made(asked.url), created, target: { kind: 'webhook', url: asked.url, secret } };
    }
    case 'mail': {
      const code = String(randomInt(1_000_000)).padStart(6, '0');
      const target: Target = { kind: 'mail', address: asked.address, confirmed: false, code, tries: 0 };
      return { id: idOf(asked.address), name: asked.address, created, target };
    }
  }
}

function made(url: string): { id: string; name: string } {
  return { id: randomBytes(12).toString('base64url'), name: new URL(url).host };
}

/** A browser that subscribes again, and an address that is added again, is the same channel. */
function idOf(address: string): string {
  return createHash('sha256').update(address).digest('base64url').slice(0, 22);
}

/** A channel as the API tells it: `Channel` of openapi.yaml. Its secrets stay here. */
function viewOf({ id, name, created, target, sentAt, failure }: Channel) {
  return {
    ...{ id, kind: target.kind, name, created: created.toISOString() },
    ...(target.kind === 'mail' && { confirmed: target.confirmed }),
    ...(sentAt && { sentAt: sentAt.toISOString() }),
    ...(failure && { failure: { at: failure.at.toISOString(), text: failure.text } }),
  };
}

function notPublic(): Problem {
  const detail = 'The address must begin with https:// and lead to a host on the public internet.';
  return new Problem(400, 'Not public', detail);
}
