import { expect } from 'chai';
import { cameraState } from '../../../lambda/lib/alive/camera-state';

const NOW = Date.parse('2026-04-22T12:00:00Z');
const ago = (minutes: number) => new Date(NOW - minutes * 60_000);

describe('lambda: whether a camera lives', () => {
  const stateOf = (sign: number | undefined, upload: number, silentAfterHours?: number) =>
    cameraState(
      { alive: sign === undefined ? undefined : { at: ago(sign) }, lastSeen: ago(upload), silentAfterHours },
      NOW,
    );

  it('one sign of life that comes late makes nobody gone', () => {
    expect(stateOf(14, 50)).to.deep.equal({ is: 'alive', since: ago(50) });
    expect(stateOf(16, 50)).to.deep.equal({ is: 'gone', since: ago(16) });
  });

  it('an upload is a sign of life, too', () => {
    expect(stateOf(16, 2)).to.deep.equal({ is: 'alive', since: ago(2) });
  });

  it('in a quiet room it is alive for as long as it says so', () => {
    expect(stateOf(3, 90)).to.deep.equal({ is: 'quiet', since: ago(90) });
    expect(stateOf(3, 60 * 24 * 9)).to.include({ is: 'quiet' });
  });

  it('where the signs were switched off, or never were, only uploads count', () => {
    expect(stateOf(500, 30)).to.deep.equal({ is: 'sending', since: ago(30) });
    expect(stateOf(undefined, 60 * 25)).to.deep.equal({ is: 'silent', since: ago(60 * 25) });
    expect(stateOf(undefined, 60 * 25, 48)).to.include({ is: 'sending' });
  });
});
