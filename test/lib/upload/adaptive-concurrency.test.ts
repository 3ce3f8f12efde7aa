import { expect } from 'chai';
import { AdaptiveConcurrency } from '../../../tasks/lib/upload/adaptive-concurrency';

describe('AdaptiveConcurrency', () => {
  it('is halved at each wish for less, never below one, and comes back step by step to the limit', () => {
    const concurrency = new AdaptiveConcurrency(8);
    concurrency.halve();
    expect(concurrency.current).to.equal(4);
    for (let wish = 0; wish < 10; wish++) concurrency.halve();
    expect(concurrency.current).to.equal(1);
    const seen = new Set<number>();
    for (let success = 0; success < 100; success++) {
      concurrency.succeeded();
      seen.add(concurrency.current);
    }
    expect([...seen]).to.deep.equal([2, 3, 4, 5, 6, 7, 8]);
  });

  it('begins anew with other settings', () => {
    const concurrency = new AdaptiveConcurrency(2);
    concurrency.halve();
    concurrency.reset(6);
    expect(concurrency.current).to.equal(6);
  });
});
