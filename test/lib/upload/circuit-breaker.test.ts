import { expect } from 'chai';
import { Problem } from '../../../tasks/lib/bucket/problem';
import { SHORTEST_DELAY } from '../../../tasks/lib/upload/backoff';
import { CircuitBreaker } from '../../../tasks/lib/upload/circuit-breaker';

const offline = new Problem('offline', 'ENETUNREACH', 'no network', 'plug it in');

describe('CircuitBreaker', () => {
  it('opens until its time has come, and closes with the first success', () => {
    const circuit = new CircuitBreaker(() => 0);
    expect(circuit.state).to.deep.equal({ is: 'closed' });
    circuit.failed(offline, 0, 10);
    expect(circuit.state).to.include({ is: 'open', nextAttemptAt: 10 + SHORTEST_DELAY, since: 10, failures: 1 });
    circuit.succeeded();
    expect(circuit.state).to.deep.equal({ is: 'closed' });
  });

  it('on a mere suspicion, what happens now may be tried sooner', () => {
    for (const isCertain of [true, false]) {
      const circuit = new CircuitBreaker(() => 0);
      for (const at of [0, 5_000, 20_000]) circuit.failed(offline, at, at, isCertain);
      expect(circuit.state).to.include({ nextAttemptAt: 20_000 + 4 * SHORTEST_DELAY, since: 0 });
      expect(circuit.liveAttemptAt).to.equal(20_000 + (isCertain ? 4 : 1) * SHORTEST_DELAY);
    }
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
    expect(circuit.state).to.include({ is: 'open', nextAttemptAt: 0 });
  });
});
