/**
 * Makes the page: dist/page/, which lib/gallery/assets.ts serves. `node page/build.js`
 *
 *     index.html                 the shell, which names what follows
 *     sw.js                      the service worker, which keeps the shell and what it loads
 *     assets/NAME-HASH.EXT       scripts, style, icons and manifest; a name is never given to other bytes
 *
 * Beside what compresses lie its .br and .gz. The first load has a budget; a page that is larger is not made.
 */
import { createHash } from 'node:crypto';
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { basename, extname, join } from 'node:path';
import { brotliCompressSync, constants, gzipSync } from 'node:zlib';
import { build } from 'esbuild';
import sharp from 'sharp';

/** Most compressed bytes of the shell and everything loaded before the first request of the API. */
const MOST_BYTES = 60_000;

const SOURCE = __dirname;
const PAGE = join(__dirname, '..', 'dist', 'page');

/** The background of the icon, which fills what a platform cuts to its own shape. */
const BRAND = '#943633';

interface Made {
  /** Relative to the page's directory. */
  path: string;
  bytes: Buffer;
}

/** Builds the page into a directory, which it empties first. Returns the bytes of the first load, by path. */
export async function buildPage(directory: string): Promise<Map<string, number>> {
  const code = await bundle();
  const icons = await drawIcons();
  const names = new Map([...code.names, ...icons.map(({ name, path }) => [name, path] as const)]);
  const manifest = hashed('page.webmanifest', Buffer.from(rename(source('page.webmanifest').toString('utf8'), names)));
  names.set('page.webmanifest', manifest.path);
  const shell: Made = { path: 'index.html', bytes: Buffer.from(rename(source('index.html').toString('utf8'), names)) };

  const worker: Made = { path: 'sw.js', bytes: await bundleWorker(shell, [manifest.path, ...code.first]) };

  rmSync(directory, { recursive: true, force: true });
  mkdirSync(join(directory, 'assets'), { recursive: true });
  const sizes = new Map<string, number>();
  for (const { path, bytes } of [shell, worker, manifest, ...icons, ...code.files]) {
    writeFileSync(join(directory, path), bytes);
    sizes.set(path, extname(path) === '.png' ? bytes.length : compress(join(directory, path), bytes));
  }
  return new Map([...sizes].filter(([path]) => path === shell.path || code.first.has(path)));
}

/**
 * Scripts and style: their files, the names under which the shell asks for them, and what loads before anything else.
 */
async function bundle(): Promise<{ files: Made[]; names: Map<string, string>; first: Set<string> }> {
  const { outputFiles, metafile } = await build({
    entryPoints: [join(SOURCE, 'main.tsx'), join(SOURCE, 'page.css')],
    outdir: join(PAGE, 'assets'),
    absWorkingDir: PAGE.replace(/dist.page$/, ''),
    entryNames: '[name]-[hash]',
    chunkNames: '[name]-[hash]',
    bundle: true,
    splitting: true,
    format: 'esm',
    target: ['chrome111', 'firefox114', 'safari16.4'],
    minify: true,
    metafile: true,
    write: false,
    logLevel: 'warning',
  });
  const files = outputFiles.map(({ path, contents }) => ({
    path: `assets/${basename(path)}`,
    bytes: Buffer.from(contents),
  }));
  const names = new Map<string, string>();
  const first = new Set<string>();
  const addFirst = (output: string) => {
    const path = `assets/${basename(output)}`;
    if (first.has(path)) return;
    first.add(path);
    for (const { path: next, kind } of metafile.outputs[output]?.imports ?? []) {
      if (kind === 'import-statement') addFirst(next);
    }
  };
  for (const [output, { entryPoint }] of Object.entries(metafile.outputs)) {
    if (entryPoint === undefined || !['main.tsx', 'page.css'].includes(basename(entryPoint))) continue;
    names.set(basename(entryPoint).replace('.tsx', '.js'), `assets/${basename(output)}`);
    addFirst(output);
  }
  return { files, names, first };
}

/** The service worker, which is told what to keep: the shell, and files that never change under their names. */
async function bundleWorker(shell: Made, files: readonly string[]): Promise<Buffer> {
  const kept = ['/', ...files.map((path) => `/${path}`)];
  const version = createHash('sha256').update(shell.bytes).update(kept.join()).digest('hex').slice(0, 12);
  const { outputFiles } = await build({
    entryPoints: [join(SOURCE, 'worker', 'service-worker.ts')],
    bundle: true,
    format: 'iife',
    target: ['chrome111', 'firefox114', 'safari16.4'],
    define: { SHELL: JSON.stringify(kept), VERSION: JSON.stringify(version) },
    minify: true,
    write: false,
    logLevel: 'warning',
  });
  return Buffer.from(outputFiles[0]?.contents ?? []);
}

/** The icon as it is drawn, and in the sizes that platforms ask for. */
async function drawIcons(): Promise<(Made & { name: string })[]> {
  const svg = source('icon.svg');
  const draw = (size: number) => sharp(svg, { density: 144 }).resize(size, size);
  const png = async (name: string, picture: sharp.Sharp) => ({ name, bytes: await picture.png().toBuffer() });
  const maskable = draw(360).extend({ top: 76, bottom: 76, left: 76, right: 76, background: BRAND });
  const icons = [
    { name: 'icon.svg', bytes: svg },
    await png('icon-180.png', draw(180).flatten({ background: BRAND })),
    await png('icon-192.png', draw(192)),
    await png('icon-512.png', draw(512)),
    await png('icon-maskable-512.png', maskable.flatten({ background: BRAND })),
  ];
  return icons.map(({ name, bytes }) => ({ name, ...hashed(name, bytes) }));
}

function hashed(name: string, bytes: Buffer): Made {
  const hash = createHash('sha256').update(bytes).digest('base64url').replace(/[-_]/g, '').slice(0, 8).toUpperCase();
  return { path: `assets/${basename(name, extname(name))}-${hash}${extname(name)}`, bytes };
}

/** Each `/assets/NAME` of a text becomes the name that the file really has. */
function rename(text: string, names: Map<string, string>): string {
  return text.replace(/\/assets\/([\w.-]+)/g, (_, name: string) => {
    const path = names.get(name);
    if (path === undefined) throw new Error(`The page has no file "${name}".`);
    return `/${path}`;
  });
}

/** Writes a file's compressed forms beside it; returns the size of the smaller one, in bytes. */
function compress(path: string, bytes: Buffer): number {
  const gzip = gzipSync(bytes, { level: 9 });
  const brotli = brotliCompressSync(bytes, {
    params: { [constants.BROTLI_PARAM_QUALITY]: 11, [constants.BROTLI_PARAM_SIZE_HINT]: bytes.length },
  });
  writeFileSync(`${path}.gz`, gzip);
  writeFileSync(`${path}.br`, brotli);
  return Math.min(gzip.length, brotli.length);
}

function source(name: string): Buffer {
  return readFileSync(join(SOURCE, name));
}

async function main(): Promise<void> {
  const sizes = await buildPage(PAGE);
  const total = [...sizes.values()].reduce((sum, size) => sum + size, 0);
  const kilobytes = (bytes: number) => `${(bytes / 1000).toFixed(1)} KB`;
  const list = [...sizes].map(([path, size]) => `${basename(path)} ${kilobytes(size)}`).join(', ');
  console.log(`dist/page: first load ${kilobytes(total)} of at most ${kilobytes(MOST_BYTES)} (${list}), compressed`);
  if (total > MOST_BYTES) throw new Error(`The first load of the page is larger than ${kilobytes(MOST_BYTES)}.`);
}

if (require.main === module) void main();
