/** The selected bursts. */
import { computed, effect, signal } from '@preact/signals';
import type { Id } from '../api-types';
import { hourOf } from '../time';
import { bursts, loadMore, more, query } from './day';

/** Whether tiles are selected when they are pressed. */
export const isSelecting = signal(false);

const ids = signal<ReadonlySet<Id>>(new Set());
/** Where a range begins. */
let anchor: Id | undefined;

/** The selected bursts that are on the page. */
export const selected = computed(() => bursts.value.filter(({ id }) => ids.value.has(id)));

/** Whether a burst is selected. */
export function isSelected(id: Id): boolean {
  return ids.value.has(id);
}

/** Selects a burst, or deselects it. */
export function toggle(id: Id): void {
  isSelecting.value = true;
  anchor = id;
  const next = new Set(ids.peek());
  if (!next.delete(id)) next.add(id);
  ids.value = next;
}

/** Selects all bursts between the one pressed last and this one. */
export function extendTo(id: Id): void {
  const list = bursts.peek();
  const from = list.findIndex((burst) => burst.id === anchor);
  const to = list.findIndex((burst) => burst.id === id);
  if (from === -1 || to === -1) {
    toggle(id);
    return;
  }
  isSelecting.value = true;
  const range = list.slice(Math.min(from, to), Math.max(from, to) + 1);
  ids.value = new Set([...ids.peek(), ...range.map((burst) => burst.id)]);
}

/** Selects all that is shown. */
export function selectAll(): void {
  isSelecting.value = true;
  ids.value = new Set(bursts.peek().map(({ id }) => id));
}

/** Selects all bursts of an hour; loads those that are not on the page yet. */
export async function selectHour(hour: number): Promise<void> {
  isSelecting.value = true;
  const isLast = () => hourOf(bursts.peek().at(-1)?.localTo ?? '') === hour;
  while (isLast() && more.peek() === 'there') await loadMore();
  const those = bursts.peek().filter(({ localTo }) => hourOf(localTo) === hour);
  ids.value = new Set([...ids.peek(), ...those.map(({ id }) => id)]);
}

/** Ends the selection. */
export function stopSelecting(): void {
  isSelecting.value = false;
  anchor = undefined;
  ids.value = new Set();
}

// Another day, other filters: what was selected is out of sight.
let asked = query.peek();
effect(() => {
  if (query.value !== asked) stopSelecting();
  asked = query.value;
});
