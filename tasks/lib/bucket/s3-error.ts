/** Error answers of S3, and of anything between this machine and S3. */
import type { HttpResponse } from '@smithy/core/protocols';
import { XMLParser } from 'fast-xml-parser';
import { codeOf } from '../error-code';
import { isRecord } from '../record';

/** Bytes of an answer's text that are read at most. */
export const LONGEST_TEXT = 64 * 1024;
/** Every S3 sends a request id; the header depends on the vendor. */
const REQUEST_IDS = ['x-amz-request-id', 'x-amz-id-2'];

/** What an answer tells beside status, code and message. */
export interface AnswerFacts {
  /** The bucket's region. */
  readonly region?: string | undefined;
  /** The server's clock, in ms since 1970. */
  readonly serverTime?: number | undefined;
  /** Whether the answer is in S3's form: it has a request id, or an `<Error>` with a `<Code>`. True by default. */
  readonly isFromS3?: boolean;
  /** Where a redirect leads. */
  readonly location?: string | undefined;
}

/** An answer that is not a success. `code` is from S3's list of error responses, or else `HTTP` and the status. */
export class S3Error extends Error {
  override readonly name = 'S3Error';
  readonly status: number;
  readonly code: string;
  readonly region: string | undefined;
  readonly serverTime: number | undefined;
  readonly isFromS3: boolean;
  readonly location: string | undefined;

  constructor(status: number, code: string, message: string, facts: AnswerFacts = {}) {
    super(message);
    this.status = status;
    this.code = code;
    this.region = facts.region;
    this.serverTime = facts.serverTime;
    this.isFromS3 = facts.isFromS3 ?? true;
    this.location = facts.location;
  }
}

type Headers = Readonly<Record<string, string>>;

/** An answer: its headers, and the first 64 KB of its text. */
export interface Answer {
  readonly status: number;
  readonly headers: Headers;
  readonly text: string;
}

/** Reads an answer to its end, or to 64 KB and then closes it. */
export async function readAnswer({ statusCode, headers, body }: HttpResponse): Promise<Answer> {
  const chunks: Buffer[] = [];
  let length = 0;
  for await (const chunk of body) {
    length += chunk.length;
    if (length > LONGEST_TEXT) break;
    chunks.push(chunk);
  }
  return { status: statusCode, headers, text: Buffer.concat(chunks).toString() };
}

/** Whether the headers of an answer have an S3's request id. */
export function hasRequestId(headers: Headers): boolean {
  return REQUEST_IDS.some((name) => headers[name] !== undefined);
}

/** Whether an answer comes from an S3: it has a request id, or its text is one of S3's documents. */
export function isFromS3({ headers, text }: Answer): boolean {
  return hasRequestId(headers) || documentOf(text) !== undefined;
}

/**
 * The error that an answer reports; `undefined` for a success. A status of 200 may come with an error in the text,
 * because S3 sends the headers of some answers before it knows the result.
 */
export function errorOf(answer: Answer): S3Error | undefined {
  const { status, headers, text } = answer;
  const document = documentOf(text);
  const said = document?.Error;
  if (status >= 200 && status < 300 && said === undefined) return undefined;
  return s3Error(status, headers, said?.Code, said?.Message, said ?? {}, isFromS3(answer));
}

const xml = new XMLParser({ parseTagValue: false });

/** The elements of an S3 document, with the texts of an `<Error>`; `undefined` for any other text. */
function documentOf(text: string): { Error?: Record<string, string> } | undefined {
  try {
    const parsed: unknown = text.includes('<Error') || text.includes('<List') ? xml.parse(text) : undefined;
    if (!isRecord(parsed)) return undefined;
    if ('ListBucketResult' in parsed) return {};
    if (!isRecord(parsed.Error) || !('Code' in parsed.Error)) return undefined;
    return { Error: textsOf(parsed.Error) };
  } catch {
    return undefined;
  }
}

function textsOf(record: Record<string, unknown>): Record<string, string> {
  return Object.fromEntries(
    Object.entries(record).flatMap(([name, value]) => (typeof value === 'string' ? [[name, value]] : [])),
  );
}

function s3Error(
  status: number,
  headers: Headers,
  code: string | undefined,
  message: string | undefined,
  said: { Region?: string; ServerTime?: string },
  isS3: boolean,
): S3Error {
  const time = Date.parse(said.ServerTime ?? headers.date ?? '');
  return new S3Error(status, code ?? `HTTP ${status}`, message ?? '', {
    region: headers['x-amz-bucket-region'] ?? said.Region,
    serverTime: Number.isNaN(time) ? undefined : time,
    isFromS3: isS3,
    location: headers.location,
  });
}

/** Codes that the SDK invents for answers without a code. */
const MADE_UP = new Set(['Unknown', 'UnknownError', 'Error', 'TypeError', 'SyntaxError']);

/** Turns an error of the SDK's client into an `S3Error`; returns any other error unchanged. */
export function errorOfClient(error: unknown): unknown {
  if (!(error instanceof Error) || !('$metadata' in error) || !isRecord(error.$metadata)) return error;
  const response = '$response' in error && isRecord(error.$response) ? error.$response : {};
  const headers = isRecord(response.headers) ? textsOf(response.headers) : {};
  const status = error.$metadata.httpStatusCode ?? response.statusCode;
  if (typeof status !== 'number') return error;
  const region = 'Region' in error && typeof error.Region === 'string' ? { Region: error.Region } : {};
  const time = 'ServerTime' in error && typeof error.ServerTime === 'string' ? { ServerTime: error.ServerTime } : {};
  const code = codeOf(error);
  const isKnown = !MADE_UP.has(code) && !/^\d+$/.test(code);
  return s3Error(
    status,
    headers,
    isKnown ? code : undefined,
    isKnown ? error.message : '',
    { ...region, ...time },
    isKnown || hasRequestId(headers),
  );
}
