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

/** Most items of one BatchGetItem, and of one BatchWriteItem (DynamoDB's own limits). */
const MOST_GOT = 100;
const MOST_WRITTEN = 25;

/** What DynamoDB leaves of a batch is asked for again this often, with longer and longer pauses: 6 seconds in all. */
const MOST_ATTEMPTS = 8;
const FIRST_PAUSE_MS = 50;

/** Which items of one partition, in which order. */
export interface Query {
  /** Left out, the table itself. */
  index?: typeof BY_DAY | typeof BY_INSTANCE | undefined;
  /** `pk`, `dayKey` or `instanceKey`. */
  partition: string;
  /** The least and the greatest `sk` or `timeKey`; either may be left out. */
  from?: string | undefined;
  to?: string | undefined;
  /** The greatest `sk` or `timeKey` first. */
  backwards?: boolean;
  /** Most items of a page; left out, as many as are in 1 MB. */
  pageSize?: number;
  /** Only these attributes. */
  attributes?: readonly string[];
}

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
        new UpdateCommand({ TableName: this.#name, Key: { ...key }, ReturnValues: 'ALL_NEW', ...change.request }),
      ),
    );
    return changed?.Attributes;
  }

  /** Sets an item's attributes if the item does not exist. Returns whether it did not. */
  async create(key: Key, attributes: Fields): Promise<boolean> {
    const made = await this.update(key, new Change().set(attributes).when(isAbsent('pk')));
    return made !== undefined;
  }

  /** Puts an item in the place of the one that is there: none of its attributes stays. False when the condition is not met. */
  async replace(key: Key, attributes: Fields, condition?: Condition): Promise<boolean> {
    const Item = { ...attributes, ...key };
    const done = await ifMet(
      this.#client.send(new PutCommand({ TableName: this.#name, Item, ...onCondition(condition) })),
    );
    return done !== undefined;
  }

  /** Removes an item, if the condition (when one is given) is met. */
  async remove(key: Key, condition?: Condition): Promise<void> {
    await ifMet(
      this.#client.send(new DeleteCommand({ TableName: this.#name, Key: { ...key }, ...onCondition(condition) })),
    );
  }

  /** Removes items; those that are not there are removed already. One request for 25 of them, one after the other. */
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

  /** The items that exist of these keys, each once and in no order. One request for 100 of them, all at the same time. */
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
   * A partition's items, page by page; each page is one request. An index is a moment behind the table; the table itself
   * is read as it is.
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
    // DynamoDB refuses a BETWEEN whose ends are the wrong way round; such a range has nothing in it.
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

/** DynamoDB does what it can of a batch and names the rest, which is asked for again. */
async function untilNoneIsLeft(what: string, attempt: () => Promise<boolean>): Promise<void> {
  for (let i = 0; i < MOST_ATTEMPTS; i++) {
    if (i > 0) await setTimeout(FIRST_PAUSE_MS * 2 ** (i - 1));
    if (await attempt()) return;
  }
  throw new Error(`DynamoDB left items of a batch ${MOST_ATTEMPTS} times; not all could be ${what}.`);
}

/** The key of an item. */
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
