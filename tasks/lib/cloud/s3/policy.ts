/**
 * Who may do what. A key pair has a policy: a list of statements, each allowing or denying some actions on the keys of a
 * bucket that begin with a prefix. As with IAM, what no statement allows is refused, and a denial beats every allowance.
 * For `s3:ListBucket` and `s3:ListBucketVersions` the statement's prefix is held against the prefix that the list asks
 * for: who may list `home/` may not list everything, nor `home2/`.
 */

/** Everything that a statement can allow or deny. */
export const ACTIONS = [
  's3:AbortMultipartUpload',
  's3:CreateBucket',
  's3:DeleteObject',
  's3:DeleteObjectTagging',
  's3:DeleteObjectVersion',
  's3:GetBucketLocation',
  's3:GetObject',
  's3:GetObjectTagging',
  's3:ListAllMyBuckets',
  's3:ListBucket',
  's3:ListBucketVersions',
  's3:ListMultipartUploadParts',
  's3:PutObject',
  's3:PutObjectTagging',
] as const;

/** One of them. */
export type Action = (typeof ACTIONS)[number];

/** What is allowed, or denied, of some objects or lists. */
export interface Statement {
  readonly effect: 'allow' | 'deny';
  readonly actions: readonly Action[] | 'all';
  /** A bucket's name; left out, every bucket. */
  readonly bucket?: string;
  /** What the key (of a list: the asked prefix) must begin with; left out, any. */
  readonly prefix?: string;
  /** What the key (of a list: the asked prefix) must be, and nothing longer; left out, any. */
  readonly key?: string;
}

/** All that is said of a key pair. */
export type Policy = readonly Statement[];

/** Everything. */
export const owner: Policy = [{ effect: 'allow', actions: 'all' }];

/** Whether the policy lets its holder do this. `key` is an object's key, a list's prefix, or empty. */
export function allows(policy: Policy, action: Action, bucket: string, key: string): boolean {
  const applying = policy.filter(
    (statement) =>
      (statement.actions === 'all' || statement.actions.includes(action)) &&
      (statement.bucket === undefined || statement.bucket === bucket) &&
      (statement.key === undefined || statement.key === key) &&
      key.startsWith(statement.prefix ?? ''),
  );
  return applying.length > 0 && applying.every((statement) => statement.effect === 'allow');
}
