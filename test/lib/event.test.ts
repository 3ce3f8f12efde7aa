import { expect } from 'chai';
import {
  captureTime,
  contentTypeOf,
  DEFAULT_FILE_FORMAT,
  type EventName,
  eventMetadata,
  kindOf,
  objectKey,
  parseEventName,
} from '../../tasks/lib/event';

const whole: EventName = {
  timestamp: 1429700000,
  microseconds: 123456,
  instance: 'frontdoor',
  region: [200, 200, 400, 400],
  changes: 24,
  token: 579,
};

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

  describe('parseEventName reads what a name tells', () => {
    const names: [string, string, string | undefined, EventName][] = [
      ['the default layout', '1429700000_6-123456_frontdoor_200-200-400-400_24_579.jpg', undefined, whole],
      ['a video', '1429700000_6-123456_frontdoor_200-200-400-400_24_579.mp4', undefined, whole],
      [
        'few microseconds',
        '1_2-42_a_0-0-1-1_0_0.png',
        undefined,
        {
          timestamp: 1,
          microseconds: 42,
          instance: 'a',
          region: [0, 0, 1, 1],
          changes: 0,
          token: 0,
        },
      ],
      [
        'an instance with _ and spaces',
        '1429700000_6-123456_front door_2_1-1_x_200-200-400-400_24_579.jpg',
        undefined,
        {
          ...whole,
          instance: 'front door_2_1-1_x',
        },
      ],
      [
        'an instance that looks like the fields after it',
        '1429700000_6-123456_1-2-3-4_5_6_200-200-400-400_24_579.jpg',
        undefined,
        {
          ...whole,
          instance: '1-2-3-4_5_6',
        },
      ],
      [
        'an instance in any script',
        '1429700000_6-123456_Haustür 正門 🚪_200-200-400-400_24_579.jpg',
        undefined,
        {
          ...whole,
          instance: 'Haustür 正門 🚪',
        },
      ],
      [
        'an instance that ends like a file',
        '1429700000_6-123456_a.jpg_200-200-400-400_24_579.jpg',
        undefined,
        {
          ...whole,
          instance: 'a.jpg',
        },
      ],
      [
        'a picture without a detection',
        '1429700000_6-123456_a_regionCoordinates_numberOfChanges_7.jpg',
        undefined,
        {
          timestamp: 1429700000,
          microseconds: 123456,
          instance: 'a',
          token: 7,
        },
      ],
      [
        'words in another order',
        'garage_579_1429700000.jpg',
        'instanceName_token_timestamp.jpg',
        {
          instance: 'garage',
          token: 579,
          timestamp: 1429700000,
        },
      ],
      ['fewer words', '1429700000_579.jpg', 'timestamp_token.jpg', { timestamp: 1429700000, token: 579 }],
      [
        'text between the words',
        'cam-1429700000 (579).jpg',
        'cam-timestamp (token).jpg',
        {
          timestamp: 1429700000,
          token: 579,
        },
      ],
      [
        'a layout with folders',
        '1429700000_579.jpg',
        'instanceName/timestamp_token.jpg',
        {
          timestamp: 1429700000,
          token: 579,
        },
      ],
      ['a layout that names a word twice', '1_timestamp.jpg', 'timestamp_timestamp.jpg', { timestamp: 1 }],
      [
        'a file from before the layout was changed',
        '1429700000_6-123456_frontdoor_200-200-400-400_24_579.jpg',
        'timestamp.jpg',
        whole,
      ],
      ['a name that is none', 'holiday.jpg', undefined, {}],
      ['a wrong digit count', '1429700000_5-123456_frontdoor_200-200-400-400_24_579.jpg', undefined, {}],
      ['a field too few', '1429700000_6-123456_frontdoor_200-200-400-400_24.jpg', undefined, {}],
      ['three coordinates', '1429700000_6-123456_frontdoor_200-200-400_24_579.jpg', undefined, {}],
      ['a layout without any word', 'x.jpg', 'snapshot.jpg', {}],
      ['an empty layout', 'x.jpg', '', {}],
    ];
    for (const [what, name, format, told] of names) {
      it(what, () => expect(parseEventName(name, format)).to.deep.equal(told));
    }
  });

  it('captureTime is in milliseconds, and unknown where the name tells no time', () => {
    expect(captureTime(whole)).to.equal(1429700000123);
    expect(captureTime({ timestamp: 5 })).to.equal(5000);
    expect(captureTime({ microseconds: 5 })).to.equal(undefined);
  });

  it('eventMetadata tells all that is known under the names later Kerberos versions use', () => {
    const metadata = eventMetadata('1429700000_6-123456_frontdoor_200-200-400-400_24_579.jpg', DEFAULT_FILE_FORMAT, {
      productId: 'k3y',
      capture: 'RaspiCamera',
      uploadTime: 1429700009_999,
    });
    expect(metadata).to.deep.equal({
      'event-timestamp': '1429700000',
      'event-microseconds': '123456',
      'event-instancename': 'frontdoor',
      'event-regioncoordinates': '200-200-400-400',
      'event-numberofchanges': '24',
      'event-token': '579',
      capture: 'RaspiCamera',
      productid: 'k3y',
      uploadtime: '1429700009',
    });
  });

  it('eventMetadata says nothing of what is not known', () => {
    expect(eventMetadata('holiday.jpg', DEFAULT_FILE_FORMAT, { productId: '', uploadTime: 0 })).to.deep.equal({
      uploadtime: '0',
    });
  });

  for (const instance of ['Haustür 正門 🚪', '100% sure', ' spaces ', 'line\nbreak', 'tab\tand\x7f', 'front door_2']) {
    it(`an instance named ${JSON.stringify(instance)} travels as a header and comes back`, () => {
      const value = eventMetadata(`${instance}.jpg`, 'instanceName.jpg', { uploadTime: 0 })['event-instancename'] ?? '';
      expect(value).to.match(/^[\x21-\x7e]([\x20-\x7e]*[\x21-\x7e])?$/);
      expect(decodeURIComponent(value)).to.equal(instance);
    });
  }

  it('objectKey is the file name under its folder, and alone where there is none', () => {
    expect(objectKey('cedric', 'a.jpg')).to.equal('cedric/a.jpg');
    expect(objectKey('', 'a.jpg')).to.equal('a.jpg');
  });
});
