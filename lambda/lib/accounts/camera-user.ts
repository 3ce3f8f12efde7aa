/**
 * The IAM user of an account: its cameras upload with its key pair, which may put objects into the account's folder and
 * list that folder, and nothing else.
 *
 * IAM gives a user two keys at most. So keys are changed in two steps: a second one is made, cameras get it one by one,
 * and then the first one is deleted.
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
/** Longest name of an IAM user. */
const MOST_LETTERS = 64;

export interface KeyPair {
  accessKeyId: string;
  secretAccessKey: string;
}

export interface AccessKey {
  accessKeyId: string;
  created: Date;
}

export class CameraUser {
  readonly #iam: IAMClient;
  /** Of the user in IAM. */
  readonly name: string;
  readonly #policy: string;

  /** @throws Failure when IAM has no room for the name */
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
   * Makes the user. One that an earlier attempt left is taken over, without its keys: nobody was told them.
   * @throws Failure when the user is somebody else's
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

  /** Whether there is such a user, and it is this cloud's: one that has another policy is not. */
  async isLeftOver(): Promise<boolean> {
    if (!(await ifThere(this.#iam.send(new GetUserCommand({ UserName: this.name }))))) return false;
    const policy = await this.#readPolicy();
    return policy === undefined || policy === this.#policy;
  }

  /** Makes a key pair; this is the only time that its private half is told. */
  async createKey(): Promise<KeyPair> {
    const { AccessKey } = await this.#iam.send(new CreateAccessKeyCommand({ UserName: this.name }));
    const { AccessKeyId, SecretAccessKey } = AccessKey ?? {};
    if (!AccessKeyId || !SecretAccessKey) throw new Failure('IAM made a key pair and did not tell it. Try again.');
    return { accessKeyId: AccessKeyId, secretAccessKey: SecretAccessKey };
  }

  /** The keys, the oldest first; none when there is no such user. */
  async keys(): Promise<AccessKey[]> {
    const found = await ifThere(this.#iam.send(new ListAccessKeysCommand({ UserName: this.name })));
    return (found?.AccessKeyMetadata ?? [])
      .map(({ AccessKeyId = '', CreateDate = new Date(0) }) => ({ accessKeyId: AccessKeyId, created: CreateDate }))
      .sort((a, b) => a.created.getTime() - b.created.getTime());
  }

  /** Lets keys work, or not; they stay. */
  async setActive(active: boolean): Promise<void> {
    const Status = active ? 'Active' : 'Inactive';
    for (const { accessKeyId: AccessKeyId } of await this.keys()) {
      await this.#iam.send(new UpdateAccessKeyCommand({ UserName: this.name, AccessKeyId, Status }));
    }
  }

  async deleteKey(AccessKeyId: string): Promise<void> {
    await ifThere(this.#iam.send(new DeleteAccessKeyCommand({ UserName: this.name, AccessKeyId })));
  }

  /** Deletes the user with all that it has; what is not there is deleted already. */
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
