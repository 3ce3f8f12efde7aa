import { expect } from 'chai';
import { Heap } from '../../../tasks/lib/upload/heap';
import { type Item, type TakeOptions, UploadQueue } from '../../../tasks/lib/upload/queue';

const DIRECTORY = '/capture';

const ALL: TakeOptions = { bulk: true, retries: 'first' };
const FAILED = 'no';

function offer(queue: UploadQueue, name: string, captured: number, isLive: boolean): Item | undefined {
  return queue.offer({ directory: DIRECTORY, name, captured, isLive, isVideo: false });
}

function take(queue: UploadQueue, now = 0, options = ALL): Item {
  const item = queue.take(now, options);
  if (item === undefined) throw new Error('nothing to take');
  return item;
}

function drain(queue: UploadQueue, now = 0): string[] {
  const names: string[] = [];
  for (let item = queue.take(now, ALL); item !== undefined; item = queue.take(now, ALL)) {
    names.push(item.name);
    queue.done(item);
  }
  return names;
}

interface Numbered {
  readonly number: number;
  heapIndex: number;
}

describe('Heap', () => {
  it('gives back in order whatever it is given', () => {
    const numbers = Array.from({ length: 1000 }, (_, index) => (index * 7919) % 1009);
    const heap = new Heap<Numbered>((a, b) => a.number < b.number);
    for (const number of numbers) heap.push({ number, heapIndex: -1 });
    expect(heap.inOrder().map(({ number }) => number)).to.deep.equal([...numbers].sort((a, b) => a - b));
    const popped = numbers.map(() => heap.pop()?.number);
    expect(popped).to.deep.equal([...numbers].sort((a, b) => a - b));
    expect(heap.pop()).to.equal(undefined);
  });

  it('gives back the rest in order after any of them was removed', () => {
    const heap = new Heap<Numbered>((a, b) => a.number < b.number);
    const nodes = Array.from({ length: 500 }, (_, index) => ({ number: (index * 7919) % 1009, heapIndex: -1 }));
    for (const node of nodes) heap.push(node);
    for (const node of nodes.slice(100, 350)) expect(heap.remove(node)).to.equal(true);
    expect(heap.remove(nodes[200] ?? { number: 0, heapIndex: -1 })).to.equal(false);
    const left = [...nodes.slice(0, 100), ...nodes.slice(350)].map(({ number }) => number);
    expect(left.map(() => heap.pop()?.number)).to.deep.equal(left.sort((a, b) => a - b));
  });
});

describe('UploadQueue', () => {
  it('sends live events first, the latest noticed first, then the backlog, newest first', () => {
    const queue = new UploadQueue();
    offer(queue, 'last week', 1, false);
    offer(queue, 'yesterday', 2, false);
    // The clock has jumped back: what is noticed later has an earlier time.
    offer(queue, 'live 1', 1_000, true);
    offer(queue, 'live 2', 10, true);
    expect(drain(queue)).to.deep.equal(['live 2', 'live 1', 'yesterday', 'last week']);
  });

  it('moves a file of the backlog to the front when it changes now', () => {
    const queue = new UploadQueue();
    offer(queue, 'a', 2, false);
    offer(queue, 'b', 1, false);
    offer(queue, 'b', 1, true);
    expect(drain(queue)).to.deep.equal(['b', 'a']);
  });

  it('keeps a slot for live events when told to leave the backlog alone', () => {
    const queue = new UploadQueue();
    offer(queue, 'old', 1, false);
    expect(queue.take(0, { bulk: false, retries: 'none' })).to.equal(undefined);
    offer(queue, 'new', 1, true);
    expect(queue.take(0, { bulk: false, retries: 'none' })?.name).to.equal('new');
    expect(queue.take(0, ALL)?.name).to.equal('old');
  });

  it('sends a file that changed while it was sent once more, and one that did not only once', () => {
    const queue = new UploadQueue();
    offer(queue, 'a', 1, true);
    const item = take(queue);
    offer(queue, 'a', 1, true);
    expect(queue.take(0, ALL)).to.equal(undefined);
    queue.done(item);
    expect(drain(queue)).to.deep.equal(['a']);
    expect(queue.size).to.equal(0);
  });

  it('holds a failed file until its time and lets the others pass', () => {
    const queue = new UploadQueue();
    offer(queue, 'bad', 2, true);
    offer(queue, 'good', 1, false);
    const bad = take(queue);
    queue.fail(bad, 100, FAILED);
    expect(queue.nextRelease()).to.equal(100);
    expect(drain(queue, 99)).to.deep.equal(['good']);
    expect(drain(queue, 100)).to.deep.equal(['bad']);
  });

  it('takes no notice of the same name in a second directory', () => {
    const queue = new UploadQueue();
    offer(queue, 'a', 1, false);
    expect(queue.offer({ directory: '/video', name: 'a', captured: 1, isLive: true, isVideo: false })).to.equal(
      undefined,
    );
    expect(queue.size).to.equal(1);
  });

  it('releases what failed no more often than it is told to', () => {
    const queue = new UploadQueue();
    for (const [name, failures] of [
      ['once', 1],
      ['thrice', 3],
    ] as const) {
      offer(queue, name, 1, true);
      for (let failure = 0; failure < failures; failure++) queue.fail(take(queue, 1000), 1000, FAILED);
    }
    queue.releaseFailed(1);
    expect(drain(queue)).to.deep.equal(['once']);
    queue.releaseFailed(3);
    expect(drain(queue)).to.deep.equal(['thrice']);
  });

  it('what failed does not take its turn again before the others had theirs, where retries go last', () => {
    const queue = new UploadQueue();
    offer(queue, 'bad', 9, true);
    queue.fail(take(queue), 10, FAILED);
    for (const name of ['a', 'b']) offer(queue, name, 1, false);
    const order = [1, 2, 3].map(() => take(queue, 10, { bulk: true, retries: 'last' }).name);
    expect(order).to.deep.equal(['b', 'a', 'bad']);
  });

  it('a retry goes before the backlog and behind what happens now, where it has a slot', () => {
    const queue = new UploadQueue();
    offer(queue, 'bad', 9, true);
    queue.fail(take(queue), 10, FAILED);
    offer(queue, 'old', 1, false);
    offer(queue, 'new', 1, true);
    expect([1, 2, 3].map(() => take(queue, 10).name)).to.deep.equal(['new', 'bad', 'old']);
  });

  it('offers no retry where none may go', () => {
    const queue = new UploadQueue();
    offer(queue, 'bad', 9, true);
    queue.fail(take(queue), 10, FAILED);
    expect(queue.take(10, { bulk: true, retries: 'none' })).to.equal(undefined);
  });

  it('holds a file from the moment that it is offered, and is never ready in between', () => {
    const queue = new UploadQueue();
    const hold = { until: 100, hold: { why: 'unfinished', isCutShort: false } } as const;
    queue.offer({ directory: DIRECTORY, name: 'a', captured: 1, isLive: true, isVideo: false }, hold);
    expect(queue.ready).to.equal(0);
    expect(queue.counts()).to.include({ pending: 1, live: 1, unfinished: 1 });
    expect(queue.take(99, ALL)).to.equal(undefined);
    expect(take(queue, 100).name).to.equal('a');
  });

  it('tells the order without changing it', () => {
    const queue = new UploadQueue();
    offer(queue, 'old', 1, false);
    offer(queue, 'newer', 2, false);
    offer(queue, 'live', 0, true);
    const names = queue.inOrder().map(({ name }) => name);
    expect(names).to.deep.equal(['live', 'newer', 'old']);
    expect(drain(queue)).to.deep.equal(names);
  });

  it('counts what it holds, whatever has happened to it', () => {
    const queue = new UploadQueue();
    for (let index = 0; index < 6; index++) offer(queue, `${index}`, index, index % 2 === 0);
    const [sent, failed, cut, empty] = [1, 2, 3, 4].map(() => take(queue));
    if (!sent || !failed || !cut || !empty) throw new Error('nothing to take');
    queue.done(sent);
    queue.fail(failed, 10, FAILED);
    queue.hold(cut, 10, { why: 'unfinished', isCutShort: true });
    queue.hold(empty, 10, { why: 'empty' });
    take(queue);
    const counts = { pending: 5, live: 2, sending: 1, failed: 1, unfinished: 1, cutShort: 1, empty: 1 };
    expect(queue.counts()).to.deep.equal(counts);
    for (const { name } of [...queue.items()]) queue.remove(name);
    expect(Object.values(queue.counts()).every((count) => count === 0)).to.equal(true);
  });

  it('orders 100,000 files', function () {
    this.timeout(60_000);
    const queue = new UploadQueue();
    for (let index = 0; index < 100_000; index++) offer(queue, `f${index}`, (index * 7919) % 100_003, false);
    const captured: number[] = [];
    for (let item = queue.take(0, ALL); item !== undefined; item = queue.take(0, ALL)) {
      captured.push(item.captured);
      queue.done(item);
    }
    expect(queue.size).to.equal(0);
    expect(captured).to.deep.equal([...captured].sort((a, b) => b - a));
  });
});
