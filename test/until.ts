import { setTimeout as wait } from 'node:timers/promises';

/** Waits for a fact, rather than for a time. Throws with `what` when it has not come true after `timeout` ms. */
export async function until(
  fact: () => boolean | Promise<boolean>,
  what: string | (() => string),
  timeout = 20_000,
): Promise<void> {
  const end = performance.now() + timeout;
  while (!(await fact())) {
    if (performance.now() > end)
      throw new Error(`Waited ${timeout / 1000} s in vain for: ${typeof what === 'string' ? what : what()}`);
    await wait(5);
  }
}
