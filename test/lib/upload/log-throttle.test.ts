import { expect } from 'chai';
import { LogThrottle } from '../../../tasks/lib/upload/log-throttle';
import { FakeClock } from './fakes';

const MINUTE = 60_000;

describe('LogThrottle', () => {
  it('logs one trouble of a thousand files once, and another trouble too', () => {
    const throttle = new LogThrottle(new FakeClock());
    const logged = Array.from({ length: 1000 }, () => throttle.shouldLog('offline')).filter(Boolean);
    expect(logged).to.have.length(1);
    expect(throttle.shouldLog('denied')).to.equal(true);
  });

  it('logs what goes on once an hour', () => {
    const clock = new FakeClock();
    const throttle = new LogThrottle(clock);
    let logged = 0;
    for (let minute = 0; minute < 24 * 60; minute++) {
      if (throttle.shouldLog('offline')) logged++;
      clock.advance(MINUTE);
    }
    expect(logged).to.equal(24);
  });

  it('logs again what comes back after ten minutes of peace', () => {
    const clock = new FakeClock();
    const throttle = new LogThrottle(clock);
    throttle.shouldLog('offline');
    clock.advance(9 * MINUTE);
    expect(throttle.shouldLog('offline')).to.equal(false);
    clock.advance(11 * MINUTE);
    expect(throttle.shouldLog('offline')).to.equal(true);
  });

  it('logs again what was reset, and tells whether it had been logged', () => {
    const throttle = new LogThrottle(new FakeClock());
    expect(throttle.reset('offline')).to.equal(false);
    throttle.shouldLog('offline');
    expect(throttle.reset('offline')).to.equal(true);
    expect(throttle.shouldLog('offline')).to.equal(true);
    throttle.resetAll();
    expect(throttle.shouldLog('offline')).to.equal(true);
  });
});
