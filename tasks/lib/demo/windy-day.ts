/**
 * A windy day at two cameras, always the same: 2,004 pictures, of which 1,950 show a moving tree or flag. 29 show cats,
 * birds and visitors. 25, in the night, show a burglar who walks through the garden. An owner looks at them the next
 * morning: can the one thing that matters be found?
 */

/** Pictures of the day. */
export const WINDY_PICTURES = 2004;
/** Pictures that show the burglar. */
export const BURGLAR_PICTURES = 25;
const OTHERS = 29;

/** Width of every picture, in pixels. */
export const WIDTH = 640;
/** Height of every picture, in pixels. */
export const HEIGHT = 480;

/** What a picture shows. */
export type Subject = 'wind' | 'burglar' | 'other';

/** One picture of the day. */
export interface WindyPicture {
  /** Ms since the day began. */
  at: number;
  camera: 'garden' | 'frontdoor';
  subject: Subject;
  /** The rectangle that changed: `[x1, y1, x2, y2]` in pixels. */
  region: readonly [number, number, number, number];
  /** How many pixels changed. */
  changes: number;
}

/** Where the wind moves something: `[x1, y1, x2, y2]` in pixels. */
const IN_THE_WIND = {
  garden: [40, 110, 200, 270],
  frontdoor: [540, 60, 620, 180],
} as const;

const SECOND = 1000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;

/** The pictures of the day, in the order of time. */
export function windyDay(): WindyPicture[] {
  const random = randomFrom(20_260_422);
  const between = (least: number, most: number) => least + Math.floor(random() * (most - least + 1));
  const pictures: WindyPicture[] = [];
  // Gusts, from one in the morning until eleven in the evening. A gust lasts while its pictures follow each other.
  let gust = HOUR;
  while (pictures.length < WINDY_PICTURES - BURGLAR_PICTURES - OTHERS) {
    const camera = random() < 0.75 ? 'garden' : 'frontdoor';
    const [x1, y1, x2, y2] = IN_THE_WIND[camera];
    let at = gust;
    for (let left = between(4, 26); left > 0 && pictures.length < WINDY_PICTURES - BURGLAR_PICTURES - OTHERS; left--) {
      const width = between((x2 - x1) * 0.5, x2 - x1);
      const height = between((y2 - y1) * 0.5, y2 - y1);
      const left1 = between(x1, x2 - width);
      const top = between(y1, y2 - height);
      const region = [left1, top, left1 + width, top + height] as const;
      pictures.push({ at, camera, subject: 'wind', region, changes: between(200, 2400) });
      at += between(2, 9) * SECOND;
    }
    gust += between(5, 14) * MINUTE;
    if (gust > 23 * HOUR) gust = HOUR + between(1, 200) * SECOND;
  }
  // Cats, birds, the postman: on the lawn and on the path, mostly by day.
  for (let i = 0; i < OTHERS; i++) {
    const camera = i % 3 === 0 ? 'garden' : 'frontdoor';
    const left = between(250, 440);
    const top = between(300, 360);
    const region = [left, top, left + between(30, 90), top + between(30, 90)] as const;
    const at = 7 * HOUR + Math.floor((i / OTHERS) * 14 * HOUR) + between(0, 20) * MINUTE;
    pictures.push({ at, camera, subject: 'other', region, changes: between(150, 2000) });
  }
  // The burglar comes over the fence at ten to three, and stays clear of the tree.
  for (let i = 0; i < BURGLAR_PICTURES; i++) {
    const left = 540 - i * 12;
    const region = [left, 230, left + 90, 330] as const;
    pictures.push({
      at: 2 * HOUR + 50 * MINUTE + i * 2 * SECOND,
      camera: 'garden',
      subject: 'burglar',
      region,
      changes: 900 + 37 * i,
    });
  }
  return pictures.sort((one, other) => one.at - other.at);
}

/** Returns numbers in [0, 1), always the same ones (mulberry32, in the public domain). */
function randomFrom(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}
