import { expect } from 'chai';
import { Problem } from '../../../tasks/lib/bucket/problem';
import { delayAfter, Gate, LONGEST_DELAY, SHORTEST_DELAY } from '../../../tasks/lib/upload/retry';

const offline = new Problem('offline', 'ENETUNREACH', 'no network', 'plug it in');

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

describe('Gate', () => {
  it('lets one probe through when its time has come, and all after the first success', () => {
    const gate = new Gate(() => 0);
    expect(gate.width(0, 4)).to.equal(4);
    gate.failed(offline, 0, 10);
    expect(gate.width(10 + SHORTEST_DELAY - 1, 4)).to.equal(0);
    expect(gate.width(10 + SHORTEST_DELAY, 4)).to.equal(1);
    gate.succeeded();
    expect(gate.width(11, 4)).to.equal(4);
    expect(gate.problem).to.equal(undefined);
  });

  it('counts uploads that one dead line ends together as one failure', () => {
    const gate = new Gate(() => 0);
    for (let upload = 0; upload < 4; upload++) gate.failed(offline, 5, 10 + upload);
    expect(gate.failures).to.equal(1);
    gate.failed(offline, 2000, 2100);
    expect(gate.failures).to.equal(2);
  });

  it('starts again from the shortest delay after a success', () => {
    const gate = new Gate(() => 0);
    for (const at of [0, 5_000, 20_000, 60_000]) gate.failed(offline, at, at + 1);
    gate.succeeded();
    gate.failed(offline, 100_000, 100_001);
    expect(gate.probeAt).to.equal(100_001 + SHORTEST_DELAY);
  });

  it('probes at once when it is woken', () => {
    const gate = new Gate(() => 0);
    gate.failed(offline, 0, 1);
    gate.wake();
    expect(gate.width(2, 4)).to.equal(1);
  });
});
