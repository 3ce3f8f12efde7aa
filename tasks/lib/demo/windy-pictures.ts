/** Writes the windy day of windy-day.ts as files, with the machinery's names. */
import { utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { encode } from 'jpeg-js';
import { HEIGHT, WIDTH, type WindyPicture, windyDay } from './windy-day';

const QUALITY = 60;

/** The colour of the changed part. */
const COLOURS = { wind: [70, 120, 50], burglar: [45, 45, 60], other: [170, 120, 70] } as const;

/**
 * Writes a camera's pictures of yesterday (local time) into its capture directory, until `signal` aborts.
 *
 * @returns the number of pictures written.
 */
export async function leaveWindyDay(
  camera: WindyPicture['camera'],
  capture: string,
  signal: AbortSignal,
): Promise<number> {
  const midnight = new Date();
  midnight.setHours(-24, 0, 0, 0);
  const pictures = windyDay().filter((picture) => picture.camera === camera);
  for (const [index, picture] of pictures.entries()) {
    if (signal.aborted) return index;
    const time = new Date(midnight.getTime() + picture.at);
    const name = `${time.getTime() / 1000}_6-000000_${camera}_${picture.region.join('-')}_${picture.changes}_${index}.jpg`;
    const path = join(capture, name);
    await writeFile(path, draw(picture));
    await utimes(path, time, time);
  }
  return pictures.length;
}

/** A lawn or a wall under the sky, darker by night, with a coloured rectangle in the region. */
function draw({ camera, subject, region, at }: WindyPicture): Buffer {
  const [x1, y1, x2, y2] = region;
  const hour = at / 3_600_000;
  const light = 0.3 + 0.7 * Math.max(0, Math.sin((Math.PI * (hour - 5)) / 15));
  const data = Buffer.alloc(WIDTH * HEIGHT * 4, 255);
  for (let y = 0, to = 0; y < HEIGHT; y++) {
    const [red, green, blue] = y < HEIGHT / 2 ? [130, 170, 210] : camera === 'garden' ? [80, 130, 60] : [190, 180, 160];
    for (let x = 0; x < WIDTH; x++, to += 4) {
      const isChanged = x >= x1 && x < x2 && y >= y1 && y < y2;
      const [r, g, b] = isChanged ? COLOURS[subject] : [red, green, blue];
      data[to] = r * light;
      data[to + 1] = g * light;
      data[to + 2] = b * light;
    }
  }
  return Buffer.from(encode({ width: WIDTH, height: HEIGHT, data }, QUALITY).data);
}
