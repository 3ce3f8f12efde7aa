import type { HttpResponse } from '@smithy/core/protocols';
import { XMLParser } from 'fast-xml-parser';
import { codeOf } from '../error-code';
import { isRecord } from '../record';

/** More of an error's text is not read. */
const LONGEST_ERROR = 64 * 1024;

/** An answer of S3 that is not a success. `code` as in S3's list of error responses. */
export class S3Error extends Error {
  override readonly name = 'S3Error';
  readonly status: number;
  readonly code: string;
  /** The bucket's region, where the answer tells. */
  readonly region: string | undefined;
  /** The server's clock in ms, where the answer tells. */
  readonly serverTime: number | undefined;

  constructor(status: number, code: string, message: string, region?: string, serverTime?: number) {
    super(message);
    this.status = status;
    this.code = code;
    this.region = region;
    this.serverTime = serverTime;
  }
}

const xml = new XMLParser({ parseTagValue: false });

/** The error that an answer of S3 tells of; reads no more of it than such a text can be long. */
export async function errorOf(response: HttpResponse): Promise<S3Error> {
  const chunks: Buffer[] = [];
  let length = 0;
  for await (const chunk of response.body) {
    length += chunk.length;
    if (length > LONGEST_ERROR) break;
    chunks.push(chunk);
  }
  const said = fieldsOf(Buffer.concat(chunks).toString());
  return s3Error(response.statusCode, response.headers, said.Code, said.Message, said);
}

function fieldsOf(text: string): Record<string, string> {
  try {
    const parsed: unknown = xml.parse(text);
    const error = isRecord(parsed) ? parsed.Error : undefined;
    if (!isRecord(error)) return {};
    return Object.fromEntries(
      Object.entries(error).flatMap(([name, value]) => (typeof value === 'string' ? [[name, value]] : [])),
    );
  } catch {
    return {};
  }
}

function s3Error(
  status: number,
  headers: Record<string, string>,
  code: string | undefined,
  message: string | undefined,
  said: { Region?: string; ServerTime?: string },
): S3Error {
  const time = Date.parse(said.ServerTime ?? headers.date ?? '');
  return new S3Error(
    status,
    code ?? `HTTP ${status}`,
    message ?? '',
    headers['x-amz-bucket-region'] ?? said.Region,
    Number.isNaN(time) ? undefined : time,
  );
}

/** An error of the SDK's client in the same terms; anything else as it is. */
export function errorOfClient(error: unknown): unknown {
  if (!(error instanceof Error) || !('$metadata' in error) || !isRecord(error.$metadata)) return error;
  const status = error.$metadata.httpStatusCode;
  if (typeof status !== 'number') return error;
  const response = '$response' in error && isRecord(error.$response) ? error.$response : {};
  const headers = isRecord(response.headers) ? response.headers : {};
  const texts = Object.fromEntries(
    Object.entries(headers).flatMap(([n, v]) => (typeof v === 'string' ? [[n, v]] : [])),
  );
  const region = 'Region' in error && typeof error.Region === 'string' ? { Region: error.Region } : {};
  const time = 'ServerTime' in error && typeof error.ServerTime === 'string' ? { ServerTime: error.ServerTime } : {};
  return s3Error(status, texts, codeOf(error), error.message, { ...region, ...time });
}
