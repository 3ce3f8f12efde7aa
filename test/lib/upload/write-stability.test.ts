import { expect } from 'chai';
import type { Item } from '../../../tasks/lib/upload/queue';
import { WriteStability } from '../../../tasks/lib/upload/write-stability';
import { FakeClock } from './fakes';

const STILLNESS = 10_000;
const LONG = 30 * STILLNESS;
const YEAR = 365 * 86_400_000;

/** An item of the backlog, or one that was noticed live. */
function item(live: number): Item {
  return {
    name: 'a.jpg',
    directory: '/capture',
    captured: 0,
    live,
    isVideo: false,
    failures: 0,
    state: { is: 'ready' },
  };
}

describe('WriteStability', () => {
  it('is a question that changes nothing: a file that is only asked about never becomes stable', () => {
    const clock = new FakeClock();
    const stability = new WriteStability(clock);
    const print = { size: 1, mtime: 1 };
    for (let asked = 0; asked < 3; asked++) {
      expect(stability.isStable('a.jpg', print, STILLNESS)).to.equal(false);
      clock.advance(STILLNESS);
    }
    stability.observe('a.jpg', print);
    clock.advance(STILLNESS - 1);
    expect(stability.isStable('a.jpg', print, STILLNESS)).to.equal(false);
    clock.advance(1);
    expect(stability.isStable('a.jpg', print, STILLNESS)).to.equal(true);
  });

  it('begins anew with each change of size or mtime', () => {
    const clock = new FakeClock();
    const stability = new WriteStability(clock);
    for (const print of [
      { size: 1, mtime: 1 },
      { size: 2, mtime: 1 },
      { size: 2, mtime: 2 },
    ]) {
      stability.observe('a.jpg', print);
      expect(stability.stableAt('a.jpg', STILLNESS)).to.equal(clock.now() + STILLNESS);
      clock.advance(STILLNESS - 1);
      expect(stability.isStable('a.jpg', print, STILLNESS)).to.equal(false);
    }
  });

  it('goes by the monotonic clock: a date that jumps a year makes nothing stable', () => {
    const clock = new FakeClock();
    const stability = new WriteStability(clock);
    const print = { size: 1, mtime: clock.date() };
    stability.observe('a.jpg', print);
    clock.setDate(clock.date() + YEAR);
    expect(stability.isStable('a.jpg', print, STILLNESS)).to.equal(false);
  });

  it('what lay there at the start and was cut short long ago waits no longer than others', () => {
    const clock = new FakeClock();
    const stability = new WriteStability(clock);
    const old = { size: 1, mtime: clock.date() - LONG };
    const fresh = { size: 1, mtime: clock.date() - LONG + 1 };
    expect(stability.threshold(item(0), old, 'incomplete', STILLNESS)).to.equal(STILLNESS);
    expect(stability.threshold(item(0), fresh, 'incomplete', STILLNESS)).to.equal(LONG);
    expect(stability.threshold(item(0), fresh, 'unknown', STILLNESS)).to.equal(STILLNESS);
  });

  it('a date that jumps a year makes no half-written picture look old', () => {
    const clock = new FakeClock();
    const stability = new WriteStability(clock);
    const print = { size: 1, mtime: clock.date() };
    clock.setDate(clock.date() + YEAR);
    expect(stability.threshold(item(0), print, 'incomplete', STILLNESS)).to.equal(LONG);
    expect(stability.threshold(item(7), print, 'incomplete', STILLNESS)).to.equal(LONG);
  });

  it('what was noticed while we run is never old, whatever its mtime says', () => {
    const clock = new FakeClock();
    const stability = new WriteStability(clock);
    expect(stability.threshold(item(7), { size: 1, mtime: 0 }, 'incomplete', STILLNESS)).to.equal(LONG);
  });
});
