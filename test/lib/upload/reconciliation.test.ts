import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect } from 'chai';
import { S3Error } from '../../../tasks/lib/bucket/s3-error';
import { SHORTEST_DELAY } from '../../../tasks/lib/upload/backoff';
import { fingerprintOf } from '../../../tasks/lib/upload/fingerprint';
import { variantOf } from '../../../tasks/lib/upload/key-variant';
import { UploadQueue } from '../../../tasks/lib/upload/queue';
import { Reconciliation } from '../../../tasks/lib/upload/reconciliation';
import { Session } from '../../../tasks/lib/upload/session';
import { type FakeBucket, FakeEnvironment, FakeReport, settingsIn, useFolder } from './fakes';

const NEVER = { lastSuccess: Number.NEGATIVE_INFINITY };

describe('Reconciliation', () => {
  const root = useFolder();
  let environment: FakeEnvironment;
  let bucket: FakeBucket;
  let session: Session;
  let queue: UploadQueue;
  let reconciliation: Reconciliation;

  beforeEach(async () => {
    environment = new FakeEnvironment();
    bucket = environment.next;
    session = await Session.open(settingsIn(root()), environment, new FakeReport());
    queue = new UploadQueue();
    reconciliation = newReconciliation(false);
    await mkdir(join(root(), 'capture'));
  });

  function newReconciliation(once: boolean): Reconciliation {
    return new Reconciliation({ queue, clock: environment.clock, random: environment.random, once });
  }

  /** A file of the backlog, or a live one; `stored`: as the bucket has it. */
  async function file(name: string, content: string, stored?: string, isLive = false): Promise<void> {
    const directory = join(root(), 'capture');
    await writeFile(join(directory, name), content);
    queue.offer({ name, directory, captured: 0, isLive, isVideo: false });
    if (stored !== undefined) bucket.objects.set(`jane/${name}`, Buffer.from(stored));
  }

  const deny = () => {
    throw new S3Error(403, 'AccessDenied', 'no');
  };
  const beDown = () => {
    throw Object.assign(new Error('connect'), { code: 'ENETUNREACH' });
  };

  it('has nothing to do until it is asked', () => {
    expect(reconciliation.isPending).to.equal(false);
    expect(reconciliation.dueAt).to.equal(undefined);
  });

  it('moves to the ledger what the bucket has with name and size, and nothing else', async () => {
    await file('a.jpg', 'aaa', 'xxx');
    await file('b.jpg', 'bbb');
    await file('c.jpg', 'ccc', 'longer');
    await file('d.jpg', 'ddd', 'ddd');
    reconciliation.request();
    expect(reconciliation.dueAt).to.equal(environment.clock.now());
    expect(await reconciliation.run(session, NEVER)).to.deep.equal({ is: 'done', found: 2 });
    expect([...queue.items()].map(({ name }) => name)).to.deep.equal(['b.jpg', 'c.jpg']);
    const has = (name: string) => {
      const fingerprint = fingerprintOf(join(root(), 'capture', name));
      return fingerprint !== undefined && session.ledger.has(name, fingerprint);
    };
    expect(['a.jpg', 'b.jpg', 'c.jpg', 'd.jpg'].map(has)).to.deep.equal([true, false, false, true]);
    expect(session.ledger.get('c.jpg'), 'the bucket has another content of this name').to.include({ size: 6 });
    expect(reconciliation.isPending).to.equal(false);
  });

  it('knows a second content of a name by the variant of its key', async () => {
    const variant = variantOf(7);
    await file('a.jpg', 'second', 'the first');
    bucket.objects.set(`jane/a.${variant}.jpg`, Buffer.from('second'));
    reconciliation.request();
    expect(await reconciliation.run(session, NEVER)).to.deep.equal({ is: 'done', found: 1 });
    expect(session.ledger.get('a.jpg')).to.include({ size: 6, variant });
  });

  it('asks whenever the list is cheaper than what would be sent, and not for a few files among very many', async () => {
    for (const name of ['a.jpg', 'z.jpg']) await file(name, 'x'.repeat(10_000));
    for (let index = 0; index < 40; index++) session.ledger.add(`m${index}.jpg`, { size: 1, mtime: 1 });
    await reconciliation.run(session, NEVER);
    expect(bucket.requests).to.deep.equal(['LIST']);
    for (let index = 40; index < 100; index++) session.ledger.add(`m${index}.jpg`, { size: 1, mtime: 1 });
    await reconciliation.run(session, NEVER);
    expect(bucket.requests).to.deep.equal(['LIST']);
  });

  it('leaves alone what is being sent', async () => {
    await file('a.jpg', 'aaa', 'aaa');
    queue.take(0, { bulk: true, retries: 'first' });
    await file('b.jpg', 'bbb', 'bbb');
    reconciliation.request();
    expect(await reconciliation.run(session, NEVER)).to.deep.equal({ is: 'done', found: 1 });
    expect(queue.get('a.jpg')?.state.is).to.equal('sending');
  });

  it('asks nobody for what happens now', async () => {
    await file('live.jpg', 'aaa', 'aaa', true);
    reconciliation.request();
    expect(await reconciliation.run(session, NEVER)).to.deep.equal({ is: 'done', found: 0 });
    expect(bucket.requests).to.deep.equal([]);
  });

  it('is tried again with a backoff while the bucket cannot be reached', async () => {
    await file('a.jpg', 'aaa', 'aaa');
    bucket.fault = beDown;
    reconciliation.request();
    for (let failures = 1; failures <= 5; failures++) {
      const result = await reconciliation.run(session, NEVER);
      expect(result.is).to.equal('failed');
      expect(reconciliation.problem?.kind).to.equal('offline');
      expect(reconciliation.dueAt).to.equal(environment.clock.now() + SHORTEST_DELAY * 2 ** (failures - 1));
    }
    bucket.fault = undefined;
    expect(await reconciliation.run(session, NEVER)).to.deep.equal({ is: 'done', found: 1 });
    expect(reconciliation.problem).to.equal(undefined);
  });

  it('is given up where the list is denied or not implemented: rather a picture twice than never', async () => {
    await file('a.jpg', 'aaa', 'aaa');
    for (const fault of [
      deny,
      () => {
        throw new S3Error(501, 'NotImplemented', 'no');
      },
    ]) {
      bucket.fault = fault;
      reconciliation.request();
      expect((await reconciliation.run(session, NEVER)).is).to.equal('given-up');
      expect(reconciliation.isPending).to.equal(false);
      expect(queue.size).to.equal(1);
    }
  });

  it('is given up after three failures where uploads succeed meanwhile, or in a single pass', async () => {
    await file('a.jpg', 'aaa');
    bucket.fault = beDown;
    for (const [once, uploads] of [
      [false, { lastSuccess: environment.clock.now() }],
      [true, NEVER],
    ] as const) {
      const each = newReconciliation(once);
      each.request();
      const results = [];
      for (let attempt = 0; attempt < 3; attempt++) results.push((await each.run(session, uploads)).is);
      expect(results).to.deep.equal(['failed', 'failed', 'given-up']);
    }
  });

  it('ends with its session, and is due at once under the next one', async () => {
    await file('a.jpg', 'aaa', 'aaa');
    let isHanging = true;
    bucket.fault = () =>
      new Promise((_resolve, reject) =>
        session.superseded.addEventListener('abort', () => reject(new Error('aborted'))),
      );
    reconciliation.request();
    const ended = reconciliation.run(session, NEVER).then((result) => {
      isHanging = false;
      return result;
    });
    expect(reconciliation.dueAt).to.equal(undefined);
    expect(isHanging).to.equal(true);
    session.supersede();
    reconciliation.supersede();
    expect(await ended).to.deep.equal({ is: 'superseded' });
    expect(reconciliation.dueAt).to.equal(environment.clock.now());
    expect(queue.size).to.equal(1);
  });

  it('what was given up is asked for again under other settings', async () => {
    await file('a.jpg', 'aaa', 'aaa');
    reconciliation.supersede();
    expect(reconciliation.isPending, 'nobody had asked').to.equal(false);
    bucket.fault = deny;
    reconciliation.request();
    await reconciliation.run(session, NEVER);
    reconciliation.supersede();
    bucket.fault = undefined;
    expect(await reconciliation.run(session, NEVER)).to.deep.equal({ is: 'done', found: 1 });
  });

  it('files that are found while it runs make it due once more', async () => {
    await file('a.jpg', 'aaa');
    bucket.fault = () => reconciliation.request();
    reconciliation.request();
    await reconciliation.run(session, NEVER);
    expect(reconciliation.dueAt).to.equal(environment.clock.now());
  });
});
