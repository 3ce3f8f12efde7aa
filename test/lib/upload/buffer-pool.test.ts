import { expect } from 'chai';
import { BufferPool } from '../../../tasks/lib/upload/buffer-pool';

describe('BufferPool', () => {
  it('a buffer is used again, also for a smaller picture, and never by two at a time', () => {
    const pool = new BufferPool();
    const first = pool.take(70_000);
    const second = pool.take(70_000);
    expect(second.buffer).not.to.equal(first.buffer);
    pool.give(first);
    const third = pool.take(50_000);
    expect(third.buffer).to.equal(first.buffer);
    expect(third).to.have.length(50_000);
    expect(pool.take(50_000).buffer).not.to.equal(first.buffer);
  });

  it('one that is too small is left for another picture', () => {
    const pool = new BufferPool();
    const small = pool.take(1_000);
    pool.give(small);
    expect(pool.take(100_000)).to.have.length(100_000);
    expect(pool.take(1_000).buffer).to.equal(small.buffer);
  });

  it('keeps few, and none that is large', () => {
    const pool = new BufferPool();
    const taken = Array.from({ length: 20 }, () => pool.take(60_000));
    for (const each of taken) pool.give(each);
    const large = pool.take(1_000_000);
    pool.give(large);
    const again = new Set(Array.from({ length: 20 }, () => pool.take(60_000).buffer));
    expect(taken.filter(({ buffer }) => again.has(buffer))).to.have.length(8);
    expect(again.has(large.buffer)).to.equal(false);
  });
});
