import {
  DeleteObjectCommand,
  DeleteObjectsCommand,
  ListObjectVersionsCommand,
  type ListObjectVersionsCommandInput,
  PutObjectCommand,
  type S3Client,
} from '@aws-sdk/client-s3';
import { expect } from 'chai';
import { BUCKET, DEVICE, refusal, sendSigned, startTestServer, type TestServer } from '../support';

describe('the embedded S3: versions, in a bucket that keeps none', () => {
  let server: TestServer;
  let client: S3Client;
  const keys = ['v/a', 'v/b c+%ü', 'v/d/1', 'v/d/2', 'v/z'];
  before(async () => {
    server = await startTestServer();
    client = server.client();
    for (const Key of [...keys, 'w']) await client.send(new PutObjectCommand({ Bucket: BUCKET, Key, Body: 'first' }));
  });
  after(() => server.stop());

  const list = (options: Partial<ListObjectVersionsCommandInput> = {}, from = client) =>
    from.send(new ListObjectVersionsCommand({ Bucket: BUCKET, Prefix: 'v/', ...options }));

  it('lists each object once, as its latest version, which is called null', async () => {
    await client.send(new PutObjectCommand({ Bucket: BUCKET, Key: 'v/a', Body: 'again' }));
    const { Versions = [], DeleteMarkers, IsTruncated, Name, Prefix } = await list();
    expect({ DeleteMarkers, IsTruncated, Name, Prefix }).to.deep.equal({
      DeleteMarkers: undefined,
      IsTruncated: false,
      Name: BUCKET,
      Prefix: 'v/',
    });
    expect(Versions.map(({ Key }) => Key)).to.deep.equal(keys);
    for (const { VersionId, IsLatest, Size, StorageClass } of Versions) {
      expect({ VersionId, IsLatest, Size, StorageClass }).to.deep.equal({
        VersionId: 'null',
        IsLatest: true,
        Size: 5,
        StorageClass: 'STANDARD',
      });
    }
  });

  it('lists in pages, from the markers of the page before, and folders at a delimiter', async () => {
    const listed: (string | undefined)[] = [];
    const pages = paginate({ MaxKeys: 2 });
    for await (const page of pages) listed.push(...(page.Versions ?? []).map(({ Key }) => Key));
    expect(listed).to.deep.equal(keys);

    const first = await list({ MaxKeys: 1 });
    expect([first.IsTruncated, first.NextKeyMarker, first.NextVersionIdMarker]).to.deep.equal([true, 'v/a', 'null']);

    const found: (string | undefined)[] = [];
    for await (const page of paginate({ MaxKeys: 1, Delimiter: '/' })) {
      found.push(...(page.Versions ?? []).map(({ Key }) => Key));
      found.push(...(page.CommonPrefixes ?? []).map(({ Prefix }) => Prefix));
    }
    expect(found).to.deep.equal(['v/a', 'v/b c+%ü', 'v/d/', 'v/z']);
  });

  async function* paginate(options: Partial<ListObjectVersionsCommandInput>) {
    const input = { Bucket: BUCKET, Prefix: 'v/', ...options };
    let page = await client.send(new ListObjectVersionsCommand(input));
    yield page;
    while (page.IsTruncated) {
      const { NextKeyMarker: KeyMarker, NextVersionIdMarker: VersionIdMarker } = page;
      page = await client.send(new ListObjectVersionsCommand({ ...input, KeyMarker, VersionIdMarker }));
      yield page;
    }
  }

  it('encodes keys when asked to', async () => {
    const { Versions = [] } = await list({ EncodingType: 'url' });
    expect(decodeURIComponent(String(Versions[1]?.Key).replaceAll('+', ' '))).to.equal('v/b c+%ü');
  });

  it('refuses a version marker without a key, or of a version that cannot be', async () => {
    const ask = async (query: string) => {
      const { status, code } = await sendSigned(server.s3.endpoint, { path: `/${BUCKET}?versions&${query}` });
      return `${status} ${code}`;
    };
    expect(await ask('version-id-marker=null')).to.equal('400 InvalidArgument');
    expect(await ask('key-marker=a&version-id-marker=abc')).to.equal('400 InvalidArgument');
    expect(await ask('key-marker=a&version-id-marker=null')).to.equal('200 undefined');
  });

  it('deletes the version called null, one or many, and no other', async () => {
    const other = client.send(new DeleteObjectCommand({ Bucket: BUCKET, Key: 'v/a', VersionId: 'abc' }));
    expect(await refusal(other)).to.deep.equal({ code: 'InvalidArgument', status: 400 });
    const { VersionId } = await client.send(new DeleteObjectCommand({ Bucket: BUCKET, Key: 'v/a', VersionId: 'null' }));
    expect(VersionId).to.equal('null');
    const Objects = [
      { Key: 'v/b c+%ü', VersionId: 'null' },
      { Key: 'v/z', VersionId: 'abc' },
    ];
    const { Deleted, Errors } = await client.send(new DeleteObjectsCommand({ Bucket: BUCKET, Delete: { Objects } }));
    expect(Deleted).to.deep.equal([{ Key: 'v/b c+%ü', VersionId: 'null' }]);
    expect(Errors?.map(({ Key, Code }) => [Key, Code])).to.deep.equal([['v/z', 'NoSuchVersion']]);
    expect((await list()).Versions?.map(({ Key }) => Key)).to.deep.equal(['v/d/1', 'v/d/2', 'v/z']);
  });

  it('lets who may delete objects not delete versions, nor who may list objects list versions', async () => {
    const credentials = { accessKeyId: 'READER', secretAccessKey: 'reader' };
    server.s3.addKeyPair({
      ...credentials,
      policy: [{ effect: 'allow', actions: ['s3:DeleteObject', 's3:ListBucket'], bucket: BUCKET }],
    });
    const reader = server.client({ credentials });
    const own = { Bucket: BUCKET, Key: 'w' };
    const version = reader.send(new DeleteObjectCommand({ ...own, VersionId: 'null' }));
    expect((await refusal(version)).code).to.equal('AccessDenied');
    expect((await refusal(list({}, reader))).code).to.equal('AccessDenied');
    expect((await refusal(list({ Prefix: 'home/' }, server.client({ credentials: DEVICE })))).code).to.equal(
      'AccessDenied',
    );
    const { Errors } = await reader.send(
      new DeleteObjectsCommand({ Bucket: BUCKET, Delete: { Objects: [{ Key: 'w', VersionId: 'null' }] } }),
    );
    expect(Errors?.map(({ Code }) => Code)).to.deep.equal(['AccessDenied']);
    await reader.send(new DeleteObjectCommand(own));
  });
});
