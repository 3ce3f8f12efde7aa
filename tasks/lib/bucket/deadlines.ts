/**
 * HTTP with a deadline for every answer.
 *
 * The idle timeout of a socket ends a line that stands still. It does not end an answer that comes one byte a second:
 * such a server, or a router in trouble, would keep every upload slot busy for hours. So two more limits apply: one
 * from the last byte of the request to the headers of the answer, then another to the last byte of its body. A request
 * body that is still being sent has no such limit: a slow line may take long for a video, and the idle timeout watches
 * it.
 */
import { Readable } from 'node:stream';
import type { HttpRequest, HttpResponse } from '@smithy/core/protocols';
import { NodeHttpHandler, type NodeHttpHandlerOptions } from '@smithy/node-http-handler';

/** Ms from the last byte of a PUT to the headers of its answer. */
const ANSWER = 30_000;
/** Ms from a GET to the headers of its answer: a list that hangs delays the backlog. */
const ANSWER_TO_GET = 15_000;
/**
 * Ms for the headers and for the body of the answer to a POST. S3 may take minutes to put the parts of a video
 * together, and sends spaces meanwhile.
 */
const ANSWER_TO_POST = 300_000;
/** Ms for the body of an answer: at most 64 KB of an error. */
export const BODY = 10_000;
/** Ms for the body of the answer to a GET: 1,000 names of a list on a slow line. */
const BODY_OF_GET = 60_000;
/**
 * Up to 256 KiB of a body go to the operating system at once. They may still be on their way when the deadline
 * starts, so it grows by the time that they take at the slowest accepted speed.
 */
const AT_ONCE = 256 * 1024;
/** The slowest accepted speed, in bytes per ms. */
const SLOWEST = 2;

/** The options that the SDK and `Bucket` pass. */
interface Options {
  abortSignal?: unknown;
  requestTimeout?: number;
}

/** The answer did not end in time. */
export class AnswerTimeout extends Error {
  override readonly name = 'TimeoutError';

  constructor(message = 'The answer did not come to its end in time.') {
    super(message);
  }
}

/**
 * The SDK client's `NodeHttpHandler`, with deadlines. `handle` rejects with `AnswerTimeout`; an answer's body is
 * destroyed with it.
 */
export class DeadlineHandler extends NodeHttpHandler {
  readonly #scale: number;

  /** `scale`: factor for all deadlines. Tests use less than 1. */
  constructor(options: NodeHttpHandlerOptions, scale = 1) {
    super(options);
    this.#scale = scale;
  }

  override async handle(request: HttpRequest, options: Options = {}): Promise<{ response: HttpResponse }> {
    const controller = new AbortController();
    let timer: NodeJS.Timeout | undefined;
    let isLate = false;
    const limit = (ms: number) => {
      clearTimeout(timer);
      timer = setTimeout(() => {
        isLate = true;
        controller.abort();
      }, ms * this.#scale);
    };
    const outer = options.abortSignal instanceof AbortSignal ? options.abortSignal : undefined;
    const abort = () => controller.abort();
    if (outer?.aborted) abort();
    else outer?.addEventListener('abort', abort, { once: true });
    const finish = () => {
      clearTimeout(timer);
      outer?.removeEventListener('abort', abort);
    };

    const { method } = request;
    limit(answerLimit(method));
    try {
      const { response } = await super.handle(request, { ...options, abortSignal: controller.signal });
      limit(method === 'GET' ? BODY_OF_GET : method === 'POST' ? ANSWER_TO_POST : BODY);
      const answer: Readable = response.body;
      const end = () => answer.destroy(isLate ? new AnswerTimeout() : undefined);
      controller.signal.addEventListener('abort', end, { once: true });
      answer.once('close', finish);
      return { response };
    } catch (error) {
      finish();
      throw isLate ? new AnswerTimeout() : error;
    }
  }
}

/** Ms from the last byte of a request, whose body has `size` bytes, to the end of the headers of its answer. */
export function answerLimit(method: string, size = AT_ONCE): number {
  if (method === 'POST') return ANSWER_TO_POST;
  if (method !== 'PUT') return ANSWER_TO_GET;
  return ANSWER + Math.min(size, AT_ONCE) / SLOWEST;
}

/** Splits `body` into slices, so that the deadline starts when the last slice has been handed over. */
export function inSlices(body: Buffer): Buffer | Readable {
  if (body.length <= AT_ONCE) return body;
  const slices = function* () {
    for (let at = 0; at < body.length; at += AT_ONCE) yield body.subarray(at, at + AT_ONCE);
  };
  return Readable.from(slices(), { objectMode: false, highWaterMark: AT_ONCE });
}
