import { expect } from 'chai';
import { Problem } from '../../../tasks/lib/bucket/problem';
import { admission, type Load, type Running } from '../../../tasks/lib/upload/admission';
import { SHORTEST_DELAY } from '../../../tasks/lib/upload/backoff';
import { CircuitBreaker } from '../../../tasks/lib/upload/circuit-breaker';

const problem = new Problem('server', '500', 'down', 'wait');
const LIVE: Running = { startedAt: 0, isBulk: false, isRetry: false };
const BULK: Running = { startedAt: 0, isBulk: true, isRetry: false };
const RETRY: Running = { startedAt: 0, isBulk: true, isRetry: true };
const LIVE_ONLY = { bulk: false, retries: 'none' };

function load(more: Partial<Load> = {}): Load {
  return { circuit: new CircuitBreaker(() => 0), slots: 4, mustBacklogWait: false, now: 0, ...more };
}

function opened(isCertain: boolean, failures = 1): CircuitBreaker {
  const circuit = new CircuitBreaker(() => 0);
  for (let failure = 0; failure < failures; failure++) circuit.failed(problem, 1_000, 1_000, isCertain);
  return circuit;
}

describe('admission', () => {
  it('keeps one slot of several for pictures of what happens now', () => {
    expect(admission([BULK, BULK], load())).to.include({ bulk: true });
    expect(admission([BULK, BULK, BULK], load())).to.deep.equal(LIVE_ONLY);
    expect(admission([BULK, BULK, BULK, LIVE], load())).to.equal(undefined);
    expect(admission([BULK], load({ slots: 2 }))).to.deep.equal(LIVE_ONLY);
  });

  it('retries take one slot of four, and none of the slot for what happens now', () => {
    expect(admission([], load())).to.include({ retries: 'first' });
    expect(admission([RETRY], load())).to.deep.equal({ bulk: true, retries: 'none' });
    expect(admission([RETRY, BULK, BULK], load())).to.deep.equal(LIVE_ONLY);
    expect(admission([RETRY, RETRY], load({ slots: 12 }))).to.include({ retries: 'first' });
  });

  it('where there is one slot, retries go last', () => {
    expect(admission([], load({ slots: 1 }))).to.deep.equal({ bulk: true, retries: 'last' });
    expect(admission([BULK], load({ slots: 1 }))).to.equal(undefined);
  });

  it('while the backlog has to wait, what happens now goes', () => {
    expect(admission([], load({ mustBacklogWait: true }))).to.deep.equal(LIVE_ONLY);
  });

  it('while the circuit is open, one probe goes when its time has come, and files that failed go last', () => {
    const circuit = opened(true);
    expect(admission([], load({ circuit, now: 1_000 + SHORTEST_DELAY - 1 }))).to.equal(undefined);
    const now = 1_000 + SHORTEST_DELAY;
    expect(admission([], load({ circuit, now }))).to.deep.equal({ bulk: true, retries: 'last', from: 'front' });
    expect(admission([{ ...BULK, startedAt: now }], load({ circuit, now }))).to.equal(undefined);
  });

  it('uploads that began before the circuit opened, and hang, hold up no probe', () => {
    const circuit = opened(true);
    expect(admission([BULK, BULK, BULK], load({ circuit, now: 10_000 }))).to.include({ bulk: true });
  });

  it('on a mere suspicion, what happens now is tried sooner, and every other probe comes from the back', () => {
    const circuit = new CircuitBreaker(() => 0);
    for (const at of [1_000, 3_000, 7_000, 20_000]) circuit.failed(problem, at, at, false);
    expect(admission([], load({ circuit, now: 20_000 + SHORTEST_DELAY }))).to.deep.equal(LIVE_ONLY);
    expect(admission([], load({ circuit, now: 60_000 }))).to.include({ from: 'back' });
    const hanging = { ...RETRY, startedAt: 60_000 };
    expect(admission([hanging], load({ circuit, now: 70_000 }))).to.deep.equal(LIVE_ONLY);
    expect(admission([hanging, { ...LIVE, startedAt: 70_000 }], load({ circuit, now: 70_000 }))).to.equal(undefined);
  });
});
