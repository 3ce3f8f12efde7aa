/**
 * A Lambda function on one machine. As in AWS, it runs in separate processes, each with one event at a time. They are
 * started when there is work, kept for the next event, and ended when an event exceeds the time limit.
 */
import { type ChildProcess, fork } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { join } from 'node:path';
import { createInterface } from 'node:readline';

/** How a function is run. */
export interface FunctionOptions {
  readonly name: string;
  /** Absolute path of the module that exports `handler`. */
  readonly module: string;
  /** The whole environment of the processes. */
  readonly env: NodeJS.ProcessEnv;
  /** Ms after which an event has failed. */
  readonly timeLimit: number;
  /** Receives each line that the function writes. */
  readonly onLine: (line: string) => void;
}

/** An event exceeded the time limit; its process was ended. */
export class TimeLimitExceeded extends Error {
  override readonly name = 'TimeLimitExceeded';
}

/** A process of the function, started at the first event. */
export class FunctionProcess {
  readonly #options: FunctionOptions;
  #child: ChildProcess | undefined;

  constructor(options: FunctionOptions) {
    this.#options = options;
  }

  /**
   * Calls the handler. One call at a time.
   *
   * @returns the handler's result, as JSON transports it.
   * @throws TimeLimitExceeded
   * @throws Error with what the handler threw, or because the process ended.
   */
  async invoke(event: unknown): Promise<unknown> {
    const { name, timeLimit } = this.#options;
    const child = this.#running();
    const id = randomUUID();
    const deadline = Date.now() + timeLimit;
    return await new Promise((resolve, reject) => {
      const settle = (end: () => void) => {
        clearTimeout(timer);
        child.off('message', onMessage).off('exit', onExit);
        end();
      };
      const timer = setTimeout(() => {
        this.#child = undefined;
        child.kill('SIGKILL');
        settle(() => reject(new TimeLimitExceeded(`${name} took longer than ${timeLimit / 1000} s.`)));
      }, timeLimit);
      const onMessage = (message: unknown) => {
        if (!isAnswer(message) || message.id !== id) return;
        settle(() => ('error' in message ? reject(new Error(message.error)) : resolve(message.result)));
      };
      const onExit = (code: number | null, signal: string | null) => {
        settle(() => reject(new Error(`${name} ended by itself (${signal ?? code}); its log may say why.`)));
      };
      child.on('message', onMessage).once('exit', onExit);
      child.send({ id, event, deadline }, (error) => {
        if (error) settle(() => reject(error));
      });
    });
  }

  /** Ends the process at once. */
  async close(): Promise<void> {
    const child = this.#child;
    if (!child || child.exitCode !== null || child.signalCode !== null) return;
    await new Promise<void>((resolve) => {
      child.once('exit', () => resolve());
      child.kill('SIGKILL');
    });
  }

  #running(): ChildProcess {
    if (this.#child?.connected) return this.#child;
    const { name, module, env, onLine } = this.#options;
    const child = fork(join(__dirname, 'process-main.js'), [module], {
      env: { ...env, AWS_LAMBDA_FUNCTION_NAME: name },
      stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
      execArgv: [],
    });
    for (const stream of [child.stdout, child.stderr]) {
      if (stream) createInterface({ input: stream }).on('line', onLine);
    }
    // Each invocation notices the end itself; without a listener a failed start would end this process.
    child.on('error', () => {});
    this.#child = child;
    return child;
  }
}

type Answer = { id: string; result: unknown } | { id: string; error: string };

function isAnswer(message: unknown): message is Answer {
  return typeof message === 'object' && message !== null && 'id' in message;
}
