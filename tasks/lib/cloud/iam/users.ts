/**
 * IAM's users on one machine, each with policies and up to two key pairs. They are stored in one file, and take effect
 * on the S3 server as soon as a change is on disk: an active key may do what the policies of its user allow; an
 * inactive key may do nothing.
 */

import { isRecord } from '../../record';
import { type Credentials, isCredentials, newCredentials, randomLetters } from '../credentials';
import { readTwice, writeTwice } from '../disk/private-file';
import type { Policy } from '../s3/policy';
import type { KeyPair } from '../s3/signature';
import { IamError } from './error';
import { MalformedPolicy, policyOf } from './policy-document';

/** A key pair of a user. */
export interface AccessKey extends Credentials {
  readonly status: 'Active' | 'Inactive';
  /** Ms since 1970. */
  readonly created: number;
}

/** A user. */
export interface User {
  readonly name: string;
  readonly path: string;
  readonly id: string;
  /** Ms since 1970. */
  readonly created: number;
  /** Policy documents by name, unchanged. */
  readonly policies: Readonly<Record<string, string>>;
  readonly keys: readonly AccessKey[];
}

/** Where key pairs take effect: the S3 server. */
export interface Enforcement {
  addKeyPair(keyPair: KeyPair): void;
  removeKeyPair(accessKeyId: string): void;
}

const MOST_KEYS = 2;
/** Most characters of all policies of a user, without white space, as IAM counts. */
const MOST_POLICY_CHARACTERS = 2048;

/** The users of one file. */
export class IamUsers {
  readonly #file: string;
  readonly #enforcement: Enforcement;
  readonly #now: () => number;
  #users: ReadonlyMap<string, User>;
  /** Whether the file did not exist. */
  readonly isNew: boolean;

  /**
   * Reads the file, if it exists, and activates its keys.
   *
   * @param warn receives a message for a person if the file was damaged and restored from its copy
   * @throws Error for a person to read if both copies are damaged.
   */
  constructor(file: string, enforcement: Enforcement, now: () => number, warn: (text: string) => void = () => {}) {
    this.#file = file;
    this.#enforcement = enforcement;
    this.#now = now;
    const read = readTwice(file, isUsers, warn);
    this.isNew = read === undefined;
    this.#users = new Map(read?.users.map((user) => [user.name, user]));
    for (const user of this.#users.values()) this.#enforce(undefined, user);
  }

  /** @throws IamError NoSuchEntity */
  get(name: string): User {
    const user = this.#users.get(name);
    if (!user) throw new IamError('NoSuchEntity', `The user with name ${name} cannot be found.`);
    return user;
  }

  has(name: string): boolean {
    return this.#users.has(name);
  }

  /** @throws IamError EntityAlreadyExists */
  create(name: string, path: string): User {
    if (this.has(name)) throw new IamError('EntityAlreadyExists', `User with name ${name} already exists.`);
    return this.#put({ name, path, id: newUserId(), created: this.#now(), policies: {}, keys: [] });
  }

  /**
   * Creates a user with policies and existing credentials, in one step.
   *
   * @throws IamError EntityAlreadyExists, MalformedPolicyDocument
   */
  createWith(name: string, policies: Readonly<Record<string, string>>, credentials: Credentials): void {
    if (this.has(name)) throw new IamError('EntityAlreadyExists', `User with name ${name} already exists.`);
    for (const document of Object.values(policies)) requirePolicy(document);
    const created = this.#now();
    const key: AccessKey = { ...credentials, status: 'Active', created };
    this.#put({ name, path: '/', id: newUserId(), created, policies, keys: [key] });
  }

  /** @throws IamError NoSuchEntity, DeleteConflict */
  delete(name: string): void {
    const { keys, policies } = this.get(name);
    const left = keys.length > 0 ? 'access keys' : Object.keys(policies).length > 0 ? 'policies' : undefined;
    if (left) throw new IamError('DeleteConflict', `Cannot delete entity, must delete ${left} first.`);
    this.#save(new Map([...this.#users].filter(([other]) => other !== name)));
  }

  /** @throws IamError NoSuchEntity, MalformedPolicyDocument, LimitExceeded */
  putPolicy(name: string, policy: string, document: string): void {
    const user = this.get(name);
    const policies = { ...user.policies, [policy]: document };
    requirePolicy(document);
    const characters = Object.values(policies).join('').replace(/\s/g, '').length;
    if (characters > MOST_POLICY_CHARACTERS) {
      const limit = `Maximum policy size of ${MOST_POLICY_CHARACTERS} bytes exceeded for user ${name}`;
      throw new IamError('LimitExceeded', limit);
    }
    this.#put({ ...user, policies });
  }

  /** @throws IamError NoSuchEntity */
  policy(name: string, policy: string): string {
    const document = this.get(name).policies[policy];
    if (document === undefined) {
      throw new IamError('NoSuchEntity', `The user policy with name ${policy} cannot be found.`);
    }
    return document;
  }

  /** @throws IamError NoSuchEntity */
  deletePolicy(name: string, policy: string): void {
    this.policy(name, policy);
    const user = this.get(name);
    const { [policy]: _deleted, ...policies } = user.policies;
    this.#put({ ...user, policies });
  }

  /** @throws IamError NoSuchEntity, LimitExceeded */
  addKey(name: string): AccessKey {
    const user = this.get(name);
    if (user.keys.length >= MOST_KEYS) {
      throw new IamError('LimitExceeded', `Cannot exceed quota for AccessKeysPerUser: ${MOST_KEYS}`);
    }
    const key: AccessKey = { ...newCredentials(), status: 'Active', created: this.#now() };
    this.#put({ ...user, keys: [...user.keys, key] });
    return key;
  }

  /** @throws IamError NoSuchEntity */
  setKeyStatus(name: string, accessKeyId: string, status: AccessKey['status']): void {
    const { user, others, key } = this.#key(name, accessKeyId);
    this.#put({ ...user, keys: [...others, { ...key, status }] });
  }

  /** @throws IamError NoSuchEntity */
  deleteKey(name: string, accessKeyId: string): void {
    const { user, others } = this.#key(name, accessKeyId);
    this.#put({ ...user, keys: others });
  }

  #key(name: string, accessKeyId: string): { user: User; key: AccessKey; others: AccessKey[] } {
    const user = this.get(name);
    const key = user.keys.find((each) => each.accessKeyId === accessKeyId);
    if (!key) throw new IamError('NoSuchEntity', `The Access Key with id ${accessKeyId} cannot be found.`);
    return { user, key, others: user.keys.filter((each) => each !== key) };
  }

  #put(user: User): User {
    const before = this.#users.get(user.name);
    this.#save(new Map([...this.#users, [user.name, user]]));
    this.#enforce(before, user);
    return user;
  }

  #save(users: ReadonlyMap<string, User>): void {
    writeTwice(this.#file, { users: [...users.values()] });
    this.#users = users;
  }

  #enforce(before: User | undefined, { keys, policies }: User): void {
    const active = keys.filter(({ status }) => status === 'Active');
    for (const { accessKeyId } of before?.keys ?? []) {
      if (!active.some((key) => key.accessKeyId === accessKeyId)) this.#enforcement.removeKeyPair(accessKeyId);
    }
    const policy = Object.values(policies).flatMap(policyOf);
    for (const { accessKeyId, secretAccessKey } of active) {
      this.#enforcement.addKeyPair({ accessKeyId, secretAccessKey, policy });
    }
  }
}

function newUserId(): string {
  return `AIDA${randomLetters(17)}`;
}

function requirePolicy(document: string): Policy {
  try {
    return policyOf(document);
  } catch (error) {
    if (error instanceof MalformedPolicy) throw new IamError('MalformedPolicyDocument', error.message);
    throw error;
  }
}

/** Whether a value has the form of the file's content. */
function isUsers(value: unknown): value is { readonly users: readonly User[] } {
  return isRecord(value) && Array.isArray(value.users) && value.users.every(isUser);
}

function isUser(value: unknown): value is User {
  if (!isRecord(value)) return false;
  const { name, path, id, created, policies, keys } = value;
  return (
    [name, path, id].every((text) => typeof text === 'string') &&
    typeof created === 'number' &&
    isRecord(policies) &&
    Object.values(policies).every((document) => typeof document === 'string') &&
    Array.isArray(keys) &&
    keys.every(isAccessKey)
  );
}

function isAccessKey(value: unknown): value is AccessKey {
  if (!isCredentials(value)) return false;
  const { status, created }: Partial<Record<keyof AccessKey, unknown>> = value;
  return (status === 'Active' || status === 'Inactive') && typeof created === 'number';
}
