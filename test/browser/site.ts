/**
 * The whole cloud for a browser: buckets and a table, the function that publishes uploads, and the handler that serves page
 * and API, all real. Only the face engine is one that can be told whom it sees: a picture carries the numbers of its faces
 * in grey squares at its upper edge.
 */
import type { FaceEngine, KnownFace } from '../../lambda/lib/faces/engine';
import { filmOf } from '../../lambda/lib/ingest/video-frames';
import type { Label } from '../../lambda/lib/labels/engine';
import { sharp } from '../../lambda/test-packages';
import { signName } from '../../tasks/lib/alive/sign-of-life';
import { TestCloud } from '../lambda/cloud';
import { addAccount, GalleryServer, type Visitor } from '../lambda/gallery/gallery-server';

const WIDTH = 640;
const HEIGHT = 480;
/** Small enough to be cut off where a tile shows the picture. */
export const SQUARE = 16;
/** How much lighter the square of the next number is. */
export const STEP = 40;

type Colour = readonly [red: number, green: number, blue: number];

/** What a camera saw. */
export interface Sight {
  at: Date;
  instance: string;
  /** The numbers of those who are on it, 1 to 6. */
  faces?: number[];
  /** Left out, it is `[200, 200, 400, 400]`. */
  region?: [number, number, number, number];
  /** What else is on it; each camera is looked at once in ten seconds. */
  labels?: Label[];
  /** Bytes to upload instead of a picture. */
  body?: Buffer;
  /** Left out, it is a JPEG by its name. */
  ending?: '.jpg' | '.mp4';
  /** What the camera takes for the time of the upload: seconds since 1970. */
  uploadTime?: number;
}

/** A function that publishes uploads. */
type Lambda = (event: unknown) => Promise<unknown>;

export class Site {
  readonly cloud: TestCloud;
  readonly server: GalleryServer;
  readonly #lambda: Lambda;
  readonly #underWay: Set<Promise<unknown>>;
  #uploads = 0;
  #labels: Label[] = [];

  private constructor(cloud: TestCloud, server: GalleryServer, underWay: Set<Promise<unknown>>) {
    this.cloud = cloud;
    this.server = server;
    this.#lambda = cloud.lambda({ engine, labels: { name: 'told', detect: async () => this.#labels }, film: filmOf });
    this.#underWay = underWay;
  }

  static async start(): Promise<Site> {
    const cloud = await TestCloud.start();
    const handle = cloud.gallery();
    const underWay = new Set<Promise<unknown>>();
    const server = await GalleryServer.start(async (event) => {
      const answer = handle(event);
      underWay.add(answer);
      return await answer.finally(() => underWay.delete(answer));
    });
    return new Site(cloud, server, underWay);
  }

  /** The table is closed only when nobody asks it any more: a page that was left may have asked the moment before. */
  async stop(): Promise<void> {
    await this.server.stop();
    await Promise.allSettled(this.#underWay);
    await this.cloud.stop();
  }

  get url(): string {
    return this.server.url;
  }

  comeFromElsewhere(): void {
    this.server.sourceIp = `203.0.113.${Math.floor(Math.random() * 250)}`;
  }

  async addAccount(name: string): Promise<void> {
    await addAccount(this.cloud, name);
  }

  /** The account's own API, to see what the page did. */
  async api(account: string): Promise<Visitor> {
    return await this.server.loggedIn(account);
  }

  /** A camera uploads what it saw, and the function publishes it, or another one. Returns the file's name. */
  async see(account: string, sight: Sight, lambda: Lambda = this.#lambda): Promise<string> {
    this.#uploads += 1;
    const { at, instance, region = [200, 200, 400, 400], faces = [], labels = [], body, uploadTime } = sight;
    this.#labels = labels;
    const seconds = Math.floor(at.getTime() / 1000);
    const fileName = `${seconds}_6-000000_camera_${region.join('-')}_24_${this.#uploads}${sight.ending ?? '.jpg'}`;
    const record = await this.cloud.upload(`${account}/${fileName}`, body ?? (await picture(this.#uploads, faces)), {
      'event-timestamp': String(seconds),
      'event-instancename': encodeURIComponent(instance),
      'event-regioncoordinates': region.join('-'),
      'event-numberofchanges': String(1000 + this.#uploads),
      ...(uploadTime === undefined ? {} : { uploadtime: String(uploadTime) }),
    });
    record.eventTime = new Date().toISOString();
    await lambda({ Records: [record] });
    return fileName;
  }

  /** A camera's grunt sync says that it lives. */
  async say(account: string, instance: string, signs: object, at = new Date()): Promise<void> {
    const key = `${account}/${signName(instance)}`;
    const record = await this.cloud.upload(key, Buffer.from(JSON.stringify({ instance, ...signs })));
    await this.#lambda({ Records: [{ ...record, eventTime: at.toISOString() }] });
  }
}

/** Where the face with an index is on every picture. */
export function boxOf(index: number): [number, number, number, number] {
  const left = 60 + index * 190;
  return [left, 150, left + 130, 310];
}

/** A picture like no other: a wall in some light, a door, and a head for each face. */
async function picture(seed: number, faces: number[]): Promise<Buffer> {
  const pixels = Buffer.alloc(WIDTH * HEIGHT * 3);
  const row = (y: number, from: number, to: number, [red, green, blue]: Colour) => {
    pixels.fill(Buffer.of(red, green, blue), (y * WIDTH + from) * 3, (y * WIDTH + to) * 3);
  };
  const [red = 0, green = 0, blue = 0] = [0, 2, 4].map((turn) => 120 + 50 * Math.sin(seed * 0.9 + turn));
  for (let y = 0; y < HEIGHT; y++) {
    const light = 1.2 - (0.5 * y) / HEIGHT;
    row(y, 0, WIDTH, [red * light, green * light, blue * light]);
    if (y > 200) row(y, 201, 400, [red * (light - 0.7), green * (light - 0.7), blue * (light - 0.7)]);
    if (Math.abs(y - 350) < 8) row(y, 368, 383, [235, 225, 200]);
  }
  for (const [i, number] of faces.entries()) {
    const [x1, y1, x2, y2] = boxOf(i);
    const [middle, eyes] = [(x1 + x2) / 2, (y1 + y2) / 2];
    for (let y = eyes - 74; y < HEIGHT; y++) {
      for (let x = Math.max(0, middle - 110); x < middle + 110; x++) {
        const colour = colourOf(number, x - middle, y - eyes);
        if (colour) row(y, x, x + 1, colour);
      }
    }
  }
  for (let y = 0; y < SQUARE; y++) {
    for (let i = 0; i < 3; i++) {
      const grey = (faces[i] ?? 0) * STEP;
      row(y, i * SQUARE, (i + 1) * SQUARE, [grey, grey, grey]);
    }
  }
  return await sharp(pixels, { raw: { width: WIDTH, height: HEIGHT, channels: 3 } })
    .jpeg({ quality: 85 })
    .toBuffer();
}

/** What somebody looks like at a place, in pixels from the middle of the face; undefined beside them. */
function colourOf(number: number, x: number, y: number): Colour | undefined {
  if ((x / 56) ** 2 + (y / 74) ** 2 < 1) {
    const isEye = Math.hypot(Math.abs(x) - 20, y + 10) < 6;
    const isMouth = Math.abs(Math.hypot(x, y - 8) - 30) < 3 && y > 22;
    return isEye || isMouth ? [40, 25, 20] : [235 - number * 14, 190 - number * 14, 160 - number * 14];
  }
  const isCoat = (x / 110) ** 2 + ((y - 250) / 125) ** 2 < 1;
  return isCoat ? [60 + number * 25, 70, 150 - number * 20] : undefined;
}

const engine: FaceEngine = {
  name: 'squares',
  sure: 0.45,
  possible: 0.55,
  detect: async ({ data, width, height }) => {
    const channels = data.length / (width * height);
    const numbers = Array.from({ length: 3 }, (_, i) => {
      const grey = data[((SQUARE / 2) * width + i * SQUARE + SQUARE / 2) * channels] ?? 0;
      return Math.round(grey / STEP);
    });
    return numbers.flatMap((number, i) =>
      width !== WIDTH || number === 0 ? [] : [{ box: boxOf(i), score: 0.99, print: Uint8Array.of(number) }],
    );
  },
  match: async (_account, { print }, known) => {
    const same = (one: KnownFace) => one.print[0] === print[0];
    return [...new Set(known.filter(same).map(({ person }) => person))].map((person) => ({ person, distance: 0 }));
  },
  enrol: async (_account, { print }) => print,
  discard: async () => {},
};
