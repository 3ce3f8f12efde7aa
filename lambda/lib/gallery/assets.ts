/**
 * Serves the built page (page/build.ts): the shell at `/`, its service worker at `/sw.js`, and
 * `/assets/NAME-HASH.EXT`. The bytes of a name with a hash never change, so browsers keep them for a year; the shell and
 * the worker are requested each time, with their ETags.
 */
import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { extname, join } from 'node:path';
import { type Context, Hono } from 'hono';

/** Content types of the built files, by extension. */
const TYPES: Record<string, string> = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.svg': 'image/svg+xml',
  '.png': 'image/png',
  '.webmanifest': 'application/manifest+json',
};

/** Encodings and the endings of their files, the best first. */
const ENCODINGS = [
  ['br', '.br'],
  ['gzip', '.gz'],
] as const;

const IMMUTABLE = 'public, max-age=31536000, immutable';

interface Form {
  bytes: Uint8Array<ArrayBuffer>;
  etag: string;
}

interface Asset {
  type: string;
  plain: Form;
  encoded: { encoding: string; form: Form }[];
}

/**
 * The routes of the page. `directory` is the output of page/build.ts: beside a function's bundle, or in dist/. It is
 * read at the first request; if it is missing, `/` tells how to make it.
 */
export function assets(directory = pageDirectory()): Hono {
  let read: Map<string, Asset> | undefined;
  const files = () => {
    read ??= readAssets(directory);
    return read;
  };
  const app = new Hono();
  app.get('/', (c) => {
    const shell = files().get('index.html');
    if (!shell) return c.text('The page is not built. `npm run compile` builds it.', 503);
    return answer(c, shell, 'no-cache');
  });
  app.get('/sw.js', (c) => {
    const worker = files().get('sw.js');
    return worker ? answer(c, worker, 'no-cache') : c.notFound();
  });
  app.get('/assets/:name', (c) => {
    const asset = files().get(`assets/${c.req.param('name')}`);
    return asset ? answer(c, asset, IMMUTABLE) : c.notFound();
  });
  app.get('/favicon.ico', (c) => {
    const icon = [...files()].find(([path]) => path.startsWith('assets/icon-192-'))?.[1];
    return icon ? answer(c, icon, 'public, max-age=86400') : c.notFound();
  });
  return app;
}

function answer(c: Context, { type, plain, encoded }: Asset, caching: string): Response {
  const chosen = encoded.find(({ encoding }) => accepts(c.req.header('accept-encoding'), encoding));
  const { bytes, etag } = chosen?.form ?? plain;
  c.header('Content-Type', type);
  c.header('Cache-Control', caching);
  c.header('ETag', etag);
  c.header('Vary', 'Accept-Encoding');
  if (chosen) c.header('Content-Encoding', chosen.encoding);
  return isKnown(c.req.header('if-none-match'), etag) ? c.body(null, 304) : c.body(bytes);
}

/** Whether a browser accepts an encoding (RFC 9110, section 12.5.3); without the header it gets none. */
function accepts(header: string | undefined, encoding: string): boolean {
  for (const part of (header ?? '').split(',')) {
    const [name = '', ...parameters] = part.split(';').map((text) => text.trim().toLowerCase());
    if (name === encoding) return !parameters.some((text) => /^q=0(\.0*)?$/.test(text));
  }
  return false;
}

function isKnown(header: string | undefined, etag: string): boolean {
  return (header ?? '').split(',').some((text) => text.trim().replace(/^W\//, '') === etag || text.trim() === '*');
}

/** Reads all files of the page into memory: they are few. */
function readAssets(directory: string): Map<string, Asset> {
  const found = new Map<string, Asset>();
  if (!existsSync(directory)) return found;
  for (const path of readdirSync(directory, { recursive: true, encoding: 'utf8' })) {
    const type = TYPES[extname(path)];
    if (type === undefined) continue;
    const file = join(directory, path);
    const encoded = ENCODINGS.filter(([, ending]) => existsSync(`${file}${ending}`)).map(([encoding, ending]) => ({
      encoding,
      form: form(`${file}${ending}`),
    }));
    found.set(path.replaceAll('\\', '/'), { type, plain: form(file), encoded });
  }
  return found;
}

function form(file: string): Form {
  const bytes = Uint8Array.from(readFileSync(file));
  return { bytes, etag: `"${createHash('sha256').update(bytes).digest('base64url').slice(0, 16)}"` };
}

function pageDirectory(): string {
  const bundled = join(__dirname, 'page');
  return existsSync(bundled) ? bundled : join(__dirname, '..', '..', 'dist', 'page');
}
