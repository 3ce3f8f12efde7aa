import type { Account } from '../table/account-item';
import { type Instance, instanceId, readInstances, timeZoneOf } from '../table/instance-item';
import type { Table } from '../table/table';

/** The instances of an account and their time zones, which tell on which local day an event was. */
export class Places {
  readonly instances: readonly Instance[];
  readonly #account: string;
  readonly #timeZone: string;
  readonly #byName: ReadonlyMap<string, Instance>;

  constructor({ name, timeZone = 'UTC' }: Pick<Account, 'name' | 'timeZone'>, instances: readonly Instance[]) {
    this.instances = instances;
    this.#account = name;
    this.#timeZone = timeZone;
    this.#byName = new Map(instances.map((instance) => [instance.name, instance]));
  }

  /** The same account with other instances. */
  with(instances: readonly Instance[]): Places {
    return new Places({ name: this.#account, timeZone: this.#timeZone }, instances);
  }

  /**
   * The time zone of an instance: the owner's choice, else the camera's configuration, else the account's, else UTC.
   */
  timeZoneOf(name: string): string {
    return timeZoneOf(this.#byName.get(name), { timeZone: this.#timeZone });
  }

  /** All time zones that an event of the account may have, each once. */
  get timeZones(): string[] {
    return [...new Set([this.#timeZone, ...this.instances.map(({ name }) => this.timeZoneOf(name))])];
  }

  /** An instance's id. */
  idOf(name: string): string {
    return instanceId(this.#account, name);
  }

  /** The instance of an id; `undefined` if the account has none. */
  byId(id: string): Instance | undefined {
    return this.instances.find((instance) => instance.id === id);
  }
}

/** The places of an account: one query (see readInstances). */
export async function readPlaces(table: Table, account: Pick<Account, 'name' | 'timeZone'>): Promise<Places> {
  return new Places(account, await readInstances(table, account.name));
}
