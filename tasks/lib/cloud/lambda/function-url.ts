/**
 * A Lambda Function URL on one machine: an HTTP server on loopback that makes an event of each request
 * (function-url-event.ts), lets the function's processes handle it (pool.ts), and sends their answers.
 *
 * The limits are Lambda's: 6 MB for a request and an answer, and the function's time limit. A visitor only learns that
 * something failed; the reason is in the log, with the request's id, which is the answer's `x-amzn-requestid`.
 */
import { randomUUID } from 'node:crypto';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { Connections, close, drain, listen, SERVER_OPTIONS } from '../listening';
import { type FunctionOptions, TimeLimitExceeded } from './function';
import { eventOf, replyOf, type UrlReply } from './function-url-event';
import { FunctionPool, TooManyRequests } from './pool';

/** Options of `startFunctionUrl`. */
export interface FunctionUrlOptions {
  readonly function: FunctionOptions;
  /** 0 means any free port. */
  readonly port: number;
  /** Most processes of the function; 4 by default. */
  readonly mostProcesses?: number;
  /** Largest body of a request, in bytes; by default 6 MB, as in AWS. */
  readonly mostRequestBytes?: number;
  /** Most connections; 256 by default. */
  readonly mostConnections?: number;
  /** Returns ms since 1970. */
  readonly now?: () => number;
}

/** A running Function URL. */
export interface FunctionUrl {
  /** `http://127.0.0.1:port` */
  readonly url: string;
  readonly port: number;
  /** Number of the function's processes. */
  readonly processes: number;
  /** Lets running requests finish for a second, then ends them and the function's processes. */
  close(): Promise<void>;
}

const HOST = '127.0.0.1';
const MOST_PROCESSES = 4;
const MOST_WAITING = 200;
/** Largest body of a request and of an answer, in bytes. */
const MOST_BYTES = 6 * 1024 ** 2;
const MOST_CONNECTIONS = 256;
/** Ms within which a request must arrive. */
const REQUEST_TIMEOUT = 60_000;

/** The body is longer than a function accepts. */
class TooLong extends Error {}

/**
 * Starts the server. The function's first process starts with the first request.
 *
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
    // A client that goes away before its answer is no fault.
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

/**
 * @throws TooLong as soon as the body is known to be too long
 */
async function bodyOf(message: IncomingMessage, most: number): Promise<Buffer> {
  if (Number(message.headers['content-length'] ?? 0) > most) throw new TooLong();
  const pieces: Buffer[] = [];
  let size = 0;
  // The request must outlive a refusal in mid-body, because its socket carries the answer.
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
