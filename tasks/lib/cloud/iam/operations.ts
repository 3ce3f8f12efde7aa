/** IAM's operations in its Query protocol: a form with an `Action`, answered by an XML document. */

import { xmlTime } from '../s3/operation';
import { toXml, type XmlElement } from '../s3/xml';
import { IamError } from './error';
import type { AccessKey, IamUsers, User } from './users';

const VERSION = '2010-05-08';
/** The namespace of IAM's documents. */
export const NAMESPACE = `https://iam.amazonaws.com/doc/${VERSION}/`;

/** Allowed characters of a name. */
const NAME = /^[\w+=,.@-]+$/;
/** Most characters of a name, as in IAM. */
const MOST_CHARACTERS: Readonly<Record<string, number>> = { UserName: 64, PolicyName: 128 };

interface Operation {
  /** All parameters of the operation; a form with another is refused. */
  readonly parameters: readonly string[];
  run(users: IamUsers, form: Form): XmlElement | undefined;
}

const OPERATIONS: Readonly<Record<string, Operation>> = {
  CreateUser: {
    parameters: ['UserName', 'Path'],
    run: (users, form) => ({ User: userXml(users.create(form.name('UserName'), form.path())) }),
  },
  GetUser: {
    parameters: ['UserName'],
    run: (users, form) => ({ User: userXml(users.get(form.name('UserName'))) }),
  },
  DeleteUser: {
    parameters: ['UserName'],
    run: (users, form) => void users.delete(form.name('UserName')),
  },
  PutUserPolicy: {
    parameters: ['UserName', 'PolicyName', 'PolicyDocument'],
    run: (users, form) =>
      void users.putPolicy(form.name('UserName'), form.name('PolicyName'), form.text('PolicyDocument')),
  },
  GetUserPolicy: {
    parameters: ['UserName', 'PolicyName'],
    run: (users, form) => {
      const [UserName, PolicyName] = [form.name('UserName'), form.name('PolicyName')];
      return { UserName, PolicyName, PolicyDocument: encodeURIComponent(users.policy(UserName, PolicyName)) };
    },
  },
  DeleteUserPolicy: {
    parameters: ['UserName', 'PolicyName'],
    run: (users, form) => void users.deletePolicy(form.name('UserName'), form.name('PolicyName')),
  },
  ListUserPolicies: {
    parameters: ['UserName'],
    run: (users, form) => {
      const { policies } = users.get(form.name('UserName'));
      return { PolicyNames: { member: Object.keys(policies).sort() }, IsTruncated: false };
    },
  },
  CreateAccessKey: {
    parameters: ['UserName'],
    run: (users, form) => {
      const UserName = form.name('UserName');
      const key = users.addKey(UserName);
      return { AccessKey: { ...keyXml(UserName, key), SecretAccessKey: key.secretAccessKey } };
    },
  },
  UpdateAccessKey: {
    parameters: ['UserName', 'AccessKeyId', 'Status'],
    run: (users, form) => {
      const status = form.text('Status');
      if (status !== 'Active' && status !== 'Inactive') {
        throw new IamError('ValidationError', 'Value at "status" must be Active or Inactive');
      }
      return void users.setKeyStatus(form.name('UserName'), form.text('AccessKeyId'), status);
    },
  },
  DeleteAccessKey: {
    parameters: ['UserName', 'AccessKeyId'],
    run: (users, form) => void users.deleteKey(form.name('UserName'), form.text('AccessKeyId')),
  },
  ListAccessKeys: {
    parameters: ['UserName'],
    run: (users, form) => {
      const { name, keys } = users.get(form.name('UserName'));
      return { AccessKeyMetadata: { member: keys.map((key) => keyXml(name, key)) }, IsTruncated: false };
    },
  },
};

/**
 * Performs the operation that a form asks for.
 *
 * @returns the document of the answer.
 * @throws IamError
 */
export function answer(users: IamUsers, fields: ReadonlyMap<string, string>, requestId: string): string {
  const action = fields.get('Action') ?? '';
  const operation = Object.hasOwn(OPERATIONS, action) ? OPERATIONS[action] : undefined;
  if (!operation || fields.get('Version') !== VERSION) {
    throw new IamError('InvalidAction', `Could not find operation ${action} for version ${fields.get('Version')}`);
  }
  for (const name of fields.keys()) {
    if (!['Action', 'Version', ...operation.parameters].includes(name)) {
      throw new IamError('ValidationError', `${action} has no parameter ${name} here.`);
    }
  }
  const result = operation.run(users, new Form(fields));
  const content = { ...(result && { [`${action}Result`]: result }), ResponseMetadata: { RequestId: requestId } };
  return toXml(`${action}Response`, content, NAMESPACE);
}

/** The fields of a form, checked. */
class Form {
  readonly #fields: ReadonlyMap<string, string>;

  constructor(fields: ReadonlyMap<string, string>) {
    this.#fields = fields;
  }

  /** @throws IamError ValidationError where it is missing */
  text(field: string): string {
    const value = this.#fields.get(field);
    if (value) return value;
    throw new IamError('ValidationError', `Value at "${field}" failed to satisfy constraint: must not be null`);
  }

  /** @throws IamError ValidationError where it is missing or none of IAM's names */
  name(field: string): string {
    const value = this.text(field);
    const most = MOST_CHARACTERS[field] ?? 0;
    if (NAME.test(value) && value.length <= most) return value;
    throw new IamError(
      'ValidationError',
      `The specified value for ${field} is invalid. It must contain only alphanumeric characters and/or the following: +=,.@_- and no more than ${most} of them.`,
    );
  }

  /** The user's path: `/`, or `/cameras/` for instance. */
  path(): string {
    const value = this.#fields.get('Path') ?? '/';
    if (/^\/([\x21-\x7e]{1,510}\/)?$/.test(value)) return value;
    throw new IamError('ValidationError', 'The specified value for path is invalid. It must begin and end with /.');
  }
}

function userXml({ name, path, id, created }: User): XmlElement {
  return {
    Path: path,
    UserName: name,
    UserId: id,
    Arn: `arn:aws:iam::000000000000:user${path}${name}`,
    CreateDate: xmlTime(created),
  };
}

function keyXml(UserName: string, { accessKeyId, status, created }: AccessKey): XmlElement {
  return { UserName, AccessKeyId: accessKeyId, Status: status, CreateDate: xmlTime(created) };
}
