import { ConditionalCheckFailedException } from '@aws-sdk/client-dynamodb';
import {
  DeleteCommand,
  type DynamoDBDocumentClient,
  GetCommand,
  QueryCommand,
  UpdateCommand,
  type UpdateCommandInput,
} from '@aws-sdk/lib-dynamodb';
import type { Fields } from './fields';
import type { Key } from './keys';

/** What an update says about an item: DynamoDB's own words. */
export type Change = Omit<UpdateCommandInput, 'TableName' | 'Key' | 'ReturnValues'>;

/**
 * The table, with the few calls that we make of it. A condition that is not met is an answer here (`undefined` or
 * `false`), every other failure is thrown. Reads see every write that came before them.
 */
export class Table {
  readonly #client: DynamoDBDocumentClient;
  readonly #name: string;

  constructor(client: DynamoDBDocumentClient, name: string) {
    this.#client = client;
    this.#name = name;
  }

  /** The item of a key; undefined when there is none. */
  async get(key: Key): Promise<Fields | undefined> {
    const found = await this.#client.send(
      new GetCommand({ TableName: this.#name, Key: { ...key }, ConsistentRead: true }),
    );
    return found.Item;
  }

  /** Changes an item, or makes it. Returns it as it then is; undefined when the change's condition is not met. */
  async update(key: Key, change: Change): Promise<Fields | undefined> {
    const changed = await ifMet(
      this.#client.send(
        new UpdateCommand({ TableName: this.#name, Key: { ...key }, ReturnValues: 'ALL_NEW', ...change }),
      ),
    );
    return changed?.Attributes;
  }

  /** Sets an item's attributes if the item does not exist. Returns whether it did not. */
  async create(key: Key, attributes: Fields): Promise<boolean> {
    const made = await this.update(key, { ...setting(attributes), ConditionExpression: 'attribute_not_exists(pk)' });
    return made !== undefined;
  }

  /** Removes an item, if the condition (when one is given) is met. */
  async remove(key: Key, condition?: Pick<Change, 'ConditionExpression' | 'ExpressionAttributeValues'>): Promise<void> {
    await ifMet(this.#client.send(new DeleteCommand({ TableName: this.#name, Key: { ...key }, ...condition })));
  }

  /** All items of a `pk` whose `sk` is greater than `after`, in the order of their `sk`. */
  async *all(pk: string, after = ' '): AsyncGenerator<Fields> {
    let ExclusiveStartKey: Record<string, unknown> | undefined;
    do {
      const page = await this.#client.send(
        new QueryCommand({
          TableName: this.#name,
          ConsistentRead: true,
          KeyConditionExpression: 'pk = :pk AND sk > :after',
          ExpressionAttributeValues: { ':pk': pk, ':after': after },
          ExclusiveStartKey,
        }),
      );
      yield* page.Items ?? [];
      ExclusiveStartKey = page.LastEvaluatedKey;
    } while (ExclusiveStartKey);
  }
}

/** An update that sets each attribute; those that are undefined are removed. */
export function setting(attributes: Fields): Change & { UpdateExpression: string } {
  const names = Object.keys(attributes);
  const set = names.filter((name) => attributes[name] !== undefined);
  const removed = names.filter((name) => attributes[name] === undefined);
  const sets = set.length > 0 ? [`SET ${set.map((name) => `#${name} = :${name}`).join(', ')}`] : [];
  const removes = removed.length > 0 ? [`REMOVE ${removed.map((name) => `#${name}`).join(', ')}`] : [];
  return {
    UpdateExpression: [...sets, ...removes].join(' '),
    ExpressionAttributeNames: Object.fromEntries(names.map((name) => [`#${name}`, name])),
    ExpressionAttributeValues: Object.fromEntries(set.map((name) => [`:${name}`, attributes[name]])),
  };
}

async function ifMet<T>(write: Promise<T>): Promise<T | undefined> {
  try {
    return await write;
  } catch (error) {
    if (error instanceof ConditionalCheckFailedException) return undefined;
    throw error;
  }
}
