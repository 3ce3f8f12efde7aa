import { expect } from 'chai';
import { delayAfter, LONGEST_DELAY, SHORTEST_DELAY } from '../../../tasks/lib/upload/backoff';

describe('delayAfter', () => {
  it('grows from 1.5 s to 256 s and stays there, jitter included', () => {
    expect(delayAfter(1, 0)).to.equal(SHORTEST_DELAY);
    for (let failures = 1; failures < 40; failures++) {
      expect(delayAfter(failures + 1, 0)).to.be.at.least(delayAfter(failures, 0));
      expect(delayAfter(failures, 0.999_999)).to.be.at.most(LONGEST_DELAY);
      expect(delayAfter(failures, 0.9)).to.be.greaterThan(delayAfter(failures, 0.1));
    }
    expect(delayAfter(40, 0.999_999)).to.be.closeTo(LONGEST_DELAY, 1);
  });
});
