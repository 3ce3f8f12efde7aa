import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { FunctionProcess } from '../../../../tasks/lib/cloud/lambda/function';
import { EventSource } from '../../../../tasks/lib/cloud/sqs/event-source';
import { MessageQueue } from '../../../../tasks/lib/cloud/sqs/message-queue';

/** A handler that does what its event says. */
const HANDLER = `
let calls = 0;
exports.handler = async (event, context) => {
  calls += 1;
  if (event.log) console.log(event.log);
  if (event.throw) throw new TypeError(event.throw);
  if (event.exit) process.exit(event.exit);
  if (event.hang) await new Promise((resolve) => setTimeout(resolve, 60_000));
  if (event.spin) for (;;);
  if (event.Records) {
    const failed = event.Records.filter(({ body }) => body.startsWith('bad'));
    if (event.Records.some(({ body }) => body === 'crash')) process.exit(1);
    return { batchItemFailures: failed.map(({ messageId }) => ({ itemIdentifier: messageId })) };
  }
  return { calls, pid: process.pid, left: context.getRemainingTimeInMillis(), name: context.functionName, env: process.env.SETTING };
};`;

describe('a Lambda function on one machine', () => {
  let directory: string;
  let lambda: FunctionProcess;
  const lines: string[] = [];
  const timeLimit = 1500;

  beforeEach(() => {
    directory = mkdtempSync(join(tmpdir(), 'kerberos-function-'));
    const module = join(directory, 'handler.js');
    writeFileSync(module, HANDLER);
    lines.length = 0;
    const env = { SETTING: 'x' };
    lambda = new FunctionProcess({ name: 'test', module, env, timeLimit, onLine: (line) => lines.push(line) });
  });
  afterEach(async () => {
    await lambda.close();
    rmSync(directory, { recursive: true });
  });

  const call = async (event: object): Promise<Record<string, unknown>> => {
    const answer = await lambda.invoke(event).catch((error: unknown) => ({ error: String(error) }));
    return typeof answer === 'object' && answer !== null ? { ...answer } : {};
  };

  it('answers, in one process that stays, with a context and its own environment', async () => {
    const first = await call({});
    expect(first).to.include({ calls: 1, name: 'test', env: 'x' });
    expect(first.left).to.be.within(1, timeLimit);
    const second = await call({});
    expect(second).to.include({ calls: 2, pid: first.pid });
    expect(second.pid).not.to.equal(process.pid);
  });

  it('fails with what the handler threw, and goes on', async () => {
    expect(await call({ throw: 'no' })).to.deep.equal({ error: 'Error: TypeError: no' });
    expect(await call({})).to.include({ calls: 2 });
  });

  it('ends what takes longer than the time limit, even if it never yields, and starts anew', async () => {
    for (const event of [{ hang: true }, { spin: true }]) {
      expect((await call(event)).error).to.equal('TimeLimitExceeded: test took longer than 1.5 s.');
      expect(await call({})).to.include({ calls: 1 });
    }
  });

  it('survives a handler that ends its process', async () => {
    expect((await call({ exit: 3 })).error).to.match(/test ended by itself \(3\)/);
    expect(await call({})).to.include({ calls: 1 });
  });

  it('tells what the handler writes', async () => {
    await call({ log: 'hello' });
    while (!lines.includes('hello')) await new Promise((resolve) => setTimeout(resolve, 10));
  });

  describe('fed by a queue', () => {
    let queue: MessageQueue;
    let source: EventSource | undefined;
    let dead: string[];
    beforeEach(() => {
      queue = new MessageQueue(directory, {
        mostReceived: 2,
        firstDelay: 20,
        longestDelay: 20,
        now: Date.now,
        onDamaged: () => {},
      });
      dead = [];
    });
    afterEach(() => source?.close());

    /** Starts, and waits until every message is handled or given up. */
    const drained = async (...bodies: string[]): Promise<void> => {
      for (const body of bodies) queue.add(body);
      source = new EventSource(queue, [lambda], ({ body }) => dead.push(body), Date.now);
      while (queue.length > 0) await new Promise((resolve) => setTimeout(resolve, 10));
    };

    it('what the answer names as failed is tried again and then given up; the others are done', async () => {
      await drained('a', 'bad 1', 'b', 'bad 2', 'c');
      expect(dead.sort()).to.deep.equal(['bad 1', 'bad 2']);
    });

    it('a message that ends the process takes no other with it', async () => {
      await drained('a', 'crash', 'b');
      expect(dead).to.deep.equal(['crash']);
    });

    it('a message that is added later is handled at once', async () => {
      await drained('a');
      queue.add('b');
      source?.poll();
      while (queue.length > 0) await new Promise((resolve) => setTimeout(resolve, 10));
      expect(dead).to.deep.equal([]);
    });
  });
});
