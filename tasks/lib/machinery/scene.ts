/**
 * What the camera sees: a garden, or a front door, that somebody crosses. As pixels, as a JPEG, and as a frame of a
 * film.
 */
import { encode } from 'jpeg-js';
import type { Yuv } from './h264';

/** One moment of the scene. */
export interface Moment {
  /** In pixels. */
  readonly width: number;
  readonly height: number;
  /** How far across somebody is: 0 to 1; undefined while nobody is there. */
  readonly progress: number | undefined;
  readonly time: Date;
  readonly isFrontDoor: boolean;
}

/** The scene is drawn for this width; height goes by the picture's own. */
const DRAWN_WIDTH = 640;
/** Side of whoever crosses it, in pixels of the drawing. */
const FIGURE = 90;
const QUALITY = 75;

/** `[x1, y1, x2, y2]` of whoever crosses, in pixels of the picture. */
export function figureIn({ width, height, progress = 0 }: Moment): readonly [number, number, number, number] {
  const side = Math.round((FIGURE * width) / DRAWN_WIDTH);
  const left = Math.round(progress * (width - side));
  return [left, height / 2, left + side, height / 2 + side];
}

/** The moment as the machinery saves it. */
export function jpegOf(moment: Moment): Buffer {
  const { width, height } = moment;
  return Buffer.from(encode({ width, height, data: pixelsOf(moment) }, QUALITY).data);
}

/** RGBA, row by row: sky in the light of the hour, a lawn or a wall with a door, and some grain, as at night. */
export function pixelsOf(moment: Moment): Buffer {
  const { width, time, progress } = moment;
  const data = Buffer.from(backdropOf(moment));
  if (progress === undefined) return data;
  const light = lightAt(time);
  const [left, top, right, bottom] = figureIn(moment);
  for (let y = top; y < bottom; y++) {
    for (let x = left; x < right; x++) {
      const scale = DRAWN_WIDTH / width;
      if (isSomebody((x - left) * scale, (y - top) * scale)) paint(data, (y * width + x) * 4, SOMEBODY, light, x & 7);
    }
  }
  return data;
}

/**
 * The last backdrop that was drawn: in a film it stays the same, grain and all, so that only what moves is filmed anew.
 */
let backdrop = { of: '', data: Buffer.alloc(0) };

function backdropOf({ width, height, time, isFrontDoor }: Moment): Buffer {
  const minute = Math.floor(time.getTime() / 60_000);
  const of = [width, height, minute, isFrontDoor].join();
  if (backdrop.of === of) return backdrop.data;
  const data = Buffer.alloc(width * height * 4, 255);
  const light = lightAt(time);
  const scale = DRAWN_WIDTH / width;
  let noise = minute;
  for (let y = 0, at = 0; y < height; y++) {
    for (let x = 0; x < width; x++, at += 4) {
      noise = (noise * 1_103_515_245 + 12_345) % 2 ** 31;
      paint(data, at, background(x * scale, y * scale, (height * scale) / 2, isFrontDoor), light, noise >> 27);
    }
  }
  backdrop = { of, data };
  return data;
}

function paint(data: Buffer, at: number, [red, green, blue]: Colour, light: number, grain: number): void {
  data[at] = red * light + grain;
  data[at + 1] = green * light + grain;
  data[at + 2] = blue * light + grain;
}

/** 0.35 by night to 1 at noon, by UTC. */
function lightAt(time: Date): number {
  return 0.35 + 0.65 * Math.max(0, Math.sin((Math.PI * (time.getUTCHours() - 5)) / 15));
}

/** RGBA as a frame of a film (ITU-R BT.601, limited range). Width and height are multiples of 16. */
export function yuvOf({ width, height, data }: { width: number; height: number; data: Uint8Array }): Yuv {
  const y = new Uint8Array(width * height);
  const cb = new Uint8Array(y.length / 4);
  const cr = new Uint8Array(y.length / 4);
  for (let row = 0, at = 0; row < height; row++) {
    for (let column = 0; column < width; column++, at++) {
      const red = data[at * 4] ?? 0;
      const green = data[at * 4 + 1] ?? 0;
      const blue = data[at * 4 + 2] ?? 0;
      y[at] = 16 + 0.257 * red + 0.504 * green + 0.098 * blue;
      if (row % 2 > 0 || column % 2 > 0) continue;
      const to = ((row / 2) * width) / 2 + column / 2;
      cb[to] = 128 - 0.148 * red - 0.291 * green + 0.439 * blue;
      cr[to] = 128 + 0.439 * red - 0.368 * green - 0.071 * blue;
    }
  }
  return { width, height, y, cb, cr };
}

type Colour = readonly [red: number, green: number, blue: number];

const SOMEBODY: Colour = [200, 60, 50];

/** A head and a coat below it, within a square of the figure's side. */
function isSomebody(x: number, y: number): boolean {
  const fromMiddle = x - FIGURE / 2;
  if (y >= 0 && y < 32) return Math.hypot(fromMiddle, y - 16) < 16;
  return y >= 32 && y < FIGURE && Math.abs(fromMiddle) < 12 + (y - 32) / 3;
}

function background(x: number, y: number, horizon: number, isFrontDoor: boolean): Colour {
  if (isFrontDoor) {
    if (x > 400 && x < 520 && y > 140 && y < 400) return x > 500 && y > 270 && y < 285 ? [210, 180, 60] : [110, 60, 35];
    return y > 400 ? [120, 115, 110] : [205, 195, 175];
  }
  if (y <= horizon) return Math.hypot(x - 120, y - 190) < 80 ? [40, 95, 40] : [130, 180, 225 - y / 4];
  return [70, 130 - (y - horizon) / 6, 55];
}
