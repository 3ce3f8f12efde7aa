/** What happens between a Pi and its bucket. */
import { setTimeout as wait } from 'node:timers/promises';
import type { Fault } from './fault';
import { type Exchange, resetConnection, type Weather } from './line';
import type { World } from './world';

/** How long (ms) the weather lasts. */
const LASTS = 3_000;

const isUpload = ({ message }: Exchange): boolean => message.method === 'PUT';

/** Bad weather for a while, in which a share of the requests is struck. */
function weather(name: string, strike: Weather, { share = 0.7, uploadsOnly = true, patience }: Options = {}): Fault {
  return {
    name,
    ...(patience !== undefined && { patience }),
    strike: async ({ line, random }) => {
      const chance = random.fork();
      const before = line.struck;
      line.weather = async (exchange) => {
        if (uploadsOnly && !isUpload(exchange)) return false;
        return chance.chance(share) ? strike(exchange) : false;
      };
      await wait(LASTS);
      return line.struck - before;
    },
    mend: ({ line }) => line.mend(),
  };
}

interface Options {
  share?: number;
  uploadsOnly?: boolean;
  patience?: number;
}

/** Takes the request's body, and answers by itself. */
function answers(status: number, headers: Record<string, string>, body: string): Weather {
  return async ({ message, response }) => {
    for await (const _ of message);
    response.writeHead(status, headers).end(body);
    return true;
  };
}

/** Answers with an error as S3 writes it. */
function refuses(status: number, code: string, more = '', headers: Record<string, string> = {}): Weather {
  const body = `<?xml version="1.0"?><Error><Code>${code}</Code><Message>${code}</Message>${more}<RequestId>T</RequestId></Error>`;
  return answers(status, { 'content-type': 'application/xml', 'x-amz-request-id': 'T', ...headers }, body);
}

/** Changes the head of the bucket's own answer. */
function edits(edit: (headers: Record<string, string | string[] | undefined>) => void): Weather {
  return (exchange) => {
    exchange.pass(({ headers }) => edit(headers));
    return true;
  };
}

/** Sends bytes one by one, for as long as the other side listens. */
async function drip({ response }: Exchange, text: Buffer): Promise<void> {
  for (const byte of text) {
    if (response.destroyed || !response.socket?.writable) return;
    response.socket.write(Buffer.of(byte));
    await wait(1_000);
  }
}

const HTML = '<html><head><title>Welcome</title></head><body>Please log in</body></html>';

export const lineFaults: readonly Fault[] = [
  {
    name: 'line refused',
    strike: async ({ line }) => {
      await line.cut();
      await wait(LASTS);
      return line.struck;
    },
    mend: ({ line }) => line.mend(),
  },
  {
    name: 'all connections reset, again and again',
    strike: async ({ line, random }) => {
      for (let i = 0; i < 10; i++) {
        line.reset();
        await wait(random.between(50, 500));
      }
      return line.struck;
    },
  },
  weather('reset before the body', (exchange) => {
    resetConnection(exchange);
    return true;
  }),
  weather('reset in the body', async (exchange) => {
    for await (const _ of exchange.message) break;
    resetConnection(exchange);
    return true;
  }),
  weather('reset after the bucket has it, before the answer', async (exchange) => {
    await exchange.ask();
    resetConnection(exchange);
    return true;
  }),
  weather('answer cut off in its head', async (exchange) => {
    await exchange.ask();
    exchange.response.socket?.write('HTTP/1.1 200 OK\r\nETag: "');
    resetConnection(exchange);
    return true;
  }),
  weather('black hole', () => true, { share: 0.3, patience: 120_000 }),
  weather(
    'answers that drip a byte a second',
    async (exchange) => {
      const { status, headers } = await exchange.ask();
      const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}`);
      void drip(exchange, Buffer.from(`HTTP/1.1 ${status} OK\r\n${lines.join('\r\n')}\r\n\r\n`));
      return true;
    },
    { share: 0.3, patience: 150_000 },
  ),
  weather(
    "an error's body that drips",
    (exchange) => {
      exchange.message.resume();
      exchange.response.writeHead(500, { 'content-type': 'application/xml', 'content-length': '5000' });
      exchange.response.flushHeaders();
      void drip(exchange, Buffer.alloc(300, ' '));
      return true;
    },
    { share: 0.3, patience: 150_000 },
  ),
  {
    name: 'idle connections that vanish without a word',
    strike: async (world) => {
      const { line } = world;
      const gone = new WeakSet<object>();
      const seen = new Set<object>();
      line.weather = ({ message }) => {
        seen.add(message.socket);
        return gone.has(message.socket);
      };
      for (let i = 0; i < 3; i++) {
        await wait(1_500);
        for (const socket of seen) gone.add(socket);
        await world.see();
      }
      await wait(500);
      return Math.max(line.struck, seen.size > 0 ? 3 : 0);
    },
    mend: ({ line }) => line.mend(),
    patience: 120_000,
  },
  weather('captive portal: 302', answers(302, { location: 'http://portal.example/login' }, ''), { uploadsOnly: false }),
  weather('captive portal: 200 and HTML', answers(200, { 'content-type': 'text/html' }, HTML), { uploadsOnly: false }),
  weather(
    'captive portal: 200, HTML and a weak ETag',
    answers(200, { 'content-type': 'text/html', etag: 'W/"5f2-18c"' }, HTML),
    { uploadsOnly: false },
  ),
  weather(
    'captive portal: 200, HTML and a strong ETag',
    answers(200, { 'content-type': 'text/html', etag: '"5f2d3a77-4b1"' }, HTML),
    { uploadsOnly: false },
  ),
  weather('proxy that says 403 in HTML', answers(403, { 'content-type': 'text/html', server: 'squid' }, HTML)),
  weather('proxy that says 502', answers(502, { 'content-type': 'text/html' }, HTML)),
  weather(
    'proxy that strips headers',
    edits((headers) => {
      for (const name of Object.keys(headers)) if (name.startsWith('x-amz') || name === 'etag') delete headers[name];
    }),
  ),
  weather('400 of one reason', refuses(400, 'InvalidArgument')),
  weather('429', refuses(429, 'TooManyRequests')),
  weather('500', refuses(500, 'InternalError')),
  weather('501', refuses(501, 'NotImplemented')),
  weather('503 SlowDown', refuses(503, 'SlowDown')),
  weather('403 AccessDenied', refuses(403, 'AccessDenied')),
  weather(
    '403 RequestTimeTooSkewed',
    refuses(403, 'RequestTimeTooSkewed', '<ServerTime>2026-01-01T00:00:00Z</ServerTime>'),
  ),
  weather('403 InvalidAccessKeyId', refuses(403, 'InvalidAccessKeyId')),
  weather('403 SignatureDoesNotMatch', refuses(403, 'SignatureDoesNotMatch')),
  weather(
    '200 with another ETag',
    edits((headers) => {
      headers.etag = `"${'0'.repeat(32)}"`;
      delete headers['x-amz-checksum-sha256'];
      delete headers['x-amz-checksum-crc32'];
    }),
  ),
  weather(
    '200 with another checksum',
    edits((headers) => {
      for (const name of Object.keys(headers)) if (name.startsWith('x-amz-checksum-')) headers[name] = 'AAAAAA==';
    }),
  ),
  weather('200 with an error in its body', refuses(200, 'InternalError')),
  weather(
    'the store refuses x-amz-checksum-*',
    async (exchange) => {
      const { headers } = exchange.message;
      if (!Object.keys(headers).some((name) => name.startsWith('x-amz-checksum-'))) return false;
      return refuses(400, 'InvalidArgument')(exchange);
    },
    { share: 1 },
  ),
  weather(
    'ETags that are no MD5',
    edits((headers) => {
      headers.etag = '"0123456789abcdef0123456789abcdef"';
      headers['x-amz-server-side-encryption'] = 'aws:kms';
    }),
  ),
  weather('list requests refused', refuses(403, 'AccessDenied'), { uploadsOnly: false, share: 0.5 }),
  {
    name: 'bytes flipped on the line',
    strike: async (world) => flipping(world),
    mend: ({ line }) => line.mend(),
  },
];

/** Flips a bit of every other upload's body. */
async function flipping({ line, random }: World): Promise<number> {
  const chance = random.fork();
  const before = line.struck;
  line.weather = (exchange) => {
    if (!isUpload(exchange) || chance.chance(0.5)) return false;
    const { message } = exchange;
    const emit = message.emit.bind(message);
    message.emit = (event: string | symbol, ...args: unknown[]) => {
      const [data] = args;
      if (event === 'data' && Buffer.isBuffer(data) && data.length > 100) {
        const at = chance.between(0, data.length - 1);
        data[at] = (data[at] ?? 0) ^ 4;
      }
      return emit(event, ...args);
    };
    exchange.pass();
    return true;
  };
  await wait(LASTS);
  return line.struck - before;
}
