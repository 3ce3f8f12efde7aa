import { expect } from 'chai';
import { Places } from '../../../lambda/lib/gallery/places';

describe('lambda: the time zone of an instance', () => {
  const instance = { id: 'x', name: 'door', lastSeen: new Date(0) };
  const zoneOf = (own: object) =>
    new Places({ name: 'jane', timeZone: 'Europe/Brussels' }, [{ ...instance, ...own }]).timeZoneOf('door');

  it("is its owner's choice, else what the camera is set to, else the account's", () => {
    const camera = { cameraTimeZone: 'America/New_York' };
    expect(zoneOf({ ...camera, timeZone: 'Asia/Tokyo' })).to.equal('Asia/Tokyo');
    expect(zoneOf(camera)).to.equal('America/New_York');
    expect(zoneOf({})).to.equal('Europe/Brussels');
  });
});
