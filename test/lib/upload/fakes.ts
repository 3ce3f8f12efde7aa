/** What the unit tests of the upload core hold in their hands: the clock, chance, the bucket, and what is said. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Content, ListedObject } from '../../../tasks/lib/bucket/content';
import type { Place, Problem } from '../../../tasks/lib/bucket/problem';
import type { SyncSettings } from '../../../tasks/lib/settings/settings';
import type { Clock } from '../../../tasks/lib/upload/clock';
import type { Report } from '../../../tasks/lib/upload/report';
import type { Environment, UploadBucket } from '../../../tasks/lib/upload/session';

/** A clock that stands still until it is moved. */
export class FakeClock implements Clock {
  #now = 1_000;
  #date = 1_429_700_000_000;
  readonly #timers = new Set<{ at: number; run: () => void }>();

  now(): number {
    return this.#now;
  }

  date(): number {
    return this.#date;
  }

  after(delay: number, run: () => void): () => void {
    const timer = { at: this.#now + delay, run };
    this.#timers.add(timer);
    return () => this.#timers.delete(timer);
  }

  /** Lets `ms` pass at once, and calls what is due, each at its time. */
  advance(ms: number): void {
    const end = this.#now + ms;
    for (;;) {
      const due = [...this.#timers].filter(({ at }) => at <= end).sort((a, b) => a.at - b.at)[0];
      this.#moveTo(due === undefined ? end : Math.max(due.at, this.#now));
      if (due === undefined) return;
      this.#timers.delete(due);
      due.run();
    }
  }

  /** Somebody sets the date of the machine: no time passes. */
  setDate(date: number): void {
    this.#date = date;
  }

  #moveTo(now: number): void {
    this.#date += now - this.#now;
    this.#now = now;
  }
}

/** Writes down what is said. */
export class FakeReport implements Report {
  readonly said: string[] = [];
  readonly warned: string[] = [];
  readonly uploads: string[] = [];
  readonly gone: string[] = [];
  readonly failures: string[] = [];

  uploaded(_name: string, key: string): void {
    this.uploads.push(key);
  }

  vanished(name: string): void {
    this.gone.push(name);
  }

  failed(name: string, problem: Problem): void {
    this.failures.push(`${name}: ${problem.code}`);
  }

  say(text: string): void {
    this.said.push(text);
  }

  warn(text: string): void {
    this.warned.push(text);
  }
}

/** A bucket in memory. `fault` may throw in its place, or keep a request waiting. */
export class FakeBucket implements UploadBucket {
  readonly place: Place = { bucket: 'uploads', host: 's3.example', accessKey: 'KEY…' };
  readonly objects = new Map<string, Buffer>();
  readonly requests: string[] = [];
  fault: ((request: string) => void | Promise<void>) | undefined;
  isClosed = false;

  async put(key: string, content: Content): Promise<void> {
    await this.#request(`PUT ${key}`);
    this.objects.set(key, await content.read(0, content.size));
  }

  async *list(prefix: string, startAfter = ''): AsyncGenerator<ListedObject[]> {
    await this.#request('LIST');
    yield [...this.objects]
      .filter(([key]) => key.startsWith(prefix) && key > startAfter)
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([key, { length }]) => ({ key, size: length }));
  }

  close(): void {
    this.isClosed = true;
  }

  async #request(request: string): Promise<void> {
    this.requests.push(request);
    await this.fault?.(request);
  }
}

/** An environment of fakes: its clock, and a bucket for each session that was opened, the latest last. */
export class FakeEnvironment implements Environment {
  readonly clock = new FakeClock();
  readonly random = () => 0;
  readonly buckets: FakeBucket[] = [];
  /** What the next bucket will be. */
  next = new FakeBucket();

  async openBucket(): Promise<FakeBucket> {
    const bucket = this.next;
    this.buckets.push(bucket);
    this.next = new FakeBucket();
    return bucket;
  }
}

/** Settings of a target that captures into `root`/capture and keeps its ledger in `root`/state. */
export function settingsIn(root: string, more: Partial<SyncSettings> = {}): SyncSettings {
  return {
    target: 'default',
    instance: 'frontdoor',
    directories: [join(root, 'capture')],
    fileFormats: {},
    camera: {},
    state: join(root, 'state'),
    destination: {
      bucket: 'uploads',
      folder: 'jane',
      region: 'eu-west-1',
      credentials: { accessKeyId: 'KEY', secretAccessKey: 'secret' },
    },
    concurrency: 4,
    stillness: 10_000,
    signOfLife: false,
    ...more,
  };
}

/** The path of a new folder for each test of the suite that calls this; it is removed afterwards. */
export function useFolder(): () => string {
  let root: string | undefined;
  beforeEach(async () => {
    root = await mkdtemp(join(tmpdir(), 'upload-'));
  });
  afterEach(async () => {
    if (root !== undefined) await rm(root, { recursive: true, force: true, maxRetries: 5 });
  });
  return () => {
    if (root === undefined) throw new Error('no test has begun');
    return root;
  };
}
