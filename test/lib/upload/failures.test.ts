import { expect } from 'chai';
import { S3Error } from '../../../tasks/lib/bucket/s3-error';
import { SHORTEST_DELAY } from '../../../tasks/lib/upload/backoff';
import { Failures } from '../../../tasks/lib/upload/failures';
import { LogThrottle } from '../../../tasks/lib/upload/log-throttle';
import { type Item, UploadQueue } from '../../../tasks/lib/upload/queue';
import { FakeBucket, FakeClock, FakeReport } from './fakes';

const OFFLINE = Object.assign(new Error('connect ENETUNREACH'), { code: 'ENETUNREACH', syscall: 'connect' });
const RESET = Object.assign(new Error('read ECONNRESET'), { code: 'ECONNRESET', syscall: 'read' });
const DENIED = new S3Error(403, 'AccessDenied', 'no');
const REFUSED = new S3Error(400, 'NotImplemented', 'no such header');
const { place } = new FakeBucket();

describe('Failures', () => {
  let clock: FakeClock;
  let report: FakeReport;
  let queue: UploadQueue;
  let failures: Failures;

  beforeEach(() => {
    clock = new FakeClock();
    report = new FakeReport();
    queue = new UploadQueue();
    failures = new Failures({
      queue,
      report,
      clock,
      throttle: new LogThrottle(clock),
      random: () => 0,
      concurrency: 4,
    });
  });

  /** The next file in the queue, or a new one, as if it were being sent. */
  function sending(name?: string): Item {
    if (name !== undefined)
      queue.offer({ name, directory: '/capture', captured: clock.now(), isLive: true, isVideo: false });
    const item = queue.take(clock.now(), { bulk: true, retries: 'first' });
    if (item === undefined) throw new Error('nothing to send');
    return item;
  }

  const isOpen = () => failures.circuit.state.is === 'open';

  function fail(error: unknown, name?: string): void {
    failures.ofUpload(sending(name), error, clock.now(), place);
  }

  it('holds a file that failed by itself, longer each time', () => {
    fail(DENIED, 'bad.jpg');
    expect(isOpen()).to.equal(false);
    expect(queue.nextRelease()).to.equal(clock.now() + SHORTEST_DELAY);
    clock.advance(SHORTEST_DELAY);
    fail(DENIED);
    expect(queue.nextRelease()).to.equal(clock.now() + 2 * SHORTEST_DELAY);
    expect(report.failures).to.deep.equal(['bad.jpg: AccessDenied', 'bad.jpg: AccessDenied']);
  });

  it('what would fail for every file stops them all at once, and is logged once', () => {
    for (const name of ['a.jpg', 'b.jpg', 'c.jpg']) fail(OFFLINE, name);
    expect(isOpen()).to.equal(true);
    expect(failures.circuit.failures).to.equal(3);
    expect(report.warned).to.have.length(1);
    expect(report.warned[0]).to.match(
      /cannot be reached \(ENETUNREACH\)\. Is this machine online\? Next try in 2 s\.$/,
    );
  });

  it('a success lets everything run again, at once, and says so once', () => {
    for (const name of ['a.jpg', 'b.jpg']) fail(OFFLINE, name);
    sending('c.jpg');
    failures.succeeded('c.jpg');
    expect(isOpen()).to.equal(false);
    expect(queue.ready).to.equal(2);
    failures.succeeded('c.jpg');
    expect(report.said).to.deep.equal(['Uploading again; 3 files to go.']);
  });

  it('a file that failed more often than the outage keeps its own backoff when that is over', () => {
    for (let times = 0; times < 3; times++) {
      fail(DENIED, times === 0 ? 'bad.jpg' : undefined);
      clock.advance(8 * SHORTEST_DELAY);
      failures.succeeded('other.jpg');
    }
    fail(DENIED);
    fail(OFFLINE, 'good.jpg');
    failures.succeeded('other.jpg');
    expect(sending().name).to.equal('good.jpg');
    expect(queue.ready).to.equal(0);
  });

  for (const [what, error] of [
    ['a 403', DENIED],
    ['a refusal with a 400', REFUSED],
    ['a 500', new S3Error(500, 'InternalError', 'oops')],
    ['a connection that is reset', RESET],
    ['no answer', Object.assign(new Error('socket'), { name: 'TimeoutError' })],
  ] as const) {
    it(`${what}: two different files in a row, where nothing has succeeded of late, stop them all`, () => {
      fail(error, 'a.jpg');
      expect(isOpen()).to.equal(false);
      fail(error, 'b.jpg');
      expect(isOpen()).to.equal(true);
      expect(failures.circuit.state).to.include({ isCertain: false, nextAttemptAt: clock.now() + SHORTEST_DELAY });
    });

    it(`${what}: after a success of late it takes nine, and one success in between begins anew`, () => {
      failures.succeeded('good.jpg');
      for (let file = 0; file < 8; file++) fail(error, `${file}.jpg`);
      expect(isOpen()).to.equal(false);
      failures.succeeded('good.jpg');
      for (let file = 8; file < 16; file++) fail(error, `${file}.jpg`);
      expect(isOpen()).to.equal(false);
      fail(error, '17.jpg');
      expect(isOpen()).to.equal(true);
    });
  }

  it('different reasons are no evidence for each other', () => {
    fail(DENIED, 'a.jpg');
    fail(REFUSED, 'b.jpg');
    expect(isOpen()).to.equal(false);
  });

  it('one file that fails again and again never stops the others', () => {
    fail(RESET, 'bad.jpg');
    for (let times = 0; times < 20; times++) {
      clock.advance(256_000);
      fail(RESET);
    }
    expect(isOpen()).to.equal(false);
  });

  it('files that failed before others succeeded are no evidence when they fail again', () => {
    failures.succeeded('good.jpg');
    for (let file = 0; file < 8; file++) fail(RESET, `bad ${file}.jpg`);
    failures.succeeded('good.jpg');
    for (let round = 0; round < 5; round++) {
      clock.advance(256_000);
      for (let file = 0; file < 8; file++) fail(RESET);
    }
    expect(isOpen()).to.equal(false);
  });

  it('a wish for fewer requests halves the uploads at a time', () => {
    fail(new S3Error(503, 'SlowDown', 'slow down'), 'a.jpg');
    expect(failures.concurrency.current).to.equal(2);
  });

  it('a file that cannot be read is its own failure, with what to do', () => {
    const error = Object.assign(new Error('EACCES'), { code: 'EACCES', syscall: 'open' });
    for (let file = 0; file < 20; file++) failures.ofFile(sending(`${file}.jpg`), error);
    expect(isOpen()).to.equal(false);
    expect(report.warned).to.deep.equal(['0.jpg cannot be read (EACCES). Let the user that runs grunt read it.']);
  });

  it('too few open files: it says so, goes on with fewer at a time, and blames no file', () => {
    const inside = Object.assign(new Error('connect EMFILE'), { code: 'EMFILE', syscall: 'connect' });
    fail(new Error('request', { cause: inside }), 'a.jpg');
    failures.ofFile(sending('b.jpg'), Object.assign(new Error('open'), { code: 'EMFILE', syscall: 'open' }));
    expect(failures.concurrency.current).to.equal(1);
    expect(isOpen()).to.equal(false);
    expect([...queue.items()].map((item) => item.failures)).to.deep.equal([0, 0]);
    expect(report.warned).to.have.length(1);
    expect(report.warned[0]).to.match(
      /Too many files are open \(EMFILE\): going on with 2 uploads at a time.*LimitNOFILE/,
    );
  });

  it('a fault of this program is nobody else’s: its file waits a day, nothing else stops, and it says so', () => {
    for (let file = 0; file < 5; file++) fail(new TypeError('x is not a function'), `${file}.jpg`);
    expect(isOpen()).to.equal(false);
    clock.advance(86_399_000);
    expect(queue.take(clock.now(), { bulk: true, retries: 'first' })).to.equal(undefined);
    expect(report.warned).to.have.length(1);
    expect(report.warned[0]).to.match(/fault of this program.*TypeError: x is not a function.*report it/);
  });

  it('other settings: a probe at once, and every file that failed is tried again', () => {
    for (const name of ['a.jpg', 'b.jpg', 'c.jpg']) fail(OFFLINE, name);
    failures.forgive(2);
    expect(failures.circuit.state).to.include({ is: 'open', nextAttemptAt: 0 });
    expect(queue.ready).to.equal(3);
    expect(failures.concurrency.current).to.equal(2);
  });
});
