/** The answers of S3 that are no success, and the answers of something else that stands in between. */
import type { HttpResponse } from '@smithy/core/protocols';
import { XMLParser } from 'fast-xml-parser';
import { codeOf } from '../error-code';
import { isRecord } from '../record';

/** More of an answer's text is not read. */
const LONGEST_TEXT = 64 * 1024;
/** Every S3 has an id for a request; which of them depends on the maker. */
const REQUEST_IDS = ['x-amz-request-id', 'x-amz-id-2'];

/** What an answer tells beside its status, code and message. */
export interface AnswerFacts {
  /** The bucket's region. */
  readonly region?: string | undefined;
  /** The server's clock in ms. */
  readonly serverTime?: number | undefined;
  /** Whether it is written as S3 writes: with a request id, or an `<Error>` with a `<Code>`. True by default. */
  readonly isFromS3?: boolean;
  /** Where it sends us instead. */
  readonly location?: string | undefined;
}

/** An answer that is not a success. `code` as in S3's list of error responses, else `HTTP` and the status. */
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

/** A whole answer: its headers, and the first 64 KB of its text. */
export interface Answer {
  readonly status: number;
  readonly headers: Headers;
  readonly text: string;
}

/** Reads an answer to its end, or breaks it off where it is longer than such texts are. */
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

/** Whether the headers of an answer are those of an S3. */
export function hasRequestId(headers: Headers): boolean {
  return REQUEST_IDS.some((name) => headers[name] !== undefined);
}

/** Whether an answer is an S3's: by its headers, or because its text is one of S3's documents. */
export function isFromS3({ headers, text }: Answer): boolean {
  return hasRequestId(headers) || documentOf(text) !== undefined;
}

/**
 * The error that an answer tells of. A success may tell of one, too: S3 sends the headers of some before it knows, and
 * then the error in the text. `undefined` for a success without one.
 */
export function errorOf(answer: Answer): S3Error | undefined {
  const { status, headers, text } = answer;
  const document = documentOf(text);
  const said = document?.Error;
  if (status >= 200 && status < 300 && said === undefined) return undefined;
  return s3Error(status, headers, said?.Code, said?.Message, said ?? {}, isFromS3(answer));
}

const xml = new XMLParser({ parseTagValue: false });

/** The elements of a document of S3's, with the texts of an `<Error>`; `undefined` for anything else. */
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

/** Codes that the SDK makes up where an answer has none. */
const MADE_UP = new Set(['Unknown', 'UnknownError', 'Error', 'TypeError', 'SyntaxError']);

/** An error of the SDK's client in the same terms; anything else as it is. */
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
