/**
 * Decodes pictures in a separate process, one at a time, so that no picture harms others: a file may be made to keep
 * the decoder busy for minutes, to fill the memory, or to crash it. Then the process is ended, the picture is refused,
 * and the next picture gets a new process.
 *
 * The limit is on a picture's processor time, not on the time that passes: on a busy machine a good picture takes
 * longer, and must not be refused for it. Processor time and memory are read from /proc; without /proc (no Linux), the
 * time that passes counts instead.
 */
import { type ChildProcess, fork } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Inspected } from './inspect';
import { refusalNamed, TooComplex, Unreadable } from './refused';

/** A picture to decode. */
export interface Request {
  file: Uint8Array;
  /** The kind that its first bytes show. */
  kind: 'image/jpeg' | 'image/png';
  /** Pictures with more pixels are refused. */
  maxPixels: number;
  /** Whether the answer is to hold the decoded pixels: only faces and labels need them. */
  wantsPixels: boolean;
}

/** An answer of the process. */
export type Answer =
  | { state: 'ready' }
  | { state: 'found'; found: Inspected }
  | { state: 'refused'; reason: string; message: string }
  /** A fault of the program. */
  | { state: 'failed'; message: string };

/** What decoding one picture may take. */
export interface InspectorLimits {
  /** Processor time, in ms. */
  cpuTime: number;
  /** Resident memory of the process, in bytes. */
  memory: number;
}

/**
 * Limits for one picture. The largest progressive picture that is allowed (24 million pixels, no subsampling, 100
 * scans) takes about two seconds; ten pictures that take the limit stay within a function's minute.
 */
export const INSPECTOR_LIMITS: InspectorLimits = { cpuTime: 4000, memory: 900 * 1024 * 1024 };

/** Ms between two looks at processor time and memory. */
const LOOK_EVERY = 50;

/** Heap of the process's JavaScript, in megabytes; pictures and pixels lie outside of it. */
const HEAP_MB = 128;

/** Unit of processor time in /proc, in ms (`getconf CLK_TCK` is 100 on every Linux that runs Node). */
const TICK_MS = 10;

/** The process ended, or was ended, during a picture. */
class Ended extends Error {}

/** A process that decodes pictures. It starts with the first picture, or by `start`. */
export class Inspector {
  readonly #limits: InspectorLimits;
  #process: Promise<ChildProcess> | undefined;
  #pid: number | undefined;
  #last: Promise<unknown> = Promise.resolve();

  constructor(limits: InspectorLimits = INSPECTOR_LIMITS) {
    this.#limits = limits;
  }

  /** Id of the process; `undefined` while there is none. */
  get pid(): number | undefined {
    return this.#pid;
  }

  /** Starts the process, so that the first picture need not wait for it. */
  start(): void {
    this.#running().catch(() => {});
  }

  /**
   * Decodes a picture after the earlier ones are done.
   *
   * @throws Refused, which includes TooComplex if the picture takes too much, and Unreadable if it crashes two
   *   processes.
   * @throws Error if the process cannot be started.
   */
  async inspect(request: Request): Promise<Inspected> {
    const mine = this.#last.then(() => this.#inspect(request));
    this.#last = mine.catch(() => {});
    return await mine;
  }

  /** Ends the process. */
  async close(): Promise<void> {
    const child = await this.#process?.catch(() => undefined);
    this.#process = undefined;
    child?.kill('SIGKILL');
  }

  async #inspect(request: Request): Promise<Inspected> {
    try {
      return await this.#ask(await this.#running(), request);
    } catch (error) {
      if (!(error instanceof Ended)) throw error;
    }
    // Something else may have ended the process, so the picture gets a second try.
    try {
      return await this.#ask(await this.#running(), request);
    } catch (error) {
      if (!(error instanceof Ended)) throw error;
      throw new Unreadable(`The decoder cannot stand this picture: ${error.message}`);
    }
  }

  async #ask(child: ChildProcess, request: Request): Promise<Inspected> {
    child.ref();
    child.channel?.ref();
    const limit = limitOf(child, this.#limits);
    try {
      const answer = await new Promise<Answer>((resolve, reject) => {
        const look = setInterval(() => {
          const excess = limit();
          if (excess === undefined) return;
          settled();
          reject(new TooComplex(excess));
        }, LOOK_EVERY);
        const settled = () => {
          clearInterval(look);
          child.off('message', onMessage).off('exit', onExit);
        };
        const onMessage = (message: Answer) => {
          settled();
          resolve(message);
        };
        const onExit = (code: number | null, signal: string | null) => {
          settled();
          reject(new Ended(`its process ended (${signal ?? code}).`));
        };
        child.on('message', onMessage).once('exit', onExit);
        child.send(request, (error) => {
          if (error && child.exitCode === null && child.signalCode === null) child.kill('SIGKILL');
        });
      });
      return resultOf(answer);
    } catch (error) {
      if (error instanceof TooComplex || error instanceof Ended) {
        this.#process = undefined;
        child.kill('SIGKILL');
        // So that the next picture need not wait for a new process.
        this.start();
      }
      throw error;
    } finally {
      child.channel?.unref();
      child.unref();
    }
  }

  #running(): Promise<ChildProcess> {
    this.#process ??= startProcess().then(
      (child) => {
        this.#pid = child.pid;
        child.once('exit', () => {
          // Another process may have replaced it.
          if (this.#pid === child.pid) this.#process = undefined;
        });
        return child;
      },
      (error: unknown) => {
        this.#process = undefined;
        throw error;
      },
    );
    return this.#process;
  }
}

/** Starts the program that is beside this module, and beside the bundle. */
async function startProcess(): Promise<ChildProcess> {
  const child = fork(join(__dirname, 'inspector-process.js'), [], {
    // No credentials: a process that reads strangers' files must have none to lose.
    env: { PATH: process.env.PATH, LD_LIBRARY_PATH: process.env.LD_LIBRARY_PATH },
    execArgv: [`--max-old-space-size=${HEAP_MB}`],
    serialization: 'advanced',
    stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
  });
  await new Promise<void>((resolve, reject) => {
    const onExit = (code: number | null, signal: string | null) => {
      reject(new Error(`The process that decodes pictures ended at its start (${signal ?? code}).`));
    };
    child.once('error', reject).once('exit', onExit);
    child.once('message', () => {
      child.off('error', reject).off('exit', onExit);
      resolve();
    });
  });
  child.on('error', () => {});
  // An idle process does not keep this process alive.
  child.channel?.unref();
  child.unref();
  return child;
}

function resultOf(answer: Answer): Inspected {
  switch (answer.state) {
    case 'found': {
      const { upright, thumbnail, ...shape } = answer.found;
      return {
        ...shape,
        ...(thumbnail ? { thumbnail: bufferOf(thumbnail) } : {}),
        ...(upright ? { upright: { ...upright, data: bufferOf(upright.data) } } : {}),
      };
    }
    case 'refused':
      throw (
        refusalNamed(answer.reason, answer.message) ??
        new Error(`A picture was refused for an unknown reason, ${answer.reason}: ${answer.message}`)
      );
    case 'failed':
      throw new Error(`The process that decodes pictures failed: ${answer.message}`);
    case 'ready':
      throw new Error('The process that decodes pictures answered before it was asked.');
  }
}

/** Restores the class of bytes that came from another process. */
function bufferOf({ buffer, byteOffset, length }: Uint8Array): Buffer {
  return Buffer.from(buffer, byteOffset, length);
}

/**
 * @returns a function that tells which limit the picture exceeds; it returns `undefined` while there is none.
 */
function limitOf(child: ChildProcess, limits: InspectorLimits): () => string | undefined {
  const before = usageOf(child);
  const began = Date.now();
  return () => {
    const now = usageOf(child);
    const cpuTime = before && now ? now.cpuTime - before.cpuTime : Date.now() - began;
    if (cpuTime > limits.cpuTime) {
      return `To decode the picture takes more than ${limits.cpuTime / 1000} seconds of a processor.`;
    }
    if (now && now.memory > limits.memory) {
      return `To decode the picture takes more than ${Math.round(limits.memory / 1024 ** 2)} MB of memory.`;
    }
    return undefined;
  };
}

/**
 * Processor time of all threads since the start, in ms, and resident memory in bytes (proc(5)); `undefined` without
 * /proc.
 */
export function usageOf({ pid }: ChildProcess): { cpuTime: number; memory: number } | undefined {
  try {
    const fields = readFileSync(`/proc/${pid}/stat`, 'latin1').split(') ')[1]?.split(' ') ?? [];
    const [user = 0, system = 0] = [Number(fields[11]), Number(fields[12])];
    const resident = /^VmRSS:\s+(\d+) kB/m.exec(readFileSync(`/proc/${pid}/status`, 'latin1'))?.[1];
    return { cpuTime: (user + system) * TICK_MS, memory: Number(resident) * 1024 };
  } catch {
    return undefined;
  }
}
