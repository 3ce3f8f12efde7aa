/**
 * How many instances an account may have. An upload names its instance as it likes, so whoever has one camera's key could
 * make thousands, and every page that shows all of them would grow with them.
 */
import { TooManyInstances } from '../media/refused';
import { hasInstance, readInstanceNames } from '../table/instance-item';
import type { Table } from '../table/table';

/** Most instances of one account; a licence of the largest sort has some dozens of cameras. */
export const MOST_INSTANCES = 200;

/** The instances that one process has seen, of all accounts: to look for them costs a request only once. */
export class KnownInstances {
  readonly #known = new Set<string>();

  /**
   * Lets an upload of an instance pass if the account has that instance, or may have another one. Of uploads at the same
   * moment some more may pass.
   * @throws TooManyInstances
   */
  async check(table: Table, account: string, instance: string): Promise<void> {
    const one = JSON.stringify([account, instance]);
    if (this.#known.has(one)) return;
    const names = await readInstanceNames(table, account, MOST_INSTANCES);
    if (!names.includes(instance)) {
      // Until its first event is published, the instance is not there.
      if (names.length < MOST_INSTANCES) return;
      if (!(await hasInstance(table, account, instance))) {
        const remedy = 'Remove cameras that are no more, or give this one the name of another.';
        throw new TooManyInstances(`The account has ${MOST_INSTANCES} cameras, as many as it may have. ${remedy}`);
      }
    }
    this.#known.add(one);
  }
}
