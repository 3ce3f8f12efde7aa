/**
 * The processes of a function that answers requests. As in AWS each has one event at a time, so there are as many as
 * requests come at once, up to a limit; behind it requests wait for their turn, and a queue that grows too long is refused.
 */
import { type FunctionOptions, FunctionProcess } from './function';

export interface PoolOptions {
  /** Most processes at once. */
  readonly mostProcesses: number;
  /** Most events that wait for a process. */
  readonly mostWaiting: number;
}

/** So many events wait already that this one will not be taken. */
export class TooManyRequests extends Error {
  override readonly name = 'TooManyRequests';
}

export class FunctionPool {
  readonly #function: FunctionOptions;
  readonly #options: PoolOptions;
  readonly #processes: FunctionProcess[] = [];
  /** The one that was busy last is the first to be used again: the others stay away from memory. */
  readonly #idle: FunctionProcess[] = [];
  readonly #waiting: ((process: FunctionProcess) => void)[] = [];

  constructor(of: FunctionOptions, options: PoolOptions) {
    this.#function = of;
    this.#options = options;
  }

  /** How many processes there are. */
  get size(): number {
    return this.#processes.length;
  }

  /**
   * Calls the handler in a process that has nothing else to do.
   * @throws TooManyRequests, and as FunctionProcess.invoke
   */
  async invoke(event: unknown): Promise<unknown> {
    const process = await this.#free();
    try {
      return await process.invoke(event);
    } finally {
      const next = this.#waiting.shift();
      if (next) next(process);
      else this.#idle.push(process);
    }
  }

  /** Ends the processes, and what they are doing. */
  async close(): Promise<void> {
    await Promise.all(this.#processes.map((process) => process.close()));
  }

  #free(): Promise<FunctionProcess> | FunctionProcess {
    const idle = this.#idle.pop();
    if (idle) return idle;
    if (this.#processes.length < this.#options.mostProcesses) {
      const process = new FunctionProcess(this.#function);
      this.#processes.push(process);
      return process;
    }
    if (this.#waiting.length >= this.#options.mostWaiting) {
      throw new TooManyRequests(`${this.#function.name}: ${this.#waiting.length} requests are waiting already.`);
    }
    return new Promise((resolve) => this.#waiting.push(resolve));
  }
}
