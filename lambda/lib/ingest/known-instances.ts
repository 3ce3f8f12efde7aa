/**
 * Limits the instances of an account. An upload may name any instance, so whoever has one camera's key could make
 * thousands, and slow down every page that shows all instances.
 */
import { TooManyInstances } from '../media/refused';
import { hasInstance, readInstanceNames } from '../table/instance-item';
import type { Table } from '../table/table';

/** Most instances of one account; the largest licences have some dozens of cameras. */
export const MOST_INSTANCES = 200;

/** The instances that this process has seen, so that each is looked up only once. */
export class KnownInstances {
  readonly #known = new Set<string>();

  /**
   * Lets an upload pass if the account has its instance, or may have another one. Simultaneous uploads may exceed the
   * limit a little.
   *
   * @throws TooManyInstances
   */
  async check(table: Table, account: string, instance: string): Promise<void> {
    const one = JSON.stringify([account, instance]);
    if (this.#known.has(one)) return;
    const names = await readInstanceNames(table, account, MOST_INSTANCES);
    if (!names.includes(instance)) {
      // Not remembered: the instance exists only when its first event is published.
      if (names.length < MOST_INSTANCES) return;
      if (!(await hasInstance(table, account, instance))) {
        const remedy = 'Remove cameras that are no more, or give this one the name of another.';
        throw new TooManyInstances(`The account has ${MOST_INSTANCES} cameras, as many as it may have. ${remedy}`);
      }
    }
    this.#known.add(one);
  }
}
