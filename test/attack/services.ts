/** The cloud's IAM and DynamoDB, asked by whoever holds a device's key, by nobody, and by a page in a browser. */
import { createHash, createHmac } from 'node:crypto';
import { SignatureV4 } from '@smithy/signature-v4';
import type { Checksum, SourceData } from '@smithy/types';
import { type RawRequest, send } from '../lib/cloud/support';
import type { Attempt, Category } from './attempt';
import type { Estates } from './page';
import { answered, type KeyPair, type Target } from './target';

class Sha256 implements Checksum {
  #hash;
  constructor(secret?: SourceData) {
    this.#hash = secret === undefined ? createHash('sha256') : createHmac('sha256', bytesOf(secret));
  }
  update(data: SourceData): void {
    this.#hash.update(bytesOf(data));
  }
  digest(): Promise<Uint8Array> {
    return Promise.resolve(this.#hash.digest());
  }
  reset(): void {}
}

function bytesOf(data: SourceData): Buffer {
  if (typeof data === 'string') return Buffer.from(data);
  return ArrayBuffer.isView(data) ? Buffer.from(data.buffer, data.byteOffset, data.byteLength) : Buffer.from(data);
}

/** A POST to a service, signed as the SDK does. */
async function signedFor(
  service: string,
  endpoint: string,
  credentials: KeyPair,
  body: string,
  headers: Record<string, string>,
): Promise<RawRequest> {
  const { hostname, host, port } = new URL(endpoint);
  const signer = new SignatureV4({ credentials, region: 'eu-west-1', service, sha256: Sha256 });
  const { headers: signed } = await signer.sign({
    method: 'POST',
    protocol: 'http:',
    hostname,
    port: Number(port),
    path: '/',
    headers: { host, ...headers },
    body,
  });
  return { method: 'POST', path: '/', headers: signed, body };
}

const IAM_ACTIONS = [
  'CreateUser',
  'GetUser',
  'DeleteUser',
  'PutUserPolicy',
  'GetUserPolicy',
  'DeleteUserPolicy',
  'ListUserPolicies',
  'CreateAccessKey',
  'UpdateAccessKey',
  'DeleteAccessKey',
  'ListAccessKeys',
  'ListUsers',
  'AttachUserPolicy',
  'CreateRole',
  'AssumeRole',
  'GetAccountAuthorizationDetails',
];

const TABLE_ACTIONS = [
  'GetItem',
  'PutItem',
  'UpdateItem',
  'DeleteItem',
  'Query',
  'Scan',
  'BatchGetItem',
  'BatchWriteItem',
  'TransactGetItems',
  'TransactWriteItems',
  'ListTables',
  'DescribeTable',
  'CreateTable',
  'DeleteTable',
  'UpdateTable',
  'ExecuteStatement',
  'DescribeTimeToLive',
  'UpdateTimeToLive',
];

/** Both services, in all the ways that are open to somebody who is not the owner. */
export function services(target: Target, { home, john }: Estates): Category {
  const { AWS_ENDPOINT_URL_IAM: iam = '', AWS_ENDPOINT_URL_DYNAMODB: table = '' } = target.owner;
  const form = (action: string) =>
    new URLSearchParams({ Action: action, Version: '2010-05-08', UserName: 'kerberos-john' }).toString();
  const iamHeaders = { 'content-type': 'application/x-www-form-urlencoded' };
  const tableHeaders = (action: string) => ({
    'content-type': 'application/x-amz-json-1.0',
    'x-amz-target': `DynamoDB_20120810.${action}`,
  });
  const item = JSON.stringify({
    TableName: 'cloud',
    Key: { pk: { S: 'ACCOUNT#john#ACCOUNT' }, sk: { S: 'ACCOUNT' } },
  });
  const attempt = (what: string, endpoint: string, make: () => Promise<RawRequest> | RawRequest): Attempt => ({
    what,
    run: async () => {
      const { status, body } = await answered(send(endpoint, await make()));
      return status >= 400 && status < 500 ? undefined : `${status} ${body.toString().slice(0, 200)}`;
    },
  });
  const strangers: readonly (readonly [string, KeyPair])[] = [
    ["home's device", home.device],
    ["john's device", john.device],
    ["the owner's public key", { ...target.ownerKeys, secretAccessKey: home.device.secretAccessKey }],
  ];
  const attempts = [
    ...IAM_ACTIONS.flatMap((action) => [
      ...strangers.map(([who, key]) =>
        attempt(`IAM ${action} by ${who}`, iam, () => signedFor('iam', iam, key, form(action), iamHeaders)),
      ),
      attempt(`IAM ${action} by nobody`, iam, () => ({
        method: 'POST',
        path: '/',
        headers: iamHeaders,
        body: form(action),
      })),
    ]),
    ...TABLE_ACTIONS.flatMap((action) => [
      ...strangers.map(([who, key]) =>
        attempt(`DynamoDB ${action} by ${who}`, table, () =>
          signedFor('dynamodb', table, key, item, tableHeaders(action)),
        ),
      ),
      attempt(`DynamoDB ${action} by nobody`, table, () => ({
        method: 'POST',
        path: '/',
        headers: tableHeaders(action),
        body: item,
      })),
    ]),
    // The owner's own, as a page in the owner's browser or another name would send it.
    ...['http://127.0.0.1', 'https://evil.example', 'null'].map((origin) =>
      attempt(`DynamoDB by a page of ${origin}`, table, () =>
        signedFor('dynamodb', table, target.ownerKeys, item, { ...tableHeaders('GetItem'), origin }),
      ),
    ),
    attempt('DynamoDB by another name', table, async () => {
      const signed = await signedFor('dynamodb', table, target.ownerKeys, item, tableHeaders('GetItem'));
      return { ...signed, headers: { ...signed.headers, host: 'evil.example' } };
    }),
    ...['iam', 's3', 'sts'].map((service) =>
      attempt(`DynamoDB, signed for ${service}`, table, () =>
        signedFor(service, table, target.ownerKeys, item, tableHeaders('GetItem')),
      ),
    ),
    attempt('DynamoDB, another body', table, async () => ({
      ...(await signedFor('dynamodb', table, target.ownerKeys, item, tableHeaders('GetItem'))),
      body: item.replace('john', 'home'),
    })),
    attempt('IAM, another body', iam, async () => ({
      ...(await signedFor('iam', iam, target.ownerKeys, form('GetUser'), iamHeaders)),
      body: form('DeleteUser'),
    })),
  ];
  return {
    name: 'IAM and DynamoDB as a device',
    least: 119,
    attempts,
    control: async () => {
      const user = await send(iam, await signedFor('iam', iam, target.ownerKeys, form('GetUser'), iamHeaders));
      const get = await signedFor('dynamodb', table, target.ownerKeys, item, tableHeaders('GetItem'));
      const found = await send(table, get);
      return user.status === 200 && found.status === 200;
    },
  };
}
