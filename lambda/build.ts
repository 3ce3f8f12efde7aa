/**
 * Makes what AWS runs: dist/NAME.zip for each function, and prints its content. `node build.js`
 *
 * The code of each function is one bundle. Beside the ingest function's bundle is what cannot be bundled: the face
 * engine's networks in face-api/, and sharp, a binary, of which npm installs the one for Linux on arm64, whatever
 * machine this is. Beside the gallery's bundle is the page, in page/.
 */
import { execFileSync } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { build } from 'esbuild';
import { zipSync } from 'fflate';

/** Largest zip that Lambda accepts when it is uploaded directly, in bytes (50 MB). */
const MOST_BYTES = 50 * 1024 * 1024;

/** The networks that embedded.ts loads, by the start of their file names. */
const NETWORKS = ['ssd_mobilenetv1_model', 'face_landmark_68_model', 'face_recognition_model'];

/** The functions that are built. */
export const FUNCTIONS = ['ingest', 'gallery', 'notify'] as const;
/** One of `FUNCTIONS`. */
export type FunctionName = (typeof FUNCTIONS)[number];

/**
 * Bundles one function and puts the files that it reads beside it; sharp is left to be installed.
 *
 * @returns the sources of the bundle, by their paths from here.
 */
export async function bundle(entry: FunctionName, directory: string): Promise<string[]> {
  rmSync(directory, { recursive: true, force: true });
  mkdirSync(directory, { recursive: true });
  const { metafile } = await build({
    absWorkingDir: __dirname,
    entryPoints: entryPointsOf(entry),
    outdir: directory,
    bundle: true,
    platform: 'node',
    target: 'node20',
    external: ['sharp'],
    // Refusals are recorded under the names of their classes.
    minifySyntax: true,
    minifyWhitespace: true,
    keepNames: true,
    // Node.js prints the whole line of an uncaught error.
    lineLimit: 200,
    sourcemap: 'linked',
    sourcesContent: false,
    logLevel: 'warning',
    metafile: true,
  });
  if (entry === 'ingest') layNetworks(directory);
  if (entry === 'gallery') cpSync(join(__dirname, 'dist', 'page'), join(directory, 'page'), { recursive: true });
  return Object.keys(metafile.inputs);
}

/** A function is one file; ingest forks two other programs, which must be beside it. */
function entryPointsOf(entry: FunctionName): Record<string, string> {
  return {
    [entry]: join(__dirname, `${entry}.ts`),
    ...(entry === 'ingest' && {
      'inspector-process': join(__dirname, 'lib', 'media', 'inspector-process.ts'),
      'frames-process': join(__dirname, 'lib', 'media', 'frames-process.ts'),
    }),
  };
}

/** Copies the networks of the embedded engines, and the back end that they run on. */
function layNetworks(directory: string): void {
  const faces = join(packageDirectory('@vladmandic/face-api'), 'model');
  layFiles(faces, join(directory, 'face-api'), (name) => NETWORKS.some((network) => name.startsWith(network)));
  const labels = join(packageDirectory('@vladmandic/human'), 'models');
  layFiles(labels, join(directory, 'labels'), (name) => name.startsWith('centernet.'));
  const wasm = join(packageDirectory('@tensorflow/tfjs-backend-wasm'), 'dist');
  layFiles(wasm, join(directory, 'tfjs-wasm'), (name) => name.endsWith('.wasm'));
}

function layFiles(from: string, to: string, isMeant: (name: string) => boolean): void {
  mkdirSync(to);
  for (const name of readdirSync(from).filter(isMeant)) cpSync(join(from, name), join(to, name));
}

/**
 * Copies FFmpeg, a separate package under its own licence; if it is not installed, videos are published without frames.
 */
function layFfmpeg(directory: string): void {
  const from = packageDirectory('@ffmpeg/core');
  if (!existsSync(from)) return;
  const to = join(directory, 'node_modules', '@ffmpeg', 'core');
  cpSync(join(from, 'package.json'), join(to, 'package.json'));
  cpSync(join(from, 'dist', 'umd'), join(to, 'dist', 'umd'), { recursive: true });
}

function installSharp(directory: string): void {
  const { version }: { version: string } = JSON.parse(
    readFileSync(join(packageDirectory('sharp'), 'package.json'), 'utf8'),
  );
  writeFileSync(join(directory, 'package.json'), JSON.stringify({ private: true, dependencies: { sharp: version } }));
  const options = ['--os=linux', '--cpu=arm64', '--libc=glibc', '--no-audit', '--no-fund', '--no-package-lock'];
  execFileSync('npm', ['install', ...options], { cwd: directory, stdio: 'inherit' });
}

/** Writes a zip of a directory. The same files always make the same zip. */
function zip(directory: string, file: string): void {
  const entries: Record<string, Uint8Array> = {};
  for (const path of filesIn(directory)) entries[relative(directory, path)] = readFileSync(path);
  writeFileSync(file, zipSync(entries, { level: 9, mtime: new Date('2000-01-01') }));
}

function filesIn(directory: string): string[] {
  return readdirSync(directory, { withFileTypes: true })
    .filter((entry) => entry.name !== '.bin')
    .map((entry) => ({ entry, path: join(directory, entry.name) }))
    .sort((a, b) => a.path.localeCompare(b.path))
    .flatMap(({ entry, path }) => (entry.isDirectory() ? filesIn(path) : [path]));
}

function packageDirectory(name: string): string {
  return join(__dirname, 'node_modules', name);
}

async function main(): Promise<void> {
  for (const name of FUNCTIONS) {
    const directory = join(__dirname, 'dist', name);
    await bundle(name, directory);
    if (name === 'ingest') {
      installSharp(directory);
      layFfmpeg(directory);
    }
    const file = `${directory}.zip`;
    zip(directory, file);
    const unpacked = filesIn(directory).reduce((sum, path) => sum + statSync(path).size, 0);
    const size = statSync(file).size;
    const code = statSync(join(directory, `${name}.js`)).size;
    console.log(
      `dist/${name}.zip: ${megabytes(size)}; unpacked ${megabytes(unpacked)}, of which code ${megabytes(code)}`,
    );
    if (size > MOST_BYTES) throw new Error(`dist/${name}.zip is larger than ${megabytes(MOST_BYTES)}.`);
  }
}

function megabytes(bytes: number): string {
  return `${(bytes / 1024 / 1024).toFixed(1)} MB`;
}

if (require.main === module) void main();
