import { expect } from 'chai';
import { CameraUser, type KeyPair } from '../../../lambda/lib/accounts/camera-user';
import type { AccountsCloud } from '../../../lambda/lib/accounts/cloud';
import * as licences from '../../../lambda/lib/accounts/licences';
import { type Place, placeOfEnvironment } from '../../../lambda/lib/accounts/place';
import { changeAccount, readAccount, suspendAccount } from '../../../lambda/lib/table/account-item';
import { iam, s3 as S3 } from '../../../lambda/test-packages';
import { OTHER } from '../cloud';
import { Scene } from '../gallery/scene';

describe('licences: interrupted, and overtaken', function () {
  this.timeout(60_000);
  let scene: Scene;
  let cloud: AccountsCloud;

  before(function () {
    // moto does not enforce IAM's policies.
    if (OTHER) this.skip();
  });
  beforeEach(async () => {
    scene = await Scene.start();
    cloud = cloudAt();
  });
  afterEach(async () => {
    cloud.iam.destroy();
    await scene.stop();
  });

  function cloudAt(other: Partial<Place> = {}): AccountsCloud {
    const env = scene.cloud.ownerEnvironment('http://127.0.0.1');
    const credentials = { accessKeyId: 'OWNERKEY', secretAccessKey: 'ownersecret' };
    const { AWS_ENDPOINT_URL_IAM: endpoint = '', AWS_REGION: region = '' } = env;
    const { s3, documents } = scene.cloud;
    return {
      place: { ...placeOfEnvironment(env, 'the test', 'the test'), ...other },
      iam: new iam.IAMClient({ endpoint, region, credentials, maxAttempts: 1 }),
      ...{ s3, documents, table: scene.table },
    };
  }
  const uploads = async ({ accessKeyId, secretAccessKey }: KeyPair, folder: string): Promise<string> => {
    const put = new S3.PutObjectCommand({ Bucket: scene.cloud.uploads, Key: `${folder}/a.jpg`, Body: 'x' });
    const camera = scene.cloud.camera(accessKeyId, secretAccessKey);
    return await camera.send(put).then(
      () => 'ok',
      (error) => (error instanceof Error ? error.name : String(error)),
    );
  };
  const why = async (call: Promise<unknown>) => await call.then(String, (error: Error) => error.message);

  it('a rotation that was interrupted never costs the cameras their key', async () => {
    const { keys } = await licences.add(cloud, 'jane');
    await otherSecond();
    const lost = await new CameraUser(cloud.iam, cloud.place, 'jane').createKey();
    expect(await why(licences.rotate(cloud, 'jane'))).to.match(/two key pairs already/);
    expect(await why(licences.finishRotation(cloud, 'jane'))).to.match(/never told.*--undo/);
    expect(await licences.undoRotation(cloud, 'jane')).to.equal(lost.accessKeyId);
    expect(await uploads(keys, 'jane')).to.equal('ok');
  });

  it('an undone rotation that was interrupted is finished by undoing it again', async () => {
    const { keys } = await licences.add(cloud, 'jane');
    await otherSecond();
    const newer = await licences.rotate(cloud, 'jane');
    await changeAccount(cloud.table, 'jane', { accessKeyId: keys.accessKeyId });
    expect(await licences.undoRotation(cloud, 'jane')).to.equal(newer.accessKeyId);
    expect(await uploads(keys, 'jane')).to.equal('ok');
    expect((await readAccount(cloud.table, 'jane'))?.accessKeyId).to.equal(keys.accessKeyId);
  });

  it('what a warm Lambda knew of the faces of a removed account it does not know in a new one of that name', async () => {
    await licences.add(cloud, 'jane');
    const lambda = scene.lambda();
    await scene.see({ time: '2026-04-22T10:00:00Z', faces: [10] }, lambda);
    const [before] = await personsOn('jane');
    // Once with an empty log, and once with one that is as long as the old one, written by a cold Lambda.
    for (const others of [[], [300]]) {
      await remove('jane');
      await licences.add(cloud, 'jane');
      if (others.length > 0) await scene.see({ time: '2026-04-22T10:30:00Z', faces: others });
      await scene.see({ time: '2026-04-22T11:00:00Z', faces: [12] }, lambda);
      const after = await personsOn('jane');
      expect(after)
        .to.have.length(others.length + 1)
        .and.not.include(before);
      expect(await scene.hasPrint(10)).to.equal(false);
      // A cold one knows what the warm one has written.
      await scene.see({ time: '2026-04-22T12:00:00Z', faces: [12] });
      expect(new Set(await personsOn('jane'))).to.deep.equal(new Set(after));
    }
  });

  it('removing an account that is not there leaves the user of another cloud alone', async () => {
    const one = cloudAt({ userPrefix: 'kerberos-kerberos-' });
    const { keys } = await licences.add(one, 'a-b');
    const other = cloudAt({ userPrefix: 'kerberos-kerberos-a-', uploadsBucket: 'other-uploads' });
    expect(await why(licences.remove(other, 'b', () => {}))).to.match(/There is no account "b"/);
    expect(await uploads(keys, 'a-b')).to.equal('ok');
    for (const each of [one, other]) each.iam.destroy();
  });

  it('another retention, while a picture is looked at, counts for it too', async () => {
    await licences.add(cloud, 'jane');
    for (const days of [7, 90] as const) {
      const { record } = await scene.upload({ time: '2026-04-22T10:00:00Z' });
      let isFirst = true;
      const lambda = scene.lambda({
        engine: {
          ...scene.engine,
          detect: async (upright) => {
            if (isFirst) await licences.setRetention(cloud, 'jane', days);
            isFirst = false;
            return await scene.engine.detect(upright);
          },
        },
      });
      await scene.deliver(record, [10], lambda);
      for (const kind of ['EVENT', 'PERSON', 'COUNTS']) {
        for (const { received, expires } of await scene.cloud.itemsOf(kind)) {
          expect((Number(expires) * 1000 - Number(received)) / 86_400_000, kind).to.equal(days);
        }
      }
      for (const Key of await scene.cloud.published()) {
        const { TagSet } = await cloud.s3.send(new S3.GetObjectTaggingCommand({ Bucket: scene.cloud.production, Key }));
        expect(TagSet).to.deep.equal([{ Key: 'retention', Value: String(days) }]);
      }
    }
  });

  /** Who is on the account's events, as the items say it. */
  async function personsOn(account: string): Promise<string[]> {
    const events = (await scene.cloud.itemsOf('EVENT')).filter(({ account: of }) => of === account);
    return events.flatMap(({ persons }) => (persons instanceof Set ? [...persons].map(String) : []));
  }

  async function remove(name: string): Promise<void> {
    await suspendAccount(cloud.table, name, new Date(0));
    await licences.remove(cloud, name, () => {});
  }

  /** IAM tells seconds. */
  async function otherSecond(): Promise<void> {
    await new Promise((resolve) => setTimeout(resolve, 1000 - (Date.now() % 1000) + 5));
  }
});
