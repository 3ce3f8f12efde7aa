/**
 * The demo: a cloud, two Kerberos instances with a backlog and a camera each, and a real `grunt sync --force` for each,
 * all in separate processes as in real life. Arrivals are seen as the device may see them: by listing its folder of the
 * bucket.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { Bucket } from '../bucket/bucket';
import { kindOf } from '../event';
import { Camera } from '../machinery/camera';
import type { Subscription } from '../machinery/configuration';
import { leaveBacklog } from './backlog';
import type { Display } from './display';
import { type DemoInstance, makeInstance } from './instance';
import { leaveWindyDay } from './windy-pictures';

/** What a camera films in the demo: sizes in pixels, times in ms. */
const FILMING = {
  picture: { width: 640, height: 480 },
  film: { width: 320, height: 240 },
  convertEvery: 5_000,
};
/** Ms between two visits: more than the 20 s within which the cloud takes pictures for one burst. */
const QUIET = { least: 22_000, most: 32_000 };
const LIST_EVERY = 300;
/** Ms within which the cloud must start and, at the end, all pictures must arrive. */
const PATIENCE = 30_000;

/** Options of `runDemo`. */
export interface DemoOptions {
  /** Directory for everything: the cloud's data, the instances, the ledgers. */
  readonly data: string;
  /** The program of grunt, and its arguments before a task's name. */
  readonly grunt: readonly [string, ...string[]];
  /** Port of the cloud; 0 for any free port. */
  readonly port: number;
  readonly display: Display;
  /** A day that waits to be uploaded instead of a short backlog: the windy day of windy-day.ts. */
  readonly day?: 'windy' | undefined;
  /** Receives each process that is started. They end with the demo. */
  readonly started: (child: ChildProcess) => void;
}

/**
 * Runs the demo until `signal` aborts, which may be at any moment.
 *
 * @returns whether every picture that the cameras took was in the bucket at the end.
 * @throws Error if the cloud does not start, or a process ends by itself.
 */
export async function runDemo(
  { data, grunt, port, display, day, started }: DemoOptions,
  signal: AbortSignal,
): Promise<boolean> {
  const stopped = new Promise<void>((resolve) => {
    signal.addEventListener('abort', () => {
      display.tell('Stopping: the cameras first, then what is on its way arrives. Ctrl-C again ends it at once.');
      resolve();
    });
  });
  await mkdir(data, { recursive: true });
  const cloudData = join(data, 'cloud');
  // The windy day shows no faces, and looking for faces takes ten times as long as everything else.
  const faces: Record<string, string> = day === 'windy' ? { FACES: process.env.FACES ?? 'off' } : {};
  const cloud = start(grunt, ['cloud', `--port=${port}`, `--data=${cloudData}`], faces, (line) =>
    display.cloudSaid(line),
  );
  const processes = [cloud];
  started(cloud);
  try {
    const description = await readDescription(join(cloudData, 'cloud.json'), cloud, signal);
    if (description === undefined) return true;
    const finished = new Map<string, number>();
    // Two instances under one licence, each with its own camera and sync.
    const roots = { frontdoor: data, garden: join(data, 'garden') };
    display.begin(Object.keys(roots), description.app);
    const scenes: { instance: DemoInstance; sync: ChildProcess }[] = [];
    for (const name of ['frontdoor', 'garden'] as const) {
      const root = roots[name];
      // The one camera takes pictures, the other one films.
      const instance = await makeInstance(root, { name, io: name === 'frontdoor' ? 'Disk' : 'Video' }, description);
      const waiting =
        day === 'windy' ? await leaveWindyDay(name, instance.capture, signal) : await leaveBacklog(instance, signal);
      display.written(waiting);
      display.detail(`A camera named ${name} writes to ${instance.capture}; ${waiting} files are waiting there.`);
      const env = {
        KERBEROS_CONFIG: instance.config,
        AWS_ENDPOINT_URL: description.endpoint,
        AWS_REGION: description.region,
        SYNC_STATE: join(root, 'state'),
      };
      const sync = start(grunt, ['sync', '--force'], env, (line) => display.detail(`sync   ${name}: ${line}`));
      processes.push(sync);
      started(sync);
      scenes.push({ instance, sync });
    }
    const cameras = scenes.map(({ instance: { config } }) => {
      const camera = new Camera({ config, quiet: QUIET, ...FILMING }, ({ name }) => {
        finished.set(name, performance.now());
        display.written();
      });
      processes.push(camera.process);
      started(camera.process);
      return camera;
    });

    const arrivals = new Arrivals(description, finished, display);
    const ends = scenes.map(({ sync }) => endOf(sync, 'grunt sync'));
    await Promise.race([stopped, arrivals.watch(), endOf(cloud, 'grunt cloud'), ...ends, ...cameras.map(brokenDown)]);

    await Promise.all(cameras.map((camera) => camera.stop()));
    const names = await Promise.all(scenes.map(({ instance }) => readdir(instance.capture)));
    const isWhole = await arrivals.complete(names.flat());
    arrivals.stop();
    await Promise.all(scenes.map(({ sync }) => stop(sync)));
    return isWhole;
  } finally {
    for (const process of processes.reverse()) await stop(process);
  }
}

/** The pictures in the bucket, and how long they took to get there. */
class Arrivals {
  readonly #folder: string;
  readonly #bucket: Promise<Bucket>;
  readonly #finished: ReadonlyMap<string, number>;
  readonly #display: Display;
  readonly #seen = new Set<string>();
  #isStopped = false;

  constructor(
    { endpoint, region, bucket, folder, publicKey, privateKey }: Description,
    finished: ReadonlyMap<string, number>,
    display: Display,
  ) {
    this.#folder = folder;
    this.#finished = finished;
    this.#display = display;
    const credentials = { accessKeyId: publicKey, secretAccessKey: privateKey };
    this.#bucket = Bucket.open({ endpoint, region, bucket, folder, credentials });
  }

  async watch(): Promise<never> {
    let failure: string | undefined;
    for (;;) {
      try {
        if (!this.#isStopped) await this.#look();
        failure = undefined;
      } catch (error) {
        // A visitor of the demo may suspend the account. The failure is reported once, and listing goes on after the
        // account is resumed.
        const message = error instanceof Error ? error.message : String(error);
        if (message !== failure) this.#display.tell(`bucket cannot be listed: ${message}`);
        failure = message;
      }
      await wait(LIST_EVERY, undefined, { ref: !this.#isStopped });
    }
  }

  /**
   * Waits until all of `names` have arrived.
   *
   * @returns false after `PATIENCE`.
   */
  async complete(names: readonly string[]): Promise<boolean> {
    const end = performance.now() + PATIENCE;
    for (;;) {
      const missing = names.filter((name) => !this.#seen.has(name));
      if (missing.length === 0) break;
      if (performance.now() > end) {
        this.#display.tell(
          `${missing.length} of ${names.length} files are not in the bucket: ${missing.slice(0, 3).join(', ')}…`,
        );
        return false;
      }
      await wait(LIST_EVERY);
    }
    this.#display.tell(`All ${names.length} files of the capture directories are in the bucket.`);
    return true;
  }

  stop(): void {
    this.#isStopped = true;
  }

  async #look(): Promise<void> {
    const bucket = await this.#bucket;
    for await (const page of bucket.list(`${this.#folder}/`)) {
      for (const { key, size } of page) {
        const name = key.slice(this.#folder.length + 1);
        // Signs of life are no events.
        if (this.#seen.has(name) || kindOf(name) === undefined) continue;
        this.#seen.add(name);
        const took = performance.now() - (this.#finished.get(name) ?? Number.NaN);
        const age = took < PATIENCE ? `, ${(took / 1000).toFixed(1)} s after the camera finished it` : '';
        this.#display.arrived(name);
        this.#display.detail(`bucket ${key} (${Math.round(size / 1024)} KB${age})`);
      }
    }
  }
}

interface Description extends Subscription {
  readonly endpoint: string;
  readonly region: string;
  /** The cloud application, if there is one. */
  readonly app?: { readonly url: string; readonly user: string; readonly password: string };
}

/**
 * Waits for the cloud's description; `undefined` if `signal` aborts first.
 *
 * @throws Error if the cloud does not start.
 */
async function readDescription(
  path: string,
  cloud: ChildProcess,
  signal: AbortSignal,
): Promise<Description | undefined> {
  const end = performance.now() + PATIENCE;
  while (performance.now() < end && cloud.exitCode === null) {
    if (signal.aborted) return undefined;
    const text = await readFile(path, 'utf8').catch(() => undefined);
    if (text !== undefined) {
      const description: unknown = JSON.parse(text);
      if (isDescription(description)) return description;
    }
    await wait(50);
  }
  throw new Error('grunt cloud did not come up; it says above why.');
}

function isDescription(value: unknown): value is Description {
  const names = ['endpoint', 'region', 'bucket', 'folder', 'publicKey', 'privateKey'];
  return (
    typeof value === 'object' && value !== null && names.every((name) => typeof Reflect.get(value, name) === 'string')
  );
}

function start(
  [program, ...before]: readonly [string, ...string[]],
  args: readonly string[],
  env: Record<string, string>,
  line: (text: string) => void,
): ChildProcess {
  const child = spawn(program, [...before, ...args], {
    env: { ...process.env, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
    // Ctrl-C is for the demo, which ends its processes in order.
    detached: true,
  });
  for (const stream of [child.stdout, child.stderr]) {
    let text = '';
    stream.setEncoding('utf8').on('data', (data: string) => {
      const lines = (text + data).split('\n');
      text = lines.pop() ?? '';
      for (const each of lines) if (each.trim() !== '') line(each);
    });
  }
  return child;
}

async function brokenDown(camera: Camera): Promise<never> {
  await camera.ended();
  throw new Error(`A camera has ended by itself: ${camera.complaint}`);
}

async function endOf(child: ChildProcess, name: string): Promise<never> {
  if (child.exitCode === null && child.signalCode === null) await once(child, 'exit');
  throw new Error(`${name} has ended by itself; it says above why.`);
}

async function stop(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  child.kill('SIGTERM');
  await once(child, 'exit');
}
