/**
 * Passes messages from a queue to a function, as Lambda does for SQS: up to ten at a time, one batch a process.
 * Messages that the function's answer names as failed (or all, if it fails as a whole) return to the queue.
 * docs.aws.amazon.com/lambda/latest/dg/services-sqs-errorhandling.html
 */
import { messageOf } from '../../error-code';
import { isRecord } from '../../record';
import type { FunctionProcess } from '../lambda/function';
import type { Message, MessageQueue } from './message-queue';

/** Messages in a batch, as in SQS. */
const BATCH = 10;

/** Ms between two searches for returned dead letters. */
const DISCOVERY = 2000;

/** Longest sleep, in ms. */
const LONGEST_SLEEP = 60_000;

/** Hands out the messages of a queue to processes, until it is closed. */
export class EventSource {
  readonly #queue: MessageQueue;
  readonly #idle: FunctionProcess[];
  readonly #busy = new Set<Promise<void>>();
  readonly #onDeadLetter: (message: Message, error: string) => void;
  readonly #now: () => number;
  readonly #discovery: NodeJS.Timeout;
  #wake: NodeJS.Timeout | undefined;
  #closed = false;

  /** Begins at once. Each process handles one batch at a time. `onDeadLetter` receives messages that were given up. */
  constructor(
    queue: MessageQueue,
    processes: readonly FunctionProcess[],
    onDeadLetter: (message: Message, error: string) => void,
    now: () => number,
  ) {
    this.#queue = queue;
    this.#idle = [...processes];
    this.#onDeadLetter = onDeadLetter;
    this.#now = now;
    this.#discovery = setInterval(() => this.#discover(), DISCOVERY);
    this.poll();
  }

  /** Hands out the messages that are due. Call this after a message was added. */
  poll(): void {
    while (!this.#closed && this.#idle.length > 0) {
      const messages = this.#queue.receive(BATCH);
      const process = messages.length > 0 ? this.#idle.pop() : undefined;
      if (!process) break;
      const work = this.#handle(process, messages).finally(() => {
        this.#busy.delete(work);
        this.#idle.push(process);
        this.poll();
      });
      this.#busy.add(work);
    }
    this.#sleep();
  }

  /** Takes no more messages, and waits for the running batches. */
  async close(): Promise<void> {
    this.#closed = true;
    clearInterval(this.#discovery);
    clearTimeout(this.#wake);
    await Promise.all(this.#busy);
  }

  async #handle(process: FunctionProcess, messages: readonly Message[]): Promise<void> {
    const failures = await outcome(process, messages);
    for (const message of messages) {
      const error = failures.get(message.id);
      if (error === undefined) this.#queue.done(message);
      else if (this.#queue.failed(message, error)) this.#onDeadLetter(message, error);
    }
  }

  #discover(): void {
    try {
      this.#queue.discover();
    } catch {
      // What cannot be read or moved now is found next time.
      return;
    }
    this.poll();
  }

  /** Sleeps until a failed message is due again. */
  #sleep(): void {
    clearTimeout(this.#wake);
    const due = this.#queue.nextDue();
    if (this.#closed || due === undefined || this.#idle.length === 0) return;
    // A clock that was set back must not make it sleep for years.
    this.#wake = setTimeout(() => this.poll(), Math.min(LONGEST_SLEEP, Math.max(1, due - this.#now())));
  }
}

/** The failed messages by id, with the reasons. */
async function outcome(process: FunctionProcess, messages: readonly Message[]): Promise<Map<string, string>> {
  try {
    const answer = await process.invoke({ Records: messages.map(record) });
    return new Map(failedIn(answer).map((id) => [id, 'The function named it as failed; its log says why.']));
  } catch (error) {
    return new Map(messages.map(({ id }) => [id, messageOf(error)]));
  }
}

/** docs.aws.amazon.com/lambda/latest/dg/with-sqs.html, as far as it applies to one machine. */
function record({ id, body, received }: Message): object {
  return {
    messageId: id,
    receiptHandle: id,
    body,
    attributes: { ApproximateReceiveCount: String(received) },
    messageAttributes: {},
    eventSource: 'aws:sqs',
    eventSourceARN: 'arn:aws:sqs:local:000000000000:uploads',
    awsRegion: 'local',
  };
}

function failedIn(answer: unknown): string[] {
  const failures: unknown = isRecord(answer) ? answer.batchItemFailures : undefined;
  if (!Array.isArray(failures)) return [];
  return failures
    .filter(isRecord)
    .map(({ itemIdentifier }) => itemIdentifier)
    .filter((id) => typeof id === 'string');
}
