/**
 * The whole cloud for a browser: buckets and a table, the function that publishes uploads, and the handler that serves page
 * and API, all real. Only the face engine is one that can be told whom it sees: a picture carries the numbers of its faces
 * in grey squares at its upper edge.
 */
import type { FaceEngine, KnownFace } from '../../lambda/lib/faces/engine';
import { sharp } from '../../lambda/test-packages';
import { signName } from '../../tasks/lib/alive/sign-of-life';
import { TestCloud } from '../lambda/cloud';
import { addAccount, GalleryServer, type Visitor } from '../lambda/gallery/gallery-server';

const WIDTH = 640;
const HEIGHT = 480;
const SQUARE = 32;
/** How much lighter the square of the next number is. */
const STEP = 40;

/** What a camera saw. */
export interface Sight {
  at: Date;
  instance: string;
  /** The numbers of those who are on it, 1 to 6. */
  faces?: number[];
  /** Left out, it is `[200, 200, 400, 400]`. */
  region?: [number, number, number, number];
  /** Bytes to upload instead of a picture. */
  body?: Buffer;
  /** What the camera takes for the time of the upload: seconds since 1970. */
  uploadTime?: number;
}

export class Site {
  readonly cloud: TestCloud;
  readonly server: GalleryServer;
  readonly #lambda: (event: unknown) => Promise<unknown>;
  readonly #underWay: Set<Promise<unknown>>;
  #uploads = 0;

  private constructor(cloud: TestCloud, server: GalleryServer, underWay: Set<Promise<unknown>>) {
    this.cloud = cloud;
    this.server = server;
    this.#lambda = cloud.lambda({ engine });
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

  /** A camera uploads what it saw, and the function publishes it. Returns the file's name. */
  async see(account: string, sight: Sight): Promise<string> {
    this.#uploads += 1;
    const { at, instance, region = [200, 200, 400, 400], faces = [], body, uploadTime } = sight;
    const seconds = Math.floor(at.getTime() / 1000);
    const fileName = `${seconds}_6-000000_camera_${region.join('-')}_24_${this.#uploads}.jpg`;
    const record = await this.cloud.upload(`${account}/${fileName}`, body ?? (await picture(this.#uploads, faces)), {
      'event-timestamp': String(seconds),
      'event-instancename': encodeURIComponent(instance),
      'event-regioncoordinates': region.join('-'),
      'event-numberofchanges': String(1000 + this.#uploads),
      ...(uploadTime === undefined ? {} : { uploadtime: String(uploadTime) }),
    });
    record.eventTime = new Date().toISOString();
    await this.#lambda({ Records: [record] });
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
function boxOf(index: number): [number, number, number, number] {
  const left = 60 + index * 190;
  return [left, 150, left + 130, 310];
}

/** A picture like no other: a wall in some light, a door, and a head for each face. */
async function picture(seed: number, faces: number[]): Promise<Buffer> {
  const [red = 0, green = 0, blue = 0] = [0, 2, 4].map((turn) => 120 + 50 * Math.sin(seed * 0.9 + turn));
  const heads = faces.map((number, i) => {
    const [x1, y1, x2, y2] = boxOf(i);
    return { number, x: (x1 + x2) / 2, y: (y1 + y2) / 2 };
  });
  const colourAt = (x: number, y: number): [number, number, number] => {
    if (y < SQUARE && x < 3 * SQUARE) {
      const grey = (faces[Math.floor(x / SQUARE)] ?? 0) * STEP;
      return [grey, grey, grey];
    }
    for (const { number, x: middle, y: eyes } of heads) {
      const inHead = ((x - middle) / 56) ** 2 + ((y - eyes) / 74) ** 2 < 1;
      const isEye = Math.hypot(Math.abs(x - middle) - 20, y - eyes + 10) < 6;
      const isMouth = Math.abs(Math.hypot(x - middle, y - eyes - 8) - 30) < 3 && y > eyes + 22;
      if (inHead) return isEye || isMouth ? [40, 25, 20] : [235 - number * 14, 190 - number * 14, 160 - number * 14];
      if (((x - middle) / 110) ** 2 + ((y - 480) / 125) ** 2 < 1) return [60 + number * 25, 70, 150 - number * 20];
    }
    if (Math.hypot(x - 375, y - 350) < 8) return [235, 225, 200];
    const isDoor = x > 200 && x < 400 && y > 200;
    const light = (isDoor ? 0.45 : 1.2) - (0.5 * y) / HEIGHT;
    return [red * light, green * light, blue * light];
  };
  const pixels = Buffer.alloc(WIDTH * HEIGHT * 3);
  for (let y = 0, at = 0; y < HEIGHT; y++) {
    for (let x = 0; x < WIDTH; x++) for (const value of colourAt(x, y)) pixels[at++] = value;
  }
  return await sharp(pixels, { raw: { width: WIDTH, height: HEIGHT, channels: 3 } })
    .jpeg({ quality: 85 })
    .toBuffer();
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
