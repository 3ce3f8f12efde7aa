import { expect } from 'chai';
import { CameraUser } from '../../../../lambda/lib/accounts/camera-user';
import { placeOfEnvironment } from '../../../../lambda/lib/accounts/place';
import { iam } from '../../../../lambda/test-packages';
import { devicePolicy } from '../../../../tasks/lib/cloud/iam/device-policy';
import { policyOf } from '../../../../tasks/lib/cloud/iam/policy-document';
import { startIam } from '../../../../tasks/lib/cloud/iam/server';
import { IamUsers } from '../../../../tasks/lib/cloud/iam/users';
import { ACTIONS, allows } from '../../../../tasks/lib/cloud/s3/policy';
import { BUCKET, OWNER, REGION, startTestServer } from '../support';

describe("a device's policy", () => {
  it('allows to write into its folder and to list it, and nothing else that S3 has', () => {
    const policy = policyOf(devicePolicy('uploads', 'jane'));
    const allowed = ACTIONS.filter((action) => allows(policy, action, 'uploads', 'jane/a.jpg'));
    expect(allowed).to.deep.equal(['s3:ListBucket', 's3:PutObject']);
    for (const [bucket, key] of [
      ['uploads', 'john/a.jpg'],
      ['uploads', 'jane2/a.jpg'],
      ['uploads', 'jane'],
      ['uploads', ''],
      ['production', 'jane/a.jpg'],
    ] as const) {
      expect(ACTIONS.filter((action) => allows(policy, action, bucket, key))).to.deep.equal([]);
    }
  });

  it('is the same for the first account and for all that are added', async () => {
    const server = await startTestServer();
    const users = new IamUsers(`${server.directory}/iam.json`, server.s3, Date.now);
    const service = await startIam({ users, owner: OWNER });
    const client = new iam.IAMClient({ endpoint: service.endpoint, region: REGION, credentials: OWNER });
    const place = placeOfEnvironment(
      {
        AWS_REGION: REGION,
        AWS_ACCESS_KEY_ID: 'x',
        AWS_SECRET_ACCESS_KEY: 'x',
        AWS_ENDPOINT_URL_S3: 'http://127.0.0.1',
        AWS_ENDPOINT_URL_IAM: service.endpoint,
        AWS_ENDPOINT_URL_DYNAMODB: 'http://127.0.0.1',
        UPLOADS_BUCKET: BUCKET,
        PRODUCTION_BUCKET: 'production',
        TABLE_NAME: 'cloud',
        APP_URL: 'http://127.0.0.1',
      },
      'The test',
      'This cloud',
    );
    await new CameraUser(client, place, 'jane').create();
    const [document = ''] = Object.values(users.get('kerberos-jane').policies);
    expect(policyOf(document)).to.deep.equal(policyOf(devicePolicy(BUCKET, 'jane')));
    client.destroy();
    await service.close();
    await server.stop();
  });
});
