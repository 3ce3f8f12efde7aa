/**
 * The event and the result of a Lambda function behind a Function URL: payload format 2.0.
 * docs.aws.amazon.com/lambda/latest/dg/urls-invocation.html
 */
import { randomBytes } from 'node:crypto';
import { type IncomingMessage, validateHeaderName, validateHeaderValue } from 'node:http';

/** Facts about a request that do not come from its sender. */
export interface Circumstances {
  readonly requestId: string;
  /** Ms since 1970. */
  readonly now: number;
  /** The port that received it. */
  readonly port: number;
}

/** An answer, ready to be sent. */
export interface UrlReply {
  readonly status: number;
  /** By lower-case name. */
  readonly headers: Readonly<Record<string, string | string[]>>;
  readonly body: Buffer;
}

/** The function's result is no valid answer. */
export class InvalidAnswer extends Error {
  override readonly name = 'InvalidAnswer';
}

/**
 * Headers of one connection (RFC 9110, section 7.6.1), and headers about a request's way that only the server may set.
 */
const NOT_PASSED_ON =
  /^(connection|keep-alive|proxy-.*|te|trailer|transfer-encoding|upgrade|expect|forwarded|x-forwarded-.*|x-amzn-.*|x-real-ip|cookie)$/;

/** Headers of an answer that only the server may set. */
const NOT_TAKEN = /^(connection|keep-alive|proxy-.*|te|trailer|transfer-encoding|upgrade|content-length)$/;

/** Types of bodies that are passed on as text; all others are passed on as Base64. */
const TEXT = /^(text\/.*|application\/(json|javascript|xml)|.*\+(json|xml))$/;

const DOMAIN = '127.0.0.1';

/** Makes the event of a request. */
export function eventOf(message: IncomingMessage, body: Buffer, { requestId, now, port }: Circumstances): object {
  // A client that takes us for a proxy sends the whole URL.
  const target = (message.url ?? '/').replace(/^https?:\/\/[^/?]*/i, '');
  const queryAt = target.indexOf('?');
  const rawPath = (queryAt < 0 ? target : target.slice(0, queryAt)) || '/';
  const rawQueryString = queryAt < 0 ? '' : target.slice(queryAt + 1);
  const sourceIp = (message.socket.remoteAddress ?? '').replace(/^::ffff:/, '');
  const sent = message.headersDistinct;
  const cookies = (sent.cookie ?? []).flatMap((value) => value.split('; ')).filter((cookie) => cookie !== '');
  const headers = {
    ...Object.fromEntries(
      Object.entries(sent).flatMap(([name, values = []]) =>
        NOT_PASSED_ON.test(name) ? [] : [[name, values.join(',')]],
      ),
    ),
    'x-amzn-trace-id': `Root=1-${Math.floor(now / 1000).toString(16)}-${randomBytes(12).toString('hex')}`,
    'x-forwarded-for': sourceIp,
    'x-forwarded-port': String(port),
    'x-forwarded-proto': 'http',
  };
  const isText = TEXT.test((headerOf(message, 'content-type').split(';')[0] ?? '').trim().toLowerCase());
  const query = queryParameters(rawQueryString);
  return {
    version: '2.0',
    routeKey: '$default',
    rawPath,
    rawQueryString,
    ...(cookies.length > 0 && { cookies }),
    headers,
    ...(query && { queryStringParameters: query }),
    requestContext: {
      accountId: 'anonymous',
      apiId: 'local',
      domainName: DOMAIN,
      domainPrefix: 'local',
      http: {
        method: message.method ?? '',
        path: rawPath,
        protocol: `HTTP/${message.httpVersion}`,
        sourceIp,
        userAgent: headerOf(message, 'user-agent'),
      },
      requestId,
      routeKey: '$default',
      stage: '$default',
      time: commonLogTime(now),
      timeEpoch: now,
    },
    ...(body.length > 0 && { body: body.toString(isText ? 'utf8' : 'base64') }),
    isBase64Encoded: body.length > 0 && !isText,
  };
}

/**
 * The answer for a function's result. A result without `statusCode` is itself the body, as JSON.
 *
 * @throws InvalidAnswer
 */
export function replyOf(result: unknown): UrlReply {
  if (typeof result !== 'object' || result === null || !('statusCode' in result)) {
    const headers = { 'content-type': 'application/json' };
    return { status: 200, headers, body: Buffer.from(JSON.stringify(result ?? null)) };
  }
  const { statusCode, headers = {}, cookies = [], body = '', isBase64Encoded = false } = fieldsOf(result);
  const status = Number(statusCode);
  // Statuses below 200 are no final answer.
  if (!Number.isInteger(status) || status < 200 || status > 599) throw new InvalidAnswer(`statusCode ${statusCode}`);
  if (typeof body !== 'string') throw new InvalidAnswer('body is no text');
  if (typeof headers !== 'object' || headers === null) throw new InvalidAnswer('headers is no object');
  if (!Array.isArray(cookies)) throw new InvalidAnswer('cookies is no array');
  const taken: Record<string, string | string[]> = { 'content-type': 'application/json' };
  for (const [name, value] of Object.entries(headers)) {
    if (!NOT_TAKEN.test(name.toLowerCase())) taken[name.toLowerCase()] = String(value);
  }
  const setCookie = [...cookies.map(String), ...[taken['set-cookie'] ?? []].flat()];
  if (setCookie.length > 0) taken['set-cookie'] = setCookie;
  requireHeaders(taken);
  return { status, headers: taken, body: Buffer.from(body, isBase64Encoded === true ? 'base64' : 'utf8') };
}

/**
 * @throws InvalidAnswer if a name or a value cannot be a header's
 */
function requireHeaders(headers: Readonly<Record<string, string | string[]>>): void {
  for (const [name, values] of Object.entries(headers)) {
    try {
      validateHeaderName(name);
      for (const value of [values].flat()) validateHeaderValue(name, value);
    } catch (error) {
      throw new InvalidAnswer(String(error));
    }
  }
}

function queryParameters(rawQueryString: string): Record<string, string> | undefined {
  const parameters = new Map<string, string>();
  for (const [name, value] of new URLSearchParams(rawQueryString)) {
    const before = parameters.get(name);
    parameters.set(name, before === undefined ? value : `${before},${value}`);
  }
  return parameters.size === 0 ? undefined : Object.fromEntries(parameters);
}

function headerOf(message: IncomingMessage, name: string): string {
  return message.headersDistinct[name]?.join(',') ?? '';
}

/** `12/Mar/2020:19:03:58 +0000` */
function commonLogTime(now: number): string {
  const [, day, month, year, time] = new Date(now).toUTCString().split(' ');
  return `${day}/${month}/${year}:${time} +0000`;
}

function fieldsOf(value: object): Record<string, unknown> {
  return Object.fromEntries(Object.entries(value));
}
