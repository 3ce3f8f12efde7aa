/**
 * Decides what a key pair may do. It has a policy: a list of statements, each allowing or denying some actions on the
 * keys of a bucket that begin with a prefix. As with IAM, an action that no statement allows is refused, and a denial
 * overrides every allowance. For `s3:ListBucket` and `s3:ListBucketVersions` the statement's prefix is compared with
 * the requested prefix: a key that may list `home/` may not list everything, nor `home2/`.
 */

/** All actions that a statement can allow or deny. */
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

/** One of `ACTIONS`. */
export type Action = (typeof ACTIONS)[number];

/** Allows or denies some actions on some objects or lists. */
export interface Statement {
  readonly effect: 'allow' | 'deny';
  readonly actions: readonly Action[] | 'all';
  /** Name of a bucket; left out: every bucket. */
  readonly bucket?: string;
  /** Prefix of the key (for a list: of the requested prefix); left out: any. */
  readonly prefix?: string;
  /** The exact key (for a list: the exact requested prefix); left out: any. */
  readonly key?: string;
}

/** All statements about a key pair. */
export type Policy = readonly Statement[];

/** The policy that allows everything. */
export const owner: Policy = [{ effect: 'allow', actions: 'all' }];

/** Whether the policy allows an action. `key` is an object's key, a list's prefix, or ''. */
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
