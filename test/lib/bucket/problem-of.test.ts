import { AssertionError, strictEqual } from 'node:assert';
import { open, readFile } from 'node:fs/promises';
import { connect } from 'node:net';
import { setTimeout as wait } from 'node:timers/promises';
import { expect } from 'chai';
import type { Owner, Place } from '../../../tasks/lib/bucket/problem';
import { problemOf, problemOfReading } from '../../../tasks/lib/bucket/problem-of';
import { S3Error } from '../../../tasks/lib/bucket/s3-error';

const PLACE: Place = { bucket: 'cams', host: 'cams.s3.eu-west-1.amazonaws.com', accessKey: 'AKIA…' };

async function thrownBy(action: () => unknown): Promise<unknown> {
  try {
    await action();
  } catch (error) {
    return error;
  }
  throw new Error('nothing was thrown');
}

/** A real exception of each kind of mistake that code can have. */
const MISTAKES: Record<string, () => unknown> = {
  'a method that this Node.js lacks': () => Reflect.apply(Reflect.get(Promise, 'noSuchMethod'), Promise, []),
  'a name that is not there': () => new Function('return noSuchName')(),
  'a number out of range': () => Buffer.alloc(-1),
  'an assertion': () => strictEqual(1, 2),
  'a wrong argument to Node.js': () => open(undefined as unknown as string),
  'a header that HTTP cannot carry': () => fetch('http://127.0.0.1', { headers: { 'x-name': 'ü\n' } }),
  'something that is no error': () => {
    throw 'text';
  },
};

describe('Whose an error is', () => {
  for (const [what, mistake] of Object.entries(MISTAKES)) {
    it(`is this program's for ${what}, and nobody is asked whether he is online`, async () => {
      const error = await thrownBy(mistake);
      for (const problem of [problemOf(error, PLACE), problemOfReading('a.jpg', error)]) {
        expect(problem.whose).to.equal('program');
        expect(problem.message).to.match(/^A fault of this program/);
        expect(problem.remedy).to.match(/^Please report it at https:/);
        expect(`${problem.message} ${problem.remedy}`).not.to.match(/online|damaged|disk/);
      }
    });
  }

  it('names the line of the code, but no path of this machine', async () => {
    const { message } = problemOf(new AssertionError({ message: 'x' }), PLACE);
    expect(message).to.match(/problem-of\.test\.[jt]s:\d+/);
    expect(message).not.to.contain('/');
  });

  it('is the installation for a module that is not there', async () => {
    const problem = problemOf(await thrownBy(() => import('no-such-module' as string)), PLACE);
    expect(problem.whose).to.equal('program');
    expect(problem.remedy).to.contain('npm install');
  });

  it('is the file for what the disk says', async () => {
    for (const error of [await thrownBy(() => readFile('/')), await thrownBy(() => readFile('/no/such'))]) {
      expect(problemOf(error, PLACE).whose).to.equal('file');
    }
    expect(problemOfReading('a.jpg', Object.assign(new Error('x'), { code: 'EIO', syscall: 'read' })).message).to.equal(
      'a.jpg cannot be read (EIO).',
    );
  });

  it('is the line for what the network says, though it names a call "read" as files do', async () => {
    const refused = await thrownBy(
      () =>
        new Promise((_, reject) => {
          connect(1, '127.0.0.1').on('error', reject);
        }),
    );
    const reset = Object.assign(new Error('read ECONNRESET'), { code: 'ECONNRESET', syscall: 'read' });
    const aborted = await thrownBy(() => wait(1000, undefined, { signal: AbortSignal.abort() }));
    for (const error of [refused, reset, aborted, new Error('socket hang up')]) {
      expect(problemOf(error, PLACE).whose).to.equal('line');
    }
  });

  it('is the bucket for what S3 answers', () => {
    const owners: [S3Error, Owner, string][] = [
      [new S3Error(403, 'AccessDenied', ''), 'bucket', 'target'],
      [new S3Error(404, 'NoSuchBucket', ''), 'bucket', 'target'],
      [new S3Error(503, 'SlowDown', ''), 'bucket', 'target'],
      [new S3Error(400, 'BadDigest', ''), 'bucket', 'file'],
      [new S3Error(400, 'EntityTooLarge', ''), 'bucket', 'file'],
    ];
    for (const [error, whose, scope] of owners) expect(problemOf(error, PLACE)).to.include({ whose, scope });
  });

  it('is not this program for an answer that the SDK cannot read', () => {
    const error = Object.assign(new TypeError('x'), { $metadata: {}, $response: {} });
    expect(problemOf(error, PLACE).whose).not.to.equal('program');
  });
});
