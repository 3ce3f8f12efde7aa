/**
 * The IAM user of an account. The account's cameras upload with its key pair, which may only put objects into the
 * account's folder and list that folder.
 *
 * IAM gives a user two keys at most. So keys are rotated in two steps: a second key is made, the cameras get it one by
 * one, and then the first key is deleted.
 */
import {
  CreateAccessKeyCommand,
  CreateUserCommand,
  DeleteAccessKeyCommand,
  DeleteUserCommand,
  DeleteUserPolicyCommand,
  EntityAlreadyExistsException,
  GetUserCommand,
  GetUserPolicyCommand,
  type IAMClient,
  ListAccessKeysCommand,
  ListUserPoliciesCommand,
  NoSuchEntityException,
  PutUserPolicyCommand,
  UpdateAccessKeyCommand,
} from '@aws-sdk/client-iam';
import { Failure } from './failure';
import type { Place } from './place';

const PATH = '/kerberos/';
const POLICY = 'upload';
/** Longest name of an IAM user, in characters. */
const MOST_LETTERS = 64;

/** An access key with its secret. */
export interface KeyPair {
  accessKeyId: string;
  secretAccessKey: string;
}

/** An access key without its secret, and when IAM made it. */
export interface AccessKey {
  accessKeyId: string;
  created: Date;
}

/** The IAM user of one account. */
export class CameraUser {
  readonly #iam: IAMClient;
  /** Name of the user in IAM. */
  readonly name: string;
  readonly #policy: string;

  /**
   * @throws Failure if the name is too long for IAM.
   */
  constructor(iam: IAMClient, place: Place, account: string) {
    this.#iam = iam;
    this.name = `${place.userPrefix}${account}`;
    this.#policy = policyOf(place, account);
    if (this.name.length > MOST_LETTERS) {
      const most = MOST_LETTERS - place.userPrefix.length;
      throw new Failure(`"${account}" is too long: in this cloud, a name may have ${most} letters.`);
    }
  }

  /**
   * Makes the user. A user that an earlier attempt left is taken over without its keys, which were never shown.
   *
   * @throws Failure if a user of this name belongs to something else.
   */
  async create(): Promise<void> {
    const UserName = this.name;
    try {
      await this.#iam.send(new CreateUserCommand({ UserName, Path: PATH }));
    } catch (error) {
      if (!(error instanceof EntityAlreadyExistsException)) throw error;
      if (!(await this.isLeftOver())) {
        throw new Failure(`The IAM user ${UserName} exists and is not of this cloud. Choose another name.`);
      }
      for (const { accessKeyId } of await this.keys()) await this.deleteKey(accessKeyId);
    }
    await this.#iam.send(new PutUserPolicyCommand({ UserName, PolicyName: POLICY, PolicyDocument: this.#policy }));
  }

  /** Whether the user exists and is this cloud's: it has our policy, or no policy of that name yet. */
  async isLeftOver(): Promise<boolean> {
    if (!(await ifThere(this.#iam.send(new GetUserCommand({ UserName: this.name }))))) return false;
    const policy = await this.#readPolicy();
    return policy === undefined || policy === this.#policy;
  }

  /**
   * Makes a key pair. Its secret is available only now.
   *
   * @throws Failure if IAM returns no key.
   */
  async createKey(): Promise<KeyPair> {
    const { AccessKey } = await this.#iam.send(new CreateAccessKeyCommand({ UserName: this.name }));
    const { AccessKeyId, SecretAccessKey } = AccessKey ?? {};
    if (!AccessKeyId || !SecretAccessKey) throw new Failure('IAM made a key pair and did not tell it. Try again.');
    return { accessKeyId: AccessKeyId, secretAccessKey: SecretAccessKey };
  }

  /** The keys, the oldest first; none if there is no such user. */
  async keys(): Promise<AccessKey[]> {
    const found = await ifThere(this.#iam.send(new ListAccessKeysCommand({ UserName: this.name })));
    return (found?.AccessKeyMetadata ?? [])
      .map(({ AccessKeyId = '', CreateDate = new Date(0) }) => ({ accessKeyId: AccessKeyId, created: CreateDate }))
      .sort((a, b) => a.created.getTime() - b.created.getTime());
  }

  /** Activates or deactivates all keys of the user. */
  async setActive(active: boolean): Promise<void> {
    const Status = active ? 'Active' : 'Inactive';
    for (const { accessKeyId: AccessKeyId } of await this.keys()) {
      await this.#iam.send(new UpdateAccessKeyCommand({ UserName: this.name, AccessKeyId, Status }));
    }
  }

  async deleteKey(AccessKeyId: string): Promise<void> {
    await ifThere(this.#iam.send(new DeleteAccessKeyCommand({ UserName: this.name, AccessKeyId })));
  }

  /** Deletes the user with its keys and policies. May be repeated. */
  async delete(): Promise<void> {
    const UserName = this.name;
    for (const { accessKeyId } of await this.keys()) await this.deleteKey(accessKeyId);
    const policies = await ifThere(this.#iam.send(new ListUserPoliciesCommand({ UserName })));
    for (const PolicyName of policies?.PolicyNames ?? []) {
      await ifThere(this.#iam.send(new DeleteUserPolicyCommand({ UserName, PolicyName })));
    }
    await ifThere(this.#iam.send(new DeleteUserCommand({ UserName })));
  }

  async #readPolicy(): Promise<string | undefined> {
    const found = await ifThere(this.#iam.send(new GetUserPolicyCommand({ UserName: this.name, PolicyName: POLICY })));
    return found?.PolicyDocument && decodeURIComponent(found.PolicyDocument);
  }
}

function policyOf({ partition, uploadsBucket }: Place, account: string): string {
  const bucket = `arn:${partition}:s3:::${uploadsBucket}`;
  return JSON.stringify({
    Version: '2012-10-17',
    Statement: [
      { Sid: 'Upload', Effect: 'Allow', Action: 's3:PutObject', Resource: `${bucket}/${account}/*` },
      {
        Sid: 'ListOwnFolder',
        Effect: 'Allow',
        Action: 's3:ListBucket',
        Resource: bucket,
        Condition: { StringLike: { 's3:prefix': `${account}/*` } },
      },
    ],
  });
}

async function ifThere<T>(call: Promise<T>): Promise<T | undefined> {
  try {
    return await call;
  } catch (error) {
    if (error instanceof NoSuchEntityException) return undefined;
    throw error;
  }
}
