/** What the owner is told, and where. */
import { signal } from '@preact/signals';
import { api } from '../api';
import type { Channel, Id, NewChannel, NotificationSettings, Notifications } from '../api-types';

/** Undefined until they are known. */
export const notifications = signal<Notifications | undefined>(undefined);
/** What this browser's push service knows it by; undefined where it is not subscribed. */
export const ownEndpoint = signal<string | undefined>(undefined);

/** Why this browser cannot be told; undefined where it can. */
export function whyNoPush(): string | undefined {
  if ('serviceWorker' in navigator && 'PushManager' in window && 'Notification' in window) return undefined;
  return /iPhone|iPad/.test(navigator.userAgent)
    ? 'On an iPhone or iPad, add this page to the home screen first (Share, then Add to Home Screen), and open it there.'
    : 'This browser knows no push messages here. They need https.';
}

/** @throws ApiError, Unreachable */
export async function loadNotifications(): Promise<void> {
  notifications.value = await api.notifications();
  if (whyNoPush() !== undefined) return;
  const registration = await navigator.serviceWorker.getRegistration();
  ownEndpoint.value = (await registration?.pushManager.getSubscription())?.endpoint;
}

/** Has this browser told. @throws ApiError, Unreachable; Error for a person to read where the browser does not let it */
export async function subscribe(): Promise<void> {
  const { publicKey = '' } = notifications.value ?? {};
  if ((await Notification.requestPermission()) !== 'granted') {
    throw new Error('The browser does not allow messages of this page. Allow them in its settings, and try again.');
  }
  const registration = await navigator.serviceWorker.ready;
  const made = await registration.pushManager
    .subscribe({ userVisibleOnly: true, applicationServerKey: publicKey })
    .catch(() => {
      throw new Error("The browser's push service cannot be reached. Try again later.");
    });
  const { endpoint, keys } = made.toJSON();
  add(
    await api.addChannel({
      ...{ kind: 'push', name: browserName(), endpoint: endpoint ?? '' },
      keys: { p256dh: keys?.p256dh ?? '', auth: keys?.auth ?? '' },
    }),
  );
  ownEndpoint.value = endpoint;
}

/** @throws ApiError, Unreachable */
export async function addWebhook(url: string): Promise<NewChannel> {
  return add(await api.addChannel({ kind: 'webhook', url }));
}

/** @throws ApiError, Unreachable */
export async function addMail(address: string): Promise<NewChannel> {
  return add(await api.addChannel({ kind: 'mail', address }));
}

/** @throws ApiError, Unreachable */
export async function confirmChannel(id: Id, code: string): Promise<void> {
  const confirmed = await api.confirmChannel(id, code);
  change((channels) => channels.map((channel) => (channel.id === id ? confirmed : channel)));
}

/** @throws ApiError, Unreachable */
export async function dropChannel(id: Id): Promise<void> {
  await api.removeChannel(id);
  change((channels) => channels.filter((channel) => channel.id !== id));
}

/** @throws ApiError, Unreachable */
export async function saveSettings(settings: NotificationSettings): Promise<void> {
  const saved = await api.changeNotifications(settings);
  if (notifications.value) notifications.value = { ...notifications.value, settings: saved };
}

function add(made: NewChannel): NewChannel {
  const { secret: _, ...channel } = made;
  change((channels) => [...channels.filter(({ id }) => id !== made.id), channel]);
  return made;
}

function change(next: (channels: Channel[]) => Channel[]): void {
  const { value } = notifications;
  if (value) notifications.value = { ...value, channels: next(value.channels) };
}

/** "Chrome on Android", as far as the browser says. */
function browserName(): string {
  const { userAgent } = navigator;
  const name = ['Edg', 'Firefox', 'Chrome', 'Safari'].find((one) => userAgent.includes(one)) ?? 'Browser';
  const system = ['Android', 'iPhone', 'iPad', 'Windows', 'Mac', 'Linux'].find((one) => userAgent.includes(one));
  return `${name === 'Edg' ? 'Edge' : name}${system === undefined ? '' : ` on ${system}`}`;
}
