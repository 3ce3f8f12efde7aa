/** The instances of the account, and what of their uploads was refused. */
import { computed, signal } from '@preact/signals';
import { api } from '../api';
import type { Id, Instance, Rejected } from '../api-types';

/** Undefined until they are known. */
export const instances = signal<Instance[] | undefined>(undefined);
/** The refused uploads loaded so far; undefined until the first page is. */
export const rejected = signal<{ list: Rejected[]; cursor: string | undefined } | undefined>(undefined);

const SEEN = 'rejected-seen';

/** Until when (ISO 8601) the refused uploads were looked at in this browser. */
const seen = signal(localStorage.getItem(SEEN) ?? '');

/** How many cameras are gone or silent, or had uploads refused that nobody has looked at. */
export const attention = computed(() => {
  const silent = (instances.value ?? []).filter(({ state }) => state.is === 'gone' || state.is === 'silent').length;
  const refused = (rejected.value?.list ?? []).filter(({ received }) => received > seen.value).length;
  return { silent, refused, total: silent + refused };
});

/** Loads instances and refused uploads. @throws ApiError, Unreachable */
export async function loadCameras(): Promise<void> {
  const [cameras, { rejected: first, cursor }] = await Promise.all([api.instances(), api.rejected()]);
  instances.value = cameras;
  const known = rejected.value;
  // Pages that were asked for stay on the screen while the first one is renewed.
  const older = known && known.list.length > first.length ? olderThan(known.list, first) : [];
  rejected.value = { list: [...first, ...older], cursor: older.length > 0 ? known?.cursor : cursor };
}

/** @throws ApiError, Unreachable */
export async function loadMoreRejected(): Promise<void> {
  const known = rejected.value;
  if (known?.cursor === undefined) return;
  const { rejected: next, cursor } = await api.rejected(known.cursor);
  rejected.value = { list: [...known.list, ...next], cursor };
}

/** @throws ApiError, Unreachable */
export async function changeInstance(
  id: Id,
  change: { timeZone?: string | null; silentAfterHours?: number },
): Promise<void> {
  const changed = await api.changeInstance(id, change);
  instances.value = (instances.value ?? []).map((instance) => (instance.id === id ? changed : instance));
}

/**
 * Removes a camera with all of its events, which takes a request for every 50 of them.
 *
 * @throws ApiError, Unreachable
 */
export async function removeInstance(id: Id): Promise<void> {
  do {
    await api.removeInstance(id);
    instances.value = await api.instances();
  } while (instances.value.some((instance) => instance.id === id));
}

/** Remembers that the refused uploads were looked at. */
export function markSeen(): void {
  const newest = rejected.value?.list[0]?.received;
  if (newest === undefined || newest <= seen.value) return;
  localStorage.setItem(SEEN, newest);
  seen.value = newest;
}

function olderThan(list: Rejected[], first: Rejected[]): Rejected[] {
  const last = first.at(-1)?.received ?? '';
  const ids = new Set(first.map(({ id }) => id));
  return list.filter(({ id, received }) => received <= last && !ids.has(id));
}
