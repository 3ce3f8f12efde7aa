import { expect } from 'chai';
import { captureTime, type EventName, type FileFormats, parseEventName } from '../../tasks/lib/event-name';

const whole: EventName = {
  timestamp: 1429700000,
  microseconds: 123456,
  instance: 'frontdoor',
  region: [200, 200, 400, 400],
  changes: 24,
  token: 579,
};

type Case = readonly [what: string, fileName: string, formats: FileFormats | string | undefined, told: EventName];

describe('the name of an event', () => {
  tells('in the layout that the machinery ships with', [
    ['a picture', '1429700000_6-123456_frontdoor_200-200-400-400_24_579.jpg', undefined, whole],
    ['a video', '1429700000_6-123456_frontdoor_200-200-400-400_24_579.mp4', undefined, whole],
    [
      'few microseconds',
      '1_2-42_a_0-0-1-1_3_0.png',
      undefined,
      { timestamp: 1, microseconds: 42, instance: 'a', region: [0, 0, 1, 1], changes: 3, token: 0 },
    ],
    [
      'an instance with _ and spaces',
      '1429700000_6-123456_front door_2_1-1_x_200-200-400-400_24_579.jpg',
      undefined,
      { ...whole, instance: 'front door_2_1-1_x' },
    ],
    [
      'an instance that looks like the fields after it',
      '1429700000_6-123456_1-2-3-4_5_6_200-200-400-400_24_579.jpg',
      undefined,
      { ...whole, instance: '1-2-3-4_5_6' },
    ],
    [
      'an instance in any script',
      '1429700000_6-123456_Haustür 正門 🚪_200-200-400-400_24_579.jpg',
      undefined,
      { ...whole, instance: 'Haustür 正門 🚪' },
    ],
    [
      'an instance that ends like a file',
      '1429700000_6-123456_a.jpg_200-200-400-400_24_579.jpg',
      undefined,
      { ...whole, instance: 'a.jpg' },
    ],
    [
      'a reference picture',
      '1795580789_6-346267_zero_regionCoordinates_numberOfChanges_98.jpg',
      undefined,
      { timestamp: 1795580789, microseconds: 346267, instance: 'zero', token: 98, reference: true },
    ],
    [
      'no box where nothing changed',
      '1795580789_6-950331_zero_630-470-10-10_0_98.jpg',
      undefined,
      { timestamp: 1795580789, microseconds: 950331, instance: 'zero', changes: 0, token: 98 },
    ],
    [
      'no box where nothing changed, although it were one',
      '1795580789_6-950331_zero_10-10-630-470_0_98.jpg',
      undefined,
      { timestamp: 1795580789, microseconds: 950331, instance: 'zero', changes: 0, token: 98 },
    ],
  ]);

  tells('in a layout of its own', [
    [
      'words in another order',
      'garage_579_1429700000.jpg',
      'instanceName_token_timestamp.jpg',
      { instance: 'garage', token: 579, timestamp: 1429700000 },
    ],
    ['fewer words', '1429700000_579.jpg', 'timestamp_token.jpg', { timestamp: 1429700000, token: 579 }],
    [
      'text between the words',
      'cam-1429700000 (579).jpg',
      'cam-timestamp (token).jpg',
      { timestamp: 1429700000, token: 579 },
    ],
    [
      'a layout with folders',
      '1429700000_579.jpg',
      'instanceName/timestamp_token.jpg',
      { timestamp: 1429700000, token: 579 },
    ],
    ['a layout that names a word twice', '1_timestamp.jpg', 'timestamp_timestamp.jpg', { timestamp: 1 }],
    ['a layout without any word', 'x.jpg', 'snapshot.jpg', {}],
    ['an empty layout', 'x.jpg', '', {}],
    [
      'an instance with _ between two fields',
      '1795580471_my_cam_905.jpg',
      'timestamp_instanceName_token.jpg',
      { timestamp: 1795580471, instance: 'my_cam', token: 905 },
    ],
    [
      'a video whose layout is another one than that of pictures',
      'my_cam_1795580479_6-765757_367_34-116-83-191.mp4',
      {
        pictures: 'timestamp_instanceName_token.jpg',
        videos: 'instanceName_timestamp_microseconds_token_regionCoordinates',
      },
      { timestamp: 1795580479, microseconds: 765757, instance: 'my_cam', token: 367, region: [34, 116, 83, 191] },
    ],
    [
      'a picture beside such videos',
      '1795580486_my_cam_522.jpg',
      {
        pictures: 'timestamp_instanceName_token.jpg',
        videos: 'instanceName_timestamp_microseconds_token_regionCoordinates',
      },
      { timestamp: 1795580486, instance: 'my_cam', token: 522 },
    ],
    [
      'people who were counted',
      '1795580695_6-647786_counter_23-228-97-303_578_2_1_833.jpg',
      'timestamp_microseconds_instanceName_regionCoordinates_numberOfChanges_incoming_outgoing_token.jpg',
      {
        ...{ timestamp: 1795580695, microseconds: 647786, instance: 'counter', region: [23, 228, 97, 303] },
        ...{ changes: 578, incoming: 2, outgoing: 1, token: 833 },
      },
    ],
    [
      'a reference picture of a counter',
      '1795580686_6-998639_counter_regionCoordinates_numberOfChanges_incoming_outgoing_564.jpg',
      'timestamp_microseconds_instanceName_regionCoordinates_numberOfChanges_incoming_outgoing_token.jpg',
      { timestamp: 1795580686, microseconds: 998639, instance: 'counter', token: 564, reference: true },
    ],
    [
      'the instance by the word "name"',
      '1795580732_camname_212-264-287-339_1113_666.jpg',
      'timestamp_name_regionCoordinates_numberOfChanges_token.jpg',
      { timestamp: 1795580732, instance: 'camname', region: [212, 264, 287, 339], changes: 1113, token: 666 },
    ],
    [
      'a reference picture, where "name" stays as it is',
      '1795580722_name_regionCoordinates_numberOfChanges_558.jpg',
      'timestamp_name_regionCoordinates_numberOfChanges_token.jpg',
      { timestamp: 1795580722, token: 558, reference: true },
    ],
    [
      'a file from before the layout was changed',
      '1429700000_6-123456_frontdoor_200-200-400-400_24_579.jpg',
      'timestamp_instanceName_token.jpg',
      whole,
    ],
  ]);

  tells('of the agent', [
    [
      'a continuous recording: no region, -1 changes, how long it is',
      '1795570182_3-123_backyard_0-0-0-0_-1_20000.mp4',
      undefined,
      { timestamp: 1795570182, microseconds: 123_000, instance: 'backyard', changes: -1, duration: 20_000 },
    ],
    [
      'a recording that goes on',
      '1795570182_3-123_backyard_0-0-0-0_0_0_.mp4',
      undefined,
      { timestamp: 1795570182, microseconds: 123_000, instance: 'backyard', changes: 0 },
    ],
    [
      'a region by its width and height',
      '1795570182_2-45_back_yard_100-50-200-300_1153_12400.mp4',
      undefined,
      {
        ...{ timestamp: 1795570182, microseconds: 45_000, instance: 'back_yard', region: [100, 50, 300, 350] },
        ...{ changes: 1153, duration: 12_400 },
      },
    ],
    [
      'a region that begins outside of the picture',
      '1795570482_6-123456_backyard_-10-0-200-300_24_579.jpg',
      undefined,
      {
        ...{ timestamp: 1795570482, microseconds: 123456, instance: 'backyard', region: [-10, 0, 200, 300] },
        ...{ changes: 24, token: 579 },
      },
    ],
    [
      'nothing of it in a video of the machinery with few microseconds',
      '1795570182_2-45_yard_100-50-200-300_1153_124.mp4',
      undefined,
      {
        ...{ timestamp: 1795570182, microseconds: 45, instance: 'yard', region: [100, 50, 200, 300] },
        ...{ changes: 1153, token: 124 },
      },
    ],
  ]);

  tells('all but the field that does not fit', [
    [
      'a wrong digit count',
      '1429700000_5-123456_frontdoor_200-200-400-400_24_579.jpg',
      undefined,
      { ...without('microseconds') },
    ],
    ['a field too few', '1429700000_6-123456_frontdoor_200-200-400-400_24.jpg', undefined, { ...without('token') }],
    ['three coordinates', '1429700000_6-123456_frontdoor_200-200-400_24_579.jpg', undefined, { ...without('region') }],
    [
      'a number of changes that is none',
      '1429700000_6-123456_front_door_200-200-400-400_2.5_579.jpg',
      undefined,
      { ...without('changes'), instance: 'front_door' },
    ],
    [
      'a field too many',
      '1795580695_6-647786_counter_23-228-97-303_578_0_0_833.jpg',
      undefined,
      {
        ...{ timestamp: 1795580695, microseconds: 647786, instance: 'counter', region: [23, 228, 97, 303] },
        ...{ changes: 578, token: 833 },
      },
    ],
    [
      'a field that does not fit a layout of its own',
      'garage_?_1429700000.jpg',
      'instanceName_token_timestamp.jpg',
      { instance: 'garage', timestamp: 1429700000 },
    ],
    [
      'its time and its fields in a layout that nobody told us',
      'my_cam_1795580479_6-765757_367_34-116-83-191.mp4',
      undefined,
      { timestamp: 1795580479, microseconds: 765757, region: [34, 116, 83, 191] },
    ],
    ['its time alone', '1795580471_my_cam_905.jpg', undefined, { timestamp: 1795580471 }],
    ['its time where no _ follows', '1795580471 my cam.jpg', undefined, { timestamp: 1795580471 }],
    ['nothing where no time begins it', 'holiday.jpg', undefined, {}],
    ['nothing where the digits are a date', '20261125_081501.jpg', undefined, {}],
    ['nothing where the digits are too many', '20261125081501.jpg', undefined, {}],
    ['nothing by a layout whose time is missing', 'holiday_in_rome.jpg', 'instanceName_timestamp_token.jpg', {}],
  ]);

  it('is read in a moment, whatever it is', () => {
    const formats = { pictures: 'name_instanceName_name_timestamp_microseconds_token_regionCoordinates.jpg' };
    const names = ['_'.repeat(250), '1-'.repeat(125), '1_'.repeat(125), '1429700000_6-123456_'.repeat(12)];
    const started = performance.now();
    for (const name of names) {
      for (let times = 0; times < 20; times++) parseEventName(`${name}.jpg`, formats);
    }
    expect(performance.now() - started).to.be.below(2_000);
  });

  it('gives the time in milliseconds, and none where it tells none', () => {
    expect(captureTime(whole)).to.equal(1429700000123);
    expect(captureTime({ timestamp: 5 })).to.equal(5000);
    expect(captureTime({ microseconds: 5 })).to.equal(undefined);
  });
});

function without(field: keyof EventName): EventName {
  const { [field]: _, ...rest } = whole;
  return rest;
}

function tells(where: string, cases: readonly Case[]): void {
  describe(`tells ${where}`, () => {
    for (const [what, name, formats, told] of cases) {
      const given = typeof formats === 'string' ? { pictures: formats } : formats;
      it(what, () => expect(parseEventName(name, given)).to.deep.equal(told));
    }
  });
}
