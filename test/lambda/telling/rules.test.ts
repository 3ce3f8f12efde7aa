import { expect } from 'chai';
import type { Rule } from '../../../lambda/lib/table/notifications-item';
import { clockAt, matches, type Seen } from '../../../lambda/lib/telling/rules';

const RULE: Rule = {
  ...{ id: 'rule', cameras: [], anything: false, persons: [], unknownFaces: false, labels: [], coolDownMinutes: 0 },
};
const SEEN: Seen = { camera: 'door', clock: '12:00', persons: [], unknownFace: false, labels: [] };

describe('lambda: which events are told', () => {
  const tells = (rule: Partial<Rule>, seen: Partial<Seen> = {}) => matches({ ...RULE, ...rule }, { ...SEEN, ...seen });

  it('of anything, of one of the persons, of a face without a name, or of a label', () => {
    expect(tells({ anything: true })).to.equal(true);
    expect(tells({})).to.equal(false);
    expect(tells({ persons: ['ada', 'bob'] }, { persons: ['bob'] })).to.equal(true);
    expect(tells({ persons: ['ada'] }, { persons: ['bob'], unknownFace: true })).to.equal(false);
    expect(tells({ unknownFaces: true }, { unknownFace: true })).to.equal(true);
    expect(tells({ labels: ['vehicle'] }, { labels: ['person', 'vehicle'] })).to.equal(true);
    expect(tells({ labels: ['vehicle'] }, { labels: ['person'] })).to.equal(false);
  });

  it('of the chosen cameras alone', () => {
    expect(tells({ anything: true, cameras: ['door'] })).to.equal(true);
    expect(tells({ anything: true, cameras: ['garden'] })).to.equal(false);
  });

  it('between the hours, also over midnight', () => {
    const night = { anything: true, hours: { from: '22:00', to: '06:30' } };
    for (const clock of ['22:00', '23:59', '00:00', '06:30']) expect(tells(night, { clock }), clock).to.equal(true);
    for (const clock of ['21:59', '06:31', '12:00']) expect(tells(night, { clock }), clock).to.equal(false);
    const noon = { anything: true, hours: { from: '11:00', to: '13:00' } };
    expect(tells(noon)).to.equal(true);
    expect(tells(noon, { clock: '22:00' })).to.equal(false);
  });

  it("by the clock on the camera's wall", () => {
    expect(clockAt('Europe/Brussels', new Date('2026-04-22T22:15:00Z'))).to.equal('00:15');
    expect(clockAt('Asia/Kathmandu', new Date('2026-04-22T22:15:00Z'))).to.equal('04:00');
  });
});
