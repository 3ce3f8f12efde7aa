/**
 * The process that decodes the frames of one video, for frames.ts. FFmpeg runs here as WebAssembly: it sees one file,
 * of which it reads the parts that it needs, and nothing else of the machine. Started as `node frames-process.js` by a
 * parent.
 */
import { closeSync, fstatSync, openSync, readFileSync, readSync } from 'node:fs';
import { createRequire } from 'node:module';
import type { FramesAnswer, FramesRequest } from './frames';

/** The part of `@ffmpeg/core` that is used here; the package has no types. */
interface Core {
  /** Runs FFmpeg with these arguments. */
  exec(...args: string[]): number;
  reset(): void;
  setLogger(logger: () => void): void;
  /** Emscripten's file system, in memory. */
  FS: {
    writeFile(path: string, data: Uint8Array): void;
    readFile(path: string): Uint8Array;
    unlink(path: string): void;
    lookupPath(path: string): { node: { usedBytes: number; stream_ops: object } };
  };
}

const VIDEO = '/video';
const FRAME = '/frame';

/** Longer side of a frame in pixels, half that of a 2.5K camera; faces and labels are looked for in this size. */
const LONGEST_SIDE = 1280;

const SCALE = `scale='if(gt(iw,ih),min(${LONGEST_SIDE},iw),-2)':'if(gt(iw,ih),-2,min(${LONGEST_SIDE},ih))'`;

const packages = createRequire(__filename);

// Without its parent the process is useless.
process.once('disconnect', () => process.exit());
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => {});
process.once('message', (request: FramesRequest) => {
  read(request).then(
    (last) => tell({ state: last }),
    () => process.exit(1),
  );
});

async function read({ path, moments }: FramesRequest): Promise<'done' | 'unavailable'> {
  const core = await load();
  if (!core) return 'unavailable';
  const file = openSync(path, 'r');
  try {
    mount(core, file);
    for (const at of moments) {
      const picture = frameAt(core, at);
      if (picture) tell({ state: 'frame', at, ...picture });
    }
  } finally {
    closeSync(file);
  }
  return 'done';
}

async function load(): Promise<Core | undefined> {
  let wasm: string;
  try {
    wasm = packages.resolve('@ffmpeg/core/wasm');
  } catch {
    return undefined;
  }
  // The package is made for a browser's worker, and reads the address that it was loaded from.
  Object.assign(globalThis, { self: { location: { href: '' } } });
  const create: (options: { wasmBinary: Buffer }) => Promise<Core> = packages('@ffmpeg/core');
  const core = await create({ wasmBinary: readFileSync(wasm) });
  core.setLogger(() => {});
  return core;
}

/** Mounts a file of this machine in FFmpeg's file system, without reading it. `file` is its descriptor. */
function mount({ FS }: Core, file: number): void {
  FS.writeFile(VIDEO, new Uint8Array());
  const { node } = FS.lookupPath(VIDEO);
  node.usedBytes = fstatSync(file).size;
  node.stream_ops = {
    ...node.stream_ops,
    read: (_: object, buffer: Int8Array, offset: number, length: number, position: number) =>
      readSync(file, buffer, offset, length, position),
  };
}

/** The frame at `at` (ms), turned upright; `undefined` where there is none. */
function frameAt(core: Core, at: number): { width: number; height: number; data: Buffer } | undefined {
  const from = ['-ss', String(at / 1000), '-i', VIDEO, '-an', '-sn', '-dn', '-frames:v', '1', '-vf', SCALE];
  core.exec('-loglevel', 'quiet', ...from, '-pix_fmt', 'rgb24', '-c:v', 'ppm', '-f', 'image2', '-update', '1', FRAME);
  core.reset();
  try {
    return ppmOf(Buffer.from(core.FS.readFile(FRAME)));
  } catch {
    return undefined;
  } finally {
    // A frame that stays would be taken for the next one.
    try {
      core.FS.unlink(FRAME);
    } catch {
      // There was none.
    }
  }
}

/** Parses a picture as FFmpeg writes it: `P6`, width and height, 255, and three bytes a pixel. */
function ppmOf(file: Buffer): { width: number; height: number; data: Buffer } | undefined {
  const header = /^P6\n(\d+) (\d+)\n255\n/.exec(file.toString('latin1', 0, 64));
  if (!header) return undefined;
  const [width, height] = [Number(header[1]), Number(header[2])];
  const data = file.subarray(header[0].length);
  return data.length === width * height * 3 ? { width, height, data } : undefined;
}

function tell(answer: FramesAnswer): void {
  process.send?.(answer);
}
