/**
 * Builds DynamoDB's expressions: what a write does to an item, and on which condition.
 *
 *     new Change().set({ size }).setOnce({ time }).add({ persons }).when(any(isAbsent('pk'), is('state', 'published')))
 *
 * Every name of an attribute and every value becomes a placeholder, since many plain words (`state`, `time`) are
 * reserved in expressions. A name may be a path into a map: `portrait.at`.
 */
import type { NativeAttributeValue } from '@aws-sdk/lib-dynamodb';
import type { Fields } from './fields';

/** The placeholders of one request, and what they stand for. */
class Placeholders {
  readonly #names = new Map<string, string>();
  readonly #values: NativeAttributeValue[] = [];

  /** The placeholder of an attribute, or of a path of attributes. */
  name(path: string): string {
    return path
      .split('.')
      .map((name) => {
        const known = this.#names.get(name) ?? `#${this.#names.size}`;
        this.#names.set(name, known);
        return known;
      })
      .join('.');
  }

  value(value: NativeAttributeValue): string {
    return `:${this.#values.push(value) - 1}`;
  }

  get attributes() {
    return {
      ...(this.#names.size > 0 && {
        ExpressionAttributeNames: Object.fromEntries(
          [...this.#names].map(([name, placeholder]) => [placeholder, name]),
        ),
      }),
      ...(this.#values.length > 0 && {
        ExpressionAttributeValues: Object.fromEntries(this.#values.map((value, i) => [`:${i}`, value])),
      }),
    };
  }
}

/** A condition on an item before a write. The write is made only if it is true. */
export type Condition = (placeholders: Placeholders) => string;

/** The attribute exists. With `pk`: the item exists. */
export function isPresent(name: string): Condition {
  return (to) => `attribute_exists(${to.name(name)})`;
}

/** The attribute does not exist. With `pk`: the item does not exist. */
export function isAbsent(name: string): Condition {
  return (to) => `attribute_not_exists(${to.name(name)})`;
}

/** The attribute has this value. */
export function is(name: string, value: NativeAttributeValue): Condition {
  return (to) => `${to.name(name)} = ${to.value(value)}`;
}

/** The attribute is there and has another value. */
export function isOther(name: string, value: NativeAttributeValue): Condition {
  return (to) => `${to.name(name)} <> ${to.value(value)}`;
}

/** The attribute has one of these values. */
export function isOneOf(name: string, values: readonly NativeAttributeValue[]): Condition {
  return (to) => `${to.name(name)} IN (${values.map((value) => to.value(value)).join(', ')})`;
}

/** The attribute exists and is less than the value. */
export function isLess(name: string, value: string | number): Condition {
  return (to) => `${to.name(name)} < ${to.value(value)}`;
}

/** The attribute exists and is not greater than the value. */
export function isAtMost(name: string, value: string | number): Condition {
  return (to) => `${to.name(name)} <= ${to.value(value)}`;
}

/** The attribute exists and is greater than the value. */
export function isGreater(name: string, value: string | number): Condition {
  return (to) => `${to.name(name)} > ${to.value(value)}`;
}

/** The attribute is there and not less than the value. */
export function isAtLeast(name: string, value: string | number): Condition {
  return (to) => `${to.name(name)} >= ${to.value(value)}`;
}

/** The attribute exists and has fewer members, characters or bytes than `size`. */
export function isSmaller(name: string, size: number): Condition {
  return (to) => `size(${to.name(name)}) < ${to.value(size)}`;
}

/** The attribute exists and begins with the text. */
export function startsWith(name: string, text: string): Condition {
  return (to) => `begins_with(${to.name(name)}, ${to.value(text)})`;
}

/** All of the conditions are true. */
export function all(...conditions: readonly Condition[]): Condition {
  return (to) => conditions.map((condition) => `(${condition(to)})`).join(' AND ');
}

/** At least one of the conditions is true. */
export function any(...conditions: readonly Condition[]): Condition {
  return (to) => conditions.map((condition) => `(${condition(to)})`).join(' OR ');
}

/** The fields for a request that has only a condition: Put or Delete. */
export function onCondition(condition: Condition | undefined) {
  if (!condition) return {};
  const to = new Placeholders();
  const ConditionExpression = condition(to);
  return { ConditionExpression, ...to.attributes };
}

/** The fields for a Scan of the matching items. `attributes`: the attributes to return; all by default. */
export function selecting(condition: Condition, attributes: readonly string[] | undefined) {
  const to = new Placeholders();
  const FilterExpression = condition(to);
  const ProjectionExpression = attributes?.map((name) => to.name(name)).join(', ');
  return { FilterExpression, ...(ProjectionExpression && { ProjectionExpression }), ...to.attributes };
}

/** What an attribute is set to; `undefined` removes it. */
type Assignment = ((to: Placeholders) => string) | undefined;

interface Parts {
  assignments: Readonly<Record<string, Assignment>>;
  adds: Fields;
  deletes: Fields;
  condition: Condition | undefined;
}

/** A change of one item. Immutable: every method returns a new change. */
export class Change {
  readonly #parts: Parts;

  constructor(parts: Partial<Parts> = {}) {
    this.#parts = { assignments: {}, adds: {}, deletes: {}, condition: undefined, ...parts };
  }

  /** Sets each attribute; removes those that are `undefined`. */
  set(attributes: Fields): Change {
    return this.#assign(attributes, (value) => (value === undefined ? undefined : (to) => to.value(value)));
  }

  /** Sets each attribute that the item does not have yet; ignores those that are `undefined`. */
  setOnce(attributes: Fields): Change {
    const present = Object.fromEntries(Object.entries(attributes).filter(([, value]) => value !== undefined));
    return this.#assign(present, (value, name) => (to) => `if_not_exists(${to.name(name)}, ${to.value(value)})`);
  }

  /** Adds a number to a number, or a set's members to a set; an empty set adds nothing. */
  add(attributes: Fields): Change {
    return this.#with({ adds: { ...this.#parts.adds, ...withoutEmptySets(attributes) } });
  }

  /** Removes members from sets. */
  deleteFrom(attributes: Fields): Change {
    return this.#with({ deletes: { ...this.#parts.deletes, ...withoutEmptySets(attributes) } });
  }

  /** Adds a condition. All conditions must be true for the change to be made. */
  when(condition: Condition): Change {
    const before = this.#parts.condition;
    return this.#with({ condition: before ? all(before, condition) : condition });
  }

  /** The fields of an UpdateItem request. */
  get request() {
    const to = new Placeholders();
    const assignments = Object.entries(this.#parts.assignments);
    const sets = assignments.flatMap(([name, value]) => (value ? [`${to.name(name)} = ${value(to)}`] : []));
    const removes = assignments.flatMap(([name, value]) => (value ? [] : [to.name(name)]));
    const adds = Object.entries(this.#parts.adds).map(([name, value]) => `${to.name(name)} ${to.value(value)}`);
    const deletes = Object.entries(this.#parts.deletes).map(([name, value]) => `${to.name(name)} ${to.value(value)}`);
    const clauses = [clause('SET', sets), clause('REMOVE', removes), clause('ADD', adds), clause('DELETE', deletes)];
    const UpdateExpression = clauses.filter((text) => text !== '').join(' ');
    const ConditionExpression = this.#parts.condition?.(to);
    return {
      ...(UpdateExpression !== '' && { UpdateExpression }),
      ...(ConditionExpression !== undefined && { ConditionExpression }),
      ...to.attributes,
    };
  }

  #assign(attributes: Fields, assignmentOf: (value: unknown, name: string) => Assignment): Change {
    const more = Object.entries(attributes).map(([name, value]) => [name, assignmentOf(value, name)] as const);
    return this.#with({ assignments: { ...this.#parts.assignments, ...Object.fromEntries(more) } });
  }

  #with(parts: Partial<Parts>): Change {
    return new Change({ ...this.#parts, ...parts });
  }
}

function clause(word: string, parts: readonly string[]): string {
  return parts.length > 0 ? `${word} ${parts.join(', ')}` : '';
}

/** DynamoDB refuses an empty set. */
function withoutEmptySets(attributes: Fields): Fields {
  return Object.fromEntries(
    Object.entries(attributes).filter(([, value]) => !(value instanceof Set && value.size === 0)),
  );
}
