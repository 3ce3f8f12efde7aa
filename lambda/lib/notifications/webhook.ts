/**
 * A webhook, signed as standardwebhooks.com says: `webhook-signature` is `v1,` and the HMAC-SHA256, in Base64, of
 * `webhook-id`, `webhook-timestamp` (seconds since 1970) and the body, with dots between them. The key is the secret behind
 * `whsec_`, in Base64. A receiver drops what is older than five minutes, and an id that it has had already.
 */
import { createHmac } from 'node:crypto';
import type { WebhookTarget } from '../table/channel-item';
import type { Notice } from './notice';
import type { Notifier } from './notifier';
import { post } from './post';

const PREFIX = 'whsec_';

/** The signature of a body. `timestamp` is in seconds since 1970. */
export function signatureOf(secret: string, id: string, timestamp: number, body: string): string {
  const key = Buffer.from(secret.slice(PREFIX.length), 'base64');
  return `v1,${createHmac('sha256', key).update(`${id}.${timestamp}.${body}`).digest('base64')}`;
}

/** Sends a notice to a webhook. @throws NotTaken */
export async function sendWebhook({ settings, now }: Notifier, target: WebhookTarget, notice: Notice): Promise<void> {
  const { id, kind, title, body: text, at, camera, path, event } = notice;
  const body = JSON.stringify({
    type: kind,
    timestamp: at.toISOString(),
    data: { id, title, text, camera, url: `${settings.appUrl}${path}`, event: event?.id, picture: event?.pictureUrl },
  });
  const timestamp = Math.floor(now() / 1000);
  const headers = {
    'Content-Type': 'application/json',
    'User-Agent': 'kerberos-cloud',
    'webhook-id': id,
    'webhook-timestamp': String(timestamp),
    'webhook-signature': signatureOf(target.secret, id, timestamp, body),
  };
  await post({ url: target.url, headers, body }, settings.reach);
}
