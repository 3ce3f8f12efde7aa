/**
 * Frames of a video, decoded by FFmpeg's WebAssembly (`@ffmpeg/core`) in a process of its own, one for each video. The
 * process has no credentials, reads one file, and is ended when the video takes too much; the frames that it sent until
 * then count. Where the package is not installed there are no frames, and videos are published without.
 */
import { type ChildProcess, fork } from 'node:child_process';
import { join } from 'node:path';
import type { Upright } from './image';
import { usageOf } from './inspector';

/** One frame of a video. */
export interface Frame {
  /** Where it is in the video, in milliseconds from its start. */
  at: number;
  /** Upright, its longer side 1,280 pixels at most. */
  picture: Upright;
}

/** What the process is asked for. */
export interface FramesRequest {
  /** The video. */
  path: string;
  /** Where frames are wanted, in milliseconds. */
  moments: readonly number[];
}

/** What the process says, frame by frame. */
export type FramesAnswer =
  | { state: 'frame'; at: number; width: number; height: number; data: Uint8Array }
  | { state: 'done' }
  /** `@ffmpeg/core` is not installed. */
  | { state: 'unavailable' };

/** What one video may take. */
export interface FilmLimits {
  /** Processor time, in milliseconds. */
  cpuTime: number;
  /** Resident memory of the process, in bytes. */
  memory: number;
}

/**
 * Eight frames of a 1920 x 1080 video with a single key frame at its start, which is the most work there is in ten
 * seconds of film, took 5 s of a processor and 225 MB.
 */
export const FILM_LIMITS: FilmLimits = { cpuTime: 12_000, memory: 700 * 1024 * 1024 };

/** Most frames that are looked at of one video. */
export const MOST_FRAMES = 8;

/** Videos shorter than MOST_FRAMES of these have fewer frames, in milliseconds. */
const LEAST_DISTANCE_MS = 500;

/** How often processor time and memory are looked at, in milliseconds. */
const LOOK_EVERY = 50;

/** Moments of a film of that many milliseconds that tell it: evenly across it, up to eight. */
export function momentsOf(duration: number): number[] {
  const count = Math.min(MOST_FRAMES, Math.max(1, Math.floor(duration / LEAST_DISTANCE_MS)));
  return Array.from({ length: count }, (_, i) => Math.floor(((i + 0.5) / count) * duration));
}

/** The frames that could be decoded, in their order; none where nothing can be. */
export async function framesOf(request: FramesRequest, limits: FilmLimits = FILM_LIMITS): Promise<Frame[]> {
  // Lies beside this module, and beside the bundle.
  const child = fork(join(__dirname, 'frames-process.js'), [], {
    env: { PATH: process.env.PATH },
    execArgv: [],
    serialization: 'advanced',
    stdio: ['ignore', 'ignore', 'ignore', 'ipc'],
  });
  const frames: Frame[] = [];
  try {
    await new Promise<void>((resolve, reject) => {
      const look = setInterval(() => {
        if (takesTooMuch(child, limits)) resolve();
      }, LOOK_EVERY);
      child.once('exit', () => clearInterval(look));
      child.on('message', (answer: FramesAnswer) => {
        if (answer.state !== 'frame') return resolve();
        const { at, width, height, data } = answer;
        const { buffer, byteOffset, length } = data;
        frames.push({ at, picture: { data: Buffer.from(buffer, byteOffset, length), width, height } });
      });
      child.once('exit', () => resolve());
      child.once('error', reject);
      child.send(request, (error) => error && resolve());
    });
    return frames;
  } finally {
    child.kill('SIGKILL');
  }
}

function takesTooMuch(child: ChildProcess, limits: FilmLimits): boolean {
  const usage = usageOf(child);
  return usage !== undefined && (usage.cpuTime > limits.cpuTime || usage.memory > limits.memory);
}
