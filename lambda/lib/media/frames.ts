/**
 * Decodes frames of a video with FFmpeg's WebAssembly (`@ffmpeg/core`), in a separate process for each video. The
 * process has no credentials, reads one file, and is ended when the video takes too much; the frames sent until then
 * count. Without the package there are no frames, and videos are published without them.
 */
import { type ChildProcess, fork } from 'node:child_process';
import { join } from 'node:path';
import type { Upright } from './image';
import { usageOf } from './inspector';

/** One frame of a video. */
export interface Frame {
  /** Time in the video, in ms from its start. */
  at: number;
  /** Upright; the longer side has at most 1,280 pixels. */
  picture: Upright;
}

/** The request to the process. */
export interface FramesRequest {
  /** Path of the video. */
  path: string;
  /** The times of the frames, in ms from the start. */
  moments: readonly number[];
}

/** The answers of the process, one for each frame and one at the end. */
export type FramesAnswer =
  | { state: 'frame'; at: number; width: number; height: number; data: Uint8Array }
  | { state: 'done' }
  /** `@ffmpeg/core` is not installed. */
  | { state: 'unavailable' };

/** What decoding one video may take. */
export interface FilmLimits {
  /** Processor time, in ms. */
  cpuTime: number;
  /** Resident memory of the process, in bytes. */
  memory: number;
}

/**
 * Limits for one video. Eight frames of a 1920 x 1080 video with one key frame at its start, the most work that ten
 * seconds of film can be, took 5 s of processor time and 225 MB.
 */
export const FILM_LIMITS: FilmLimits = { cpuTime: 12_000, memory: 700 * 1024 * 1024 };

/** Most frames that are decoded of one video. */
export const MOST_FRAMES = 8;

/** Shortest distance of two frames, in ms; short videos have fewer frames. */
const LEAST_DISTANCE_MS = 500;

/** Ms between two looks at processor time and memory. */
const LOOK_EVERY = 50;

/** The times of the frames, in ms, evenly across a film of `duration` ms. */
export function momentsOf(duration: number): number[] {
  const count = Math.min(MOST_FRAMES, Math.max(1, Math.floor(duration / LEAST_DISTANCE_MS)));
  return Array.from({ length: count }, (_, i) => Math.floor(((i + 0.5) / count) * duration));
}

/** The frames that could be decoded, in their order; empty where none could. */
export async function framesOf(request: FramesRequest, limits: FilmLimits = FILM_LIMITS): Promise<Frame[]> {
  // The file is beside this module, and beside the bundle.
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
