import {
  CompleteMultipartUploadCommand,
  CopyObjectCommand,
  CreateMultipartUploadCommand,
  DeleteObjectCommand,
  DeleteObjectsCommand,
  PutObjectCommand,
  UploadPartCommand,
} from '@aws-sdk/client-s3';
import { expect } from 'chai';
import { EventRecorder } from '../../../../tasks/lib/cloud/s3/notifications';
import { BUCKET, DEVICE, refusal, startTestServer } from '../support';

describe('the embedded S3: what it tells of objects', () => {
  it('tells of every object that came or went, once, in the form of S3, and of nothing that was refused', async () => {
    const server = await startTestServer();
    try {
      const client = server.client();
      const Bucket = BUCKET;
      const Key = 'home/a b+ü(1)~*.jpg';
      const put = await server
        .client({ credentials: DEVICE })
        .send(new PutObjectCommand({ Bucket, Key, Body: '12345' }));
      await client.send(
        new CopyObjectCommand({ Bucket, Key: 'copy', CopySource: `${Bucket}/${encodeURIComponent(Key)}` }),
      );
      const { UploadId } = await client.send(new CreateMultipartUploadCommand({ Bucket, Key: 'parts' }));
      const part = await client.send(
        new UploadPartCommand({ Bucket, Key: 'parts', UploadId, PartNumber: 1, Body: 'p' }),
      );
      const MultipartUpload = { Parts: [{ PartNumber: 1, ETag: part.ETag }] };
      await client.send(new CompleteMultipartUploadCommand({ Bucket, Key: 'parts', UploadId, MultipartUpload }));
      await client.send(new DeleteObjectCommand({ Bucket, Key: 'copy' }));
      await client.send(new DeleteObjectCommand({ Bucket, Key: 'never there' }));
      await client.send(new DeleteObjectsCommand({ Bucket, Delete: { Objects: [{ Key: 'parts' }] } }));
      await refusal(client.send(new PutObjectCommand({ Bucket, Key, Body: 'x', IfNoneMatch: '*' })));
      await refusal(
        client.send(new PutObjectCommand({ Bucket, Key: 'bad', Body: 'x', ContentMD5: 'AAAAAAAAAAAAAAAAAAAAAA==' })),
      );

      const records = server.events;
      expect(records.map(({ eventName, s3 }) => `${eventName} ${s3.object.key}`)).to.deep.equal([
        'ObjectCreated:Put home/a+b%2B%C3%BC%281%29%7E*.jpg',
        'ObjectCreated:Copy copy',
        'ObjectCreated:CompleteMultipartUpload parts',
        'ObjectRemoved:Delete copy',
        'ObjectRemoved:Delete parts',
      ]);
      const [record] = records;
      expect(record).to.include({ eventVersion: '2.1', eventSource: 'aws:s3', awsRegion: 'eu-west-1' });
      expect(record?.s3.bucket).to.include({ name: BUCKET, arn: `arn:aws:s3:::${BUCKET}` });
      expect(record?.s3.object.size).to.equal(5);
      expect(`"${record?.s3.object.eTag}"`).to.equal(put.ETag);
      expect(Date.parse(record?.eventTime ?? '')).to.be.closeTo(Date.now(), 60_000);
      const sequencers = records.map(({ s3 }) => s3.object.sequencer);
      expect(sequencers).to.deep.equal([...new Set(sequencers)].sort());
    } finally {
      await server.stop();
    }
  });

  it('tells of objects that replace each other in the order in which they do', async () => {
    const server = await startTestServer();
    try {
      const client = server.client();
      const put = (at: number) => client.send(new PutObjectCommand({ Bucket: BUCKET, Key: 'a', Body: `${at}` }));
      for (let round = 0; round < 5; round++) {
        await Promise.all(Array.from({ length: 20 }, (_, at) => put(at)));
        const last = server.events.at(-1)?.s3.object;
        expect(last?.eTag).to.equal(server.s3.objects.info(BUCKET, 'a')?.etag);
        const sequencers = server.events.map(({ s3 }) => s3.object.sequencer);
        expect(last?.sequencer).to.equal([...sequencers].sort().at(-1));
      }
    } finally {
      await server.stop();
    }
  });

  it('numbers events upwards also when the clock goes back', () => {
    const times = [5000, 5000, 1000, 5001];
    const recorder = new EventRecorder('eu-west-1', () => times.shift() ?? 0);
    const change = {
      eventName: 'ObjectCreated:Put',
      bucket: 'b',
      key: 'k',
      principalId: 'AWS:a',
      sourceIPAddress: '::1',
      requestId: '1',
    } as const;
    const sequencers = Array.from({ length: 4 }, () => recorder.record(change).s3.object.sequencer);
    expect(sequencers).to.deep.equal([...new Set(sequencers)].sort());
  });
});
