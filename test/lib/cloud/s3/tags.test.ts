import {
  CompleteMultipartUploadCommand,
  CopyObjectCommand,
  CreateMultipartUploadCommand,
  DeleteObjectTaggingCommand,
  GetObjectCommand,
  GetObjectTaggingCommand,
  HeadObjectCommand,
  PutObjectCommand,
  PutObjectTaggingCommand,
  type S3Client,
  UploadPartCommand,
} from '@aws-sdk/client-s3';
import { expect } from 'chai';
import type { Policy } from '../../../../tasks/lib/cloud/s3/policy';
import { BUCKET, DEVICE, refusal, startTestServer, type TestServer } from '../support';

describe("the embedded S3: an object's tags", () => {
  let server: TestServer;
  let client: S3Client;
  beforeEach(async () => {
    server = await startTestServer();
    client = server.client();
  });
  afterEach(() => server.stop());

  const put = (Key: string, Tagging?: string, by = client) =>
    by.send(new PutObjectCommand({ Bucket: BUCKET, Key, Body: 'x', Tagging }));
  const tagsOf = async (Key: string) => {
    const { TagSet = [] } = await client.send(new GetObjectTaggingCommand({ Bucket: BUCKET, Key }));
    return Object.fromEntries(TagSet.map(({ Key: name = '', Value }) => [name, Value]));
  };
  const retag = (Key: string, tags: Record<string, string>, by = client) => {
    const TagSet = Object.entries(tags).map(([name, Value]) => ({ Key: name, Value }));
    return by.send(new PutObjectTaggingCommand({ Bucket: BUCKET, Key, Tagging: { TagSet } }));
  };

  it('are kept with it, told and counted, and gone when it is replaced', async () => {
    await put('a', 'retention=30&front%20door=+%C3%BC%3D');
    expect(await tagsOf('a')).to.deep.equal({ retention: '30', 'front door': ' ü=' });
    expect((await client.send(new GetObjectCommand({ Bucket: BUCKET, Key: 'a' }))).TagCount).to.equal(2);
    await put('a');
    expect(await tagsOf('a')).to.deep.equal({});
    expect((await client.send(new GetObjectCommand({ Bucket: BUCKET, Key: 'a' }))).TagCount).to.equal(undefined);
  });

  it('are replaced and removed without a change of anything else, and kept over a restart', async () => {
    await put('a', 'retention=30');
    const before = await client.send(new HeadObjectCommand({ Bucket: BUCKET, Key: 'a' }));
    await retag('a', { retention: '90' });
    await server.restart();
    client = server.client();
    expect(await tagsOf('a')).to.deep.equal({ retention: '90' });
    const after = await client.send(new HeadObjectCommand({ Bucket: BUCKET, Key: 'a' }));
    expect([after.ETag, after.LastModified]).to.deep.equal([before.ETag, before.LastModified]);
    expect(server.s3.objects.info(BUCKET, 'a')?.tags).to.deep.equal({ retention: '90' });
    const TagSet = [{ Key: 'retention', Value: '7' }];
    const version = (VersionId: string) =>
      client.send(new PutObjectTaggingCommand({ Bucket: BUCKET, Key: 'a', VersionId, Tagging: { TagSet } }));
    await version('null');
    expect(await tagsOf('a')).to.deep.equal({ retention: '7' });
    expect((await refusal(version('other'))).code).to.equal('InvalidArgument');
    await client.send(new DeleteObjectTaggingCommand({ Bucket: BUCKET, Key: 'a' }));
    expect(await tagsOf('a')).to.deep.equal({});
    expect((await refusal(retag('none', { a: 'b' }))).code).to.equal('NoSuchKey');
    expect((await refusal(tagsOf('none'))).code).to.equal('NoSuchKey');
  });

  it('set while the object is being replaced are never mixed up with the other object', async () => {
    await Promise.all(
      Array.from({ length: 40 }, (_, at) =>
        at % 2 === 0 ? put('a', `by=put${at}`) : retag('a', { by: `tag${at}` }).catch(() => undefined),
      ),
    );
    await retag('a', { by: 'last' });
    const stored = await server.s3.objects.get(BUCKET, 'a');
    expect([stored?.tags, server.s3.objects.info(BUCKET, 'a')?.etag]).to.deep.equal([{ by: 'last' }, stored?.etag]);
    const { Body } = await client.send(new GetObjectCommand({ Bucket: BUCKET, Key: 'a' }));
    expect(await Body?.transformToString()).to.equal('x');
  });

  it('come along with a copy, or are replaced', async () => {
    await put('from', 'retention=30');
    const copy = async (options: object) => {
      await client.send(new CopyObjectCommand({ Bucket: BUCKET, Key: 'to', CopySource: `${BUCKET}/from`, ...options }));
      return await tagsOf('to');
    };
    expect(await copy({})).to.deep.equal({ retention: '30' });
    expect(await copy({ MetadataDirective: 'REPLACE' })).to.deep.equal({ retention: '30' });
    expect(await copy({ TaggingDirective: 'REPLACE', Tagging: 'retention=7' })).to.deep.equal({ retention: '7' });
    expect(await copy({ TaggingDirective: 'REPLACE' })).to.deep.equal({});
    expect((await refusal(copy({ TaggingDirective: 'OTHER' }))).code).to.equal('InvalidArgument');
  });

  it('of a multipart upload are those that it began with', async () => {
    const upload = { Bucket: BUCKET, Key: 'parts' };
    const { UploadId } = await client.send(new CreateMultipartUploadCommand({ ...upload, Tagging: 'retention=7' }));
    const { ETag } = await client.send(new UploadPartCommand({ ...upload, UploadId, PartNumber: 1, Body: 'x' }));
    const MultipartUpload = { Parts: [{ PartNumber: 1, ETag }] };
    await client.send(new CompleteMultipartUploadCommand({ ...upload, UploadId, MultipartUpload }));
    expect(await tagsOf('parts')).to.deep.equal({ retention: '7' });
  });

  it("are refused where they are not as S3's", async () => {
    const eleven = Array.from({ length: 11 }, (_, at) => `t${at}=1`).join('&');
    const cases = { 'a=1&a=2': 'InvalidArgument', 'a=%': 'InvalidArgument', 'a=<b>': 'InvalidTag', '=b': 'InvalidTag' };
    for (const [tagging, code] of Object.entries({ ...cases, [eleven]: 'BadRequest' })) {
      expect((await refusal(put('bad', tagging))).code, tagging).to.equal(code);
    }
    await put('a');
    expect((await refusal(retag('a', { long: 'v'.repeat(257) }))).code).to.equal('InvalidTag');
    const twice = { TagSet: [1, 2].map(() => ({ Key: 'a', Value: 'b' })) };
    const same = client.send(new PutObjectTaggingCommand({ Bucket: BUCKET, Key: 'a', Tagging: twice }));
    expect((await refusal(same)).code).to.equal('InvalidTag');
  });

  it('are nothing that a device may set or read, nor who may only write and read objects', async () => {
    await put('home/a', 'retention=30');
    const device = server.client({ credentials: DEVICE });
    expect((await refusal(put('home/b', 'retention=7', device))).code).to.equal('AccessDenied');
    expect((await refusal(retag('home/a', { retention: '7' }, device))).code).to.equal('AccessDenied');
    const credentials = { accessKeyId: 'WRITER', secretAccessKey: 'writer' };
    const policy: Policy = [{ effect: 'allow', actions: ['s3:GetObject', 's3:PutObject'], bucket: BUCKET }];
    server.s3.addKeyPair({ ...credentials, policy });
    const writer = server.client({ credentials });
    const copy = { Bucket: BUCKET, Key: 'home/c', CopySource: `${BUCKET}/home/a` };
    expect((await refusal(writer.send(new CopyObjectCommand(copy)))).code).to.equal('AccessDenied');
    await writer.send(new CopyObjectCommand({ ...copy, TaggingDirective: 'REPLACE' }));
    const { TagCount } = await writer.send(new GetObjectCommand({ Bucket: BUCKET, Key: 'home/a' }));
    expect(TagCount).to.equal(undefined);
  });
});
