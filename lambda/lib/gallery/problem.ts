import type { Context } from 'hono';
import type { ContentfulStatusCode } from 'hono/utils/http-status';

/** Why a request is refused. The application answers with it as RFC 9457 describes. */
export class Problem extends Error {
  readonly status: ContentfulStatusCode;
  readonly title: string;
  readonly detail: string;
  /** More members of the answer's JSON. */
  readonly extra: Readonly<Record<string, unknown>>;
  readonly headers: Readonly<Record<string, string>>;

  /** `title` is the same for all problems of a kind; `detail` tells a person what is wrong and what to do. */
  constructor(
    status: ContentfulStatusCode,
    title: string,
    detail: string,
    extra: Readonly<Record<string, unknown>> = {},
    headers: Readonly<Record<string, string>> = {},
  ) {
    super(`${title}: ${detail}`);
    this.status = status;
    this.title = title;
    this.detail = detail;
    this.extra = extra;
    this.headers = headers;
  }
}

/** The requested thing does not exist or is another account's; the answer is the same. */
export function notFound(what = 'page'): Problem {
  return new Problem(404, 'Not found', `There is no such ${what}.`);
}

/** The answer to a request that has a problem. */
export function problemAnswer(c: Context, { status, title, detail, extra, headers }: Problem): Response {
  const body = JSON.stringify({ ...extra, status, title, detail });
  return c.body(body, status, { ...headers, 'Content-Type': 'application/problem+json' });
}
