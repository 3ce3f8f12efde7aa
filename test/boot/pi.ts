/** A Pi with a camera: the machine, its line to the cloud, and what the checks ask of them. */
import { createHash, randomBytes } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Cloud } from './cloud';
import type { Layout } from './layout';
import type { Line } from './line';
import { type Machine, until } from './machine';
import { assert, seconds } from './report';

const PHOTO = readFileSync(join(__dirname, '../fixtures/astronaut.jpg'));

/** A picture that the camera took. */
export interface Picture {
  readonly event: string;
  readonly bytes: Buffer;
}

export class Pi {
  /** The capture directory, from the machine's root. */
  readonly capture: string;

  /** Configures the machine as `layout` says, with the cloud's account. */
  constructor(
    readonly machine: Machine,
    readonly line: Line,
    readonly cloud: Cloud,
    layout: Layout,
  ) {
    this.capture = layout(machine.root, cloud.account);
  }

  /** Puts a new picture into the capture directory, as the machinery does. */
  picture(): Picture {
    const random = randomBytes(4);
    const event =
      `${Math.floor(Date.now() / 1000)}_6-${100_000 + random.readUInt16BE(0)}_frontdoor_200-200-400-400_24_` +
      `${random.readUInt16BE(2)}.jpg`;
    // A JPEG like no other: its first segment is a comment of 1,000 random bytes.
    const bytes = Buffer.concat([Buffer.from('ffd8fffe03ea', 'hex'), randomBytes(1000), PHOTO.subarray(2)]);
    writeFileSync(join(this.machine.root, this.capture, event), bytes);
    return { event, bytes };
  }

  /** Resolves with the evidence once the picture's very bytes are in the bucket. */
  async arrived({ event, bytes }: Picture, limit = 30): Promise<string> {
    const since = Date.now();
    const there = await until(`${event} is in the bucket`, limit, () => this.cloud.bytesOf(event));
    assert(there.equals(bytes), `${event} arrived with other bytes`);
    const sum = createHash('sha256').update(there).digest('hex').slice(0, 12);
    return `${event}: ${there.length} bytes with sha256 ${sum}… on both sides, after ${seconds(since)}`;
  }

  /** Like `arrived`, for a picture whose upload must not have been broken off: it was put once. */
  async arrivedAtOnce(picture: Picture): Promise<string> {
    const evidence = await this.arrived(picture);
    assert(this.timesPut(picture) === 1, `${picture.event} was broken off: it was put ${this.timesPut(picture)} times`);
    return `${evidence}, put once`;
  }

  /** How often the picture was put. */
  timesPut({ event }: Picture): number {
    return this.line.puts.filter((path) => path.endsWith(`/${event}`)).length;
  }

  /** Takes a picture while the line is slow, and resolves once its PUT is under way. */
  async inFlight(): Promise<Picture> {
    this.line.delay = 3000;
    const picture = this.picture();
    await until('the picture is in flight', 20, () => this.timesPut(picture) > 0);
    return picture;
  }

  /** Runs a command in the machine, which must succeed, and resolves with what it said. */
  async does(command: string): Promise<string> {
    const { status, text } = await this.machine.run(command);
    assert(status === 0, `${command} ended with ${status}: ${text}`);
    return text;
  }

  /** A property of cloud.service, as systemctl shows it. */
  property(name: string): Promise<string> {
    return this.does(`systemctl show --property=${name} --value cloud.service`);
  }

  /** The pids, in the machine, of its processes called `name`: grunt, or forever's node. */
  async pids(name: 'grunt' | 'node'): Promise<string[]> {
    const { text } = await this.machine.run(`grep -lx ${name} /proc/[0-9]*/comm`);
    return [...text.matchAll(/\/proc\/(\d+)\/comm/g)].flatMap((match) => match[1] ?? []);
  }

  /** The pid of grunt, once there is exactly one, and it is not `but`. */
  gruntRuns(limit: number, but?: string): Promise<string> {
    return until(`one grunt${but === undefined ? '' : ' in the place of the old one'}`, limit, async () => {
      const [grunt, another] = await this.pids('grunt');
      return another === undefined && grunt !== but && grunt;
    });
  }

  /** What cloud.service said, since a moment of the machine's clock in Unix seconds. */
  async journal(since = '0'): Promise<string> {
    return this.does(`journalctl --unit=cloud --no-pager --output=cat --since=@${since}`);
  }

  async booted(): Promise<void> {
    await until('is-system-running says running', 60, async () => {
      return (await this.machine.run('systemctl is-system-running')).text === 'running';
    });
  }

  /** `command` stops the service with a picture in flight; resolves with the evidence that nothing was lost or left. */
  async stopsDraining(command: string): Promise<string> {
    const picture = await this.inFlight();
    const since = Date.now();
    await this.does(command);
    const took = seconds(since);
    this.line.delay = 0;
    const there = await this.cloud.bytesOf(picture.event);
    assert(there?.equals(picture.bytes) === true, `${picture.event} was in flight and is not in the bucket`);
    await this.nothingIsLeft();
    return `${command} took ${took} with a picture in flight: it is in the bucket, and no process is left`;
  }

  /** A process that has ended is gone from the list a moment later, when its parent has heard of it. */
  private async nothingIsLeft(): Promise<void> {
    const left = async () => [...(await this.pids('grunt')), ...(await this.pids('node'))];
    await until('no process is left', 3, async () => (await left()).length === 0).catch(async (error) => {
      const { text } = await this.machine.run(
        `head -3 ${(await left()).map((pid) => `/proc/${pid}/status`).join(' ')}`,
      );
      throw new Error(`${error instanceof Error ? error.message : error}; left behind: ${text}`);
    });
  }

  /** Kills grunt the hard way; resolves with the evidence that a new one uploads. */
  async survivesKilledGrunt(limit: number): Promise<string> {
    const before = await this.gruntRuns(30);
    const since = Date.now();
    await this.does(`kill -9 ${before}`);
    const after = await this.gruntRuns(limit, before);
    const took = seconds(since);
    return `kill -9 of grunt ${before}: grunt ${after} after ${took}; ${await this.arrived(this.picture())}`;
  }
}
