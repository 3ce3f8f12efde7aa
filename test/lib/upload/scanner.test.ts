import { mkdir, rename, rm, unlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect } from 'chai';
import { fingerprintOf } from '../../../tasks/lib/upload/fingerprint';
import { LogThrottle } from '../../../tasks/lib/upload/log-throttle';
import { type Item, UploadQueue } from '../../../tasks/lib/upload/queue';
import { Scanner } from '../../../tasks/lib/upload/scanner';
import { Session } from '../../../tasks/lib/upload/session';
import { WriteStability } from '../../../tasks/lib/upload/write-stability';
import { eventName, jpeg } from '../../kerberos';
import { mp4Of } from '../../sync/media';
import { until } from '../../until';
import { FakeEnvironment, FakeReport, settingsIn, useFolder } from './fakes';

describe('Scanner', () => {
  const root = useFolder();
  let environment: FakeEnvironment;
  let report: FakeReport;
  let queue: UploadQueue;
  let session: Session;
  let scanner: Scanner;
  let backlogs: { unknown: number; isAgain: boolean }[];
  let vanished: string[];
  let directory: string;

  beforeEach(async () => {
    directory = join(root(), 'capture');
    await mkdir(directory);
    environment = new FakeEnvironment();
    report = new FakeReport();
    queue = new UploadQueue();
    backlogs = [];
    vanished = [];
    session = await open();
    const { clock } = environment;
    const parts = { queue, report, clock, throttle: new LogThrottle(clock), stability: new WriteStability(clock) };
    scanner = new Scanner(parts, session);
    scanner.on('backlog', (found) => backlogs.push(found));
    scanner.on('vanished', ({ name }) => {
      vanished.push(name);
      queue.remove(name);
    });
  });

  afterEach(() => scanner.close());

  function open(...directories: string[]): Promise<Session> {
    const settings = settingsIn(root(), directories.length === 0 ? {} : { directories });
    return Session.open(settings, environment, new FakeReport());
  }

  function take(): Item | undefined {
    return queue.take(environment.clock.now(), { bulk: true, retries: 'first' });
  }

  async function write(name: string, bytes: Buffer = jpeg(name)): Promise<void> {
    await writeFile(join(directory, `.${name}`), bytes);
    await rename(join(directory, `.${name}`), join(directory, name));
  }

  /** As if the file had been uploaded. */
  function record(name: string): void {
    const fingerprint = fingerprintOf(join(directory, name));
    if (fingerprint === undefined) throw new Error(`${name} is not there`);
    session.ledger.add(name, fingerprint);
    queue.remove(name);
    scanner.uploaded(name);
  }

  it('what lies there at the start is the backlog, by the time in its name; what the ledger knows is done', async () => {
    for (let index = 0; index < 4; index++) await write(eventName(index));
    record(eventName(3));
    await scanner.watch(session);
    expect(backlogs).to.deep.equal([{ unknown: 3, isAgain: false }]);
    const items = queue.inOrder();
    expect(items.map(({ name }) => name)).to.deep.equal([2, 1, 0].map((index) => eventName(index)));
    expect(items[0]).to.include({ live: 0, captured: 1_429_700_002_123 });
  });

  it('what appears later is live', async () => {
    await scanner.watch(session);
    await write(eventName(1));
    await until(() => queue.size === 1, 'it is noticed');
    expect(take()).to.include({ name: eventName(1), live: 1, isVideo: false });
  });

  it('what ends in the middle is held from the start, and is ready the moment it is whole', async () => {
    const changes: number[] = [];
    scanner.on('changed', () => changes.push(queue.ready));
    await scanner.watch(session);
    const bytes = jpeg(1);
    await writeFile(join(directory, eventName(1)), bytes.subarray(0, -10));
    await until(() => queue.counts().unfinished === 1, 'it is held');
    expect(changes.every((ready) => ready === 0)).to.equal(true);
    await write(eventName(1), bytes);
    await until(() => queue.ready === 1, 'it is ready');
  });

  it('an empty file is held as empty, and a video until its writer has paused', async () => {
    await scanner.watch(session);
    await writeFile(join(directory, 'empty.jpg'), '');
    await write('video.mp4', mp4Of(5_000));
    await until(() => queue.size === 2, 'both are noticed');
    expect(queue.counts()).to.include({ empty: 1, unfinished: 1 });
    environment.clock.advance(250);
    expect(take()).to.include({ name: 'video.mp4', isVideo: true });
  });

  it('tells of what was deleted before its turn, by the kernel or by a scan', async () => {
    await write('scanned.jpg');
    await scanner.watch(session);
    await write('noticed.jpg');
    await until(() => queue.size === 2, 'both are there');
    await unlink(join(directory, 'noticed.jpg'));
    await unlink(join(directory, 'scanned.jpg'));
    await until(() => vanished.length === 2, 'both are told');
    expect(queue.size).to.equal(0);
  });

  it('a directory that is missing counts as unreadable until it comes; then its files are the backlog', async () => {
    await rm(directory, { recursive: true });
    await scanner.watch(session);
    expect(scanner.unreadable).to.have.length(1);
    expect(report.warned).to.deep.equal([`There is no capture directory ${directory} yet: waiting for it.`]);
    await mkdir(directory);
    await write('a.jpg');
    environment.clock.advance(1_000);
    await until(() => queue.size === 1, 'it is scanned');
    expect(backlogs).to.deep.equal([{ unknown: 1, isAgain: true }]);
    expect(scanner.unreadable).to.deep.equal([]);
    expect(report.said).to.deep.equal([`The capture directory ${directory} is there again.`]);
  });

  it('other directories in the settings: the old ones are left, with what waited from them', async () => {
    await write('a.jpg');
    await scanner.watch(session);
    const other = join(root(), 'other');
    await mkdir(other);
    await writeFile(join(other, 'b.jpg'), jpeg(1));
    await scanner.watch(await open(other));
    expect([...queue.items()].map(({ name }) => name)).to.deep.equal(['b.jpg']);
    await write('c.jpg');
    await writeFile(join(other, 'd.jpg'), jpeg(1));
    await until(() => queue.size === 2, 'the new one is watched');
    expect(queue.get('c.jpg')).to.equal(undefined);
  });

  it('the same name in two directories: the first one that was found is queued, and it is told once', async () => {
    const other = join(root(), 'other');
    await mkdir(other);
    for (const name of ['a.jpg', 'b.jpg']) {
      await write(name);
      await writeFile(join(other, name), jpeg(5));
    }
    await scanner.watch(await open(directory, other));
    expect(queue.size).to.equal(2);
    expect(report.warned).to.have.length(1);
    expect(report.warned[0]).to.include('in the bucket both would be one object');
  });

  it('the ledger forgets what is in no directory, once all of them have been scanned twice', async () => {
    for (const name of ['a.jpg', 'b.jpg']) await write(name);
    for (const name of ['a.jpg', 'b.jpg']) record(name);
    await unlink(join(directory, 'b.jpg'));
    await scanner.watch(session);
    for (let second = 0; second < 120 && session.ledger.knows('b.jpg'); second++) {
      // A directory is scanned only when it has changed.
      await write(`${second}.jpg`);
      await until(() => queue.get(`${second}.jpg`) !== undefined, 'it is noticed');
      environment.clock.advance(1_000);
      await new Promise((resolve) => setTimeout(resolve, 1));
    }
    expect([session.ledger.knows('a.jpg'), session.ledger.knows('b.jpg')]).to.deep.equal([true, false]);
  });

  it('a picture that grew while nobody watched is found by the next scan', async () => {
    await write('a.jpg');
    record('a.jpg');
    await write('a.jpg', Buffer.concat([jpeg(1), jpeg(1)]));
    await scanner.watch(session);
    expect([...queue.items()].map(({ name }) => name)).to.deep.equal(['a.jpg']);
    expect(backlogs).to.have.length(1);
  });

  it('a file that another watcher noticed is taken, if it lies in one of the directories', async () => {
    await scanner.watch(session);
    scanner.freeze();
    await write('a.jpg');
    scanner.notice(join(root(), 'elsewhere', 'a.jpg'));
    scanner.notice(join(directory, 'sub', 'a.jpg'));
    expect(queue.size).to.equal(0);
    scanner.notice(join(directory, 'a.jpg'));
    expect(queue.size).to.equal(1);
  });
});
