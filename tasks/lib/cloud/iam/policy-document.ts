/**
 * Parses IAM's policy documents, as far as the embedded S3 can enforce them: which actions of S3 are allowed or denied,
 * on which buckets and keys, and which prefixes may be listed. A document that cannot be enforced exactly as at Amazon
 * is refused, so that it never allows more here than there.
 *
 * As at Amazon, an action on objects needs a resource with a key (`arn:aws:s3:::bucket/jane/*`), one on a bucket needs
 * the bucket (`arn:aws:s3:::bucket`); other pairs have no effect. A condition on `s3:prefix` is about lists only.
 * docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_grammar.html
 */
import { isRecord } from '../../record';
import { ACTIONS, type Action, type Policy, type Statement } from '../s3/policy';

/** The document is invalid, or cannot be enforced here. */
export class MalformedPolicy extends Error {
  override readonly name = 'MalformedPolicy';
}

/** Buckets and keys; left out: any. */
type Where = Pick<Statement, 'bucket' | 'prefix' | 'key'>;

const OF_BUCKETS: readonly Action[] = [
  's3:CreateBucket',
  's3:GetBucketLocation',
  's3:ListBucket',
  's3:ListBucketVersions',
];
const OF_LISTS: readonly Action[] = ['s3:ListBucket', 's3:ListBucketVersions'];
/** Actions that need the resource `*`. */
const OF_NOTHING: readonly Action[] = ['s3:ListAllMyBuckets'];
const OF_OBJECTS = ACTIONS.filter((action) => !OF_BUCKETS.includes(action) && !OF_NOTHING.includes(action));

const VERSION = '2012-10-17';

/**
 * Parses a document.
 *
 * @throws MalformedPolicy that tells what was not understood.
 */
export function policyOf(document: string): Policy {
  const { Version, Statement: statements, ...more } = recordOf(parse(document), 'The document');
  requireNothingElse(more, ['Id']);
  if (Version !== VERSION) throw new MalformedPolicy(`Version must be ${VERSION}.`);
  const list = Array.isArray(statements) ? statements : [statements];
  if (list.length === 0) throw new MalformedPolicy('There must be a Statement.');
  return list.flatMap((statement: unknown) => statementsOf(recordOf(statement, 'A Statement')));
}

function statementsOf(statement: Record<string, unknown>): Statement[] {
  const { Effect, Action: named, Resource, Condition, ...more } = statement;
  requireNothingElse(more, ['Sid']);
  if (Effect !== 'Allow' && Effect !== 'Deny') throw new MalformedPolicy('Effect must be Allow or Deny.');
  const effect = Effect === 'Allow' ? 'allow' : 'deny';
  const actions = textsOf(named, 'Action').flatMap(actionsOf);
  const resources = textsOf(Resource, 'Resource');
  const prefixes = Condition === undefined ? undefined : prefixesOf(recordOf(Condition, 'Condition'));
  return resources.flatMap((resource) =>
    reachOf(resource).flatMap(({ actions: reached, where }) => {
      const left = actions.filter((action) => reached.includes(action));
      if (prefixes !== undefined) {
        const lists = left.filter((action) => OF_LISTS.includes(action));
        return lists.length === 0
          ? []
          : prefixes.map((prefix): Statement => ({ effect, actions: lists, ...where, ...prefix }));
      }
      return left.length === 0 ? [] : [{ effect, actions: left, ...where }];
    }),
  );
}

/** The actions that a name means. It may have wildcards, and its case does not matter. */
function actionsOf(name: string): readonly Action[] {
  if (name === '*') return ACTIONS;
  if (!/^s3:[a-z*?]+$/i.test(name)) throw new MalformedPolicy(`The Action ${name} is none of S3's.`);
  const pattern = new RegExp(`^${name.replace(/\*+/g, '.*').replaceAll('?', '.')}$`, 'i');
  const actions = ACTIONS.filter((action) => pattern.test(action));
  if (actions.length === 0) throw new MalformedPolicy(`This server has nothing to do with the Action ${name}.`);
  return actions;
}

/** For a resource, the actions that can reach it, and which buckets and keys. */
function reachOf(resource: string): { actions: readonly Action[]; where: Where }[] {
  if (resource === '*' || resource === 'arn:aws:s3:::*') return [{ actions: ACTIONS, where: {} }];
  const [, bucket, key] = /^arn:aws:s3:::([a-z0-9][a-z0-9.-]+)(?:\/(.+))?$/s.exec(resource) ?? [];
  if (bucket === undefined) throw new MalformedPolicy(`The Resource ${resource} is no bucket, and no objects of one.`);
  if (key === undefined) return [{ actions: OF_BUCKETS, where: { bucket } }];
  return [{ actions: OF_OBJECTS, where: { bucket, ...patternOf(key) } }];
}

/** The prefixes that may be listed. */
function prefixesOf(condition: Record<string, unknown>): Pick<Statement, 'prefix' | 'key'>[] {
  const [first, ...others] = Object.entries(condition);
  if (first === undefined || others.length > 0) throw new MalformedPolicy('A Condition must have one operator.');
  const [operator, keys] = first;
  if (operator !== 'StringLike' && operator !== 'StringEquals') {
    throw new MalformedPolicy(`The Condition ${operator} is not known here.`);
  }
  const { 's3:prefix': values, ...more } = recordOf(keys, operator);
  requireNothingElse(more, []);
  return textsOf(values, 's3:prefix').map((value) => {
    // A list without a prefix can match none of these; here it would look like an empty prefix.
    if (value === '' || value === '*') throw new MalformedPolicy('A Condition on s3:prefix must begin with a text.');
    return operator === 'StringEquals' ? { key: value } : patternOf(value);
  });
}

/** An exact text, or a prefix. */
function patternOf(pattern: string): Pick<Statement, 'prefix' | 'key'> {
  const [, text = '', star] = /^(.*?)(\*?)$/s.exec(pattern) ?? [];
  if (/[*?]|\$\{/.test(text)) throw new MalformedPolicy(`${pattern}: only a * at the end is known here.`);
  return star === '*' ? { prefix: text } : { key: text };
}

function parse(document: string): unknown {
  try {
    return JSON.parse(document);
  } catch {
    throw new MalformedPolicy('The document is no JSON.');
  }
}

function recordOf(value: unknown, what: string): Record<string, unknown> {
  if (isRecord(value)) return value;
  throw new MalformedPolicy(`${what} is no object.`);
}

function textsOf(value: unknown, what: string): string[] {
  const values: unknown[] = Array.isArray(value) ? value : [value];
  const texts = values.filter((text) => typeof text === 'string');
  if (texts.length === 0 || texts.length < values.length)
    throw new MalformedPolicy(`${what} must be a text or several.`);
  return texts;
}

/** Fields in `allowed` must be texts; all other fields are refused. */
function requireNothingElse(more: Record<string, unknown>, allowed: readonly string[]): void {
  for (const [name, value] of Object.entries(more)) {
    if (!allowed.includes(name)) throw new MalformedPolicy(`${name} is not known here.`);
    if (typeof value !== 'string') throw new MalformedPolicy(`${name} must be a text.`);
  }
}
