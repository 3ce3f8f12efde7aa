import { readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { ListObjectsV2Command, PutObjectCommand } from '@aws-sdk/client-s3';
import { expect } from 'chai';
import { iam } from '../../../../lambda/test-packages';
import { type Iam, startIam } from '../../../../tasks/lib/cloud/iam/server';
import { IamUsers } from '../../../../tasks/lib/cloud/iam/users';
import { BUCKET, DEVICE, OWNER, REGION, refusal, send, startTestServer, type TestServer } from '../support';

const POLICY = JSON.stringify({
  Version: '2012-10-17',
  Statement: [
    { Effect: 'Allow', Action: 's3:PutObject', Resource: `arn:aws:s3:::${BUCKET}/jane/*` },
    {
      Effect: 'Allow',
      Action: 's3:ListBucket',
      Resource: `arn:aws:s3:::${BUCKET}`,
      Condition: { StringLike: { 's3:prefix': ['jane/*'] } },
    },
  ],
});

describe('the embedded IAM, through the AWS SDK', () => {
  let server: TestServer;
  let service: Iam;
  let client: InstanceType<typeof iam.IAMClient>;
  const file = () => join(server.directory, 'iam.json');
  const start = async () => {
    service = await startIam({ users: new IamUsers(file(), server.s3, Date.now), owner: OWNER });
    client = clientOf(OWNER);
  };
  const clientOf = (credentials: typeof OWNER) =>
    new iam.IAMClient({ endpoint: service.endpoint, region: REGION, credentials, maxAttempts: 1 });
  const stop = async () => {
    client.destroy();
    await service.close();
  };
  beforeEach(async () => {
    server = await startTestServer();
    await start();
  });
  afterEach(async () => {
    await stop();
    await server.stop();
  });

  const code = async (call: Promise<unknown>): Promise<string> => {
    try {
      await call;
    } catch (error) {
      if (error instanceof iam.IAMServiceException) return `${error.$metadata.httpStatusCode} ${error.name}`;
      throw error;
    }
    return 'not refused';
  };
  const UserName = 'kerberos-jane';
  const addJane = async () => {
    await client.send(new iam.CreateUserCommand({ UserName, Path: '/kerberos/' }));
    await client.send(new iam.PutUserPolicyCommand({ UserName, PolicyName: 'camera', PolicyDocument: POLICY }));
    const { AccessKey } = await client.send(new iam.CreateAccessKeyCommand({ UserName }));
    return { accessKeyId: String(AccessKey?.AccessKeyId), secretAccessKey: String(AccessKey?.SecretAccessKey) };
  };
  const put = (credentials: typeof OWNER, Key = 'jane/a.jpg') =>
    server.client({ credentials }).send(new PutObjectCommand({ Bucket: BUCKET, Key, Body: 'x' }));

  it('makes a user whose key pair may at once do what the policy says, and nothing else', async () => {
    const key = await addJane();
    expect(key.accessKeyId).to.match(/^[A-Z0-9]{20}$/);
    expect(key.secretAccessKey).to.have.length(40);
    await put(key);
    const camera = server.client({ credentials: key });
    const { KeyCount } = await camera.send(new ListObjectsV2Command({ Bucket: BUCKET, Prefix: 'jane/' }));
    expect(KeyCount).to.equal(1);
    expect((await refusal(put(key, 'other/a.jpg'))).code).to.equal('AccessDenied');
    expect((await refusal(camera.send(new ListObjectsV2Command({ Bucket: BUCKET })))).code).to.equal('AccessDenied');
  });

  it('tells what there is', async () => {
    const { accessKeyId } = await addJane();
    const { User } = await client.send(new iam.GetUserCommand({ UserName }));
    expect(User).to.include({ UserName, Path: '/kerberos/' });
    expect(User?.Arn).to.equal(`arn:aws:iam::000000000000:user/kerberos/${UserName}`);
    expect(User?.CreateDate?.getTime()).to.be.closeTo(Date.now(), 10_000);
    const { PolicyNames } = await client.send(new iam.ListUserPoliciesCommand({ UserName }));
    expect(PolicyNames).to.deep.equal(['camera']);
    const { PolicyDocument = '' } = await client.send(new iam.GetUserPolicyCommand({ UserName, PolicyName: 'camera' }));
    expect(decodeURIComponent(PolicyDocument)).to.equal(POLICY);
    const { AccessKeyMetadata } = await client.send(new iam.ListAccessKeysCommand({ UserName }));
    expect(AccessKeyMetadata?.map(({ AccessKeyId, Status }) => [AccessKeyId, Status])).to.deep.equal([
      [accessKeyId, 'Active'],
    ]);
  });

  it('refuses a key from the moment it is inactive, its user has no policy more, or it is deleted', async () => {
    const key = await addJane();
    const { accessKeyId: AccessKeyId } = key;
    const set = (Status: 'Active' | 'Inactive') =>
      client.send(new iam.UpdateAccessKeyCommand({ UserName, AccessKeyId, Status }));
    await set('Inactive');
    expect((await refusal(put(key))).code).to.equal('InvalidAccessKeyId');
    await set('Active');
    await put(key);
    await client.send(new iam.DeleteUserPolicyCommand({ UserName, PolicyName: 'camera' }));
    expect((await refusal(put(key))).code).to.equal('AccessDenied');
    await client.send(new iam.PutUserPolicyCommand({ UserName, PolicyName: 'camera', PolicyDocument: POLICY }));
    await put(key);
    await client.send(new iam.DeleteAccessKeyCommand({ UserName, AccessKeyId }));
    expect((await refusal(put(key))).code).to.equal('InvalidAccessKeyId');
  });

  it('rotates: for a while there are two keys, and not three', async () => {
    const old = await addJane();
    const { AccessKey } = await client.send(new iam.CreateAccessKeyCommand({ UserName }));
    const fresh = { accessKeyId: String(AccessKey?.AccessKeyId), secretAccessKey: String(AccessKey?.SecretAccessKey) };
    expect(await code(client.send(new iam.CreateAccessKeyCommand({ UserName })))).to.match(/^409 LimitExceeded/);
    await put(old);
    await put(fresh);
    await client.send(new iam.DeleteAccessKeyCommand({ UserName, AccessKeyId: old.accessKeyId }));
    expect((await refusal(put(old))).code).to.equal('InvalidAccessKeyId');
    await put(fresh);
  });

  it('keeps users, policies and keys over a restart, in a file for its owner alone', async () => {
    const key = await addJane();
    const { AccessKey } = await client.send(new iam.CreateAccessKeyCommand({ UserName }));
    const AccessKeyId = AccessKey?.AccessKeyId;
    await client.send(new iam.UpdateAccessKeyCommand({ UserName, AccessKeyId, Status: 'Inactive' }));
    expect(statSync(file()).mode & 0o777).to.equal(0o600);
    await stop();
    await server.restart();
    await start();
    await put(key);
    const inactive = { accessKeyId: String(AccessKeyId), secretAccessKey: String(AccessKey?.SecretAccessKey) };
    expect((await refusal(put(inactive))).code).to.equal('InvalidAccessKeyId');
  });

  it("refuses in IAM's own words", async () => {
    await addJane();
    const nobody = { UserName: 'nobody' };
    const policy = (PolicyDocument: string) =>
      client.send(new iam.PutUserPolicyCommand({ UserName, PolicyName: 'other', PolicyDocument }));
    expect(await code(client.send(new iam.CreateUserCommand({ UserName })))).to.match(/^409 EntityAlreadyExists/);
    for (const call of [
      client.send(new iam.GetUserCommand(nobody)),
      client.send(new iam.DeleteUserCommand(nobody)),
      client.send(new iam.CreateAccessKeyCommand(nobody)),
      client.send(new iam.ListAccessKeysCommand(nobody)),
      client.send(new iam.ListUserPoliciesCommand(nobody)),
      client.send(new iam.GetUserPolicyCommand({ UserName, PolicyName: 'none' })),
      client.send(new iam.DeleteUserPolicyCommand({ UserName, PolicyName: 'none' })),
      client.send(new iam.DeleteAccessKeyCommand({ UserName, AccessKeyId: 'KERBNONE000000000000' })),
      client.send(new iam.UpdateAccessKeyCommand({ UserName, AccessKeyId: 'KERBNONE000000000000', Status: 'Active' })),
    ]) {
      expect(await code(call)).to.match(/^404 NoSuchEntity/);
    }
    expect(await code(client.send(new iam.DeleteUserCommand({ UserName })))).to.match(/^409 DeleteConflict/);
    expect(await code(policy('{"Version":"2012-10-17"}'))).to.match(/^400 MalformedPolicyDocument/);
    expect(await code(policy(POLICY.replace('s3:PutObject', 's3:PutObjectAcl')))).to.match(/^400 MalformedPolicyDo/);
    const long = JSON.stringify({ ...JSON.parse(POLICY), Id: 'x'.repeat(2000) });
    expect(await code(policy(long))).to.match(/^409 LimitExceeded/);
    expect(await code(client.send(new iam.CreateUserCommand({ UserName: 'a/b' })))).to.match(/^400 ValidationError/);
    expect(await code(client.send(new iam.ListUsersCommand({})))).to.match(/^400 InvalidAction/);
    const tagged = { UserName: 'tagged', Tags: [{ Key: 'a', Value: 'b' }] };
    expect(await code(client.send(new iam.CreateUserCommand(tagged)))).to.match(/^400 ValidationError/);
  });

  it('deletes a user who has nothing left', async () => {
    const { accessKeyId: AccessKeyId } = await addJane();
    await client.send(new iam.DeleteAccessKeyCommand({ UserName, AccessKeyId }));
    expect(await code(client.send(new iam.DeleteUserCommand({ UserName })))).to.match(/^409 DeleteConflict/);
    await client.send(new iam.DeleteUserPolicyCommand({ UserName, PolicyName: 'camera' }));
    await client.send(new iam.DeleteUserCommand({ UserName }));
    expect(await code(client.send(new iam.GetUserCommand({ UserName })))).to.match(/^404 NoSuchEntity/);
  });

  it('does nothing for anybody but the owner', async () => {
    const key = await addJane();
    for (const [credentials, expected] of [
      [key, '403 InvalidClientTokenId'],
      [DEVICE, '403 InvalidClientTokenId'],
      [{ ...OWNER, secretAccessKey: 'wrong' }, '403 SignatureDoesNotMatch'],
    ] as const) {
      const other = clientOf(credentials);
      expect(await code(other.send(new iam.GetUserCommand({ UserName })))).to.equal(expected);
      other.destroy();
    }
    const body = `Action=DeleteUser&Version=2010-05-08&UserName=${UserName}`;
    const { status, code: found } = await send(service.endpoint, { method: 'POST', path: '/', body });
    expect([status, found]).to.deep.equal([403, 'MissingAuthenticationToken']);
    expect((await send(service.endpoint, { path: `/?${body}` })).status).to.equal(400);
  });

  it('does nothing of a form that was changed on its way', async () => {
    client.middlewareStack.add(
      (next) => (args) => {
        const { request } = args;
        if (typeof request === 'object' && request !== null && 'body' in request) {
          request.body = String(request.body).replace('jane', 'joan');
        }
        return next(args);
      },
      { step: 'finalizeRequest', priority: 'low' },
    );
    expect(await code(client.send(new iam.CreateUserCommand({ UserName })))).to.equal('403 SignatureDoesNotMatch');
  });

  it('loses no user to one damaged file, and says what to do where both copies are damaged', async () => {
    const key = await addJane();
    for (const [which, content] of [
      [file(), '{"users":[{"name":1}]}'],
      [file(), ''],
      [`${file()}.copy`, 'no JSON'],
    ] as const) {
      writeFileSync(which, content);
      const said: string[] = [];
      const users = new IamUsers(file(), server.s3, Date.now, (text) => said.push(text));
      expect(users.get(UserName).keys.map(({ accessKeyId }) => accessKeyId)).to.deep.equal([key.accessKeyId]);
      expect(said.join(), which).to.match(which === file() ? /iam\.json was damaged.*restored from/ : /^$/);
      expect(readFileSync(file(), 'utf8')).to.equal(readFileSync(`${file()}.copy`, 'utf8'));
    }
    for (const each of [file(), `${file()}.copy`]) writeFileSync(each, '{');
    expect(() => new IamUsers(file(), server.s3, Date.now)).to.throw(/iam\.json is damaged.*restore one of them/);
  });
});
