import { createHash } from 'node:crypto';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import {
  AbortMultipartUploadCommand,
  type ChecksumAlgorithm,
  type CompletedPart,
  CompleteMultipartUploadCommand,
  CreateMultipartUploadCommand,
  GetObjectCommand,
  HeadObjectCommand,
  ListPartsCommand,
  PutObjectCommand,
  UploadPartCommand,
  UploadPartCopyCommand,
} from '@aws-sdk/client-s3';
import { expect } from 'chai';
import { BUCKET, DEVICE, refusal, startTestServer, type TestServer } from '../support';

const MB = 1024 ** 2;

describe('the embedded S3: objects in parts', () => {
  let server: TestServer;
  before(async () => {
    server = await startTestServer();
  });
  after(() => server.stop());
  afterEach('leaves no upload behind', () => {
    expect(readdirSync(join(server.directory, 'uploads'))).to.deep.equal([]);
    expect(readdirSync(join(server.directory, 'incoming'))).to.deep.equal([]);
  });

  const Bucket = BUCKET;
  const first = Buffer.alloc(5 * MB, 'a');
  const last = Buffer.from('the end');

  /** Begins an upload of `Key` as the device. */
  const begin = async (Key: string, ChecksumAlgorithm: ChecksumAlgorithm = 'CRC32') => {
    const client = server.client({ credentials: DEVICE });
    const create = new CreateMultipartUploadCommand({
      Bucket,
      Key,
      ChecksumAlgorithm,
      ContentType: 'video/mp4',
      Metadata: { a: '1' },
    });
    const { UploadId } = await client.send(create);
    return {
      client,
      UploadId,
      part: async (PartNumber: number, Body: Buffer): Promise<CompletedPart> => {
        const input = { Bucket, Key, UploadId, PartNumber, Body, ChecksumAlgorithm };
        const { ETag, ChecksumCRC32, ChecksumCRC64NVME } = await client.send(new UploadPartCommand(input));
        return { PartNumber, ETag, ChecksumCRC32, ChecksumCRC64NVME };
      },
      complete: (Parts: CompletedPart[], condition: { IfNoneMatch?: '*' } = {}) =>
        client.send(
          new CompleteMultipartUploadCommand({ Bucket, Key, UploadId, MultipartUpload: { Parts }, ...condition }),
        ),
      // A device may not.
      abort: () => server.client().send(new AbortMultipartUploadCommand({ Bucket, Key, UploadId })),
    };
  };

  it('joins them, sent in any order and again, into one object; until then nothing is to be seen', async () => {
    const Key = 'home/video 1.mp4';
    const upload = await begin(Key);
    const end = await upload.part(2, last);
    await upload.part(1, Buffer.from('to be replaced'));
    await server.restart();
    const again = server.client({ credentials: DEVICE });
    const { ETag, ChecksumCRC32 } = await again.send(
      new UploadPartCommand({
        Bucket,
        Key,
        UploadId: upload.UploadId,
        PartNumber: 1,
        Body: first,
        ChecksumAlgorithm: 'CRC32',
      }),
    );
    const { Parts } = await server.client().send(new ListPartsCommand({ Bucket, Key, UploadId: upload.UploadId }));
    expect(Parts?.map(({ PartNumber, Size }) => [PartNumber, Size])).to.deep.equal([
      [1, first.length],
      [2, last.length],
    ]);
    expect(server.s3.objects.info(Bucket, Key)).to.equal(undefined);

    const completed = await again.send(
      new CompleteMultipartUploadCommand({
        Bucket,
        Key,
        UploadId: upload.UploadId,
        MultipartUpload: { Parts: [{ PartNumber: 1, ETag, ChecksumCRC32 }, end] },
      }),
    );
    const md5 = (bytes: Buffer) => createHash('md5').update(bytes).digest();
    const etag = `"${md5(Buffer.concat([md5(first), md5(last)])).toString('hex')}-2"`;
    expect(completed.ETag).to.equal(etag);
    expect(completed.ChecksumCRC32).to.match(/^.{8}-2$/);
    const owner = server.client();
    const { Body, ContentType, Metadata } = await owner.send(new GetObjectCommand({ Bucket, Key }));
    expect(Buffer.from((await Body?.transformToByteArray()) ?? []).equals(Buffer.concat([first, last]))).to.equal(true);
    expect([ContentType, Metadata]).to.deep.equal(['video/mp4', { a: '1' }]);
  });

  it('computes one checksum over all of them where the algorithm can', async () => {
    const upload = await begin('home/crc64', 'CRC64NVME');
    const parts = [await upload.part(1, first), await upload.part(2, last)];
    const { ChecksumCRC64NVME, ChecksumType } = await upload.complete(parts);
    expect(ChecksumType).to.equal('FULL_OBJECT');
    const whole = {
      Bucket,
      Key: 'home/whole',
      Body: Buffer.concat([first, last]),
      ChecksumAlgorithm: 'CRC64NVME',
    } as const;
    const put = await server.client().send(new PutObjectCommand(whole));
    expect(ChecksumCRC64NVME).to.equal(put.ChecksumCRC64NVME);
  });

  it('refuses parts out of order, unknown, changed, or too small', async () => {
    const upload = await begin('home/refused');
    const one = await upload.part(1, last);
    const two = await upload.part(2, last);
    const codeOf = async (parts: CompletedPart[]) => (await refusal(upload.complete(parts))).code;
    expect(await codeOf([two, one])).to.equal('InvalidPartOrder');
    expect(await codeOf([one, one])).to.equal('InvalidPartOrder');
    expect(await codeOf([one, { ...two, PartNumber: 3 }])).to.equal('InvalidPart');
    expect(await codeOf([{ ...one, ETag: '"00000000000000000000000000000000"' }])).to.equal('InvalidPart');
    expect(await codeOf([{ ...one, ChecksumCRC32: 'AAAAAA==' }])).to.equal('InvalidPart');
    expect(await codeOf([one, two])).to.equal('EntityTooSmall');
    expect(await codeOf([])).to.equal('MalformedXML');
    expect(server.s3.objects.info(Bucket, 'home/refused')).to.equal(undefined);
    for (const number of [0, 10_001])
      expect((await refusal(upload.part(number, last))).code).to.equal('InvalidArgument');
    await upload.abort();
    expect((await refusal(upload.part(1, last))).code).to.equal('NoSuchUpload');
    expect((await refusal(upload.complete([one]))).code).to.equal('NoSuchUpload');
  });

  it('completes only where nothing is when asked so', async () => {
    await server.client().send(new PutObjectCommand({ Bucket, Key: 'home/there', Body: 'x' }));
    const upload = await begin('home/there');
    const part = await upload.part(1, last);
    expect((await refusal(upload.complete([part], { IfNoneMatch: '*' }))).code).to.equal('PreconditionFailed');
    await upload.abort();
  });

  it('knows an upload by its id together with its bucket and key', async () => {
    const upload = await begin('home/mine');
    const owner = server.client();
    const ids = [upload.UploadId, '../../buckets', '', '0'.repeat(48)];
    for (const UploadId of ids) {
      const part = new UploadPartCommand({ Bucket, Key: 'other/mine', UploadId, PartNumber: 1, Body: 'x' });
      if (UploadId !== '') expect((await refusal(owner.send(part))).code).to.equal('NoSuchUpload');
    }
    const device = server.client({ credentials: DEVICE });
    const elsewhere = new CreateMultipartUploadCommand({ Bucket, Key: 'other/mine' });
    expect((await refusal(device.send(elsewhere))).code).to.equal('AccessDenied');
    await upload.abort();
  });

  it('takes a part from another object', async () => {
    const client = server.client();
    await client.send(new PutObjectCommand({ Bucket, Key: 'source', Body: '0123456789' }));
    const Key = 'joined';
    const { UploadId } = await client.send(new CreateMultipartUploadCommand({ Bucket, Key }));
    const copy = (CopySourceRange?: string) =>
      client.send(
        new UploadPartCopyCommand({
          Bucket,
          Key,
          UploadId,
          PartNumber: 1,
          CopySource: `${Bucket}/source`,
          CopySourceRange,
        }),
      );
    expect((await refusal(copy('bytes=5-10'))).code).to.equal('InvalidArgument');
    const { CopyPartResult } = await copy('bytes=2-4');
    const Parts = [{ PartNumber: 1, ETag: CopyPartResult?.ETag }];
    await client.send(new CompleteMultipartUploadCommand({ Bucket, Key, UploadId, MultipartUpload: { Parts } }));
    expect((await client.send(new HeadObjectCommand({ Bucket, Key }))).ContentLength).to.equal(3);
  });
});
