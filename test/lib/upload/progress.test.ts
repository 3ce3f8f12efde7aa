import { expect } from 'chai';
import { Problem } from '../../../tasks/lib/bucket/problem';
import { progressOf, whereaboutsOf } from '../../../tasks/lib/upload/progress';
import { type Item, UploadQueue } from '../../../tasks/lib/upload/queue';
import { Session } from '../../../tasks/lib/upload/session';
import { FakeClock, FakeEnvironment, FakeReport, settingsIn, useFolder } from './fakes';

const NOTHING = { uploaded: 0, uploadedBytes: 0, vanished: 0, lastSuccess: undefined };

describe('Progress of an uploader', () => {
  const root = useFolder();
  let clock: FakeClock;
  let queue: UploadQueue;

  beforeEach(() => {
    clock = new FakeClock();
    queue = new UploadQueue();
  });

  function sending(name: string): Item {
    queue.offer({ name, directory: '/capture', captured: 0, isLive: true, isVideo: false });
    const item = queue.take(clock.now(), { bulk: true, retries: 'first' });
    if (item === undefined) throw new Error('nothing to send');
    return item;
  }

  it('tells why files failed, the most frequent reason first, each with an example', () => {
    for (const name of ['a.jpg', 'b.jpg', 'c.jpg']) queue.fail(sending(name), 9_000, `${name} is refused.`);
    queue.fail(sending('d.jpg'), 9_000, 'S3 is down.');
    const { failures, failed, pending } = progressOf(queue, NOTHING, undefined, clock);
    expect({ failed, pending }).to.deep.equal({ failed: 4, pending: 4 });
    expect(failures).to.deep.equal([
      { why: 'a file is refused.', count: 3, example: 'a.jpg' },
      { why: 'S3 is down.', count: 1, example: 'd.jpg' },
    ]);
  });

  it('tells what keeps everything, and the next try as a date that is never in the past', () => {
    const problem = new Problem('offline', 'ENETUNREACH', 'no network', 'plug it in');
    const next = (nextTry: number) => progressOf(queue, NOTHING, { problem, nextTry }, clock).problem?.nextTry;
    expect(next(clock.now() + 5_000)?.getTime()).to.equal(clock.date() + 5_000);
    expect(next(clock.now() - 5_000)?.getTime()).to.equal(clock.date());
  });

  it('tells where one file is, whatever has happened to it', async () => {
    const { ledger } = await Session.open(settingsIn(root()), new FakeEnvironment(), new FakeReport());
    const where = (name: string) => whereaboutsOf(name, queue, ledger, clock);
    const later = clock.now() + 60_000;
    const at = new Date(clock.date() + 60_000);
    queue.fail(sending('failed.jpg'), later, 'no');
    queue.hold(sending('unfinished.jpg'), later, { why: 'unfinished', isCutShort: true });
    queue.hold(sending('empty.jpg'), later, { why: 'empty' });
    sending('sending.jpg');
    for (const name of ['first.jpg', 'second.jpg'])
      queue.offer({ name, directory: '/capture', captured: 0, isLive: true, isVideo: false });
    ledger.add('done.jpg', { size: 1, mtime: 1 });
    expect(where('failed.jpg')).to.deep.equal({ is: 'failed', message: 'no', nextTry: at });
    expect(where('unfinished.jpg')).to.deep.equal({ is: 'unfinished', nextLook: at });
    expect(where('empty.jpg')).to.deep.equal({ is: 'empty', nextLook: at });
    expect(where('sending.jpg')).to.deep.equal({ is: 'sending' });
    expect(where('second.jpg')).to.deep.equal({ is: 'queued', before: 0 });
    expect(where('first.jpg')).to.deep.equal({ is: 'queued', before: 1 });
    expect(where('done.jpg')).to.deep.equal({ is: 'uploaded' });
    expect(where('never seen.jpg')).to.deep.equal({ is: 'unknown' });
    await ledger.close();
  });
});
