import { setTimeout } from 'node:timers/promises';
import { ConditionalCheckFailedException } from '@aws-sdk/client-dynamodb';
import {
  BatchGetCommand,
  BatchWriteCommand,
  DeleteCommand,
  type DynamoDBDocumentClient,
  GetCommand,
  PutCommand,
  QueryCommand,
  type QueryCommandInput,
  UpdateCommand,
} from '@aws-sdk/lib-dynamodb';
import { Change, type Condition, isAbsent, onCondition } from './expression';
import { type Fields, fieldsOf, text } from './fields';
import { type BY_DAY, type BY_INSTANCE, type Key, partitionOf } from './keys';

/** Most items of one BatchGetItem (DynamoDB's limit). */
const MOST_GOT = 100;
/** Most items of one BatchWriteItem (DynamoDB's limit). */
const MOST_WRITTEN = 25;

/** Most attempts for a batch. The pauses between them double from `FIRST_PAUSE_MS`: 6 seconds in all. */
const MOST_ATTEMPTS = 8;
const FIRST_PAUSE_MS = 50;

/** A query: items of one partition, in the order of their sort key. */
export interface Query {
  /** The index; left out, the table itself. */
  index?: typeof BY_DAY | typeof BY_INSTANCE | undefined;
  /** `pk`, `dayKey` or `instanceKey`. */
  partition: string;
  /** The lowest and the highest `sk` or `timeKey`; each may be left out. */
  from?: string | undefined;
  to?: string | undefined;
  /** Whether the highest `sk` or `timeKey` comes first. */
  backwards?: boolean;
  /** Most items of a page; left out, what fits into 1 MB. */
  pageSize?: number;
  /** The attributes to return; all by default. */
  attributes?: readonly string[];
}

/**
 * The table, with the calls that we use. A condition that is not met is a result (`undefined` or `false`); every other
 * failure is thrown. Reads see all earlier writes.
 */
export class Table {
  readonly #client: DynamoDBDocumentClient;
  readonly #name: string;

  constructor(client: DynamoDBDocumentClient, name: string) {
    this.#client = client;
    this.#name = name;
  }

  /** The item of a key; `undefined` where there is none. */
  async get(key: Key): Promise<Fields | undefined> {
    const found = await this.#client.send(
      new GetCommand({ TableName: this.#name, Key: { ...key }, ConsistentRead: true }),
    );
    return found.Item;
  }

  /**
   * Changes an item, or makes it.
   *
   * @returns the changed item; `undefined` if the change's condition is not met.
   */
  async update(key: Key, change: Change): Promise<Fields | undefined> {
    const changed = await ifMet(
      this.#client.send(
        new UpdateCommand({ TableName: this.#name, Key: { ...key }, ReturnValues: 'ALL_NEW', ...change.request }),
      ),
    );
    return changed?.Attributes;
  }

  /**
   * Makes an item, unless it exists.
   *
   * @returns whether it was made.
   */
  async create(key: Key, attributes: Fields): Promise<boolean> {
    const made = await this.update(key, new Change().set(attributes).when(isAbsent('pk')));
    return made !== undefined;
  }

  /**
   * Replaces an item with all its attributes, or makes it.
   *
   * @returns false if the condition is not met.
   */
  async replace(key: Key, attributes: Fields, condition?: Condition): Promise<boolean> {
    const Item = { ...attributes, ...key };
    const done = await ifMet(
      this.#client.send(new PutCommand({ TableName: this.#name, Item, ...onCondition(condition) })),
    );
    return done !== undefined;
  }

  /** Removes an item, if `condition` is met or not given. */
  async remove(key: Key, condition?: Condition): Promise<void> {
    await ifMet(
      this.#client.send(new DeleteCommand({ TableName: this.#name, Key: { ...key }, ...onCondition(condition) })),
    );
  }

  /**
   * Removes items, 25 in a request, one request after the other. Missing items are no error.
   *
   * @throws Error if DynamoDB does not remove all.
   */
  async removeAll(keys: readonly Key[]): Promise<void> {
    for (const some of chunks(distinct(keys), MOST_WRITTEN)) {
      let left = some.map((key) => ({ DeleteRequest: { Key: { ...key } } }));
      await untilNoneIsLeft('removed', async () => {
        const { UnprocessedItems } = await this.#client.send(
          new BatchWriteCommand({ RequestItems: { [this.#name]: left } }),
        );
        left = (UnprocessedItems?.[this.#name] ?? []).flatMap(({ DeleteRequest }) =>
          DeleteRequest ? [{ DeleteRequest: { Key: keyIn(DeleteRequest.Key) } }] : [],
        );
        return left.length === 0;
      });
    }
  }

  /**
   * The existing items of these keys, each once and in no order: 100 in a request, all requests at once.
   *
   * @throws Error if DynamoDB does not return all.
   */
  async batchGet(keys: readonly Key[], attributes?: readonly string[]): Promise<Fields[]> {
    const projection = projecting(attributes);
    const get = async (some: readonly Key[]): Promise<Fields[]> => {
      const found: Fields[] = [];
      let left = some.map((key) => ({ ...key }));
      await untilNoneIsLeft('read', async () => {
        const { Responses, UnprocessedKeys } = await this.#client.send(
          new BatchGetCommand({ RequestItems: { [this.#name]: { Keys: left, ConsistentRead: true, ...projection } } }),
        );
        found.push(...(Responses?.[this.#name] ?? []));
        left = (UnprocessedKeys?.[this.#name]?.Keys ?? []).map(keyIn);
        return left.length === 0;
      });
      return found;
    };
    return (await Promise.all(chunks(distinct(keys), MOST_GOT).map(get))).flat();
  }

  /**
   * Yields a query's items page by page; each page is one request. An index lags a moment behind the table; reads of
   * the table itself are consistent.
   */
  async *pages(query: Query): AsyncGenerator<Fields[]> {
    const { partition, sort } = partitionOf(query.index);
    const { from, to } = query;
    const { ExpressionAttributeNames, ProjectionExpression } = projecting(query.attributes);
    const input: QueryCommandInput = {
      TableName: this.#name,
      IndexName: query.index,
      ConsistentRead: query.index === undefined,
      KeyConditionExpression: `#partition = :partition${rangeOf(from, to)}`,
      ProjectionExpression,
      ExpressionAttributeNames: {
        ...ExpressionAttributeNames,
        '#partition': partition,
        ...(from === undefined && to === undefined ? {} : { '#sort': sort }),
      },
      ExpressionAttributeValues: {
        ':partition': query.partition,
        ...(from === undefined ? {} : { ':from': from }),
        ...(to === undefined ? {} : { ':to': to }),
      },
      ScanIndexForward: !query.backwards,
      Limit: query.pageSize,
    };
    // DynamoDB refuses a BETWEEN whose ends are in the wrong order; such a range is empty.
    if (from !== undefined && to !== undefined && Buffer.compare(Buffer.from(from), Buffer.from(to)) > 0) return;
    do {
      const page = await this.#client.send(new QueryCommand(input));
      yield page.Items ?? [];
      input.ExclusiveStartKey = page.LastEvaluatedKey;
    } while (input.ExclusiveStartKey);
  }

  /** The first `pageSize` items of a query: one request. */
  async first(query: Query & { pageSize: number }): Promise<Fields[]> {
    for await (const page of this.pages(query)) return page;
    return [];
  }

  /** All items of a query. */
  async list(query: Query): Promise<Fields[]> {
    const items: Fields[] = [];
    for await (const page of this.pages(query)) items.push(...page);
    return items;
  }

  /** Yields all items of `pk` whose `sk` is greater than `after`, in the order of `sk`. */
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

function rangeOf(from: string | undefined, to: string | undefined): string {
  if (from !== undefined && to !== undefined) return ' AND #sort BETWEEN :from AND :to';
  if (from !== undefined) return ' AND #sort >= :from';
  return to === undefined ? '' : ' AND #sort <= :to';
}

function projecting(attributes: readonly string[] | undefined) {
  if (!attributes) return {};
  return {
    ProjectionExpression: attributes.map((_, i) => `#a${i}`).join(', '),
    ExpressionAttributeNames: Object.fromEntries(attributes.map((name, i) => [`#a${i}`, name])),
  };
}

/**
 * Repeats a batch until DynamoDB leaves no items of it unprocessed.
 *
 * @throws Error after `MOST_ATTEMPTS`.
 */
async function untilNoneIsLeft(what: string, attempt: () => Promise<boolean>): Promise<void> {
  for (let i = 0; i < MOST_ATTEMPTS; i++) {
    if (i > 0) await setTimeout(FIRST_PAUSE_MS * 2 ** (i - 1));
    if (await attempt()) return;
  }
  throw new Error(`DynamoDB left items of a batch ${MOST_ATTEMPTS} times; not all could be ${what}.`);
}

/**
 * The key of an item.
 *
 * @throws Error if the item has no key.
 */
export function keyIn(value: unknown): Key {
  const from = fieldsOf(value);
  return { pk: text(from, 'pk'), sk: text(from, 'sk') };
}

/** DynamoDB refuses a batch that names a key twice. */
function distinct(keys: readonly Key[]): Key[] {
  return [...new Map(keys.map((key) => [JSON.stringify([key.pk, key.sk]), key])).values()];
}

function chunks<T>(all: readonly T[], size: number): T[][] {
  return Array.from({ length: Math.ceil(all.length / size) }, (_, i) => all.slice(i * size, (i + 1) * size));
}

async function ifMet<T>(write: Promise<T>): Promise<T | undefined> {
  try {
    return await write;
  } catch (error) {
    if (error instanceof ConditionalCheckFailedException) return undefined;
    throw error;
  }
}
