/**
 * Decodes pictures in a process of its own, one at a time, so that no picture can take others with it: a file may be made
 * to keep the decoder busy for minutes, to fill the memory, or to crash it. That process is then ended, the picture is
 * refused, and the next one gets a new process.
 *
 * What is limited is the processor time that one picture takes, not the time that passes: on a machine with much else to
 * do a good picture waits, and must not be refused for it. Processor time and memory are read from /proc; where there is
 * none (no Linux), time that passes counts instead.
 */
import { type ChildProcess, fork } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Inspected } from './inspect';
import { refusalNamed, TooComplex, Unreadable } from './refused';

/** A picture to be decoded. */
export interface Request {
  file: Uint8Array;
  /** What its first bytes show it to be. */
  kind: 'image/jpeg' | 'image/png';
  /** Pictures with more pixels are refused. */
  maxPixels: number;
  /** Whether the decoded pixels are sent back: only faces need them. */
  wantsPixels: boolean;
}

/** What the process says. */
export type Answer =
  | { state: 'ready' }
  | { state: 'found'; found: Inspected }
  | { state: 'refused'; reason: string; message: string }
  /** A fault of the program. */
  | { state: 'failed'; message: string };

/** What one picture may take. */
export interface InspectorLimits {
  /** Processor time, in milliseconds. */
  cpuTime: number;
  /** Resident memory of the process, in bytes. */
  memory: number;
}

/**
 * The largest progressive picture that is allowed (24 million pixels, no subsampling, 100 scans at most) takes about two
 * seconds; a batch of ten that all take the limit stays within a function's minute.
 */
export const INSPECTOR_LIMITS: InspectorLimits = { cpuTime: 4000, memory: 900 * 1024 * 1024 };

/** How often processor time and memory are looked at, in milliseconds. */
const LOOK_EVERY = 50;

/** Heap of the process's JavaScript, in megabytes; pictures and pixels lie outside of it. */
const HEAP_MB = 128;

/** /proc counts processor time in these (`getconf CLK_TCK` on every Linux that runs Node). */
const TICK_MS = 10;

/** The process was ended, or ended by itself, in the middle of a picture. */
class Ended extends Error {}

/** A process that decodes pictures. It is made at the first one, or by `start`. */
export class Inspector {
  readonly #limits: InspectorLimits;
  #process: Promise<ChildProcess> | undefined;
  #pid: number | undefined;
  #last: Promise<unknown> = Promise.resolve();

  constructor(limits: InspectorLimits = INSPECTOR_LIMITS) {
    this.#limits = limits;
  }

  /** Of the process that is there now; undefined where there is none. */
  get pid(): number | undefined {
    return this.#pid;
  }

  /** Has the process made now, so that the first picture does not wait for it. */
  start(): void {
    this.#running().catch(() => {});
  }

  /**
   * Decodes a picture, when those before it are done.
   * @throws Refused, also where the picture takes too much (TooComplex) or crashes two processes (Unreadable);
   *   Error where the process cannot be started
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
    // Something else may have ended the process: the picture gets a second one.
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
        // The next picture need not wait for a new one.
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
          // Another one may have taken its place.
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

/** Lies beside this module, and beside the bundle. */
async function startProcess(): Promise<ChildProcess> {
  const child = fork(join(__dirname, 'inspector-process.js'), [], {
    // No credentials: what reads strangers' files has none to lose.
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
  // While there is no picture, the process keeps nobody from ending.
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

/** Bytes come from another process as they are, without their class. */
function bufferOf({ buffer, byteOffset, length }: Uint8Array): Buffer {
  return Buffer.from(buffer, byteOffset, length);
}

/** Says what a picture takes too much of; undefined as long as it is nothing. */
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

/** Milliseconds of processor time of all threads since the start, and resident bytes (proc(5)); undefined without /proc. */
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
