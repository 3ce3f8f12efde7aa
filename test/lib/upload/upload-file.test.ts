import { mkdir, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect } from 'chai';
import { type Item, UploadQueue } from '../../../tasks/lib/upload/queue';
import { Session } from '../../../tasks/lib/upload/session';
import { type UploadResult, uploadFile } from '../../../tasks/lib/upload/upload-file';
import { WriteStability } from '../../../tasks/lib/upload/write-stability';
import { jpeg } from '../../kerberos';
import { jpegOf } from '../../sync/media';
import { type FakeBucket, FakeEnvironment, FakeReport, settingsIn, useFolder } from './fakes';

const NAME = '1429700000_6-123456_frontdoor_200-200-400-400_24_579.jpg';

describe('An upload', () => {
  const root = useFolder();
  let environment: FakeEnvironment;
  let bucket: FakeBucket;
  let session: Session;
  let stability: WriteStability;

  beforeEach(async () => {
    environment = new FakeEnvironment();
    bucket = environment.next;
    stability = new WriteStability(environment.clock);
    session = await Session.open(settingsIn(root()), environment, new FakeReport());
    await mkdir(join(root(), 'capture'));
  });

  function item(name: string): Item {
    const queue = new UploadQueue();
    const offered = queue.offer({
      name,
      directory: join(root(), 'capture'),
      captured: 0,
      isLive: true,
      isVideo: false,
    });
    if (offered === undefined) throw new Error('refused');
    return offered;
  }

  async function upload(bytes: Buffer, name = NAME): Promise<UploadResult> {
    await writeFile(join(root(), 'capture', name), bytes);
    return again(name);
  }

  /** Another attempt at the file as it is. */
  function again(name = NAME): Promise<UploadResult> {
    const { signal } = new AbortController();
    return uploadFile(item(name), { session, stability, clock: environment.clock, signal });
  }

  const contents = () => [...bucket.objects.values()];

  it('the same name again with another content: both survive, whatever their sizes', async () => {
    for (const bytes of [jpeg(1), jpeg(2), jpegOf(9_000), jpeg(3)]) {
      expect(await upload(bytes)).to.include({ is: 'uploaded' });
      expect(contents().some((stored) => stored.equals(bytes))).to.equal(true);
    }
    expect(contents()).to.have.length(4);
    const [first, ...others] = [...bucket.objects.keys()];
    expect(first).to.equal(`jane/${NAME}`);
    for (const key of others) expect(key).to.match(/^jane\/1429700000_.*_579\.again-[0-9a-f]{8}\.jpg$/);
  });

  it('a camera that overwrites one file again and again makes an event each time', async () => {
    for (let times = 0; times < 5; times++) await upload(jpegOf(2_000 + times * 100), 'snapshot.jpg');
    expect(bucket.objects.size).to.equal(5);
  });

  it('a picture that only grew replaces what the bucket has of it, and so does a second content that grew', async () => {
    await upload(jpeg(1));
    await upload(Buffer.concat([jpeg(1), jpeg(1)]));
    environment.clock.advance(20_000);
    await again();
    expect(contents()).to.have.length(1);
    expect(contents()[0]?.length).to.equal(2 * jpeg(1).length);
    await upload(jpegOf(5_000));
    await upload(Buffer.concat([jpegOf(5_000), Buffer.alloc(10)]));
    environment.clock.advance(20_000);
    await again();
    expect(contents()).to.have.length(2);
  });

  it('a picture that was uploaded while it was cut short is replaced by the whole one', async () => {
    const half = jpegOf(5_000).subarray(0, 3_000);
    expect(await upload(half)).to.include({ is: 'unfinished', isCutShort: true });
    environment.clock.advance(400_000);
    expect(await upload(half)).to.include({ is: 'unfinished' });
    await utimes(join(root(), 'capture', NAME), 1, 1);
    await again();
    environment.clock.advance(400_000);
    expect(await again()).to.include({ is: 'uploaded' });
    expect(session.ledger.get(NAME)?.isCutShort).to.equal(true);
    await upload(jpegOf(5_000));
    expect(contents()).to.have.length(1);
    expect(contents()[0]?.equals(jpegOf(5_000))).to.equal(true);
  });

  it('another mtime alone, as of a copied disk, is the same: nothing is sent', async () => {
    await upload(jpeg(1));
    await utimes(join(root(), 'capture', NAME), 5, 5);
    expect(await again()).to.deep.equal({ is: 'known' });
    expect(bucket.requests).to.have.length(1);
    expect(session.ledger.has(NAME, { size: jpeg(1).length, mtime: 5_000 })).to.equal(true);
  });

  it('a name that the list showed with another size is not overwritten', async () => {
    session.ledger.add(NAME, { size: 1, mtime: -1 });
    bucket.objects.set(`jane/${NAME}`, Buffer.from('x'));
    await upload(jpeg(1));
    expect(bucket.objects.get(`jane/${NAME}`)?.toString()).to.equal('x');
    expect(bucket.objects.size).to.equal(2);
  });
});
