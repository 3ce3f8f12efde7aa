import { randomBytes } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import {
  CopyObjectCommand,
  CreateBucketCommand,
  DeleteObjectCommand,
  DeleteObjectsCommand,
  GetBucketLocationCommand,
  GetObjectCommand,
  HeadBucketCommand,
  HeadObjectCommand,
  ListBucketsCommand,
  ListObjectsCommand,
  ListObjectsV2Command,
  PutObjectCommand,
  paginateListObjectsV2,
  type S3Client,
} from '@aws-sdk/client-s3';
import { expect } from 'chai';
import { BUCKET, DEVICE, refusal, startTestServer, type TestServer } from '../support';

describe('the embedded S3, through the AWS SDK', () => {
  let server: TestServer;
  let client: S3Client;
  before(async () => {
    server = await startTestServer();
    client = server.client();
  });
  after(() => server.stop());

  const put = (key: string, body: string | Buffer = 'x') =>
    client.send(new PutObjectCommand({ Bucket: BUCKET, Key: key, Body: body }));
  const get = async (key: string) => {
    const { Body } = await client.send(new GetObjectCommand({ Bucket: BUCKET, Key: key }));
    return Buffer.from((await Body?.transformToByteArray()) ?? []);
  };

  it('gives back what was put, with its description', async () => {
    const body = randomBytes(50_000);
    const input = {
      Bucket: BUCKET,
      Key: 'home/a.jpg',
      ContentType: 'image/jpeg',
      CacheControl: 'max-age=5',
      Metadata: { 'event-token': '579' },
    };
    const { ETag } = await client.send(new PutObjectCommand({ ...input, Body: body }));
    const head = await client.send(new HeadObjectCommand({ Bucket: BUCKET, Key: input.Key }));
    expect(head).to.include({ ContentLength: 50_000, ContentType: 'image/jpeg', CacheControl: 'max-age=5', ETag });
    expect(head.Metadata).to.deep.equal({ 'event-token': '579' });
    expect((await get(input.Key)).equals(body)).to.equal(true);
  });

  it('stores a stream as the SDK sends it, in chunks with a checksum behind, without their framing', async () => {
    const body = randomBytes(300_000);
    const file = join(server.directory, 'stream.bin');
    await writeFile(file, body);
    const reply = await client.send(
      new PutObjectCommand({ Bucket: BUCKET, Key: 'stream', Body: createReadStream(file) }),
    );
    expect(reply.ChecksumCRC32).to.be.a('string');
    expect((await get('stream')).equals(body)).to.equal(true);
    const head = await client.send(new HeadObjectCommand({ Bucket: BUCKET, Key: 'stream' }));
    expect(head.ContentEncoding).to.equal(undefined);
  });

  it('gives the part of an object that a range asks for', async () => {
    await put('range', '0123456789');
    const range = async (Range: string) => {
      const reply = await client.send(new GetObjectCommand({ Bucket: BUCKET, Key: 'range', Range }));
      return [await reply.Body?.transformToString(), reply.ContentRange];
    };
    expect(await range('bytes=2-4')).to.deep.equal(['234', 'bytes 2-4/10']);
    expect(await range('bytes=7-')).to.deep.equal(['789', 'bytes 7-9/10']);
    expect(await range('bytes=-3')).to.deep.equal(['789', 'bytes 7-9/10']);
    expect(await range('bytes=5-99')).to.deep.equal(['56789', 'bytes 5-9/10']);
    expect(await refusal(range('bytes=10-'))).to.deep.equal({ code: 'InvalidRange', status: 416 });
  });

  it('reads an object only under the conditions the reader makes', async () => {
    const { ETag } = await put('conditional', 'x');
    const read = (condition: object) =>
      client.send(new GetObjectCommand({ Bucket: BUCKET, Key: 'conditional', ...condition }));
    await read({ IfMatch: ETag });
    expect((await refusal(read({ IfMatch: '"other"' }))).code).to.equal('PreconditionFailed');
    expect((await refusal(read({ IfNoneMatch: ETag }))).status).to.equal(304);
    expect((await refusal(read({ IfModifiedSince: new Date(Date.now() + 60_000) }))).status).to.equal(304);
    expect((await refusal(read({ IfUnmodifiedSince: new Date(0) }))).status).to.equal(412);
  });

  it('answers for what is not there as S3 does', async () => {
    expect(await refusal(get('missing'))).to.deep.equal({ code: 'NoSuchKey', status: 404 });
    const head = client.send(new HeadObjectCommand({ Bucket: BUCKET, Key: 'missing' }));
    expect((await refusal(head)).status).to.equal(404);
    const elsewhere = client.send(new PutObjectCommand({ Bucket: 'no-such-bucket', Key: 'a', Body: 'a' }));
    expect(await refusal(elsewhere)).to.deep.equal({ code: 'NoSuchBucket', status: 404 });
  });

  it('puts only where nothing is when asked so: of twenty at once, one wins', async () => {
    const puts = Array.from({ length: 20 }, (_, at) =>
      client.send(new PutObjectCommand({ Bucket: BUCKET, Key: 'once', Body: `writer ${at}`, IfNoneMatch: '*' })).then(
        () => at,
        (error: Error) => error.name,
      ),
    );
    const results = await Promise.all(puts);
    const winners = results.filter((result) => typeof result === 'number');
    expect(winners).to.have.length(1);
    expect(results.filter((result) => result === 'PreconditionFailed')).to.have.length(19);
    expect((await get('once')).toString()).to.equal(`writer ${winners[0]}`);
  });

  it('replaces only the version that the writer knows, when asked so', async () => {
    const { ETag } = await put('replace', '1');
    const replace = (IfMatch: string | undefined, Key = 'replace') =>
      client.send(new PutObjectCommand({ Bucket: BUCKET, Key, Body: '2', IfMatch }));
    expect((await refusal(replace('"00000000000000000000000000000000"'))).code).to.equal('PreconditionFailed');
    await replace(ETag);
    expect((await refusal(replace(ETag))).code).to.equal('PreconditionFailed');
    expect((await refusal(replace(ETag, 'nothing-there'))).code).to.equal('NoSuchKey');
  });

  it('copies, with the metadata or with another, and only the version asked for', async () => {
    const { ETag } = await client.send(
      new PutObjectCommand({ Bucket: BUCKET, Key: 'from me +ü', Body: 'copy', Metadata: { a: '1' } }),
    );
    const copy = (options: object) =>
      client.send(
        new CopyObjectCommand({
          Bucket: BUCKET,
          Key: 'copied',
          CopySource: `${BUCKET}/${encodeURIComponent('from me +ü')}`,
          ...options,
        }),
      );
    expect((await copy({ CopySourceIfMatch: ETag })).CopyObjectResult?.ETag).to.equal(ETag);
    expect((await get('copied')).toString()).to.equal('copy');
    const metadata = async () => (await client.send(new HeadObjectCommand({ Bucket: BUCKET, Key: 'copied' }))).Metadata;
    expect(await metadata()).to.deep.equal({ a: '1' });
    await copy({ MetadataDirective: 'REPLACE', Metadata: { b: '2' } });
    expect(await metadata()).to.deep.equal({ b: '2' });
    expect((await refusal(copy({ CopySourceIfMatch: '"other"' }))).code).to.equal('PreconditionFailed');
    expect((await refusal(copy({ CopySource: `${BUCKET}/missing` }))).code).to.equal('NoSuchKey');
    expect((await refusal(copy({ Key: 'from me +ü' }))).code).to.equal('InvalidRequest');
  });

  it('deletes one, and many', async () => {
    await put('gone/1');
    await put('gone/2 <&>');
    await client.send(new DeleteObjectCommand({ Bucket: BUCKET, Key: 'gone/1' }));
    await client.send(new DeleteObjectCommand({ Bucket: BUCKET, Key: 'gone/1' }));
    const { Deleted } = await client.send(
      new DeleteObjectsCommand({ Bucket: BUCKET, Delete: { Objects: [{ Key: 'gone/2 <&>' }, { Key: 'gone/3' }] } }),
    );
    expect(Deleted?.map(({ Key }) => Key)).to.deep.equal(['gone/2 <&>', 'gone/3']);
    const { KeyCount } = await client.send(new ListObjectsV2Command({ Bucket: BUCKET, Prefix: 'gone/' }));
    expect(KeyCount).to.equal(0);
  });

  it('lists in pages, in the order of UTF-8, and folders at a delimiter', async () => {
    // U+FF5E comes before U+1F600 in UTF-8, behind it in JavaScript's order.
    const keys = ['list/', 'list/A', 'list/a b', 'list/d/1', 'list/d/2', 'list/z', 'list/é', 'list/～', 'list/😀'];
    for (const key of [...keys].reverse()) await put(key);
    await put('list2');
    const pages = async (options: { MaxKeys: number; Delimiter?: string }) => {
      const found: (string | undefined)[] = [];
      const input = { Bucket: BUCKET, Prefix: 'list/', ...options };
      for await (const page of paginateListObjectsV2({ client }, input)) {
        found.push(...(page.Contents ?? []).map(({ Key }) => Key));
        found.push(...(page.CommonPrefixes ?? []).map(({ Prefix }) => Prefix));
      }
      return found;
    };
    expect(await pages({ MaxKeys: 2 })).to.deep.equal(keys);
    const folders = keys.flatMap((key) => (key === 'list/d/1' ? ['list/d/'] : key === 'list/d/2' ? [] : [key]));
    expect(await pages({ MaxKeys: 1, Delimiter: '/' })).to.deep.equal(folders);
    const whole = await client.send(new ListObjectsV2Command({ Bucket: BUCKET, Prefix: 'list/', Delimiter: '/' }));
    expect(whole.CommonPrefixes).to.deep.equal([{ Prefix: 'list/d/' }]);

    const later = await client.send(
      new ListObjectsV2Command({ Bucket: BUCKET, StartAfter: 'list/z', Prefix: 'list/' }),
    );
    expect(later.Contents?.map(({ Key }) => Key)).to.deep.equal(['list/é', 'list/～', 'list/😀']);

    const first = await client.send(new ListObjectsCommand({ Bucket: BUCKET, Prefix: 'list/', MaxKeys: 3 }));
    expect(first.IsTruncated).to.equal(true);
    const marker = first.Contents?.at(-1)?.Key;
    const second = await client.send(new ListObjectsCommand({ Bucket: BUCKET, Prefix: 'list/', Marker: marker }));
    expect([...(first.Contents ?? []), ...(second.Contents ?? [])].map(({ Key }) => Key)).to.deep.equal(keys);
  });

  it('knows its buckets', async () => {
    await client.send(new CreateBucketCommand({ Bucket: 'another-bucket' }));
    const { Buckets } = await client.send(new ListBucketsCommand({}));
    expect(Buckets?.map(({ Name }) => Name)).to.include.members(['another-bucket', BUCKET]);
    await client.send(new HeadBucketCommand({ Bucket: 'another-bucket' }));
    const { LocationConstraint } = await client.send(new GetBucketLocationCommand({ Bucket: BUCKET }));
    expect(LocationConstraint).to.equal('eu-west-1');
    const again = client.send(new CreateBucketCommand({ Bucket: BUCKET }));
    expect(await refusal(again)).to.deep.equal({ code: 'BucketAlreadyOwnedByYou', status: 409 });
    const bad = client.send(new CreateBucketCommand({ Bucket: 'Bad_Name' }));
    expect(await refusal(bad)).to.deep.equal({ code: 'InvalidBucketName', status: 400 });
  });

  it('lets a device write to and list its own folder, and nothing else', async () => {
    await put('home/secret');
    await put('home2/secret');
    const device = server.client({ credentials: DEVICE });
    const own = { Bucket: BUCKET, Key: 'home/picture' };
    await device.send(new PutObjectCommand({ ...own, Body: 'x' }));
    const { KeyCount } = await device.send(new ListObjectsV2Command({ Bucket: BUCKET, Prefix: 'home/' }));
    expect(KeyCount).to.be.greaterThan(0);

    const denied = [
      () => device.send(new GetObjectCommand(own)),
      () => device.send(new DeleteObjectCommand(own)),
      () => device.send(new PutObjectCommand({ Bucket: BUCKET, Key: 'home2/picture', Body: 'x' })),
      () => device.send(new PutObjectCommand({ Bucket: BUCKET, Key: 'picture', Body: 'x' })),
      () =>
        device.send(
          new CopyObjectCommand({ Bucket: BUCKET, Key: 'home/stolen', CopySource: `${BUCKET}/home2/secret` }),
        ),
      () => device.send(new ListObjectsV2Command({ Bucket: BUCKET })),
      () => device.send(new ListObjectsV2Command({ Bucket: BUCKET, Prefix: 'home' })),
      () => device.send(new ListObjectsV2Command({ Bucket: BUCKET, Prefix: 'home2/' })),
      () => device.send(new ListBucketsCommand({})),
      () => device.send(new CreateBucketCommand({ Bucket: 'device-bucket' })),
      () => device.send(new PutObjectCommand({ Bucket: 'another-bucket', Key: 'home/picture', Body: 'x' })),
    ];
    for (const call of denied) expect(await refusal(call())).to.deep.equal({ code: 'AccessDenied', status: 403 });
    for (const call of [new HeadObjectCommand(own), new HeadObjectCommand({ ...own, Key: 'home/none' })]) {
      expect((await refusal(device.send(call))).status).to.equal(403);
    }
    const { Errors } = await device.send(new DeleteObjectsCommand({ Bucket: BUCKET, Delete: { Objects: [own] } }));
    expect(Errors?.map(({ Code }) => Code)).to.deep.equal(['AccessDenied']);
    expect((await get('home/picture')).toString()).to.equal('x');
  });

  it('keeps everything over a restart', async () => {
    await client.send(
      new PutObjectCommand({
        Bucket: BUCKET,
        Key: 'kept/ü 1',
        Body: 'kept',
        ContentType: 'text/plain',
        Metadata: { a: 'b' },
      }),
    );
    const before = await client.send(new HeadObjectCommand({ Bucket: BUCKET, Key: 'kept/ü 1' }));
    const all = server.s3.objects.list(BUCKET);
    await server.restart();
    client = server.client();
    const after = await client.send(new HeadObjectCommand({ Bucket: BUCKET, Key: 'kept/ü 1' }));
    for (const name of ['ETag', 'ContentLength', 'ContentType', 'Metadata', 'LastModified'] as const) {
      expect(after[name]).to.deep.equal(before[name]);
    }
    const listed = server.s3.objects.list(BUCKET);
    expect(listed.objects.map(({ key }) => key)).to.deep.equal(all.objects.map(({ key }) => key));
  });
});
