/** Web Push (RFC 8030): the message is encrypted for one browser (RFC 8291); the push service sees who sends (RFC 8292). */
import { generateRequestDetails } from 'web-push';
import type { PushTarget } from '../table/channel-item';
import { vapidKeys } from '../table/vapid-item';
import type { Notice } from './notice';
import type { Notifier } from './notifier';
import { post } from './post';

/** How long a push service keeps a message for a phone that is off, in seconds. */
const KEPT_SECONDS = 24 * 3600;

/** Whom a push service may ask about us (RFC 8292, section 2.1); it takes https and mailto. */
const PROJECT = 'https://github.com/kerberos-io/sync-s3';

/** What the service worker is told (page/service-worker.ts). */
export interface PushedNotice {
  readonly id: string;
  readonly title: string;
  readonly body: string;
  /** Milliseconds since 1970. */
  readonly at: number;
  readonly path: string;
  /** Of its picture; the browser has the session that opens it. */
  readonly picture?: string;
}

/** Sends a notice to a browser. @throws NotTaken; with status 404 or 410 the browser has ended the subscription */
export async function sendPush({ table, settings }: Notifier, target: PushTarget, notice: Notice): Promise<void> {
  const { id, title, body, at, path, event } = notice;
  const picture = event?.thumbnailKey === undefined ? {} : { picture: `/events/${event.id}/thumbnail` };
  const pushed: PushedNotice = { id, title, body, at: at.getTime(), path, ...picture };
  const { endpoint, p256dh, auth } = target;
  const subject = settings.appUrl.startsWith('https:') ? settings.appUrl : PROJECT;
  const details = generateRequestDetails({ endpoint, keys: { p256dh, auth } }, JSON.stringify(pushed), {
    vapidDetails: { subject, ...(await vapidKeys(table)) },
    contentEncoding: 'aes128gcm',
    TTL: KEPT_SECONDS,
    urgency: 'high',
  });
  const headers = Object.entries(details.headers).filter(([name]) => name.toLowerCase() !== 'content-length');
  await post({ url: endpoint, headers: Object.fromEntries(headers), body: details.body ?? '' }, settings.reach);
}
