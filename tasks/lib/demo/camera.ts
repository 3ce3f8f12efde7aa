/**
 * A camera that writes pictures as the machinery does: to the final name, in pieces, several of them when something
 * moves, and nothing for a while when nothing does. The pictures are real JPEGs of a garden, or of a front door, that somebody crosses.
 */
import { randomInt } from 'node:crypto';
import { open, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { decode, encode } from 'jpeg-js';
import type { DemoInstance } from './instance';

const WIDTH = 640;
const HEIGHT = 480;
/** Side of whoever crosses the garden, in pixels. */
const FIGURE = 90;
const QUALITY = 75;
/** A picture is written in so many pieces, with so many ms between them. */
const PIECES = 6;
const PAUSE = 8;
/** Pictures of one burst, and ms between two of them. */
const BURST = { least: 3, most: 8, every: 250 };
/** Ms between two visits: more than the 20 s within which the cloud takes pictures for one burst. */
const QUIET = { least: 22_000, most: 32_000 };
/** Ms between two visits of the backlog: ten hours, so that they are at all times of day. */
const VISIT_EVERY = 36_000_000;

export class Camera {
  readonly #instance: DemoInstance;
  readonly #finished: (name: string) => void;
  readonly #signal: AbortSignal;
  #filming: Promise<void> | undefined;

  /** `finished` hears of every picture when its last byte is written. No other picture begins once `signal` aborts. */
  constructor(instance: DemoInstance, finished: (name: string) => void, signal: AbortSignal) {
    this.#instance = instance;
    this.#finished = finished;
    this.#signal = signal;
  }

  /**
   * Leaves `count` pictures of the last days in the capture directory, as if nobody had uploaded them: somebody crosses in
   * four of them, then nobody for ten hours.
   */
  async leaveBacklog(count: number): Promise<void> {
    for (let index = 0; index < count && !this.#signal.aborted; index++) {
      const visit = Math.floor((count - 1 - index) / 4);
      const time = new Date(Date.now() - 600_000 - visit * VISIT_EVERY - (3 - (index % 4)) * 2000);
      const path = await this.#write(time, (index % 4) / 4, 0);
      await utimes(path, time, time);
    }
  }

  /**
   * Leaves two pictures of a visitor, the photograph and the same darker, as at dusk; and one that is no use to anybody, of
   * 16 x 16 pixels, which the cloud refuses.
   */
  async leaveVisitor(photograph: Buffer): Promise<void> {
    const { width, height, data } = decode(photograph);
    const dusk = data.map((value, index) => (index % 4 === 3 ? value : value * 0.7));
    const useless = { width: 16, height: 16, data: Buffer.alloc(16 * 16 * 4, 99) };
    const pictures = [photograph, encode({ width, height, data: dusk }, QUALITY).data, encode(useless, QUALITY).data];
    for (const [index, bytes] of pictures.entries()) {
      await this.#leave(bytes, new Date(Date.now() - (pictures.length - index) * 60_000), [0, 0, width, height]);
    }
  }

  /**
   * Leaves a picture of the visitor as a camera takes it that hangs on its side. The cloud takes a face that lies for
   * somebody else, so its owner has two persons to merge.
   */
  async leaveVisitorAside(photograph: Buffer): Promise<void> {
    const { width, height, data } = decode(photograph);
    const turned = Buffer.alloc(data.length);
    for (let y = 0; y < height; y++) {
      for (let x = 0; x < width; x++) {
        const from = (y * width + x) * 4;
        turned.set(data.subarray(from, from + 4), (x * height + height - 1 - y) * 4);
      }
    }
    const { data: bytes } = encode({ width: height, height: width, data: turned }, QUALITY);
    await this.#leave(bytes, new Date(Date.now() - 90_000), [0, 0, height, width]);
  }

  start(): void {
    this.#filming ??= this.#film();
  }

  /** Resolves when the picture that is being written is finished. */
  async stopped(): Promise<void> {
    await this.#filming;
  }

  async #film(): Promise<void> {
    const signal = this.#signal;
    const pause = (ms: number) => wait(ms, undefined, { signal }).catch(() => {});
    while (!signal.aborted) {
      const pictures = randomInt(BURST.least, BURST.most + 1);
      for (let index = 0; index < pictures && !signal.aborted; index++) {
        await this.#write(new Date(), index / pictures, PAUSE);
        await pause(BURST.every);
      }
      await pause(randomInt(QUIET.least, QUIET.most));
    }
  }

  async #leave(bytes: Uint8Array, time: Date, region: readonly number[]): Promise<void> {
    const path = join(this.#instance.capture, this.#name(time, region));
    await writeFile(path, bytes);
    await utimes(path, time, time);
  }

  /** Named as the machinery names it. */
  #name(time: Date, region: readonly number[]): string {
    const seconds = Math.floor(time.getTime() / 1000);
    const microseconds = String((time.getTime() % 1000) * 1000 + randomInt(1000)).padStart(6, '0');
    return `${seconds}_6-${microseconds}_${this.#instance.name}_${region.join('-')}_${randomInt(500, 5000)}_${randomInt(1000)}.jpg`;
  }

  /** Writes the picture of somebody who is `progress` (0 to 1) of the way across. */
  async #write(time: Date, progress: number, pause: number): Promise<string> {
    const left = Math.round(progress * (WIDTH - FIGURE));
    const name = this.#name(time, [left, HEIGHT / 2, left + FIGURE, HEIGHT / 2 + FIGURE]);
    const path = join(this.#instance.capture, name);
    const bytes = scene(left, time, this.#instance.name === 'frontdoor');
    const file = await open(path, 'w');
    const size = Math.ceil(bytes.length / PIECES);
    for (let at = 0; at < bytes.length; at += size) {
      await file.write(bytes.subarray(at, at + size));
      if (pause > 0 && at + size < bytes.length) await wait(pause);
    }
    await file.close();
    this.#finished(name);
    return path;
  }
}

/**
 * A JPEG of what a camera sees: sky in the light of the hour, a lawn, at the front door a door, some noise as at night, and
 * somebody whose left edge is at `left`.
 */
function scene(left: number, time: Date, isFrontDoor: boolean): Buffer {
  const data = Buffer.alloc(WIDTH * HEIGHT * 4);
  const light = 0.35 + 0.65 * Math.max(0, Math.sin((Math.PI * (time.getUTCHours() - 5)) / 15));
  let noise = randomInt(1, 2 ** 31);
  for (let y = 0, at = 0; y < HEIGHT; y++) {
    for (let x = 0; x < WIDTH; x++, at += 4) {
      noise = (noise * 1_103_515_245 + 12_345) % 2 ** 31;
      const grain = noise >> 27;
      const [red, green, blue] = isSomebody(x - left, y - HEIGHT / 2) ? SOMEBODY : background(x, y, isFrontDoor);
      data[at] = red * light + grain;
      data[at + 1] = green * light + grain;
      data[at + 2] = blue * light + grain;
      data[at + 3] = 255;
    }
  }
  return Buffer.from(encode({ width: WIDTH, height: HEIGHT, data }, QUALITY).data);
}

type Colour = readonly [red: number, green: number, blue: number];

const SOMEBODY: Colour = [200, 60, 50];

/** A head and a coat below it, within a square of the figure's side. */
function isSomebody(x: number, y: number): boolean {
  const fromMiddle = x - FIGURE / 2;
  if (y >= 0 && y < 32) return Math.hypot(fromMiddle, y - 16) < 16;
  return y >= 32 && y < FIGURE && Math.abs(fromMiddle) < 12 + (y - 32) / 3;
}

function background(x: number, y: number, isFrontDoor: boolean): Colour {
  if (isFrontDoor) {
    if (x > 400 && x < 520 && y > 140 && y < 400) return x > 500 && y > 270 && y < 285 ? [210, 180, 60] : [110, 60, 35];
    return y > 400 ? [120, 115, 110] : [205, 195, 175];
  }
  if (y <= HEIGHT / 2) return Math.hypot(x - 120, y - 190) < 80 ? [40, 95, 40] : [130, 180, 225 - y / 4];
  return [70, 130 - (y - HEIGHT / 2) / 6, 55];
}
