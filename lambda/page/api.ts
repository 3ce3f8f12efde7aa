/** The typed API. Each call rejects with an `ApiError` that says what the server said, or with `Unreachable`. */
import type {
  Account,
  Address,
  BurstPage,
  Channel,
  Day,
  Event,
  EventPage,
  Heat,
  Id,
  Instance,
  Label,
  Month,
  NewChannel,
  NotificationSettings,
  Notifications,
  Person,
  Problem,
  RejectedPage,
  Version,
} from './api-types';

/** The server refused a request. `message` explains it to a person. */
export class ApiError extends Error {
  constructor(
    readonly status: number,
    { title, detail }: Problem,
    /** Seconds to wait, if the server says so. */
    readonly retryAfter?: number,
    /** With 409: the person who has the name already. */
    readonly person?: Id,
  ) {
    super(detail ?? title);
  }
}

/** There was no answer: the browser is offline, or the server is away. */
export class Unreachable extends Error {}

/** Filters events by instance, person and label. */
export interface Filter {
  instance?: Id | undefined;
  person?: Id | undefined;
  label?: Label | undefined;
}

/** Filters events by where on the picture something changed. */
export interface Ranking {
  /** A part of an instance's picture: `x1,y1,x2,y2`, in thousandths of its width and height. */
  area?: string | undefined;
  unusual?: true | undefined;
}

/** The bursts to list. */
export interface BurstsQuery extends Filter, Ranking {
  /** Longest time between two pictures of a burst, in seconds; with 0, each picture is a burst of its own. */
  gap?: number | undefined;
  kept?: true | undefined;
  day?: string | undefined;
  until?: number | undefined;
  cursor?: string | undefined;
  limit?: number | undefined;
}

/** The events to list. */
export interface EventsQuery extends BurstsQuery {
  /** Instants, ISO 8601 in UTC; both are included. */
  from?: string | undefined;
  to?: string | undefined;
}

/** An action on up to 100 events. */
export type Batch = { ids: Id[] } & ({ action: 'delete' | 'release' } | { action: 'keep'; note: string });

/** Where the owner wants to be told. */
export type ChannelToAdd =
  | { kind: 'push'; name: string; endpoint: string; keys: { p256dh: string; auth: string } }
  | { kind: 'webhook'; url: string }
  | { kind: 'mail'; address: string };

/** Called when there is no session (401), or it may not be used (403). */
export const onRefused: { handle?: (status: 401 | 403) => void } = {};

type Method = 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';

/** The routes of the API. */
export const api = {
  logIn: (user: string, password: string) => send('POST', '/api/session', { user, password }, false),
  logOut: () => send('DELETE', '/api/session'),
  account: () => ask<Account>('/api/account', undefined, false),
  changeAccount: (timeZone: string) => send<Account>('PATCH', '/api/account', { timeZone }),
  changePassword: (current: string, next: string) =>
    send('PUT', '/api/account/password', { current, new: next }, false),
  month: (month: string, filter: Filter) => ask<Month>(`/api/months/${month}${query({ ...filter })}`),
  heat: (day: string, instance: Id) => ask<Heat>(`/api/days/${day}/heat${query({ instance })}`),
  day: (day: string, filter: Filter & Ranking, signal?: AbortSignal) =>
    ask<Day>(`/api/days/${day}${query({ ...filter })}`, signal),
  events: (which: EventsQuery, signal?: AbortSignal) => ask<EventPage>(`/api/events${query({ ...which })}`, signal),
  bursts: (which: BurstsQuery, signal?: AbortSignal) => ask<BurstPage>(`/api/bursts${query({ ...which })}`, signal),
  event: (id: Id) => ask<Event>(`/api/events/${id}`),
  versions: async (id: Id) => (await ask<{ versions: Version[] }>(`/api/events/${id}/versions`)).versions,
  keepEvent: (id: Id, change: { kept: true; note?: string } | { kept: false }) =>
    send<Event>('PATCH', `/api/events/${id}`, change),
  batch: (batch: Batch) => send<{ done: Id[]; missing: Id[] }>('POST', '/api/events/batch', batch),
  addresses: async (ids: Id[]) =>
    (await send<{ addresses: Address[] }>('POST', '/api/events/addresses', { ids })).addresses,
  deleteEvent: (id: Id) => send('DELETE', `/api/events/${id}`),
  persons: async () => (await ask<{ persons: Person[] }>('/api/persons')).persons,
  namePerson: (id: Id, name: string) => send<Person>('PATCH', `/api/persons/${id}`, { name }),
  mergePerson: (id: Id, into: Id) => send<Person>('POST', `/api/persons/${id}/merge`, { into }),
  forgetPerson: (id: Id) => send('DELETE', `/api/persons/${id}`),
  instances: async () => (await ask<{ instances: Instance[] }>('/api/instances')).instances,
  changeInstance: (id: Id, change: { timeZone?: string | null; silentAfterHours?: number }) =>
    send<Instance>('PATCH', `/api/instances/${id}`, change),
  /** Removes 50 of a camera's events, and the camera after the last of them. */
  removeInstance: (id: Id) => send('DELETE', `/api/instances/${id}`),
  notifications: () => ask<Notifications>('/api/notifications'),
  changeNotifications: (settings: NotificationSettings) =>
    send<NotificationSettings>('PUT', '/api/notifications/settings', settings),
  addChannel: (channel: ChannelToAdd) => send<NewChannel>('POST', '/api/notifications/channels', channel),
  removeChannel: (id: Id) => send('DELETE', `/api/notifications/channels/${id}`),
  testChannel: (id: Id) => send('POST', `/api/notifications/channels/${id}/test`),
  confirmChannel: (id: Id, code: string) =>
    send<Channel>('POST', `/api/notifications/channels/${id}/confirm`, { code }),
  rejected: (cursor?: string) => ask<RejectedPage>(`/api/rejected${query({ cursor })}`),
};

/** The pictures of an event; `frames` is a strip of all of a video's frames. */
export type Shown = 'thumbnail' | 'image' | 'frames' | `frames/${number}`;

/** The URL of an event's picture. `again` bypasses the browser's cache. */
export function pictureAddress(id: Id, what: Shown | 'download', again = 0): string {
  return `/events/${id}/${what}${again === 0 ? '' : `?again=${again}`}`;
}

/** The URL of a version's picture. */
export function versionAddress(event: Id, version: Id): string {
  return `/events/${event}/versions/${version}/image`;
}

/** Explains an error to a person. */
export function explain(error: unknown): string {
  return error instanceof Error ? error.message : 'Something went wrong. Reload the page.';
}

function ask<T>(path: string, signal?: AbortSignal, needsSession = true): Promise<T> {
  return request<T>('GET', path, { ...(signal ? { signal } : {}) }, needsSession);
}

function send<T = void>(method: Method, path: string, body?: object, needsSession = true): Promise<T> {
  const headers = { 'Content-Type': 'application/json' };
  return request<T>(method, path, { headers, ...(body ? { body: JSON.stringify(body) } : {}) }, needsSession);
}

async function request<T>(method: Method, path: string, init: RequestInit, needsSession: boolean): Promise<T> {
  let response: Response;
  try {
    response = await fetch(path, { method, credentials: 'same-origin', ...init });
  } catch (error) {
    if (init.signal?.aborted) throw error;
    throw new Unreachable(whyNoAnswer(method !== 'GET'));
  }
  if (response.ok) {
    const text = await response.text();
    // Without a body, T can only be void.
    return JSON.parse(text === '' ? 'null' : text);
  }
  const { status } = response;
  if (needsSession && (status === 401 || status === 403)) onRefused.handle?.(status);
  throw await refusal(response);
}

function whyNoAnswer(isChange: boolean): string {
  if (!isChange) {
    return `${navigator.onLine ? 'The server does not answer' : 'You are offline'}. It goes on when the connection is back.`;
  }
  return navigator.onLine
    ? 'The server does not answer, so this may not have been done. Look, and try again.'
    : 'You are offline, so nothing was changed. Try again when the connection is back.';
}

async function refusal(response: Response): Promise<ApiError> {
  const retryAfter = Number(response.headers.get('Retry-After')) || undefined;
  try {
    const problem: Problem & { person?: Id } = await response.json();
    return new ApiError(response.status, problem, retryAfter, problem.person);
  } catch {
    const title = `The server failed (${response.status}). Try again in a minute.`;
    return new ApiError(response.status, { status: response.status, title }, retryAfter);
  }
}

function query(values: Record<string, string | number | boolean | undefined>): string {
  const search = new URLSearchParams();
  for (const [name, value] of Object.entries(values)) if (value !== undefined) search.set(name, String(value));
  return search.size === 0 ? '' : `?${search}`;
}
