/** The login. */
import { signal } from '@preact/signals';
import { ApiError, api, explain, onRefused, Unreachable } from '../api';
import type { Account } from '../api-types';
import { browserTimeZone } from '../time';

/** The state of the login. `asking`: not known yet. `failed`: the server did not answer. */
export type Session =
  | { state: 'asking' }
  | { state: 'out'; wasIn: boolean }
  | { state: 'in'; account: Account }
  | { state: 'suspended'; detail: string }
  | { state: 'failed'; detail: string };

/** The state of the login now. */
export const session = signal<Session>({ state: 'asking' });

/** Asks the server for the session. A failure becomes a state, so it never rejects. */
export async function askSession(): Promise<void> {
  try {
    session.value = { state: 'in', account: await withTimeZone(await api.account()) };
  } catch (error) {
    if (error instanceof ApiError && error.status === 401) {
      session.value = { state: 'out', wasIn: session.value.state === 'in' };
    } else if (error instanceof ApiError && error.status === 403) {
      session.value = { state: 'suspended', detail: error.message };
    } else if (session.value.state !== 'in') {
      session.value = { state: 'failed', detail: explain(error) };
      if (error instanceof Unreachable) setTimeout(() => void askSession(), 5000);
    }
  }
}

/** An account without a time zone gets the browser's: days would otherwise begin in the middle of the night. */
async function withTimeZone(account: Account): Promise<Account> {
  if (account.timeZone !== undefined) return account;
  try {
    return await api.changeAccount(browserTimeZone());
  } catch {
    return account;
  }
}

/** @throws ApiError, Unreachable */
export async function logIn(user: string, password: string): Promise<void> {
  await api.logIn(user, password);
  await askSession();
}

/** @throws ApiError, Unreachable */
export async function logOut(): Promise<void> {
  await api.logOut();
  // So that nothing of the account stays in this page's memory.
  location.assign('/');
}

/** Replaces the account of the session after a change. */
export function setAccount(account: Account): void {
  session.value = { state: 'in', account };
}

onRefused.handle = (status) => {
  if (status === 401) session.value = { state: 'out', wasIn: true };
  else void askSession();
};
