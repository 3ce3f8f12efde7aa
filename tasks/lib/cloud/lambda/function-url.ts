/**
 * A Lambda Function URL on one machine: an HTTP server on loopback that makes an event of each request
 * (function-url-event.ts), has the function's processes handle it (function-pool.ts), and sends what they answer.
 *
 * The limits are Lambda's: 6 MB a request and an answer, and the function's time limit. Whoever asks is told no more than
 * that something failed; what it was is in the log, with the request's id, which the answer carries as `x-amzn-requestid`.
 */
import { randomUUID } from 'node:crypto';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { Connections, close, drain, listen, SERVER_OPTIONS } from '../listening';
import { type FunctionOptions, TimeLimitExceeded } from './function';
import { eventOf, replyOf, type UrlReply } from './function-url-event';
import { FunctionPool, TooManyRequests } from './pool';

export interface FunctionUrlOptions {
  readonly function: FunctionOptions;
  /** 0 takes a free one. */
  readonly port: number;
  /** 4 where none is given. */
  readonly mostProcesses?: number;
  /** Bytes of a request's body: 6 MB, as in AWS, where none is given. */
  readonly mostRequestBytes?: number;
  /** 256 where none is given. */
  readonly mostConnections?: number;
  /** Milliseconds since 1970. */
  readonly now?: () => number;
}

export interface FunctionUrl {
  /** `http://127.0.0.1:port` */
  readonly url: string;
  readonly port: number;
  /** How many processes of the function there are. */
  readonly processes: number;
  /** Lets requests under way finish for a second, then ends them and the function's processes. */
  close(): Promise<void>;
}

const HOST = '127.0.0.1';
const MOST_PROCESSES = 4;
const MOST_WAITING = 200;
/** Of a request's body, and of an answer's, in bytes. */
const MOST_BYTES = 6 * 1024 ** 2;
const MOST_CONNECTIONS = 256;
/** How long a request may take to arrive, in milliseconds. */
const REQUEST_TIMEOUT = 60_000;

/** The body is longer than a function may be given. */
class TooLong extends Error {}

/**
 * Starts the server, and the function's first process with the first request.
 * @throws Error of Node's `listen`, such as EADDRINUSE
 */
export async function startFunctionUrl(options: FunctionUrlOptions): Promise<FunctionUrl> {
  const { function: of, mostProcesses = MOST_PROCESSES, mostRequestBytes = MOST_BYTES, now = Date.now } = options;
  const pool = new FunctionPool(of, { mostProcesses, mostWaiting: MOST_WAITING });
  let port = options.port;

  const answer = async (message: IncomingMessage, requestId: string): Promise<UrlReply> => {
    try {
      const body = await bodyOf(message, mostRequestBytes);
      const reply = replyOf(await pool.invoke(eventOf(message, body, { requestId, now: now(), port })));
      if (reply.body.length > MOST_BYTES) throw new Error(`the answer has ${reply.body.length} bytes`);
      return reply;
    } catch (error) {
      if (error instanceof TooLong) return plain(413, `A request may have ${mostRequestBytes} bytes.`);
      if (message.socket.destroyed) return plain(400, 'Nobody is there to read this.');
      of.onLine(`${new Date(now()).toISOString()} ${requestId} ${message.method} ${message.url}: ${error}`);
      if (error instanceof TooManyRequests) return plain(429, 'Too many requests. Try again in a moment.');
      if (error instanceof TimeLimitExceeded) return plain(504, 'This took too long. Try again in a moment.');
      return plain(502, 'Something failed here. Try again in a moment.');
    }
  };

  const server = createServer({ ...SERVER_OPTIONS, requestTimeout: REQUEST_TIMEOUT }, async (message, response) => {
    const requestId = randomUUID();
    // A client that goes away before it has its answer is nobody's fault.
    message.on('error', () => {});
    try {
      send(message, response, await answer(message, requestId), requestId);
    } catch {
      response.destroy();
    }
  });
  new Connections(server, options.mostConnections ?? MOST_CONNECTIONS);
  port = await listen(server, options.port, HOST);
  return {
    url: `http://${HOST}:${port}`,
    port,
    get processes() {
      return pool.size;
    },
    close: async () => {
      await close(server);
      await pool.close();
    },
  };
}

/** @throws TooLong as soon as that is known */
async function bodyOf(message: IncomingMessage, most: number): Promise<Buffer> {
  if (Number(message.headers['content-length'] ?? 0) > most) throw new TooLong();
  const pieces: Buffer[] = [];
  let size = 0;
  // The request must outlive a refusal in mid-body: its socket carries the answer.
  const wire: AsyncIterable<Buffer> = message.iterator({ destroyOnReturn: false });
  for await (const piece of wire) {
    size += piece.length;
    if (size > most) throw new TooLong();
    pieces.push(piece);
  }
  return Buffer.concat(pieces);
}

function plain(status: number, text: string): UrlReply {
  return { status, headers: { 'content-type': 'text/plain; charset=utf-8' }, body: Buffer.from(`${text}\n`) };
}

function send(message: IncomingMessage, response: ServerResponse, reply: UrlReply, requestId: string): void {
  if (message.socket.destroyed) return;
  for (const [name, value] of Object.entries(reply.headers)) response.setHeader(name, value);
  response.statusCode = reply.status;
  response.setHeader('x-amzn-requestid', requestId);
  const hasBody = reply.status !== 204 && reply.status !== 304;
  if (hasBody) response.setHeader('content-length', reply.body.length);
  response.end(hasBody && message.method !== 'HEAD' ? reply.body : undefined);
  drain(message);
}
