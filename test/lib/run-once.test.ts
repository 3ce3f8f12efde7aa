import { mkdir, readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect } from 'chai';
import { type PassOptions, tellPlan, uploadOnce } from '../../tasks/lib/run-once';
import type { SettingsResult } from '../../tasks/lib/settings/settings';
import { jpeg } from '../kerberos';
import { until } from '../until';
import { type FakeBucket, FakeEnvironment, FakeReport, settingsIn, useFolder } from './upload/fakes';

describe('A single pass', () => {
  const root = useFolder();
  let environment: FakeEnvironment;
  let bucket: FakeBucket;
  let report: FakeReport;
  let lines: string[];
  let result: SettingsResult;
  let interrupt: AbortController;

  beforeEach(async () => {
    environment = new FakeEnvironment();
    bucket = environment.next;
    report = new FakeReport();
    lines = [];
    interrupt = new AbortController();
    result = { state: 'ready', settings: settingsIn(root()), warnings: [], advice: [], watch: [], notes: [] };
    await mkdir(join(root(), 'capture'));
  });

  function options(): PassOptions {
    const write = (text: string) => void lines.push(text);
    return {
      name: 'default',
      read: async () => result,
      lines: { info: write, warning: write, verbose: write },
      output: { reportOf: () => report },
      interrupt: interrupt.signal,
      grace: 1_000,
      opened: () => {},
      environment,
    };
  }

  /** Lets time pass until the pass has ended. */
  async function passing<T>(pass: Promise<T>): Promise<T> {
    let hasEnded = false;
    const end = () => {
      hasEnded = true;
    };
    pass.then(end, end);
    await until(() => {
      if (!hasEnded) environment.clock.advance(500);
      return hasEnded;
    }, 'the pass ends');
    return pass;
  }

  const write = (name: string, bytes = jpeg(name)) => writeFile(join(root(), 'capture', name), bytes);

  it('uploads what is there, and succeeds if nothing is left behind', async () => {
    for (const name of ['a.jpg', 'b.jpg']) await write(name);
    expect(await passing(uploadOnce(options()))).to.equal(true);
    expect([...bucket.objects.keys()]).to.have.members(['jane/a.jpg', 'jane/b.jpg']);
    expect(lines).to.deep.equal([]);
  });

  it('fails if a file is left behind, and says how many, which and why', async () => {
    await write('good.jpg');
    await write('bad.jpg');
    bucket.fault = (request) => {
      if (request.includes('bad')) throw Object.assign(new Error('read'), { code: 'ECONNRESET', syscall: 'read' });
    };
    expect(await passing(uploadOnce(options()))).to.equal(false);
    expect(lines).to.have.length(2);
    expect(lines[0]).to.equal('default: 1 file left behind.');
    expect(lines[1]).to.match(/^default: bad.jpg: .*ECONNRESET/);
  });

  it('a fault of this program is no success, ends the pass, and is told as one', async () => {
    await write('a.jpg');
    bucket.fault = () => {
      throw new TypeError('x is not a function');
    };
    expect(await passing(uploadOnce(options()))).to.equal(false);
    expect(bucket.requests.filter((request) => request.startsWith('PUT'))).to.have.length(1);
    expect(lines[1]).to.match(/^default: a.jpg: A fault of this program.*TypeError/);
  });

  it('a file that is cut short is left behind with a sentence of its own', async () => {
    await write('a.jpg', jpeg(1).subarray(0, -10));
    expect(await passing(uploadOnce(options()))).to.equal(false);
    expect(lines[1]).to.match(/^default: a.jpg: it is cut short: its end is missing/);
  });

  it('an empty file is nothing that is left behind', async () => {
    await write('empty.jpg', Buffer.alloc(0));
    expect(await passing(uploadOnce(options()))).to.equal(true);
  });

  it('leaves a target alone that another grunt sync works on', async () => {
    await write('a.jpg');
    bucket.fault = () => new Promise(() => {});
    const first = uploadOnce(options());
    await until(() => bucket.requests.length > 0, 'the first one works');
    expect(await uploadOnce(options())).to.equal(false);
    expect(lines).to.have.length(1);
    expect(lines[0]).to.match(/another grunt sync is at work/);
    interrupt.abort();
    await passing(first);
  });

  it('reads settings that are being written again, for five seconds, and then says what is wrong', async () => {
    const good = result;
    let reads = 0;
    const whenWritten = { ...options(), read: async () => (++reads < 5 ? unreadable : good) };
    const unreadable: SettingsResult = { state: 'unreadable', message: 'cut short', files: [], watch: [], notes: [] };
    expect(await passing(uploadOnce(whenWritten))).to.equal(true);
    result = unreadable;
    expect(await passing(uploadOnce(options()))).to.equal(false);
    expect(lines).to.deep.equal(['default: cut short']);
  });

  it('without a subscription nothing is uploaded, and that is no success', async () => {
    result = { state: 'unsubscribed', message: 'no subscription', files: [], directories: [], watch: [], notes: [] };
    expect(await uploadOnce(options())).to.equal(false);
    expect(lines).to.deep.equal(['default: no subscription']);
  });

  it('interrupted, it finishes what is in flight and says what is left', async () => {
    for (let index = 0; index < 9; index++) await write(`${index}.jpg`);
    let release = () => {};
    bucket.fault = (request) =>
      request.startsWith('PUT')
        ? new Promise((resolve) => {
            const before = release;
            release = () => {
              before();
              resolve();
            };
          })
        : undefined;
    const pass = uploadOnce(options());
    await until(
      () => bucket.requests.filter((request) => request.startsWith('PUT')).length === 3,
      'three are in flight',
    );
    interrupt.abort();
    release();
    expect(await pass).to.equal(false);
    expect(bucket.objects.size).to.equal(3);
    expect(lines[0]).to.match(/6 files left behind/);
    expect(lines[1]).to.match(/its turn did not come/);
  });

  it('the plan lists what would go, and neither asks the bucket nor writes anything', async () => {
    for (const name of ['a.jpg', 'b.jpg']) await write(name);
    await write('empty.jpg', Buffer.alloc(0));
    await write('half.jpg', jpeg(1).subarray(0, -10));
    await mkdir(join(root(), 'capture', 'folder.jpg'));
    expect(await tellPlan(options())).to.equal(true);
    expect(lines).to.deep.equal(['Would upload b.jpg as jane/b.jpg.', 'Would upload a.jpg as jane/a.jpg.']);
    expect(bucket.requests).to.deep.equal([]);
    expect(await readdir(root())).to.deep.equal(['capture']);
  });
});
