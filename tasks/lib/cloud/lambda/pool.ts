/**
 * The processes of a function that answers requests. As in AWS, each has one event at a time, so there is one for each
 * simultaneous request, up to a limit; beyond it requests wait, and if too many wait, more are refused.
 */
import { type FunctionOptions, FunctionProcess } from './function';

/** Limits of a pool. */
export interface PoolOptions {
  /** Most processes at once. */
  readonly mostProcesses: number;
  /** Most events that wait for a process. */
  readonly mostWaiting: number;
}

/** Too many events are waiting to accept this one. */
export class TooManyRequests extends Error {
  override readonly name = 'TooManyRequests';
}

/** A pool of processes of one function. */
export class FunctionPool {
  readonly #function: FunctionOptions;
  readonly #options: PoolOptions;
  readonly #processes: FunctionProcess[] = [];
  /** The most recently used process is used first, so that the others can be swapped out. */
  readonly #idle: FunctionProcess[] = [];
  readonly #waiting: ((process: FunctionProcess) => void)[] = [];

  constructor(of: FunctionOptions, options: PoolOptions) {
    this.#function = of;
    this.#options = options;
  }

  /** Number of processes. */
  get size(): number {
    return this.#processes.length;
  }

  /**
   * Calls the handler in an idle process.
   *
   * @throws TooManyRequests
   * @throws what FunctionProcess.invoke throws
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

  /** Ends the processes at once. */
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
