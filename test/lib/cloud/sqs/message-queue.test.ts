import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { MessageQueue, replayDeadLetters } from '../../../../tasks/lib/cloud/sqs/message-queue';

describe('the queue between bucket and function', () => {
  let directory: string;
  let now = 1000;
  let damaged: string[] = [];
  beforeEach(() => {
    directory = mkdtempSync(join(tmpdir(), 'kerberos-queue-'));
    now = 1000;
    damaged = [];
  });
  afterEach(() => rmSync(directory, { recursive: true }));

  const open = () =>
    new MessageQueue(directory, {
      mostReceived: 3,
      firstDelay: 100,
      longestDelay: 150,
      now: () => now,
      onDamaged: (text) => damaged.push(text),
    });
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

  it('puts a damaged message aside, says so, and goes on with the others', () => {
    const queue = open();
    queue.add('good');
    writeFileSync(join(directory, 'waiting', '000000000000001-000000001-abcdef.json'), '{}');
    writeFileSync(join(directory, 'waiting', '000000000000002-000000002-abcdef.json'), '');
    const again = open();
    expect(bodies(again)).to.deep.equal(['good']);
    expect(again.length).to.equal(1);
    expect(damaged).to.have.length(2);
    expect(damaged[0]).to.include('000000000000001-000000001-abcdef.json is no message');
    expect(readdirSync(join(directory, 'damaged'))).to.have.length(2);
    writeFileSync(join(directory, 'dead-letters', 'x.json'), 'nothing');
    expect(replayDeadLetters(directory)).to.equal(0);
    expect(existsSync(join(directory, 'damaged', 'x.json'))).to.equal(true);
  });

  it('lets accounts take turns, and a batch is of one account', () => {
    const queue = open();
    for (let i = 0; i < 30; i++) queue.add(`flood ${i}`, 'john');
    for (const body of ['a', 'b']) queue.add(body, 'jane');
    expect(queue.lengthOf('john')).to.equal(30);
    expect(bodies(queue)).to.deep.equal(Array.from({ length: 10 }, (_, i) => `flood ${i}`));
    expect(bodies(queue)).to.deep.equal(['a', 'b']);
    // After a restart too.
    expect([bodies(open()).length, open().lengthOf('john')]).to.deep.equal([10, 30]);
  });

  it('does not let a flood keep a failed message from its next attempt', () => {
    const queue = open();
    queue.add('unlucky', 'jane');
    const [message] = queue.receive(1);
    if (message) queue.failed(message, 'it broke');
    for (let i = 0; i < 30; i++) queue.add(`flood ${i}`, 'john');
    now = 2000;
    const handed = [...bodies(queue), ...bodies(queue)];
    expect(handed).to.include('unlucky');
  });

  it('takes no longer for each message when 123,500 wait, and starts on them', function () {
    this.timeout(120_000);
    open();
    for (let i = 0; i < 123_500; i++) {
      const id = `000000000001000-${String(i).padStart(9, '0')}-abcdef`;
      writeFileSync(join(directory, 'waiting', `${id}.json`), '{"body":"{}","received":0}');
    }
    const queue = open();
    expect(queue.length).to.equal(123_500);
    expect(queue.nextDue()).to.equal(0);
    const start = process.cpuUsage();
    for (let i = 0; i < 200; i++) {
      queue.add('{}', 'jane');
      expect(queue.nextDue()).to.equal(0);
      for (const message of queue.receive(10)) queue.done(message);
    }
    // What looked at all of them for each took 30 ms a message, and a list of their times as arguments ended the process.
    const { user, system } = process.cpuUsage(start);
    expect((user + system) / 1000 / 200, 'ms of CPU a message').to.be.below(15);
  });
});
