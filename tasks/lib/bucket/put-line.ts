/**
 * The line on which files go: one PUT after the other over Node's own HTTP, without the SDK's handler, which makes a
 * dozen promises, timers and listeners a request.
 *
 * Four limits keep a dead line from holding an upload: on the time until a connection is there, on the time that the
 * connection may stand still, and those of the answer (deadlines.ts).
 */
import { type Agent, type IncomingMessage, request as requestPlain } from 'node:http';
import { request as requestTls } from 'node:https';
import { Readable } from 'node:stream';
import { AnswerTimeout, answerLimit, BODY, inSlices } from './deadlines';
import { type Answer, LONGEST_TEXT } from './s3-error';

/** What a line is made of. */
export interface PutLineOptions {
  readonly httpAgent: Agent;
  readonly httpsAgent: Agent;
  /** Longest time to establish a connection, in ms. */
  readonly connectTimeout: number;
  /** Ms without a byte after which a connection counts as dead. */
  readonly idleTimeout: number;
  /** Factor for the deadlines of answers (deadlines.ts), 1 by default. Tests use less than 1. */
  readonly scale: number;
}

/** A PUT, signed. */
export interface PutRequest {
  readonly url: URL;
  /** Percent-encoded, with the query. */
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  /** A stream where the rate is limited; `headers` has its length. */
  readonly body: Buffer | Readable;
  readonly signal?: AbortSignal | undefined;
}

/** Sends PUTs over HTTP(S) with a deadline for every answer. */
export class PutLine {
  readonly #options: PutLineOptions;

  constructor(options: PutLineOptions) {
    this.#options = options;
  }

  /**
   * Sends a PUT.
   *
   * @returns the answer, whatever its status.
   * @throws AnswerTimeout if the answer is too late; the signal's reason if it fires; otherwise the error of the
   *   connection.
   */
  send({ url, path, headers, body, signal }: PutRequest): Promise<Answer> {
    const { httpAgent, httpsAgent, connectTimeout, idleTimeout, scale } = this.#options;
    return new Promise((resolve, reject) => {
      if (signal?.aborted) return reject(signal.reason);
      const isTls = url.protocol === 'https:';
      const request = (isTls ? requestTls : requestPlain)({
        host: url.hostname.replace(/^\[|\]$/g, ''),
        port: url.port,
        method: 'PUT',
        path,
        headers,
        agent: isTls ? httpsAgent : httpAgent,
        timeout: idleTimeout,
      });
      let deadline: NodeJS.Timeout | undefined;
      const end = () => {
        clearTimeout(deadline);
        signal?.removeEventListener('abort', abort);
      };
      const fail = (error: unknown) => {
        end();
        reject(error);
      };
      // Rejects first: what Node makes of the broken connection is not the reason.
      const breakOff = (error: Error) => {
        fail(error);
        request.destroy(error);
      };
      const abort = () => breakOff(errorOf(signal?.reason));
      const limit = (ms: number) => {
        clearTimeout(deadline);
        deadline = setTimeout(() => breakOff(new AnswerTimeout()), ms * scale);
      };
      signal?.addEventListener('abort', abort, { once: true });
      request.on('error', fail);
      request.on('timeout', () => breakOff(new AnswerTimeout(`The connection stood still for ${idleTimeout} ms.`)));
      request.on('socket', (socket) => {
        if (!socket.connecting) return;
        const late = new AnswerTimeout(`No connection came about in ${connectTimeout} ms.`);
        const connecting = setTimeout(() => breakOff(late), connectTimeout);
        const done = () => clearTimeout(connecting);
        socket.once('connect', done).once('close', done);
      });
      request.on('response', (response) => {
        limit(BODY);
        response.on('error', fail);
        read(response, (answer) => {
          end();
          resolve(answer);
          // An answer that came before all was sent leaves a connection that is good for nothing more.
          if (!request.writableFinished) request.destroy();
        });
      });
      const sliced = Buffer.isBuffer(body) ? inSlices(body) : body;
      if (sliced instanceof Readable) {
        sliced.once('end', () => limit(answerLimit('PUT')));
        sliced.once('error', breakOff);
        sliced.pipe(request);
      } else {
        limit(answerLimit('PUT', sliced.length));
        request.end(sliced);
      }
    });
  }
}

/** Reads an answer to its end, or breaks it off where it is longer than such texts are. */
function read(response: IncomingMessage, done: (answer: Answer) => void): void {
  const chunks: Buffer[] = [];
  let length = 0;
  const answer = () => ({
    status: response.statusCode ?? 0,
    headers: headersOf(response),
    text: chunks.length === 0 ? '' : Buffer.concat(chunks).toString(),
  });
  response.on('data', (chunk: Buffer) => {
    length += chunk.length;
    if (length <= LONGEST_TEXT) {
      chunks.push(chunk);
      return;
    }
    done(answer());
    response.destroy();
  });
  response.on('end', () => done(answer()));
}

function headersOf({ headers }: IncomingMessage): Record<string, string> {
  const texts: Record<string, string> = {};
  for (const name in headers) {
    const value = headers[name];
    if (value !== undefined) texts[name] = typeof value === 'string' ? value : value.join(', ');
  }
  return texts;
}

function errorOf(reason: unknown): Error {
  return reason instanceof Error ? reason : new Error(String(reason));
}
