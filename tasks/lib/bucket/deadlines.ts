/**
 * HTTP with a deadline for every answer.
 *
 * The idle timeout of a socket ends a line that stands still. It does not end an answer that comes one byte a second:
 * such a server, or a router in trouble, would keep every upload slot for hours. So there is a second limit, on the time
 * from the last byte of the request to the last byte of the answer. A body that is still being sent is not limited: a
 * slow line may take long over a video, and the idle timeout watches it.
 */
import { Readable } from 'node:stream';
import type { HttpRequest, HttpResponse } from '@smithy/core/protocols';
import { NodeHttpHandler, type NodeHttpHandlerOptions } from '@smithy/node-http-handler';

/** Ms from the last byte of an upload to the end of the headers of its answer, and to the end of a GET's. */
const ANSWER = 30_000;
/** A list that hangs holds up the backlog. */
const ANSWER_TO_GET = 15_000;
/** S3 may take minutes to put the parts of a video together, and sends spaces meanwhile. */
const ANSWER_TO_POST = 300_000;
/** Ms for the body of an answer: at most 64 KB of an error, or 1,000 names of a list on a slow line. */
const BODY = 10_000;
const BODY_OF_GET = 60_000;
/** A body of so many bytes goes to the operating system at once; it may send them no faster than so many a ms. */
const AT_ONCE = 256 * 1024;
const SLOWEST = 2;

/** What the SDK passes, and we do. */
interface Options {
  abortSignal?: unknown;
  requestTimeout?: number;
}

/** The answer did not come to its end in time. */
export class AnswerTimeout extends Error {
  override readonly name = 'TimeoutError';
}

/** A `NodeHttpHandler` that rejects with `AnswerTimeout`, or breaks off the answer's body with it. */
export class DeadlineHandler extends NodeHttpHandler {
  readonly #scale: number;

  /** `scale`: makes all deadlines shorter, in tests. */
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

    const { body, method } = request;
    const begin = () => limit(answerLimit(method, Buffer.isBuffer(body) ? body.length : AT_ONCE));
    if (body instanceof Readable) body.once('end', begin);
    else begin();
    try {
      const { response } = await super.handle(request, { ...options, abortSignal: controller.signal });
      if (body instanceof Readable) body.off('end', begin);
      limit(method === 'GET' ? BODY_OF_GET : method === 'POST' ? ANSWER_TO_POST : BODY);
      const answer: Readable = response.body;
      controller.signal.addEventListener('abort', () => answer.destroy(isLate ? late() : undefined), { once: true });
      answer.once('close', finish);
      return { response };
    } catch (error) {
      finish();
      throw isLate ? late() : error;
    }
  }
}

function answerLimit(method: string, size: number): number {
  if (method === 'POST') return ANSWER_TO_POST;
  if (method !== 'PUT') return ANSWER_TO_GET;
  return ANSWER + Math.min(size, AT_ONCE) / SLOWEST;
}

function late(): AnswerTimeout {
  return new AnswerTimeout('The answer did not come to its end in time.');
}

/** `body` in slices, so that the deadline of the answer begins when the last one has been handed over. */
export function inSlices(body: Buffer): Buffer | Readable {
  if (body.length <= AT_ONCE) return body;
  const slices = function* () {
    for (let at = 0; at < body.length; at += AT_ONCE) yield body.subarray(at, at + AT_ONCE);
  };
  return Readable.from(slices(), { objectMode: false, highWaterMark: AT_ONCE });
}
