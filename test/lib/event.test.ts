import { expect } from 'chai';
import { contentTypeOf, eventMetadata, kindOf, objectKey } from '../../tasks/lib/event';

describe('event', () => {
  describe('kindOf tells events by the end of their names, whatever its case', () => {
    const kinds: [string, string | undefined][] = [
      ['1429700000_6-123456_frontdoor_200-200-400-400_24_579.jpg', 'jpeg'],
      ['a.JPG', 'jpeg'],
      ['a.jpeg', 'jpeg'],
      ['a.Png', 'png'],
      ['a.MP4', 'mp4'],
      ['two.dots.jpg', 'jpeg'],
      ['a.h264', undefined],
      ['.a.jpg', undefined],
      ['.a.jpg.Xy12Z', undefined],
      ['.jpg', undefined],
      ['~a.jpg', undefined],
      ['a.jpg~', undefined],
      ['a.jpg.tmp', undefined],
      ['a.jpg.part', undefined],
      ['a.mp4.swp', undefined],
      ['jpg', undefined],
      ['a.', undefined],
      ['', undefined],
    ];
    for (const [name, kind] of kinds) {
      it(`${name || '(nothing)'} → ${kind}`, () => expect(kindOf(name)).to.equal(kind));
    }
  });

  it('contentTypeOf names the media type that browsers show', () => {
    expect(contentTypeOf('jpeg')).to.equal('image/jpeg');
    expect(contentTypeOf('png')).to.equal('image/png');
    expect(contentTypeOf('mp4')).to.equal('video/mp4');
  });

  it('eventMetadata tells all that is known, under the names later Kerberos versions use', () => {
    const name = '1429700000_6-123456_frontdoor_200-200-400-400_24_579.jpg';
    const camera = { capture: 'RaspiCamera', productid: 'k3y', timezone: 'Europe/Brussels', version: '1.0.0' };
    const source = { instance: 'another', camera, modified: 1, uploadTime: 1429700009_999 };
    expect(eventMetadata(name, {}, source)).to.deep.equal({
      'event-timestamp': '1429700000',
      'event-microseconds': '123456',
      'event-instancename': 'frontdoor',
      'event-regioncoordinates': '200-200-400-400',
      'event-numberofchanges': '24',
      'event-token': '579',
      uploadtime: '1429700009',
      ...camera,
    });
  });

  it('eventMetadata says nothing of what is not known', () => {
    expect(eventMetadata('holiday.jpg', {}, { uploadTime: 0 })).to.deep.equal({ uploadtime: '0' });
  });

  it('a name that does not tell the camera gets the one of the configuration', () => {
    const formats = { pictures: 'timestamp_microseconds_token.jpg' };
    const of = (instance: string) => eventMetadata('1795573847_6-123456_748.jpg', formats, { instance, uploadTime: 0 });
    expect(of('cellar')).to.include({ 'event-instancename': 'cellar', 'event-timestamp': '1795573847' });
    expect(of('backdoor')).to.include({ 'event-instancename': 'backdoor' });
  });

  it('a name that tells no time gets that of the file, and says so', () => {
    const metadata = eventMetadata('08-15-01.jpg', {}, { modified: 1795573847_250.75, uploadTime: 1795600000_000 });
    expect(metadata).to.deep.equal({
      'event-timestamp': '1795573847',
      'event-microseconds': '250000',
      'event-timesource': 'modified',
      uploadtime: '1795600000',
    });
    const dated = eventMetadata('1429700000_x.jpg', {}, { modified: 1795573847_250, uploadTime: 0 });
    expect(dated).to.deep.equal({ 'event-timestamp': '1429700000', uploadtime: '0' });
  });

  it('a reference picture is marked as one', () => {
    const name = '1795580789_6-346267_zero_regionCoordinates_numberOfChanges_98.jpg';
    const metadata = eventMetadata(name, {}, { uploadTime: 0 });
    expect(metadata).to.include({ 'event-reference': 'true', 'event-instancename': 'zero', 'event-token': '98' });
    expect(metadata).not.to.have.any.keys('event-regioncoordinates', 'event-numberofchanges');
    const detected = '1795580790_6-610181_zero_30-40-50-60_5_906.jpg';
    expect(eventMetadata(detected, {}, { uploadTime: 0 })).not.to.have.property('event-reference');
  });

  it('whatever names are like, the metadata stays below the 2 KB that S3 takes, and the camera is in it', () => {
    const size = (metadata: Record<string, string>) =>
      Object.entries(metadata).reduce((sum, [key, value]) => sum + key.length + Buffer.byteLength(value), 0);
    const instance = '正'.repeat(400);
    const camera = { capture: 'x'.repeat(300), productid: 'y'.repeat(5000), timezone: 'Europe/Brussels' };
    const metadata = eventMetadata('1429700000.jpg', {}, { instance, camera, uploadTime: 0 });
    expect(size(metadata)).to.be.below(2048);
    expect(decodeURIComponent(metadata['event-instancename'] ?? '')).to.match(/^正{100,128}$/);
    expect(metadata).to.include({ 'event-timestamp': '1429700000', timezone: 'Europe/Brussels' });
    expect(metadata).not.to.have.property('productid');
  });

  for (const instance of ['Haustür 正門 🚪', '100% sure', ' spaces ', 'line\nbreak', 'tab\tand\x7f', 'front door_2']) {
    it(`an instance named ${JSON.stringify(instance)} travels as a header and comes back`, () => {
      const value =
        eventMetadata(`${instance}.jpg`, { pictures: 'instanceName.jpg' }, { uploadTime: 0 })['event-instancename'] ??
        '';
      expect(value).to.match(/^[\x21-\x7e]([\x20-\x7e]*[\x21-\x7e])?$/);
      expect(decodeURIComponent(value)).to.equal(instance);
    });
  }

  it('objectKey is the file name under its folder, and alone where there is none', () => {
    expect(objectKey('cedric', 'a.jpg')).to.equal('cedric/a.jpg');
    expect(objectKey('', 'a.jpg')).to.equal('a.jpg');
  });
});
