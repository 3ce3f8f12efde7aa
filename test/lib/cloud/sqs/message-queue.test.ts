import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { MessageQueue, replayDeadLetters } from '../../../../tasks/lib/cloud/sqs/message-queue';

describe('the queue between bucket and function', () => {
  let directory: string;
  let now = 1000;
  beforeEach(() => {
    directory = mkdtempSync(join(tmpdir(), 'kerberos-queue-'));
    now = 1000;
  });
  afterEach(() => rmSync(directory, { recursive: true }));

  const open = () =>
    new MessageQueue(directory, { mostReceived: 3, firstDelay: 100, longestDelay: 150, now: () => now });
  const bodies = (queue: MessageQueue, most = 10) => queue.receive(most).map(({ body }) => body);

  it('hands out the oldest first, up to so many, each once', () => {
    const queue = open();
    for (const body of ['a', 'b', 'c']) queue.add(body);
    expect(bodies(queue, 2)).to.deep.equal(['a', 'b']);
    expect(bodies(queue, 2)).to.deep.equal(['c']);
    expect(bodies(queue, 2)).to.deep.equal([]);
  });

  it('keeps what was not handled across a crash, in order, and forgets what was', () => {
    const queue = open();
    for (const body of ['a', 'b', 'c']) queue.add(body);
    const [a] = queue.receive(2);
    if (a) queue.done(a);
    expect(bodies(open())).to.deep.equal(['b', 'c']);
  });

  it('hands a failed message out again, alone, later and later, then lays it aside with the reason', () => {
    const queue = open();
    queue.add('bad');
    const fail = () => {
      const [message] = queue.receive(10);
      return message && queue.failed(message, 'it broke');
    };
    expect(fail()).to.equal(false);
    queue.add('good');
    expect(bodies(queue)).to.deep.equal(['good']);
    expect(queue.nextDue()).to.equal(1100);
    now = 1099;
    expect(bodies(queue)).to.deep.equal([]);
    now = 1100;
    expect(fail()).to.equal(false);
    expect(queue.nextDue()).to.equal(1250);
    now = 1250;
    expect(fail()).to.equal(true);
    expect(queue.nextDue()).to.equal(undefined);
    const [letter = ''] = readdirSync(join(directory, 'dead-letters'));
    expect(JSON.parse(readFileSync(join(directory, 'dead-letters', letter), 'utf8'))).to.include({
      body: 'bad',
      error: 'it broke',
    });
  });

  it('counts how often a message was handed out across a crash', () => {
    const queue = open();
    queue.add('a');
    const [message] = queue.receive(1);
    if (message) queue.failed(message, 'it broke');
    expect(open().receive(1)[0]?.received).to.equal(2);
  });

  it('takes dead letters back, while it runs, as if they were new', () => {
    const queue = open();
    queue.add('a');
    for (let i = 0; i < 3; i++) {
      const [message] = queue.receive(1);
      if (message) queue.failed(message, 'it broke');
      now += 1000;
    }
    expect(replayDeadLetters(directory)).to.equal(1);
    expect(replayDeadLetters(directory)).to.equal(0);
    queue.discover();
    expect(queue.receive(1)[0]).to.include({ body: 'a', received: 1 });
  });

  it('has no dead letters where there is no queue', () => {
    expect(replayDeadLetters(join(directory, 'nowhere'))).to.equal(0);
  });

  it('says which file is none of its messages', () => {
    open();
    writeFileSync(join(directory, 'waiting', 'x.json'), '{}');
    expect(open).to.throw('x.json is no message of this queue');
  });
});
