import { expect } from 'chai';
import { Heap } from '../../../tasks/lib/upload/heap';
import { UploadQueue } from '../../../tasks/lib/upload/queue';

const DIRECTORY = '/capture';

function drain(queue: UploadQueue, now = 0): string[] {
  const names: string[] = [];
  for (let item = queue.take(now, true); item !== undefined; item = queue.take(now, true)) {
    names.push(item.name);
    queue.done(item);
  }
  return names;
}

describe('Heap', () => {
  it('gives back in order whatever it is given', () => {
    const numbers = Array.from({ length: 1000 }, (_, index) => (index * 7919) % 1009);
    const heap = new Heap<number>((a, b) => a < b);
    for (const number of numbers) heap.push(number);
    const popped = numbers.map(() => heap.pop());
    expect(popped).to.deep.equal([...numbers].sort((a, b) => a - b));
    expect(heap.pop()).to.equal(undefined);
  });
});

describe('UploadQueue', () => {
  it('sends live events first, the latest noticed first, then the backlog, newest first', () => {
    const queue = new UploadQueue();
    queue.offer(DIRECTORY, 'last week', 1, false);
    queue.offer(DIRECTORY, 'yesterday', 2, false);
    // The clock has jumped back: what is noticed later has an earlier time.
    queue.offer(DIRECTORY, 'live 1', 1_000, true);
    queue.offer(DIRECTORY, 'live 2', 10, true);
    expect(drain(queue)).to.deep.equal(['live 2', 'live 1', 'yesterday', 'last week']);
  });

  it('moves a file of the backlog to the front when it changes now', () => {
    const queue = new UploadQueue();
    queue.offer(DIRECTORY, 'a', 2, false);
    queue.offer(DIRECTORY, 'b', 1, false);
    queue.offer(DIRECTORY, 'b', 1, true);
    expect(drain(queue)).to.deep.equal(['b', 'a']);
  });

  it('keeps a slot for live events when told to leave the backlog alone', () => {
    const queue = new UploadQueue();
    queue.offer(DIRECTORY, 'old', 1, false);
    expect(queue.take(0, false)).to.equal(undefined);
    queue.offer(DIRECTORY, 'new', 1, true);
    expect(queue.take(0, false)?.name).to.equal('new');
    expect(queue.take(0, true)?.name).to.equal('old');
  });

  it('sends a file that changed while it was sent once more, and one that did not only once', () => {
    const queue = new UploadQueue();
    queue.offer(DIRECTORY, 'a', 1, true);
    const item = queue.take(0, true);
    if (item === undefined) throw new Error('nothing to take');
    queue.offer(DIRECTORY, 'a', 1, true);
    expect(queue.take(0, true)).to.equal(undefined);
    queue.done(item);
    expect(drain(queue)).to.deep.equal(['a']);
    expect(queue.size).to.equal(0);
  });

  it('holds a failed file until its time and lets the others pass', () => {
    const queue = new UploadQueue();
    queue.offer(DIRECTORY, 'bad', 2, true);
    queue.offer(DIRECTORY, 'good', 1, false);
    const bad = queue.take(0, true);
    if (bad === undefined) throw new Error('nothing to take');
    queue.hold(bad, 100, { why: 'failed', message: 'no' });
    expect(queue.nextRelease()).to.equal(100);
    expect(drain(queue, 99)).to.deep.equal(['good']);
    expect(drain(queue, 100)).to.deep.equal(['bad']);
  });

  it('takes no notice of the same name in a second directory', () => {
    const queue = new UploadQueue();
    queue.offer(DIRECTORY, 'a', 1, false);
    expect(queue.offer('/video', 'a', 1, true)).to.equal(undefined);
    expect(queue.size).to.equal(1);
  });

  it('releases what failed no more often than it is told to', () => {
    const queue = new UploadQueue();
    for (const [name, failures] of [
      ['once', 1],
      ['thrice', 3],
    ] as const) {
      queue.offer(DIRECTORY, name, 1, true);
      const item = queue.take(0, true);
      if (item === undefined) throw new Error('nothing to take');
      item.failures = failures;
      queue.hold(item, 1000, { why: 'failed', message: 'no' });
    }
    queue.releaseFailed(1);
    expect(drain(queue)).to.deep.equal(['once']);
    queue.releaseFailed(3);
    expect(drain(queue)).to.deep.equal(['thrice']);
  });

  it('orders 100,000 files in well under a second', function () {
    this.timeout(5000);
    const queue = new UploadQueue();
    for (let index = 0; index < 100_000; index++) queue.offer(DIRECTORY, `f${index}`, (index * 7919) % 100_003, false);
    let last = Number.POSITIVE_INFINITY;
    for (let item = queue.take(0, true); item !== undefined; item = queue.take(0, true)) {
      expect(item.captured).to.be.at.most(last);
      last = item.captured;
      queue.done(item);
    }
    expect(queue.size).to.equal(0);
  });
});
