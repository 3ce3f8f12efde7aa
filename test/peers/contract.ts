/**
 * What the project relies on in an S3 server, as tests that run against any of them. Where a server is known to differ,
 * that is said as data: the promise is expected to fail there, and the test tells when it does not any more.
 */
import { createHash, randomBytes } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  CopyObjectCommand,
  DeleteObjectCommand,
  DeleteObjectsCommand,
  GetObjectCommand,
  GetObjectTaggingCommand,
  HeadObjectCommand,
  ListObjectsV2Command,
  ListObjectVersionsCommand,
  PutObjectCommand,
  type PutObjectCommandInput,
  PutObjectTaggingCommand,
  paginateListObjectsV2,
  type S3Client,
  S3ServiceException,
} from '@aws-sdk/client-s3';
import { Upload } from '@aws-sdk/lib-storage';
import { getSignedUrl } from '@aws-sdk/s3-request-presigner';
import { expect } from 'chai';
import { clientOf, type PeerServer } from './servers';

interface Stage {
  readonly server: PeerServer;
  readonly owner: S3Client;
  readonly device: S3Client;
  readonly Bucket: string;
}

/** How a call was refused: `status code`, or that it was not. */
async function refused(call: Promise<unknown>): Promise<string> {
  try {
    await call;
  } catch (error) {
    if (error instanceof S3ServiceException) return `${error.$metadata.httpStatusCode} ${error.name}`;
    throw error;
  }
  return 'not refused';
}

const PROMISES: Record<string, (stage: Stage) => Promise<void>> = {
  'gives back what was put, with its type and metadata': async ({ owner, Bucket }) => {
    const Body = randomBytes(50_000);
    const Key = 'contract/put';
    await owner.send(
      new PutObjectCommand({ Bucket, Key, Body, ContentType: 'image/jpeg', Metadata: { token: '579' } }),
    );
    const head = await owner.send(new HeadObjectCommand({ Bucket, Key }));
    expect([head.ContentLength, head.ContentType, head.Metadata]).to.deep.equal([
      50_000,
      'image/jpeg',
      { token: '579' },
    ]);
    expect(head.ETag).to.equal(`"${createHash('md5').update(Body).digest('hex')}"`);
    expect((await bodyOf(owner, Bucket, Key)).equals(Body)).to.equal(true);
  },

  'stores a stream with a trailing checksum': async ({ owner, Bucket }) => {
    const directory = await mkdtemp(join(tmpdir(), 'kerberos-stream-'));
    try {
      const bytes = randomBytes(300_000);
      const file = join(directory, 'stream');
      await writeFile(file, bytes);
      await owner.send(new PutObjectCommand({ Bucket, Key: 'contract/stream', Body: createReadStream(file) }));
      expect((await bodyOf(owner, Bucket, 'contract/stream')).equals(bytes)).to.equal(true);
    } finally {
      await rm(directory, { recursive: true, force: true });
    }
  },

  'gives a range': async ({ owner, Bucket }) => {
    const Key = 'contract/range';
    await owner.send(new PutObjectCommand({ Bucket, Key, Body: '0123456789' }));
    const reply = await owner.send(new GetObjectCommand({ Bucket, Key, Range: 'bytes=2-4' }));
    expect(await reply.Body?.transformToString()).to.equal('234');
    const behind = owner.send(new GetObjectCommand({ Bucket, Key, Range: 'bytes=10-' }));
    expect(await refused(behind)).to.equal('416 InvalidRange');
  },

  'answers 304 to who has it already': async ({ owner, Bucket }) => {
    const Key = 'contract/304';
    const { ETag } = await owner.send(new PutObjectCommand({ Bucket, Key, Body: 'x' }));
    expect(await refused(owner.send(new GetObjectCommand({ Bucket, Key, IfNoneMatch: ETag })))).to.match(/^304/);
  },

  'lists in pages, in the order of UTF-8': async ({ owner, Bucket }) => {
    const keys = ['A', 'a b', 'a+b', 'd/1', 'd/2', 'z', 'é', '～', '😀'].map((name) => `contract/list/${name}`);
    for (const Key of [...keys].reverse()) await owner.send(new PutObjectCommand({ Bucket, Key, Body: 'x' }));
    const listed: unknown[] = [];
    for await (const page of paginateListObjectsV2(
      { client: owner },
      { Bucket, Prefix: 'contract/list/', MaxKeys: 2 },
    )) {
      listed.push(...(page.Contents ?? []).map(({ Key }) => Key));
    }
    expect(listed).to.deep.equal(keys);
    const later = await owner.send(
      new ListObjectsV2Command({ Bucket, Prefix: 'contract/list/', StartAfter: 'contract/list/z' }),
    );
    expect(later.Contents?.map(({ Key }) => Key)).to.deep.equal(keys.slice(6));
    const folders = await owner.send(new ListObjectsV2Command({ Bucket, Prefix: 'contract/list/', Delimiter: '/' }));
    expect(folders.CommonPrefixes).to.deep.equal([{ Prefix: 'contract/list/d/' }]);
  },

  'lists keys as they are when asked to encode them': async ({ owner, Bucket }) => {
    const Key = 'contract/encoded/a b+c%ü&<é>.jpg';
    await owner.send(new PutObjectCommand({ Bucket, Key, Body: 'x' }));
    const page = await owner.send(
      new ListObjectsV2Command({ Bucket, Prefix: 'contract/encoded/', EncodingType: 'url' }),
    );
    const [listed] = page.Contents ?? [];
    expect(decodeURIComponent((listed?.Key ?? '').replaceAll('+', ' '))).to.equal(Key);
  },

  'lets one of twenty win that put at once only where nothing is': async ({ owner, Bucket }) => {
    const put = () =>
      refused(owner.send(new PutObjectCommand({ Bucket, Key: 'contract/once', Body: 'x', IfNoneMatch: '*' })));
    const results = await Promise.all(Array.from({ length: 20 }, put));
    expect(results.filter((result) => result === 'not refused')).to.have.length(1);
    expect(results.filter((result) => result === '412 PreconditionFailed')).to.have.length(19);
  },

  'copies only the version asked for': async ({ owner, Bucket }) => {
    const { ETag } = await owner.send(new PutObjectCommand({ Bucket, Key: 'contract/source', Body: 'x' }));
    const copy = (CopySourceIfMatch: string | undefined) =>
      owner.send(
        new CopyObjectCommand({
          Bucket,
          Key: 'contract/copy',
          CopySource: `${Bucket}/contract/source`,
          CopySourceIfMatch,
        }),
      );
    await copy(ETag);
    expect(await refused(copy('"00000000000000000000000000000000"'))).to.equal('412 PreconditionFailed');
  },

  'refuses a body with another MD5': async ({ owner, Bucket }) => {
    const ContentMD5 = createHash('md5').update('another').digest('base64');
    const put = owner.send(new PutObjectCommand({ Bucket, Key: 'contract/md5', Body: 'x', ContentMD5 }));
    expect(await refused(put)).to.equal('400 BadDigest');
  },

  'refuses a body with another checksum': async ({ owner, Bucket }) => {
    const cases: Partial<PutObjectCommandInput>[] = [
      { ChecksumCRC32: 'AAAAAA==' },
      { ChecksumSHA256: createHash('sha256').update('another').digest('base64') },
    ];
    for (const checksum of cases) {
      const put = owner.send(new PutObjectCommand({ Bucket, Key: 'contract/checksum', Body: 'x', ...checksum }));
      expect(await refused(put)).to.equal('400 BadDigest');
    }
  },

  'joins an object of 20 MB from its parts': async ({ device, owner, server, Bucket }) => {
    const Body = randomBytes(20 * 1024 ** 2);
    const Key = `${server.folder}/parts`;
    await new Upload({ client: device, params: { Bucket, Key, Body } }).done();
    expect((await bodyOf(owner, Bucket, Key)).equals(Body)).to.equal(true);
    const { ETag } = await owner.send(new HeadObjectCommand({ Bucket, Key }));
    expect(ETag).to.match(/-4"$/);
  },

  'deletes one and many': async ({ owner, Bucket }) => {
    const keys = ['contract/delete/1', 'contract/delete/2 <&>', 'contract/delete/3'];
    for (const Key of keys) await owner.send(new PutObjectCommand({ Bucket, Key, Body: 'x' }));
    await owner.send(new DeleteObjectCommand({ Bucket, Key: keys[0] }));
    const Objects = keys.slice(1).map((Key) => ({ Key }));
    await owner.send(new DeleteObjectsCommand({ Bucket, Delete: { Objects } }));
    const { KeyCount } = await owner.send(new ListObjectsV2Command({ Bucket, Prefix: 'contract/delete/' }));
    expect(KeyCount).to.equal(0);
  },

  'lists and deletes versions where none are kept': async ({ owner, Bucket }) => {
    const keys = ['contract/versions/1', 'contract/versions/2'];
    for (const Key of keys) await owner.send(new PutObjectCommand({ Bucket, Key, Body: 'x' }));
    const list = async (options: object = {}) =>
      await owner.send(new ListObjectVersionsCommand({ Bucket, Prefix: 'contract/versions/', ...options }));
    const { Versions } = await list();
    expect(Versions?.map(({ Key, VersionId, IsLatest }) => [Key, VersionId, IsLatest])).to.deep.equal(
      keys.map((Key) => [Key, 'null', true]),
    );
    const { IsTruncated, NextKeyMarker, NextVersionIdMarker } = await list({ MaxKeys: 1 });
    expect(IsTruncated).to.equal(true);
    const rest = await list({ KeyMarker: NextKeyMarker, VersionIdMarker: NextVersionIdMarker });
    expect(rest.Versions?.map(({ Key }) => Key)).to.deep.equal(keys.slice(1));
    await owner.send(new DeleteObjectCommand({ Bucket, Key: keys[0], VersionId: 'null' }));
    await owner.send(new DeleteObjectsCommand({ Bucket, Delete: { Objects: [{ Key: keys[1], VersionId: 'null' }] } }));
    expect((await list()).Versions).to.equal(undefined);
  },

  'keeps tags, and copies them along or replaces them': async ({ owner, Bucket }) => {
    const Key = 'contract/tags/1';
    const tagsOf = async (key: string) => {
      const { TagSet = [] } = await owner.send(new GetObjectTaggingCommand({ Bucket, Key: key }));
      return TagSet.map(({ Key: name, Value }) => `${name}=${Value}`).sort();
    };
    await owner.send(new PutObjectCommand({ Bucket, Key, Body: 'x', Tagging: 'retention=30&place=front%20door' }));
    expect(await tagsOf(Key)).to.deep.equal(['place=front door', 'retention=30']);
    expect((await owner.send(new GetObjectCommand({ Bucket, Key }))).TagCount).to.equal(2);
    const copy = async (options: object) => {
      const target = { Bucket, Key: 'contract/tags/2', CopySource: `${Bucket}/${Key}` };
      await owner.send(new CopyObjectCommand({ ...target, ...options }));
      return await tagsOf('contract/tags/2');
    };
    expect(await copy({})).to.deep.equal(['place=front door', 'retention=30']);
    expect(await copy({ TaggingDirective: 'REPLACE', Tagging: 'retention=7' })).to.deep.equal(['retention=7']);
    await owner.send(
      new PutObjectTaggingCommand({ Bucket, Key, Tagging: { TagSet: [{ Key: 'retention', Value: '90' }] } }),
    );
    expect(await tagsOf(Key)).to.deep.equal(['retention=90']);
  },

  'serves a presigned URL': async ({ owner, Bucket, server }) => {
    const Key = 'contract/signed ü+.txt';
    const uploader = clientOf(server, server.owner, { requestChecksumCalculation: 'WHEN_REQUIRED' });
    const target = await getSignedUrl(uploader, new PutObjectCommand({ Bucket, Key }), { expiresIn: 100 });
    expect((await fetch(target, { method: 'PUT', body: 'signed' })).status).to.equal(200);
    const input = { Bucket, Key, ResponseContentType: 'text/x-signed' };
    const reply = await fetch(await getSignedUrl(owner, new GetObjectCommand(input), { expiresIn: 100 }));
    expect([await reply.text(), reply.headers.get('content-type')]).to.deep.equal(['signed', 'text/x-signed']);
    uploader.destroy();
  },

  'refuses a presigned URL that was changed or has expired': async ({ owner, Bucket }) => {
    await owner.send(new PutObjectCommand({ Bucket, Key: 'contract/signed', Body: 'x' }));
    const command = new GetObjectCommand({ Bucket, Key: 'contract/signed' });
    const url = await getSignedUrl(owner, command, { expiresIn: 100 });
    const old = await getSignedUrl(owner, command, { expiresIn: 100, signingDate: new Date(Date.now() - 101_000) });
    for (const changed of [url.replace('/signed', '/range'), url.replace('Expires=100', 'Expires=999'), old]) {
      expect((await fetch(changed)).status).to.equal(403);
    }
    expect((await fetch(url, { method: 'DELETE' })).status).to.equal(403);
  },

  'refuses who has no secret, another, or none it knows': async ({ Bucket, server }) => {
    expect((await fetch(`${server.endpoint}/${Bucket}/contract/put`)).status).to.equal(403);
    const list = new ListObjectsV2Command({ Bucket });
    const wrong = clientOf(server, { ...server.owner, secretAccessKey: 'wrong' });
    expect(await refused(wrong.send(list))).to.equal('403 SignatureDoesNotMatch');
    const unknown = clientOf(server, { accessKeyId: 'NOBODY', secretAccessKey: 'wrong' });
    expect(await refused(unknown.send(list))).to.equal('403 InvalidAccessKeyId');
  },

  'refuses who signs with another time, so that a clock can be corrected': async ({ Bucket, server }) => {
    const late = clientOf(server, server.owner, { systemClockOffset: -3_600_000 });
    expect(await refused(late.send(new ListObjectsV2Command({ Bucket })))).to.equal('403 RequestTimeTooSkewed');
  },

  'lets a device write to its folder and list it': async ({ device, Bucket, server }) => {
    const Key = `${server.folder}/picture.jpg`;
    await device.send(new PutObjectCommand({ Bucket, Key, Body: 'x' }));
    const { Contents } = await device.send(new ListObjectsV2Command({ Bucket, Prefix: `${server.folder}/` }));
    expect(Contents?.map((object) => object.Key)).to.include(Key);
  },

  'lets a device neither read, look up nor delete what it wrote': async ({ device, owner, Bucket, server }) => {
    const Key = `${server.folder}/written.jpg`;
    await device.send(new PutObjectCommand({ Bucket, Key, Body: 'x' }));
    expect(await refused(device.send(new GetObjectCommand({ Bucket, Key })))).to.equal('403 AccessDenied');
    expect(await refused(device.send(new HeadObjectCommand({ Bucket, Key })))).to.match(/^403/);
    expect(await refused(device.send(new DeleteObjectCommand({ Bucket, Key })))).to.equal('403 AccessDenied');
    expect((await bodyOf(owner, Bucket, Key)).toString()).to.equal('x');
  },

  'tells a device that there is no such bucket': async ({ device }) => {
    const Bucket = 'no-such-bucket';
    const put = device.send(new PutObjectCommand({ Bucket, Key: 'home/a', Body: 'x' }));
    expect(await refused(put)).to.equal('404 NoSuchBucket');
    expect(await refused(device.send(new ListObjectsV2Command({ Bucket, Prefix: 'home/' })))).to.equal(
      '404 NoSuchBucket',
    );
  },

  'lets a device write to and list no other folder': async ({ device, Bucket, server }) => {
    for (const Key of ['other/picture.jpg', `${server.folder}2/picture.jpg`, 'picture.jpg']) {
      const put = device.send(new PutObjectCommand({ Bucket, Key, Body: 'x' }));
      expect(await refused(put), Key).to.equal('403 AccessDenied');
    }
    for (const Prefix of [undefined, 'other/', server.folder]) {
      const list = device.send(new ListObjectsV2Command({ Bucket, Prefix }));
      expect(await refused(list), Prefix).to.equal('403 AccessDenied');
    }
  },
};

async function bodyOf(client: S3Client, Bucket: string, Key: string): Promise<Buffer> {
  const { Body } = await client.send(new GetObjectCommand({ Bucket, Key }));
  return Buffer.from((await Body?.transformToByteArray()) ?? []);
}

/** A promise that a server does not keep, and what it does instead. */
export type Differences = Readonly<Record<string, string>>;

/**
 * Declares the tests of every promise against the server that `start` gives.
 * @param differences by promise; one that names no promise is an error
 */
export function s3Contract(name: string, start: () => Promise<PeerServer>, differences: Differences = {}): void {
  const unknown = Object.keys(differences).filter((promise) => !(promise in PROMISES));
  if (unknown.length > 0) throw new Error(`${name}: no such promise: ${unknown.join(', ')}`);

  describe(name, () => {
    let stage: Stage;
    before(async function () {
      this.timeout(120_000);
      const server = await start();
      stage = {
        server,
        owner: clientOf(server, server.owner),
        device: clientOf(server, server.device),
        Bucket: server.bucket,
      };
    });
    after(async function () {
      this.timeout(60_000);
      stage?.owner.destroy();
      stage?.device.destroy();
      await stage?.server.stop();
    });

    for (const [promise, check] of Object.entries(PROMISES)) {
      const difference = differences[promise];
      if (difference === undefined) {
        it(promise, () => check(stage));
        continue;
      }
      it(`known difference: not "${promise}", ${difference}`, async () => {
        const kept = await check(stage).then(
          () => true,
          () => false,
        );
        expect(kept, 'it keeps this promise now: take it off the list of differences').to.equal(false);
      });
    }
  });
}
