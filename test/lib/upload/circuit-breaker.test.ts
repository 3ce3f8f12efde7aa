import { expect } from 'chai';
import { Problem } from '../../../tasks/lib/bucket/problem';
import { SHORTEST_DELAY } from '../../../tasks/lib/upload/backoff';
import { CircuitBreaker } from '../../../tasks/lib/upload/circuit-breaker';

const offline = new Problem('offline', 'ENETUNREACH', 'no network', 'plug it in');

describe('CircuitBreaker', () => {
  it('lets one probe through when its time has come, and all after the first success', () => {
    const circuit = new CircuitBreaker(() => 0);
    expect(circuit.allowed(0, 4)).to.equal(4);
    circuit.failed(offline, 0, 10);
    expect(circuit.allowed(10 + SHORTEST_DELAY - 1, 4)).to.equal(0);
    expect(circuit.allowed(10 + SHORTEST_DELAY, 4)).to.equal(1);
    circuit.succeeded();
    expect(circuit.allowed(11, 4)).to.equal(4);
    expect(circuit.state).to.deep.equal({ is: 'closed' });
  });

  it('counts uploads that one dead line ends together as one failure', () => {
    const circuit = new CircuitBreaker(() => 0);
    for (let upload = 0; upload < 4; upload++) circuit.failed(offline, 5, 10 + upload);
    expect(circuit.failures).to.equal(1);
    circuit.failed(offline, 2000, 2100);
    expect(circuit.failures).to.equal(2);
  });

  it('starts again from the shortest delay after a success', () => {
    const circuit = new CircuitBreaker(() => 0);
    for (const at of [0, 5_000, 20_000, 60_000]) circuit.failed(offline, at, at + 1);
    circuit.succeeded();
    circuit.failed(offline, 100_000, 100_001);
    expect(circuit.state).to.include({ is: 'open', nextAttemptAt: 100_001 + SHORTEST_DELAY });
  });

  it('probes at once when it is told that the reason may be gone', () => {
    const circuit = new CircuitBreaker(() => 0);
    circuit.failed(offline, 0, 1);
    circuit.probeNow();
    expect(circuit.allowed(2, 4)).to.equal(1);
  });
});
